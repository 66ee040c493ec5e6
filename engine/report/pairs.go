package report

import (
	"encoding/json"
	"slices"
	"strings"

	"croco/pairing"
)

// pairs are the numbers of a pairs file, and the pairs that are worth reading.
type pairs struct {
	count, cross           int // cross: the two answers were asked for in different languages
	gap                    []float64
	chosen, rejected       []float64 // scores
	chosenLen, rejectedLen []float64 // characters

	first    []pairing.Pair // the first of each language, at most four
	crossing []pairing.Pair // the first two across languages
	closest  *pairing.Pair  // with the smallest gap
	widest   *pairing.Pair
}

func (s *pairs) add(p pairing.Pair) {
	s.count++
	gap := p.ChosenScore - p.RejectedScore
	if s.closest == nil || gap < s.closest.ChosenScore-s.closest.RejectedScore {
		s.closest = &p
	}
	if s.widest == nil || gap > s.widest.ChosenScore-s.widest.RejectedScore {
		s.widest = &p
	}
	crosses := p.ChosenLanguage != p.RejectedLanguage
	if crosses {
		s.cross++
	}
	switch seen := slices.ContainsFunc(s.first, func(q pairing.Pair) bool { return q.PromptLanguage == p.PromptLanguage }); {
	case crosses && len(s.crossing) < 2:
		s.crossing = append(s.crossing, p)
	case !crosses && !seen && len(s.first) < 4:
		s.first = append(s.first, p)
	}
	s.gap = append(s.gap, gap)
	s.chosen, s.rejected = append(s.chosen, p.ChosenScore), append(s.rejected, p.RejectedScore)
	s.chosenLen = append(s.chosenLen, float64(len([]rune(p.Chosen))))
	s.rejectedLen = append(s.rejectedLen, float64(len([]rune(p.Rejected))))
}

// toRead are the chosen pairs as answers, none twice.
func (s *pairs) toRead() (blocks []Block) {
	var shown []string
	show := func(p *pairing.Pair, why string) {
		key := string(p.ID) + "\x00" + p.PromptLanguage + "\x00" + p.Chosen + "\x00" + p.Rejected
		if slices.Contains(shown, key) {
			return
		}
		shown = append(shown, key)
		side := func(label, text, language string, score float64, tone Tone) Answer {
			a := Answer{Label: label, Score: decimal(score, 2), Text: text, Language: pairing.LanguageCode(language), Tone: tone}
			if language != p.PromptLanguage {
				a.Notes = []string{"asked for in " + language}
			}
			return a
		}
		a := Answers{Prompt: promptText(p.Prompt), Language: pairing.LanguageCode(p.PromptLanguage), Items: []Answer{
			side("chosen", p.Chosen, p.ChosenLanguage, p.ChosenScore, Good), side("rejected", p.Rejected, p.RejectedLanguage, p.RejectedScore, Bad)}}
		a.Items[0].Notes = append([]string{why}, a.Items[0].Notes...)
		blocks = append(blocks, a)
	}
	for i := range s.first {
		show(&s.first[i], "first in "+s.first[i].PromptLanguage)
	}
	for i := range s.crossing {
		show(&s.crossing[i], "across languages")
	}
	if s.closest != nil {
		show(s.closest, "smallest gap")
		show(s.widest, "widest gap")
	}
	return blocks
}

// promptText is a prompt for people: a text as it is, of messages the contents.
func promptText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil && text != "" {
		return text
	}
	var messages []struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	if json.Unmarshal(raw, &messages) != nil || len(messages) == 0 {
		return strings.TrimSpace(strings.Replace(string(raw), "null", "(given as token ids)", 1))
	}
	if len(messages) == 1 {
		return messages[0].Content
	}
	lines := make([]string, len(messages))
	for i, m := range messages {
		lines[i] = m.Role + ": " + m.Content
	}
	return strings.Join(lines, "\n")
}
