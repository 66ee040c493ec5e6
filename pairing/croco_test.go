package pairing

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWorkedExamples(t *testing.T) {
	scores := []float64{1, 2, 3, 10}
	require.InDelta(t, -3.0711, MeanMinus2Sigma.Of(scores), 1e-4)
	require.Equal(t, 3, Chosen(scores))
	require.Equal(t, 0, Rejected(scores, 3, MeanMinus2Sigma, nil))
	require.Equal(t, 1.75, Q1.Of(scores))
	require.Equal(t, 1, Rejected(scores, 3, Q1, nil))

	require.Equal(t, -1, Rejected([]float64{2, 2, 2}, 0, MeanMinus2Sigma, nil), "equals make no pair")
	require.Equal(t, -1, Rejected([]float64{7}, 0, Min, nil), "one answer makes no pair")
	require.Equal(t, 1, Chosen([]float64{1, 5, 5}), "the first of equals")
	require.Equal(t, 1, Rejected([]float64{5, 1, 1}, 0, Min, nil), "the first of equally near ones")
	require.Equal(t, 2, Rejected([]float64{5, 1, 2}, 0, Min, func(i int) bool { return i != 1 }), "the next nearest that passes")
	require.Panics(t, func() { Target("median").Of(scores) })
}

// No z-score of n values is beyond √(n−1), so up to n = 5 nothing lies below μ − 2σ.
func TestFiveOrFewerAreAlwaysTheMinimum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		scores := draw(2+r.IntN(4), r.NormFloat64)
		chosen := Chosen(scores)
		require.Equal(t, Rejected(scores, chosen, Min, nil), Rejected(scores, chosen, MeanMinus2Sigma, nil))
	}
}

func TestRejectedIsStrictlyBelowAndStable(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		coarse := func() float64 { return math.Round(r.NormFloat64()) }
		scores := draw(1+r.IntN(12), coarse)
		for _, target := range []Target{MeanMinus2Sigma, Q1, Min} {
			chosen := Chosen(scores)
			rejected := Rejected(scores, chosen, target, nil)
			if slices.Min(scores) == slices.Max(scores) {
				require.Equal(t, -1, rejected)
				continue
			}
			require.Less(t, scores[rejected], scores[chosen])
			goal := target.Of(scores)
			for i, s := range scores {
				if s < scores[chosen] {
					nearer := math.Abs(s-goal) < math.Abs(scores[rejected]-goal)
					same := math.Abs(s-goal) == math.Abs(scores[rejected]-goal)
					require.False(t, nearer || same && i < rejected, "%v: %d is before %d", scores, i, rejected)
				}
			}
		}
	}
}

// Where no scores tie, the order of the rows changes no pair.
func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	rows := someRows(6, 3, 9, 5)
	for _, scope := range []Scope{InLang, AllLang} {
		o := Defaults()
		o.Scope = scope
		want, _, err := Croco(rows, o)
		require.NoError(t, err)
		shuffled := slices.Clone(rows)
		rand.New(rand.NewPCG(9, 9)).Shuffle(len(rows), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		got, _, err := Croco(shuffled, o)
		require.NoError(t, err)
		require.ElementsMatch(t, want, got)
	}
}

// TestRanks simulates where the rejected answer lands (0: the worst), as docs/methods/croco.md shows it:
// go test ./pairing -run TestRanks -v
func TestRanks(t *testing.T) {
	r := rand.New(rand.NewPCG(2026, 5))
	gumbel := func() float64 { return math.Log(-math.Log(1 - r.Float64())) } // −Gumbel: a long left tail
	kinds := []struct {
		name string
		one  func() float64
	}{{"Gaussian", r.NormFloat64}, {"left-skewed", gumbel}}
	share := map[string]map[int]float64{}
	var table strings.Builder
	for _, kind := range kinds {
		for _, n := range []int{5, 10, 16, 32, 64, 200, 448} {
			trials := 4000
			var ranks []int
			for range trials {
				scores := draw(n, kind.one)
				rejected := Rejected(scores, Chosen(scores), MeanMinus2Sigma, nil)
				rank := 0
				for _, s := range scores {
					if s < scores[rejected] {
						rank++
					}
				}
				ranks = append(ranks, rank)
			}
			slices.Sort(ranks)
			counts := map[int]float64{}
			for _, rank := range ranks {
				counts[rank] += 1 / float64(trials)
			}
			share[fmt.Sprint(kind.name, n)] = counts
			fmt.Fprintf(&table, "%-12s N=%-4d rank 0: %3.0f%%  1: %3.0f%%  2: %3.0f%%  3: %3.0f%%  4: %3.0f%%   5th to 95th percentile %d to %d\n",
				kind.name, n, 100*counts[0], 100*counts[1], 100*counts[2], 100*counts[3], 100*counts[4], ranks[trials/20], ranks[trials-trials/20])
		}
	}
	t.Log("\n" + table.String())
	require.Equal(t, 1.0, math.Round(share["Gaussian5"][0]*1e6)/1e6)
	for key, want := range map[string][]float64{"Gaussian16": {.96}, "Gaussian32": {.65, .33}, "Gaussian64": {.26, .47, .23, .04}, "left-skewed64": {0, .14, .43, .32, .09}} {
		for rank, p := range want {
			require.InDelta(t, p, share[key][rank], 0.04, "%s, rank %d", key, rank)
		}
	}
}

func draw(n int, one func() float64) []float64 {
	scores := make([]float64, n)
	for i := range scores {
		scores[i] = one()
	}
	return scores
}

// someRows makes distinct scores for lines × languages × n answers.
func someRows(lines, languages, n int, seed uint64) []Candidate {
	r := rand.New(rand.NewPCG(seed, seed))
	var rows []Candidate
	for line := range lines {
		for _, language := range []string{"en", "da", "ga", "mt"}[:languages] {
			for sample := range n {
				rows = append(rows, Candidate{
					ID: Text(fmt.Sprint("p", line)), LineID: line, Language: language, Sample: sample,
					Prompt: Text(fmt.Sprintf("%s prompt %d", language, line)), Completion: fmt.Sprintf("answer %d.%d", line, sample),
					PromptIDs: []int32{1, int32(line)}, CompletionIDs: []int32{int32(sample), 2}, Logprobs: []float32{-0.1, float32(-sample)},
					Model: "m", Score: r.NormFloat64(), Scorer: "s", DetectedLanguage: language, LanguageProbability: 1, Length: 2,
				})
			}
		}
	}
	return rows
}
