package study

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/toyworld"
)

// measured is a result with one quality and one share in the right language everywhere.
func measured(seed int, arm string, quality, right float64) Result {
	r := Result{Seed: seed, Arm: arm, Languages: map[string]Values{}}
	for _, l := range toyworld.Languages() {
		r.Languages[l] = Values{Quality: quality, RightLanguage: right}
	}
	return r
}

func TestEstimates(t *testing.T) {
	e := estimated([]float64{.01, .02, .03, .04})
	require.InDelta(t, .025, e.mean, 1e-12)
	require.InDelta(t, 3.182446*math.Sqrt(.0005/3)/2, e.half, 1e-7, "t of 3 degrees of freedom, times sd / √4")
	require.Equal(t, "+2.5 ±2.1 ▲", e.points())
	require.Equal(t, "2.5 ±2.1", e.percent())
	require.Equal(t, "−3.0 ±1.3 ▼", estimated([]float64{-.02, -.03, -.04, -.03}).points())
	require.Equal(t, "+0.0 ±2.9 ·", estimated([]float64{-.0202, .02, -.01, .01}).points())
	require.Equal(t, "+5.0 ±? ?", estimated([]float64{.05}).points(), "one seed has no error bar and says nothing")
	require.Equal(t, "–", estimated(nil).points())
}

func TestVerdicts(t *testing.T) {
	var results []Result
	for seed := range 5 {
		wobble := .001 * float64(seed)
		results = append(results, measured(seed, "base", .4+wobble, .8), measured(seed, "μ−2σ", .45+wobble, .8+wobble), measured(seed, "min", .45, .7))
	}
	table := tabulate(append(results, measured(9, "min", .9, .9))) // a seed without its base counts in no difference
	for _, c := range []struct {
		contrast Contrast
		want     string
	}{
		{more("μ−2σ", "base"), Appears}, {more("μ−2σ", "base").less(), Opposite}, {more("μ−2σ", "base").same(), Absent},
		{moreRight("min", "base"), Opposite}, {moreRight("min", "base").less(), Appears},
		{moreTranslation("min", "base").same(), Appears}, {moreTranslation("min", "base"), Absent},
		{more("q1", "base"), Unknown},
	} {
		require.Equal(t, c.want, c.contrast.verdict(c.contrast.estimate(table)), c.contrast.What)
	}
	require.Equal(t, 5, table.difference("min", "base", tuned(Quality)).seeds)
	require.Contains(t, table.missing(), "q1 (0 of 6 seeds)")
	require.NotContains(t, table.missing(), "; min (")
}

// docs/study.md is what the results make of it, and the recipes are the best of those that were tried.
func TestThePageIsTheResults(t *testing.T) {
	results, err := Read(filepath.Join("..", "..", "docs", "study.jsonl"))
	require.NoError(t, err)
	page, err := Page(results)
	require.NoError(t, err)
	stored, err := os.ReadFile(filepath.Join("..", "..", "docs", "study.md"))
	require.NoError(t, err)
	require.Equal(t, string(stored), page, "run make study")
	table := tabulate(results)
	for kind, r := range recipes {
		require.Equal(t, table.best(kind), choiceName(kind, r))
	}
}
