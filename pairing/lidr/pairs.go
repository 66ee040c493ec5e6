package lidr

import (
	"fmt"
	"slices"
	"strings"

	"croco/pairing/python"
	"croco/pairing/translation"
)

// Options are the switches; the value "authors" gives the released script's behaviour.
type Options struct {
	EnglishPairs string `yaml:"english_pairs"` // all | first | last: of which languages' English pairs the file of English consists; last is the authors'
	Empty        string `yaml:"empty"`         // drop | authors: an empty translation may stand in a pair
	Input        string `yaml:"input"`         // strict | authors: lines that do not parse and the longer file's tail are passed over
	FileName     string `yaml:"file_name"`     // of a direction, with {src_lang} and {tgt_lang}
}

// Defaults repair what the script does by accident.
func Defaults() Options {
	return Options{EnglishPairs: "all", Empty: "drop", Input: "strict", FileName: "{src_lang}2{tgt_lang}.jsonl"}
}

// AuthorsOptions give the script's bytes. Its own entry point has one file name for both directions, so that the pairs of
// l are made from the English row alone; name the files apart to have what the paper describes.
func AuthorsOptions() Options {
	return Options{EnglishPairs: "last", Empty: "authors", Input: "authors", FileName: "translation.jsonl"}
}

// Validate refuses unknown words.
func (o Options) Validate() error {
	for _, word := range []struct{ key, value, allowed string }{
		{"english_pairs", o.EnglishPairs, "all first last"}, {"empty", o.Empty, "drop authors"}, {"input", o.Input, "strict authors"},
	} {
		if allowed := strings.Fields(word.allowed); !slices.Contains(allowed, word.value) {
			return fmt.Errorf("%s: expected one of %s, found %q", word.key, strings.Join(allowed, ", "), word.value)
		}
	}
	for _, place := range []string{"{src_lang}", "{tgt_lang}"} {
		if o.Input == "strict" && !strings.Contains(o.FileName, place) {
			return fmt.Errorf("file_name: expected the place %s in %q: the two directions are two files", place, o.FileName)
		}
	}
	return nil
}

// Key is where a record keeps its translated answer.
func Key(from, to string) string { return from + "2" + to + "_reponse" }

// Report counts one language's rows.
type Report struct{ Pairs, Failed, Empty int }

// Pairs makes an English pair and one of language from each row of which both translations are there. english and
// other are the two directions, row by row the same ids. For ids in untranslated, whose prompts are about translating,
// the chosen answer in language is the English one as it is.
func Pairs(english, other []*python.Object, language string, untranslated map[string]bool, o Options) (en, l []*python.Object, report Report, err error) {
	if len(english) != len(other) && o.Input != "authors" {
		return nil, nil, report, fmt.Errorf("expected both directions of %s to have the same rows, found %d and %d", language, len(english), len(other))
	}
	for i := range min(len(english), len(other)) {
		there, err := read(english[i], "en", language)
		back, err2 := read(other[i], language, "en")
		if err == nil {
			err = err2
		}
		if err == nil && there.id != back.id {
			err = fmt.Errorf("expected one id in both directions, found %s and %s", there.id, back.id)
		}
		if err != nil {
			return nil, nil, report, fmt.Errorf("en and %s, row %d: %w", language, i+1, err)
		}
		switch {
		case there.translated == translation.Failed || back.translated == translation.Failed:
			report.Failed++
			continue
		case o.Empty == "drop" && (there.translated == "" || back.translated == ""):
			report.Empty++
			continue
		}
		chosen := there.translated
		if untranslated[there.id] {
			chosen = there.answer
		}
		en = append(en, pair(english[i], there.answer, back.translated))
		l = append(l, pair(other[i], chosen, back.answer))
		report.Pairs++
	}
	return en, l, report, nil
}

// direction is what a row of one direction says.
type direction struct{ id, answer, translated string }

func read(row *python.Object, from, to string) (d direction, err error) {
	if _, ok := row.Lookup("id"); !ok {
		return d, fmt.Errorf("expected the key id, found %q", row.Keys)
	}
	d.id = python.Dumps(row.Get("id"))
	if _, err = row.Text("prompt"); err == nil {
		if d.answer, err = row.Text("response"); err == nil {
			d.translated, err = row.Text(Key(from, to))
		}
	}
	return d, err
}

func pair(row *python.Object, chosen, rejected string) *python.Object {
	return python.Dict("prompt", row.Get("prompt"), "chosen", chosen, "rejected", rejected, "id", row.Get("id"))
}
