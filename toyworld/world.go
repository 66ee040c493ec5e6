package toyworld

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// MaxNumber is the largest number that has a token.
const MaxNumber = 80

//go:embed world.json
var worldJSON []byte

// template is a kind of task worded in a language: words and slots such as {n}, separated by spaces.
type template struct{ Prompt, Full, Terse string }

// language holds the words of one language; lists are indexed by animal or by object.
type language struct {
	Code, Name        string
	Share             float64 // of the corpus
	AnsweredInEnglish float64 `json:"answered_in_english"` // of the documents asked in this language
	Singular, Plural  []string
	Objects           []string
	HowMany           []string `json:"how_many"`
	More, Less        string
	Templates         map[Kind]template

	lexicon          map[string]bool // every word of the language, without punctuation
	singular, plural map[string]int  // noun → animal
	objects          map[string]int
	nouns            map[string]bool // German only: the words that are written with a capital
}

// world is world.json and what is looked up in it.
var world = mustLoad(worldJSON)

type worldData struct {
	License string
	Animals []struct {
		Name string
		Legs int
	} // from light to heavy
	Names, Objects []string
	Tasks          []struct {
		Kind   Kind
		Weight float64
	}
	Styles []struct {
		Style           Style
		English, Others float64
	}
	Languages  []*language
	Vocabulary []string

	ids     map[string]int32 // word → token id
	neutral map[string]bool  // punctuation, numbers and names: in every language
	names   map[string]bool
	animals map[string]int // English name → animal
	codes   map[string]*language
}

func mustLoad(data []byte) *worldData {
	w := &worldData{}
	if err := json.Unmarshal(data, w); err != nil {
		panic(fmt.Sprintf("toyworld: world.json: %v", err))
	}
	w.ids, w.neutral, w.names = map[string]int32{}, map[string]bool{}, set(w.Names)
	w.animals, w.codes = map[string]int{}, map[string]*language{}
	for id, word := range w.Vocabulary {
		w.ids[word] = int32(id)
		if _, err := strconv.Atoi(word); err == nil || w.names[word] || isPunctuation(word) {
			w.neutral[word] = true
		}
	}
	for i, a := range w.Animals {
		w.animals[a.Name] = i
	}
	for _, l := range w.Languages {
		w.codes[l.Code] = l
		l.index(w)
	}
	return w
}

// index fills the lookups of a language from its lists and templates.
func (l *language) index(w *worldData) {
	l.lexicon, l.nouns = map[string]bool{}, map[string]bool{}
	l.singular, l.plural, l.objects = map[string]int{}, map[string]int{}, map[string]int{}
	learn := func(text string) {
		for _, word := range strings.Fields(text) {
			if !w.neutral[word] && word[0] != '{' {
				l.lexicon[word] = true
			}
		}
	}
	for a := range l.Singular {
		l.singular[noun(l.Singular[a])], l.plural[l.Plural[a]] = a, a
		learn(l.Singular[a] + " " + l.Plural[a])
	}
	for o := range l.Objects {
		l.objects[l.Objects[o]] = o
		learn(l.Objects[o] + " " + l.HowMany[o])
	}
	learn(l.More + " " + l.Less)
	for _, t := range l.Templates {
		learn(t.Prompt + " " + t.Full + " " + t.Terse)
	}
	if l.Code == "de" {
		l.nouns = set([]string{"beine", "beinen", "tiere"})
		for _, words := range []map[string]int{l.singular, l.plural, l.objects} {
			for word := range words {
				l.nouns[word] = true
			}
		}
	}
}

// Languages lists the codes, the most frequent in the corpus first: en de es fr da gl.
func Languages() []string {
	var codes []string
	for _, l := range world.Languages {
		codes = append(codes, l.Code)
	}
	return codes
}

// LanguageName is the English name of a language, as "translate into …" has it.
func LanguageName(code string) string { return lang(code).Name }

// lang looks a language up; an unknown code is a programming error.
func lang(code string) *language {
	l, ok := world.codes[code]
	if !ok {
		panic(fmt.Sprintf("toyworld: no language %q, there are %v", code, Languages()))
	}
	return l
}

// noun is the word of "a cat" that is not the article.
func noun(withArticle string) string { return strings.Fields(withArticle)[1] }

func isPunctuation(word string) bool { return strings.Contains(".,:?¿+=", word) }

func set(words []string) map[string]bool {
	s := map[string]bool{}
	for _, w := range words {
		s[w] = true
	}
	return s
}
