package eval

import (
	"fmt"
	"math"

	"croco/internal/jsonl"
	"croco/pairing"
	"croco/reward"
)

// Answer is one scored answer. NaN marks what is not known: a score that could not be computed, an answer whose language
// was not looked at, a quality where there is no ground truth.
type Answer struct {
	Prompt   string // the prompt's id; with Language it names the prompt
	LineID   int    // equal for the translations of one prompt
	Language string // of the prompt
	Sample   int

	Score            float64
	RightLanguage    float64 // 1 in the prompt's language, 0 in another
	DetectedLanguage string
	LanguageProb     float64
	Length           int     // in characters
	Finished         bool    // ended by itself, not by the limit of tokens
	Quality          float64 // what the answer is really worth, in [0, 1]
	Pass             float64 // 1 right, 0 wrong
}

// Share is a yes or no as a number: 1 or 0.
func Share(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// FromScored takes what a scores file knows of each answer; Quality and Pass are NaN. Languages are compared by their
// codes, so "Danish" and "da" are one.
func FromScored(rows []reward.Scored) []Answer {
	answers := make([]Answer, len(rows))
	for i, r := range rows {
		a := Answer{Prompt: string(r.ID), LineID: r.LineID, Language: r.Language, Sample: r.Sample,
			Score: r.Score, RightLanguage: math.NaN(), DetectedLanguage: r.DetectedLanguage, LanguageProb: float64(r.LanguageProbability),
			Length: r.Length, Finished: r.FinishReason != "length", Quality: math.NaN(), Pass: math.NaN()}
		if a.Score == reward.FailedScore {
			a.Score = math.NaN()
		}
		if r.Language != "" && r.DetectedLanguage != "" {
			a.RightLanguage = Share(pairing.LanguageCode(r.DetectedLanguage) == pairing.LanguageCode(r.Language))
		}
		answers[i] = a
	}
	return answers
}

// Read reads a scores file. A row without id or score is an error that names its line.
func Read(path string) ([]Answer, error) {
	var rows []reward.Scored
	err := jsonl.Read(path, func(_ int, row struct {
		reward.Scored
		Score *float64 `json:"score"`
	}) error {
		if row.ID == "" {
			return fmt.Errorf(`expected the prompt's "id", found none: is this a scores file?`)
		}
		if row.Score == nil {
			return fmt.Errorf(`expected a "score", found none: score the answers first (croco score)`)
		}
		row.Scored.Score = *row.Score
		rows = append(rows, row.Scored)
		return nil
	})
	return FromScored(rows), err
}
