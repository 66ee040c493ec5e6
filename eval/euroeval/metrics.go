package euroeval

import (
	"math"
	"slices"
	"strings"
	"unicode"
)

// confusion counts n predictions: how often each label was true, how often it was predicted, how often both.
type confusion struct {
	labels                 []string
	truth, predicted, both map[string]float64
	n, right               float64
}

func count(truth, predicted []string) confusion {
	c := confusion{truth: map[string]float64{}, predicted: map[string]float64{}, both: map[string]float64{}, n: float64(len(truth))}
	for i := range truth {
		c.truth[truth[i]]++
		c.predicted[predicted[i]]++
		if truth[i] == predicted[i] {
			c.both[truth[i]]++
			c.right++
		}
	}
	c.labels = slices.Concat(truth, predicted)
	slices.Sort(c.labels)
	c.labels = slices.Compact(c.labels)
	return c
}

// Accuracy is the share of equal labels.
func Accuracy(truth, predicted []string) float64 {
	c := count(truth, predicted)
	return c.right / c.n
}

// MCC is Matthews' correlation for any number of labels (Gorodkin 2004): with t_k and p_k the counts of label k among
// truth and predictions, c the number that agree, n that of all,
//
//	(c·n − Σ t_k·p_k) / √((n² − Σ p_k²)(n² − Σ t_k²))
//
// and 0 where one side has one label only.
func MCC(truth, predicted []string) float64 {
	c := count(truth, predicted)
	tp, tt, pp := 0.0, 0.0, 0.0
	for _, l := range c.labels {
		tp += c.truth[l] * c.predicted[l]
		tt += c.truth[l] * c.truth[l]
		pp += c.predicted[l] * c.predicted[l]
	}
	below := math.Sqrt((c.n*c.n - pp) * (c.n*c.n - tt))
	if below == 0 {
		return 0
	}
	return (c.right*c.n - tp) / below
}

// MacroF1 is the mean over the labels that occur of 2·both / (true + predicted).
func MacroF1(truth, predicted []string) float64 {
	c := count(truth, predicted)
	sum := 0.0
	for _, l := range c.labels {
		sum += 2 * c.both[l] / (c.truth[l] + c.predicted[l])
	}
	return sum / float64(len(c.labels))
}

// SQuAD scores an answer against the accepted ones, as SQuAD 2.0's script does: both in lower case, without ASCII
// punctuation and English articles; exact is equality, f1 the overlap of words; the best of the accepted counts. No
// accepted answer means that none is right.
func SQuAD(answer string, accepted []string) (exact, f1 float64) {
	var gold []string
	for _, a := range accepted {
		if plain(a) != "" {
			gold = append(gold, a)
		}
	}
	if gold == nil {
		gold = []string{""}
	}
	for _, g := range gold {
		if plain(answer) == plain(g) {
			exact = 1
		}
		f1 = max(f1, overlap(words(answer), words(g)))
	}
	return exact, f1
}

func overlap(a, b []string) float64 {
	if len(a) == 0 || len(b) == 0 {
		if len(a) == len(b) {
			return 1
		}
		return 0
	}
	left := map[string]int{}
	for _, w := range a {
		left[w]++
	}
	same := 0.0
	for _, w := range b {
		if left[w] > 0 {
			left[w]--
			same++
		}
	}
	if same == 0 {
		return 0
	}
	precision, recall := same/float64(len(a)), same/float64(len(b))
	return 2 * precision * recall / (precision + recall)
}

func plain(text string) string { return strings.Join(words(text), " ") }

// words are those of a text in lower case without punctuation and articles.
func words(text string) []string {
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
			return -1
		}
		return r
	}, strings.ToLower(text))
	var b strings.Builder
	for _, run := range runs(text) {
		if run == "a" || run == "an" || run == "the" {
			run = " "
		}
		b.WriteString(run)
	}
	return strings.Fields(b.String())
}

// runs cuts a text where letters and digits begin and end.
func runs(text string) (parts []string) {
	begin, inside := 0, false
	for i, r := range text {
		now := unicode.IsLetter(r) || unicode.IsNumber(r) || r == '_'
		if now != inside && i > begin {
			parts = append(parts, text[begin:i])
			begin = i
		}
		inside = now
	}
	return append(parts, text[begin:])
}
