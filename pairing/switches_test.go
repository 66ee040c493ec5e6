package pairing

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// pool makes answers to one prompt in one language.
func answers(language string, scores ...float64) []Candidate {
	var rows []Candidate
	for i, s := range scores {
		rows = append(rows, Candidate{Language: language, Sample: i, Prompt: Text(language + "?"), Completion: string(rune('a' + i)), Score: s, DetectedLanguage: language})
	}
	return rows
}

func one(t *testing.T, rows []Candidate, change func(*Options)) (Pair, Report) {
	t.Helper()
	o := Defaults()
	change(&o)
	pairs, report, err := Croco(rows, o)
	require.NoError(t, err)
	require.Len(t, pairs, 1)
	return pairs[0], report
}

func TestDropFailed(t *testing.T) {
	rows := answers("en", 1, FailedScore, 2)
	p, report := one(t, rows, func(o *Options) { o.RejectTarget = Min })
	require.Equal(t, "a", p.Rejected)
	require.Equal(t, map[string]int{"scoring failed": 1}, report.Dropped)
	p, _ = one(t, rows, func(o *Options) { o.RejectTarget, o.DropFailed = Min, false })
	require.Equal(t, "b", p.Rejected)
}

func TestRejectEmpty(t *testing.T) {
	rows := answers("en", 9, 8, 1, 0)
	rows[0].Completion, rows[1].Completion = " \u3000", "None"
	p, _ := one(t, rows, func(o *Options) {})
	require.Equal(t, "c", p.Chosen)
	p, _ = one(t, rows, func(o *Options) { o.RejectEmpty = false })
	require.Equal(t, " \u3000", p.Chosen)
}

func TestNonFinite(t *testing.T) {
	for _, bad := range [][]float64{{math.NaN(), 1, 2}, {math.Inf(1), 1}, {1.7e308, -1.7e308, 1.7e308}} {
		_, _, err := Croco(answers("en", bad...), Defaults())
		require.ErrorContains(t, err, "nonfinite: authors")
	}
	p, _ := one(t, answers("en", 1, math.NaN(), 2), func(o *Options) { o.NonFinite = "authors" })
	require.Equal(t, "a", p.Rejected)
}

func TestLanguageFilter(t *testing.T) {
	rows := answers("danish", 3, 2, 1, 0)
	rows[0].DetectedLanguage = "en"
	rows[1].DetectedLanguage = "" // not known: not wrong
	rows[2].DetectedLanguage, rows[3].DetectedLanguage = "da", "da-DK"
	p, report := one(t, rows, func(o *Options) { o.LanguageFilter = "drop" })
	require.Equal(t, "b", p.Chosen)
	require.Equal(t, 3, p.PoolSize)
	require.Equal(t, map[string]int{"wrong language": 1}, report.Dropped)

	p, report = one(t, rows, func(o *Options) { o.LanguageFilter = "penalty" })
	require.Equal(t, "b", p.Chosen)
	require.Equal(t, "a", p.Rejected, "the wrong answer is now the worst")
	require.InDelta(t, 3-3*math.Sqrt(1.25), p.RejectedScore, 1e-12, "σ of 3, 2, 1, 0 is √1.25")
	require.Equal(t, 1.0, report.RejectedWrong)

	p, report = one(t, rows, func(o *Options) {})
	require.Equal(t, "a", p.Chosen)
	require.Equal(t, 1.0, report.ChosenWrong)

	o := Defaults()
	o.LanguageFilter = "drop"
	rows = answers("en", 1, 2)
	rows[0].DetectedLanguage, rows[1].DetectedLanguage = "", ""
	_, _, err := Croco(rows, o)
	require.ErrorContains(t, err, "detected_language")
}

func TestNormalization(t *testing.T) {
	rows := append(answers("en", 10, 11, 12, 13), answers("da", 0, 0, 0, 4)...)
	p, _ := one(t, rows, func(o *Options) { o.Scope = AllLang })
	require.Equal(t, "en", p.ChosenLanguage)
	p, _ = one(t, rows, func(o *Options) { o.Scope, o.Normalization = AllLang, "language" })
	require.Equal(t, "da", p.ChosenLanguage)
	require.InDelta(t, math.Sqrt(3), p.ChosenScore, 1e-12)
	o := Defaults()
	o.RejectTarget, o.Normalization = Min, "language"
	equal, _, err := Croco(answers("en", 2, 2), o)
	require.NoError(t, err)
	require.Empty(t, equal)
}

