// Package real holds the tests on real models, which make fixtures fetches: SmolLM2-135M-Instruct and Gemma 3 270M.
package real

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
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
		Chat    json.RawMessage `json:"chat"`   // a conversation, or
		Prompt  json.RawMessage `json:"prompt"` // the text that a base model goes on with
		IDs     []int32         `json:"ids"`
		Top5    [][2]float64    `json:"top5"` // (id, logit) at the end of the prompt
		Greedy  []int32         `json:"greedy_ids"`
		Answers []struct {
			IDs []int32 `json:"ids"`
			Sum float64 `json:"sum_logprob"`
		} `json:"answers"`
	} `json:"rows"`
}

// open returns the model that a golden file is about.
func open(t *testing.T, file string) (golden, *model.Model, *text.Codec) {
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var g golden
	require.NoError(t, json.Unmarshal(raw, &g))
	dir := filepath.Join("..", "..", ".fixtures", strings.TrimSuffix(filepath.Base(file), ".json"))
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

// TestFixturesReal: ids of prompts, logits, greedy answers and the log-probabilities of given answers are those of
// Transformers.
func TestFixturesReal(t *testing.T) {
	if testing.Short() {
		t.Skip("models of hundreds of megabytes are not short; go test without -short runs them")
	}
	fixtures := os.Getenv("CROCO_FIXTURES")
	if fixtures == "" {
		fixtures = filepath.Join("..", "..", "..", "shared", "fixtures")
	}
	files, err := filepath.Glob(filepath.Join(fixtures, "real", "*.json"))
	require.NoError(t, err)
	if len(files) == 0 { // they hold other people's text, so a clone by itself has none
		t.Skipf("%s holds no real models", fixtures)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		g, m, codec := open(t, file)
		for i, row := range g.Rows {
			prompt := row.Prompt
			if row.Chat != nil {
				prompt = row.Chat
			}
			t.Run(fmt.Sprintf("real/%s/%d", name, i), func(t *testing.T) { g.check(t, i, m, codec, prompt) })
		}
		t.Run(fmt.Sprintf("real/%s/greedy", name), func(t *testing.T) { g.greedy(t, m) })
	}
}

// check compares one prompt and the answers given to it.
func (g golden) check(t *testing.T, i int, m *model.Model, codec *text.Codec, prompt json.RawMessage) {
	row := g.Rows[i]
	ids, err := codec.Prompt(prompt, false)
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
		for _, v := range m.LogProbs(h, p) {
			sum += float64(v)
		}
		require.InDelta(t, a.Sum, sum, 2e-3+1e-5*math.Abs(a.Sum))
	}
}

// greedy compares the likeliest answers, all prompts in one batch.
func (g golden) greedy(t *testing.T, m *model.Model) {
	var jobs []sampler.Job
	for i, row := range g.Rows {
		jobs = append(jobs, sampler.Job{Key: uint64(i), Prompt: row.IDs, N: 1})
	}
	p := sampler.Params{MaxNewTokens: g.NewTokens, Stop: m.Generation.EOS}
	require.NoError(t, sampler.New(m).Generate(context.Background(), jobs, p, func(job int, answers []sampler.Answer) error {
		require.Equal(t, g.Rows[job].Greedy, answers[0].IDs, "greedy answer to prompt %d", job)
		return nil
	}))
}
