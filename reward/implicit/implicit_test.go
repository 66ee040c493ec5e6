package implicit

import (
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/internal/cases"
)

// bigram is a language model that looks at one token: logits[a] are those of the token after a.
type bigram [][]float32

func (b bigram) logProbs(ids []int32) []float64 {
	lps := make([]float64, len(ids)-1)
	for t := range lps {
		logits := b[ids[t]]
		sum := 0.0
		for _, x := range logits {
			sum += math.Exp(float64(x))
		}
		lps[t] = float64(logits[ids[t+1]]) - math.Log(sum)
	}
	return lps
}

// TestFixturesICRReward holds both masks to the authors' script and to the sum that one would want.
func TestFixturesICRReward(t *testing.T) {
	cases.Each(t, "icr", cases.Script("compute_reward_score.py"), func(t *testing.T, c cases.Case, run cases.Run) {
		args := append([]string{"--mask", "authors", "--pad_id", strconv.Itoa(int(run.PadID))}, run.Argv...)
		o, err := ParseOptions(args)
		if run.Exit != 0 {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		var model bigram
		var vocab []string
		c.JSON(t, "in/bigram.json", &model)
		c.JSON(t, "in/vocab.json", &vocab)
		ids := map[string]int32{}
		for id, word := range vocab {
			ids[word] = int32(id)
		}
		tokenize := func(text string) (tokens []int32) {
			for _, word := range strings.Fields(text) {
				id, known := ids[word]
				require.True(t, known, word)
				tokens = append(tokens, id)
			}
			return tokens
		}
		var columns [][]Row // one batch order per answer's place, as the script scores them
		for _, line := range c.Lines(t, "in/en.jsonl") {
			var in struct {
				Prompt   string `json:"cross_implicit_reward_prompt"`
				Response []string
			}
			cases.Decode(t, line, &in)
			prompt := tokenize(in.Prompt)
			for k, text := range in.Response {
				if k == len(columns) {
					columns = append(columns, nil)
				}
				columns[k] = append(columns[k], Row{append(tokenize(in.Prompt+text), run.EosID), len(prompt)})
			}
		}
		check := func(want [][]*float64, o Options) {
			for k, rows := range columns {
				for i, got := range o.Scores(rows, model.logProbs) {
					if want[i][k] == nil {
						require.True(t, math.IsNaN(got))
						continue
					}
					near := 2e-4
					if o.Type == "ppl" {
						near = 1e-4**want[i][k] + 1e-4
					}
					require.InDelta(t, *want[i][k], got, near, "row %d, answer %d", i+1, k+1)
				}
			}
		}
		var want [][]*float64
		c.JSON(t, run.Out()[0], &want)
		check(want, o)
		if _, err := os.Stat(c.Path("out/intended.json")); err == nil {
			var intended struct{ Scores [][]*float64 }
			c.JSON(t, "out/intended.json", &intended)
			check(intended.Scores, Options{})
		}
	})
}

// A score under the intended mask does not depend on its batch; under the authors' it does.
func TestOnlyTheAuthorsScoreDependsOnItsBatch(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	model := make(bigram, 9)
	for i := range model {
		model[i] = make([]float32, 9)
		for j := range model[i] {
			model[i][j] = float32(random.NormFloat64())
		}
	}
	short, long := Row{[]int32{1, 2, 3, 8}, 2}, Row{[]int32{1, 4, 5, 6, 7, 8}, 1}
	alone := Options{}.Scores([]Row{short}, model.logProbs)[0]
	require.Equal(t, alone, Options{}.Scores([]Row{long, short}, model.logProbs)[1])
	lps := model.logProbs(short.IDs)
	require.Equal(t, lps[1]+lps[2], alone)
	authors := Options{Mask: "authors", Batch: 2}
	require.Equal(t, lps[2], authors.Scores([]Row{short}, model.logProbs)[0])
	require.NotEqual(t, lps[2], authors.Scores([]Row{long, short}, model.logProbs)[1])
	authors.Pad = 8
	require.Equal(t, lps[2], authors.Scores([]Row{long, short}, model.logProbs)[1])
}

func TestReward(t *testing.T) {
	require.InDelta(t, 0.1*(1-0.5), Reward([]float64{-1, -2}, []float64{-2, -1.5}, 0.1), 1e-15)
	require.Panics(t, func() { Reward([]float64{1}, nil, 1) })
}

func TestTypes(t *testing.T) {
	of := func(ids []int32) []float64 { return []float64{-1, -2, -3} }
	row := []Row{{[]int32{0, 1, 2, 3}, 2}}
	for kind, want := range map[string]float64{"": -5, "log_probs": -5, "loss": 5, "avg_loss": 2.5, "ppl": math.Exp(2.5)} {
		require.Equal(t, want, Options{Type: kind}.Scores(row, of)[0], kind)
	}
	require.True(t, math.IsNaN(Options{Type: "ppl"}.score(0, 0)))
}

func TestParseOptionsRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"--batch_size 0":   "--batch_size: expected a number of 1 or more",
		"--score_type sum": "--score_type: expected one of",
		"--mask both":      "--mask: expected one of",
		"--pad_id x":       "--pad_id",
		"--verbose 1":      "--verbose: unknown flag",
		"--mask":           "--mask: expected a value",
	} {
		_, err := ParseOptions(strings.Fields(args))
		require.ErrorContains(t, err, want)
	}
}
