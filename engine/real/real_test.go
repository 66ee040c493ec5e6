// Package real holds the tests on a real model, SmolLM2-135M-Instruct, which make fixtures fetches.
package real

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/cpu"
	"croco/kernels/forest"
	"croco/model"
	"croco/model/text"
	"croco/sampler"
)

// golden is what Transformers answered, in float32: fixtures/real/NAME.json.
type golden struct {
	NewTokens int `json:"new_tokens"`
	Rows      []struct {
		Chat    json.RawMessage `json:"chat"`
		IDs     []int32         `json:"ids"`
		Top5    [][2]float64    `json:"top5"` // (id, logit) at the end of the prompt
		Greedy  []int32         `json:"greedy_ids"`
		Answers []struct {
			IDs []int32 `json:"ids"`
			Sum float64 `json:"sum_logprob"`
		} `json:"answers"`
	} `json:"rows"`
}

// open returns the model and its golden file. Both must be there, but for -short.
func open(t *testing.T) (golden, *model.Model, *text.Codec) {
	if testing.Short() {
		t.Skip("a model of 135 million weights is not short; go test without -short runs it")
	}
	fixtures := os.Getenv("CROCO_FIXTURES")
	if fixtures == "" {
		fixtures = filepath.Join("..", "..", "..", "shared", "fixtures")
	}
	file := filepath.Join(fixtures, "real", "smollm2.json")
	raw, err := os.ReadFile(file)
	if os.IsNotExist(err) && os.Getenv("CROCO_FIXTURES") != "" {
		t.Skipf("%s is not among these fixtures", file)
	}
	require.NoError(t, err)
	var g golden
	require.NoError(t, json.Unmarshal(raw, &g))
	dir := filepath.Join("..", "..", ".fixtures", "smollm2")
	_, err = os.Stat(filepath.Join(dir, "model.safetensors"))
	require.NoError(t, err, "make fixtures fetches the model")
	d, err := cpu.New(0)
	require.NoError(t, err)
	m, err := model.Open(dir, model.Options{Device: d})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	codec, err := text.Open(dir)
	require.NoError(t, err)
	return g, m, codec
}

// TestFixturesReal: ids of the chat template, logits, greedy answers and the log-probabilities of given answers are
// those of Transformers.
func TestFixturesReal(t *testing.T) {
	g, m, codec := open(t)
	var jobs []sampler.Job
	for i, row := range g.Rows {
		t.Run(fmt.Sprintf("real/smollm2/%d", i), func(t *testing.T) {
			ids, err := codec.Prompt(row.Chat, false)
			require.NoError(t, err)
			require.Equal(t, row.IDs, ids)

			texts := [][]int32{ids}
			for _, a := range row.Answers {
				texts = append(texts, append(append([]int32{}, ids...), a.IDs...))
			}
			f := forest.Build(texts)
			h := m.Forward(f, false)
			defer h.Free()
			logits := m.Logits(h, f.Ends[:1])
			values := make([]float32, logits.Len())
			m.Device().Read(values, logits)
			m.Device().Free(logits)
			for _, want := range row.Top5 {
				// Logits near 30 carry a float32 rounding of 2e-6 through 30 layers in either program.
				require.InDelta(t, want[1], values[int(want[0])], 2e-3)
			}
			for j, a := range row.Answers {
				path := f.Path(j + 1)
				p := kernels.Picks{Rows: path[len(ids)-1 : len(path)-1], Tokens: a.IDs}
				sum := 0.0
				for _, v := range m.LogProbs(h, p, nil) {
					sum += float64(v)
				}
				require.InDelta(t, a.Sum, sum, 2e-3+1e-5*math.Abs(a.Sum))
			}
		})
		jobs = append(jobs, sampler.Job{Key: uint64(i), Prompt: row.IDs, N: 1})
	}
	p := sampler.Params{MaxNewTokens: g.NewTokens, Stop: m.Generation.EOS}
	require.NoError(t, sampler.New(m).Generate(context.Background(), jobs, p, func(job int, answers []sampler.Answer) error {
		require.Equal(t, g.Rows[job].Greedy, answers[0].IDs, "greedy answer to prompt %d", job)
		return nil
	}))
}
