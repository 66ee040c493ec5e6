package toyworld

import (
	"slices"
	"strconv"
	"strings"
)

// Mixed is the language of an answer whose words no single language has.
const Mixed = "mix"

// Judgement is what an answer is really worth.
type Judgement struct {
	Quality       float64 // in [0, 1]: (0.7 correct + 0.3 full) × 0.3 in another language × 0.6 untidy; 0 if unfinished
	Correct       float64 // in [0, 1]: partly right orders, lists and workings count in part
	Full          bool    // of exactly the shape of a full answer
	Language      string  // the language that every word has, or Mixed
	RightLanguage bool    // Language is the one asked in
	Tidy          bool    // of exactly the shape of a full or of a terse answer
	Pass          bool    // wholly correct, in the right language, tidy and ended
}

// Judge measures an answer (token ids, without <eos>) to a task that was asked in a language. ended says whether the
// model finished it with <eos>.
func Judge(t Task, language string, answer []int32, ended bool) Judgement {
	words := spelling(answer)
	code, whole := languageOf(words, language)
	l := lang(code)
	truth := newRandom("gold").truth(t)
	shape := l.shape(words)

	j := Judgement{Language: code, RightLanguage: code == language && whole}
	if !whole {
		j.Language = Mixed
	}
	j.Full = shape == l.shape(l.fill(l.Templates[t.Kind].Full, truth))
	j.Tidy = j.Full || shape == l.shape(l.fill(l.Templates[t.Kind].Terse, truth))
	j.Correct = l.correct(truth, words, j.Full)
	j.Pass = j.Correct > .999 && j.RightLanguage && j.Tidy && ended
	if !ended || len(words) == 0 {
		return j
	}
	j.Quality = .7 * j.Correct
	if j.Full {
		j.Quality += .3
	}
	if !j.RightLanguage {
		j.Quality *= .3
	}
	if !j.Tidy {
		j.Quality *= .6
	}
	return j
}

// LanguageOf is the language that has the most words of an answer (ties go to the one asked in), or Mixed if it does
// not have all of them. Numbers, names and punctuation are of every language.
func LanguageOf(answer []int32, asked string) string {
	code, whole := languageOf(spelling(answer), asked)
	if !whole {
		return Mixed
	}
	return code
}

// languageOf also names the best language where it does not have every word.
func languageOf(words []string, asked string) (code string, whole bool) {
	count := func(l *language) (n int) {
		for _, w := range words {
			if l.lexicon[w] || world.neutral[w] {
				n++
			}
		}
		return n
	}
	best := count(lang(asked))
	code = asked
	for _, l := range world.Languages {
		if n := count(l); n > best {
			code, best = l.Code, n
		}
	}
	return code, best == len(words)
}

// shape replaces what may vary in an answer by its sort: # number, @ plural animals, & animal, n name, o objects,
// a article. Two answers of the same form have the same shape.
func (l *language) shape(words []string) string {
	var out []string
	for _, w := range words {
		_, plural := l.plural[w]
		_, singular := l.singular[w]
		_, object := l.objects[w]
		sort := w
		switch {
		case isNumber(w):
			sort = "#"
		case plural:
			if n := len(out); n >= 2 && out[n-1] == "," && out[n-2] == "@" { // a list of animals is one @
				out = out[:n-1]
				continue
			}
			sort = "@"
		case l.isArticle(w):
			sort = "a"
		case singular:
			sort = "&"
		case world.names[w]:
			sort = "n"
		case object:
			sort = "o"
		}
		out = append(out, sort)
	}
	return strings.Join(out, " ")
}

func (l *language) isArticle(w string) bool {
	switch w {
	case "ein", "eine", "un", "una", "une", "unha":
		return true
	case "a", "an":
		return l.Code == "en"
	case "en", "et":
		return l.Code == "da"
	}
	return false
}

// correct measures the content of an answer in [0, 1], whatever its form.
func (l *language) correct(truth content, words []string, full bool) float64 {
	var numbers, items, single []int // numbers, animals in the plural and in the singular, in order
	for _, w := range words {
		if n, err := strconv.Atoi(w); err == nil {
			numbers = append(numbers, n)
		}
		if a, ok := l.plural[w]; ok {
			items = append(items, a)
		}
		if a, ok := l.singular[w]; ok {
			single = append(single, a)
		}
	}
	ends := len(numbers) > 0 && numbers[len(numbers)-1] == truth.z
	switch truth.Kind {
	case Legs:
		switch {
		case ends:
			return 1
		case full: // 3 cats: 12 legs. 2 ants: 12 legs. …
			return .2 * (one01(numbers[1] == truth.x) + one01(numbers[3] == truth.y))
		}
		return 0
	case Add:
		switch {
		case ends:
			return 1
		case len(numbers) >= 2 && numbers[0] == truth.N && numbers[1] == truth.M:
			return .2
		}
		return 0
	case Weigh:
		return one01(len(single) > 0 && single[0] == truth.this)
	case Sort:
		return order(items, truth.items)
	case Which:
		found := distinct(items)
		if len(found) != len(items) {
			return 0
		}
		both := common(found, truth.items)
		return float64(both) / float64(len(found)+len(truth.items)-both)
	default:
		return float64(common(distinct(items), truth.right())) / float64(max(truth.N, len(items)))
	}
}

// order is 1 for the sorted items, and half the share of pairs in order for another order of the same items.
func order(items, sorted []int) float64 {
	if slices.Equal(items, sorted) {
		return 1
	}
	if !slices.Equal(slices.Sorted(slices.Values(items)), sorted) {
		return 0
	}
	right, pairs := 0, 0
	for i := range items {
		for _, later := range items[i+1:] {
			pairs++
			if items[i] < later {
				right++
			}
		}
	}
	return .5 * float64(right) / float64(pairs)
}

func distinct(list []int) []int { return slices.Compact(slices.Sorted(slices.Values(list))) }

// common counts the elements of a that are in b; both without repetition.
func common(a, b []int) (n int) {
	for _, x := range a {
		if slices.Contains(b, x) {
			n++
		}
	}
	return n
}

func one01(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func isNumber(w string) bool {
	_, err := strconv.Atoi(w)
	return err == nil
}
