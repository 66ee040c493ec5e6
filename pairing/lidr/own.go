package lidr

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"croco/pairing"
	"croco/pairing/translation"
	"croco/sampler"
)

// Own says how croco's own records become pairs.
type Own struct {
	Source       string              // the dominant language, as the records spell it or by its code
	EnglishPairs string              // all | first | last: of which languages' pairs of the source language are kept
	Empty        string              // drop | authors
	Untranslated map[sampler.ID]bool // prompts about translating: the chosen answer stays in the source language
	// Encode gives the ids of a text as the model's own answer to a prompt, its end token included. Nil: the pairs hold
	// texts alone.
	Encode func(prompt json.RawMessage, answer string) ([]int32, error)
}

// FromAnswers makes both pairs of every line and language from one answer each and the two translations. Those of the
// source language come first, then the languages in the order in which the answers begin them; inside, lines ascend.
// A line without an answer or translation gives no pair, nor does one whose two sides are one text.
func FromAnswers(answers []sampler.Completion, translations []translation.Row, o Own) ([]pairing.Pair, map[string]*Counts, error) {
	source, _, err := translation.Language(o.Source)
	if err != nil {
		return nil, nil, fmt.Errorf("source_language: %w", err)
	}
	j := &join{Own: o, answers: map[spot]sampler.Completion{}, translated: map[path]string{}}
	languages, lines := []string{}, map[int]bool{}
	for _, a := range answers {
		code, _, err := translation.Language(a.Language)
		if err != nil {
			return nil, nil, fmt.Errorf("answer %s: %w", a.ID, err)
		}
		if a.Sample > 0 {
			return nil, nil, fmt.Errorf("answer %s: expected one answer per prompt, found sample %d; set generate.n to 1", a.ID, a.Sample)
		}
		if code != source && !slices.Contains(languages, code) {
			languages = append(languages, code)
		}
		lines[a.LineID], j.answers[spot{a.LineID, code}] = true, a
	}
	for _, t := range translations {
		from, _, err := translation.Language(t.Language)
		to, _, err2 := translation.Language(t.To)
		if err != nil || err2 != nil {
			return nil, nil, fmt.Errorf("translation of %s: languages %q and %q: expected known ones", t.ID, t.Language, t.To)
		}
		j.translated[path{t.LineID, from, to}] = t.Translation
	}
	counts := map[string]*Counts{}
	var english, others []pairing.Pair
	for i, l := range languages {
		counts[l] = &Counts{}
		var en []pairing.Pair
		for _, line := range slices.Sorted(maps.Keys(lines)) {
			if err := j.line(line, source, l, counts[l], &en, &others); err != nil {
				return nil, nil, err
			}
		}
		switch {
		case o.EnglishPairs == "last":
			english = en
		case o.EnglishPairs == "all" || i == 0:
			english = append(english, en...)
		}
	}
	return append(english, others...), counts, nil
}

// Counts says what became of the lines of one language.
type Counts struct{ Pairs, Missing, Failed, Empty, Equal int }

// Table prints counts of languages.
func Table(counts map[string]*Counts) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-12s %8s %8s %8s %8s %8s\n", "language", "lines", "missing", "failed", "empty", "equal")
	for _, l := range slices.Sorted(maps.Keys(counts)) {
		c := counts[l]
		fmt.Fprintf(&b, "%-12s %8d %8d %8d %8d %8d\n", l, c.Pairs, c.Missing, c.Failed, c.Empty, c.Equal)
	}
	return b.String()
}

// spot is a prompt, path a translation.
type (
	spot struct {
		line     int
		language string
	}
	path struct {
		line     int
		from, to string
	}
)

// join looks answers and translations up.
type join struct {
	Own
	answers    map[spot]sampler.Completion
	translated map[path]string
}

// line makes both pairs of one line: in source to en, in l to others.
func (j *join) line(line int, source, l string, c *Counts, en, others *[]pairing.Pair) error {
	x, ok := j.answers[spot{line, source}]
	y, ok2 := j.answers[spot{line, l}]
	there, ok3 := j.translated[path{line, source, l}]
	back, ok4 := j.translated[path{line, l, source}]
	switch {
	case !ok || !ok2 || !ok3 || !ok4:
		c.Missing++
		return nil
	case there == translation.Failed || back == translation.Failed:
		c.Failed++
		return nil
	case j.Empty == "drop" && (there == "" || back == ""):
		c.Empty++
		return nil
	}
	if j.Untranslated[x.ID] || j.Untranslated[y.ID] {
		there = x.Completion
	}
	c.Pairs++
	if there == y.Completion || back == x.Completion {
		c.Equal++
	}
	if err := j.pair(others, y, there, false); err != nil {
		return err
	}
	return j.pair(en, x, back, true)
}

// pair puts a model's own answer beside a translation.
func (j *join) pair(pairs *[]pairing.Pair, own sampler.Completion, translated string, ownIsChosen bool) error {
	if own.Completion == translated {
		return nil
	}
	mine := candidate(own)
	other := mine
	other.Completion, other.CompletionIDs, other.Logprobs = translated, nil, nil
	if j.Encode == nil {
		mine.PromptIDs, mine.CompletionIDs, mine.Logprobs, mine.Model = nil, nil, nil, ""
		other.PromptIDs, other.Model = nil, ""
	} else {
		var err error
		if other.CompletionIDs, err = j.Encode(own.Prompt, translated); err != nil {
			return fmt.Errorf("the translation for prompt %s in %s: %w", own.ID, own.Language, err)
		}
	}
	if ownIsChosen {
		*pairs = append(*pairs, pairing.Join(mine, other, 2))
	} else {
		*pairs = append(*pairs, pairing.Join(other, mine, 2))
	}
	return nil
}

func candidate(c sampler.Completion) pairing.Candidate {
	id, err := json.Marshal(c.ID)
	if err != nil {
		panic(err) // a string
	}
	return pairing.Candidate{ID: id, LineID: c.LineID, Language: c.Language, Sample: c.Sample, Prompt: c.Prompt, Completion: c.Completion,
		PromptIDs: c.PromptIDs, CompletionIDs: c.CompletionIDs, Logprobs: c.Logprobs, FinishReason: c.FinishReason, Model: c.Model}
}
