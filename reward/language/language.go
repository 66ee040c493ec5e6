// Package language says which of fifteen languages a text is in: English, German, French, Spanish, Italian, Portuguese,
// Dutch, Danish, Swedish, Norwegian, Finnish, Irish, Welsh, Maltese and Galician.
//
// The verbs:
//
//	Detect       the most probable language and its probability
//	Scores       every language with its probability
//	Probability  of one language, with Danish and Norwegian pooled if wished
//	Supported    the codes
//	Canonical    a code as people write it ("pt-BR", "nb") to one of Supported
//	Features     what the classifier sees of a text (the training program uses it too)
//
// It is one linear layer over hashed character n-grams (model.bin, 256 kB), made by the program in train from texts free
// to use, and measured in docs/language-id.md. A text without Latin letters, and one in a Latin-script language that is
// not among the fifteen, is Undetermined.
package language

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Undetermined is the code of a text that is in no supported language, or in none at all: "42".
const Undetermined = "und"

// Score is a language with its probability.
type Score struct {
	Code        string
	Probability float32
}

// Detect returns the most probable language of a text, or Undetermined, and its probability in [0, 1]. One to three
// words are often words of several languages, and the probability says so. It takes about 1 µs for every ten
// characters, and does not allocate.
func Detect(text string) (code string, probability float32) {
	p := probabilities(text)
	best := 0
	for c := range p {
		if p[c] > p[best] {
			best = c
		}
	}
	return shipped().codes[best], p[best]
}

// Scores returns every supported language and Undetermined, the most probable first; the probabilities sum to 1.
func Scores(text string) []Score {
	p := probabilities(text)
	scores := make([]Score, len(p))
	for c := range p {
		scores[c] = Score{shipped().codes[c], p[c]}
	}
	slices.SortStableFunc(scores, func(a, b Score) int { return cmp.Compare(b.Probability, a.Probability) })
	return scores
}

// Probability is that of one language, given by a code that Canonical knows (0 for another). pooled counts Danish and
// Norwegian (Bokmål and Nynorsk) as one language, since a short text is often both.
func Probability(text, code string, pooled bool) float32 {
	p := probabilities(text)
	code = Canonical(code)
	var sum float32
	for c := range p {
		if shipped().codes[c] == code || pooled && scandinavian(code) && scandinavian(shipped().codes[c]) {
			sum += p[c]
		}
	}
	return min(sum, 1)
}

func scandinavian(code string) bool { return code == "da" || code == "no" }

// Supported lists the fifteen codes, without Undetermined.
func Supported() []string { return slices.Clone(shipped().codes[:undetermined]) }

// Canonical turns a code as people write it into a supported one: "nb", "nn" and "nob" are "no", "pt-BR" and "por_Latn"
// are "pt", "german" is "de". It returns "" for a language that is not supported.
func Canonical(code string) string {
	base, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(code), "_", "-"), "-")
	if short, ok := aliases[base]; ok {
		base = short
	}
	if slices.Contains(shipped().codes[:undetermined], base) {
		return base
	}
	return ""
}

// aliases are the other ISO 639 codes of the supported languages, and their English names.
var aliases = map[string]string{"nb": "no", "nn": "no", "nob": "no", "nno": "no", "nor": "no", "eng": "en", "deu": "de",
	"ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "por": "pt", "nld": "nl", "dut": "nl", "dan": "da",
	"swe": "sv", "fin": "fi", "gle": "ga", "cym": "cy", "wel": "cy", "mlt": "mt", "glg": "gl",
	"english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt", "dutch": "nl",
	"danish": "da", "swedish": "sv", "norwegian": "no", "finnish": "fi", "irish": "ga", "welsh": "cy", "maltese": "mt",
	"galician": "gl"}

// probabilities is the softmax of the layer over the mean-free sum of the text's features, divided by the square root of
// their number: a longer text is a surer one.
func probabilities(text string) (p [classes]float32) {
	if !mostlyLatin(text) {
		p[undetermined] = 1
		return p
	}
	m := shipped()
	var sums [classes]int32
	n := 0
	Features(text, func(bucket uint32) {
		n++
		row := m.weights[bucket*classes:][:classes]
		for c, w := range row {
			sums[c] += int32(int8(w))
		}
	})
	scale := float64(m.scale) / math.Sqrt(float64(max(n, 1)))
	top := math.Inf(-1)
	var logits [classes]float64
	for c := range logits {
		logits[c] = float64(sums[c])*scale + float64(m.bias[c])
		top = max(top, logits[c])
	}
	total := 0.0
	for c := range logits {
		logits[c] = math.Exp(logits[c] - top)
		total += logits[c]
	}
	for c := range p {
		p[c] = float32(logits[c] / total)
	}
	return p
}

// mostlyLatin reports whether at least half of a text's letters are Latin, and there is one.
func mostlyLatin(text string) bool {
	latin, other := 0, 0
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
			if 'a' <= r|0x20 && r|0x20 <= 'z' {
				latin++
			}
		case unicode.Is(unicode.Latin, r):
			latin++
		case unicode.IsLetter(r):
			other++
		}
	}
	return latin > 0 && latin >= other
}
