package pairing

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"croco/pairing/python"
)

// screen leaves out the answers that the switches reject before any pool is made, and counts why.
func (j *job) screen(answers []*answer) ([]*answer, error) {
	j.report.Rows += len(answers)
	var kept []*answer
	judged := false
	for _, a := range answers {
		judged = judged || a.DetectedLanguage != ""
		a.wrong = a.DetectedLanguage != "" && LanguageCode(a.DetectedLanguage) != LanguageCode(a.Language)
		switch {
		case a.badScore != nil && j.BadInput == "error":
			return nil, a.badScore
		case a.badText != nil && j.BadInput == "error":
			return nil, a.badText
		case j.DropFailed && a.Score == FailedScore:
			j.report.drop("scoring failed")
		case j.NonFinite == "error" && (math.IsNaN(a.Score) || math.IsInf(a.Score, 0)):
			return nil, fmt.Errorf("%s: expected a finite score, found %v; score the answer again, or set nonfinite: authors", a.where, a.Score)
		case j.RejectEmpty && empty(a.Completion):
			j.report.drop("empty answer")
		case j.LanguageFilter == "drop" && a.wrong:
			j.report.drop("wrong language")
		default:
			kept = append(kept, a)
		}
	}
	if j.LanguageFilter != "none" && !judged && len(answers) > 0 {
		return nil, fmt.Errorf("language_filter: %s needs detected_language, and no row has it; score with language identification, or set language_filter: none", j.LanguageFilter)
	}
	j.report.count(kept)
	return kept, nil
}

// empty finds answers without a word, and the None that Python makes of an absent one.
func empty(completion string) bool {
	s := python.Strip(completion)
	return s == "" || s == "None"
}

// settle computes the score that decides, for each answer of language L with mean μ_L and standard deviation σ_L:
//
//	s = score − length_penalty · length
//	v = s                    or, normalised, (s − μ_L) / σ_L
//	v = v − k · σ_L          if the answer is in another language than L and language_filter is penalty
//
// μ_L and σ_L are taken over all kept answers to prompts in L, wrong ones included; normalised, σ_L is 1.
func (j *job) settle(answers []*answer) {
	byLanguage := map[string][]*answer{}
	for _, a := range answers {
		a.value = a.Score
		if j.LengthPenalty > 0 {
			a.value -= float64(j.LengthPenalty * float64(j.length(a)))
		}
		if a.badScore == nil {
			byLanguage[a.Language] = append(byLanguage[a.Language], a)
		}
	}
	for _, group := range byLanguage {
		scores := make([]float64, len(group))
		for i, a := range group {
			scores[i] = a.value
		}
		mean, sd := python.Mean(scores), python.Std(scores)
		if j.Normalization == "language" {
			for _, a := range group {
				if a.value -= mean; sd > 0 {
					a.value /= sd
				}
			}
			sd = 1
		}
		if j.LanguageFilter == "penalty" {
			for _, a := range group {
				if a.wrong {
					a.value -= float64(j.LanguagePenalty * sd)
				}
			}
		}
	}
}

// contrast says whether two answers may stand in one pair, beyond the strict order of their scores.
func (j *job) contrast(chosen, rejected *answer) bool {
	if j.MinGap > 0 && !(chosen.value-rejected.value >= j.MinGap) {
		return false
	}
	return j.lengthsMatch(chosen, rejected)
}

// lengthsMatch says whether two answers are about equally long.
func (j *job) lengthsMatch(chosen, rejected *answer) bool {
	if j.MaxLengthRatio > 0 {
		a, b := float64(j.length(chosen)), float64(j.length(rejected))
		return max(a, b) <= j.MaxLengthRatio*min(a, b)
	}
	return true
}

// whyNone tells a pool of equals from one whose switches left nothing.
func (j *job) whyNone(scores []float64, chosen int) string {
	for _, s := range scores {
		if s < scores[chosen] {
			return "no rejected answer within min_gap and max_length_ratio"
		}
	}
	return "no answer scores lower than the best"
}

// length of an answer in the wanted unit. Tokens are the sampler's, the end token included.
func (j *job) length(a *answer) int {
	if j.LengthUnit == "tokens" {
		if a.CompletionIDs != nil {
			return len(a.CompletionIDs)
		}
		return a.Length
	}
	return utf8.RuneCountInString(a.Completion)
}

// LanguageCode brings names of languages, regions and cases to one form: Danish, danish, da-DK and da are da.
func LanguageCode(language string) string {
	name, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(language), "_", "-"), "-")
	if code, known := languageCodes[name]; known {
		return code
	}
	return name
}

// languageCodes holds the names that file names of parallel prompts use.
var languageCodes = map[string]string{
	"english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt", "dutch": "nl",
	"danish": "da", "swedish": "sv", "norwegian": "no", "nb": "no", "nn": "no", "finnish": "fi", "irish": "ga", "welsh": "cy",
	"maltese": "mt", "galician": "gl",
}