func TestGapAndLength(t *testing.T) {
	rows := answers("en", 3, 2.5, 1, 0)
	p, _ := one(t, rows, func(o *Options) { o.RejectTarget, o.MinGap = Q1, 2.5 })
	require.Equal(t, "d", p.Rejected)
	o := Defaults()
	o.MinGap = 4
	pairs, report, err := Croco(rows, o)
	require.NoError(t, err)
	require.Empty(t, pairs)
	require.Equal(t, map[string]int{"no rejected answer within min_gap and max_length_ratio": 1}, report.Skipped)

	rows[0].Completion, rows[1].Completion = "åååååååå", "bbbb"
	p, _ = one(t, rows, func(o *Options) { o.MaxLengthRatio = 2 })
	require.Equal(t, "bbbb", p.Rejected)
	p, report = one(t, rows, func(o *Options) { o.LengthPenalty = 0.25 })
	require.Equal(t, "bbbb", p.Chosen, "2.5 − 1 is more than 3 − 2, and than 1 − 0.25")
	require.Equal(t, 1.5, p.ChosenScore)
	require.Equal(t, 1.0, 1-report.ChosenShorter)
	for i := range rows {
		rows[i].CompletionIDs = make([]int32, 4-i)
	}
	p, _ = one(t, rows, func(o *Options) { o.LengthPenalty, o.LengthUnit = 1, "tokens" })
	require.Equal(t, -0.5, p.ChosenScore)
}

// A record takes its log-probabilities along only where they belong to the prompt that it carries.
func TestPromptSourceAndLogprobs(t *testing.T) {
	rows := someRows(40, 3, 8, 1)
	for i := range rows {
		rows[i].PromptIDs = []int32{int32(rows[i].LineID), int32(rows[i].Language[0])}
	}
	o := Defaults()
	o.Scope = AllLang
	cross := 0
	sources := map[string]int{}
	for _, source := range []string{"chosen", "rejected", "random"} {
		o.PromptSource = source
		pairs, _, err := Croco(rows, o)
		require.NoError(t, err)
		require.Len(t, pairs, 40)
		for _, p := range pairs {
			require.Equal(t, []int32{p.PromptIDs[0], int32(p.PromptLanguage[0])}, p.PromptIDs)
			require.Equal(t, p.PromptLanguage == p.ChosenLanguage, p.ChosenLogprobs != nil)
			require.Equal(t, p.PromptLanguage == p.RejectedLanguage, p.RejectedLogprobs != nil)
			require.NotNil(t, p.ChosenIDs)
			if p.ChosenLanguage != p.RejectedLanguage {
				cross++
			}
			if source == "random" {
				sources[p.PromptLanguage]++
			}
		}
	}
	require.NotZero(t, cross)
	require.Len(t, sources, 3)
	o.PromptSource = "random"
	all, _, err := Croco(rows, o)
	require.NoError(t, err)
	last, _, err := Croco(rows[24*30:], o)
	require.NoError(t, err)
	require.Equal(t, all[30:], last, "a draw does not depend on the records before it")
	o.Seed++
	other, _, err := Croco(rows, o)
	require.NoError(t, err)
	require.NotEqual(t, all, other)
	o.Shuffle = true
	shuffled, _, err := Croco(rows, o)
	require.NoError(t, err)
	require.ElementsMatch(t, other, shuffled)
	require.NotEqual(t, other, shuffled)
}

func TestMaxRewardAndReport(t *testing.T) {
	rows := append(someRows(3, 2, 4, 8), Candidate{LineID: 3, Language: "en", Prompt: json.RawMessage(`[{"role": "user", "content": "hi"}]`), Completion: "alone", Score: 1})
	o := Defaults()
	best, report, err := MaxReward(rows, o)
	require.NoError(t, err)
	require.Len(t, best, 7)
	require.Equal(t, "alone", best[6].Completion)
	require.Equal(t, `{"id": "sft_3_en_16770ec5", "source_dataset": null, "domain": null, "prompt": [{"role": "user", "content": "hi"}], "language": "en", "completion": "alone", "reward_score": 1.0}`,
		string(best[6].AppendJSON(nil)))
	require.Equal(t, 7, report.Kept)
	pairs, report, err := Croco(rows, o)
	require.NoError(t, err)
	require.Len(t, pairs, 6)
	require.Equal(t, 25, report.Rows)
	require.Equal(t, LanguageCount{Answers: 13, Kept: 3, Skipped: 1}, *report.Languages["en"])
	require.Contains(t, report.String(), "pools    7, kept 6, skipped 1: fewer than two answers 1\n")
	require.Greater(t, report.ChosenScore, report.RejectedScore)
	three := 3
	o.MaxSamples = &three
	pairs, _, err = Croco(rows, o)
	require.NoError(t, err)
	require.Len(t, pairs, 6)
}

func TestValidate(t *testing.T) {
	require.NoError(t, Defaults().Validate())
	require.NoError(t, AuthorsOptions().Validate())
	for key, change := range map[string]func(*Options){
		"scope": func(o *Options) { o.Scope = "lang" }, "reject_target": func(o *Options) { o.RejectTarget = "max" },
		"min_gap": func(o *Options) { o.MinGap = math.NaN() }, "max_length_ratio": func(o *Options) { o.MaxLengthRatio = 0.5 },
		"length_unit": func(o *Options) { o.LengthUnit = "" }, "language_penalty": func(o *Options) { o.LanguagePenalty = -1 },
	} {
		o := Defaults()
		change(&o)
		require.ErrorContains(t, o.Validate(), key+": expected")
		_, _, err := Croco(nil, o)
		require.Error(t, err)
	}
	_, _, err := Croco([]Candidate{{Language: "en"}}, Defaults())
	require.ErrorContains(t, err, "row 1")
}
