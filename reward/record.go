// Package reward gives every answer a number.
//
//	classifier   a sequence-classification model over the prompt forest
//	rules        verifiable answers, right language, length, format
//	language     which of fifteen languages a text is in
//	implicit     how much likelier one language model finds an answer than another
//	embedding    a vector for a text, from any layer of any model
//	bradleyterry the objective that trains a classifier
//	Scored       the record of the file scores
package reward

import "croco/sampler"

// FailedScore marks an answer that could not be scored, as CroCo's scripts do.
const FailedScore = -999.0

// Scored is a row of a scores file: a completion, and what was found about it.
type Scored struct {
	sampler.Completion
	Score               float64 `json:"score"`
	Scorer              string  `json:"scorer"`
	DetectedLanguage    string  `json:"detected_language"` // empty: the text has no letters
	LanguageProbability float32 `json:"language_probability"`
	Length              int     `json:"length"` // of the completion in characters
}
