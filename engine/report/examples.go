package report

import (
	"cmp"
	"fmt"
	"slices"

	"croco/pairing"
	"croco/reward"
)

// twin is the same prompt and sample answered before and after.
type twin struct{ before, after reward.Scored }

func (t twin) gain() float64 { return t.after.Score - t.before.Score }

// examples shows answers before and after by a rule that does not flatter: of each language the one with the largest
// gain and the one in the middle, of all the three with the largest loss.
func examples(before, after []reward.Scored) (gains, middles, losses []Block) {
	byLanguage, languages := twins(before, after)
	var all []twin
	for _, l := range languages {
		list := byLanguage[l]
		all = append(all, list...)
		slices.SortStableFunc(list, func(a, b twin) int { return cmp.Compare(b.gain(), a.gain()) })
		if len(gains) < 4 && list[0].gain() > 0 {
			gains = append(gains, list[0].block())
		}
		if len(middles) < 4 && len(list) > 2 {
			middles = append(middles, list[len(list)/2].block())
		}
	}
	slices.SortStableFunc(all, func(a, b twin) int { return cmp.Compare(a.gain(), b.gain()) })
	for _, t := range all[:min(3, len(all))] {
		if t.gain() < 0 {
			losses = append(losses, t.block())
		}
	}
	return gains, middles, losses
}

// twins pairs scored answers by prompt, language and sample.
func twins(before, after []reward.Scored) (byLanguage map[string][]twin, languages []string) {
	type name struct {
		id, language string
		sample       int
	}
	of := func(r reward.Scored) name { return name{string(r.ID), r.Language, r.Sample} }
	first := map[name]reward.Scored{}
	for _, r := range before {
		first[of(r)] = r
	}
	byLanguage = map[string][]twin{}
	for _, r := range after {
		b, ok := first[of(r)]
		if !ok || r.Score == reward.FailedScore || b.Score == reward.FailedScore {
			continue
		}
		if byLanguage[r.Language] == nil {
			languages = append(languages, r.Language)
		}
		byLanguage[r.Language] = append(byLanguage[r.Language], twin{b, r})
	}
	return byLanguage, languages
}

func (t twin) block() Block {
	tone := Neutral
	switch {
	case t.gain() > 0:
		tone = Good
	case t.gain() < 0:
		tone = Bad
	}
	return Answers{Prompt: promptText(t.before.Prompt), Language: pairing.LanguageCode(t.before.Language),
		Items: []Answer{scored("before", t.before, Neutral), scored("after", t.after, tone)}}
}

// scored is an answer with its score, and remarks where something is odd.
func scored(label string, r reward.Scored, tone Tone) Answer {
	asked, found := pairing.LanguageCode(r.Language), pairing.LanguageCode(r.DetectedLanguage)
	a := Answer{Label: label, Score: decimal(r.Score, 2), Text: r.Completion.Completion, Language: asked, Tone: tone}
	if found != "" && found != "und" && found != "mix" {
		a.Language = found
	}
	if found != "" && found != asked {
		a.Notes = append(a.Notes, fmt.Sprintf("%s, asked for %s", found, asked))
	}
	if r.FinishReason == "length" {
		a.Notes = append(a.Notes, "cut off")
	}
	return a
}
