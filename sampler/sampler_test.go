package sampler

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/cpu"
	"croco/kernels/forest"
	"croco/kernels/reference"
	"croco/model"
)

// open loads a random model of fixtures/models.
func open(t *testing.T, d kernels.Device, name string) *model.Model {
	t.Helper()
	dir := filepath.Join("..", "model", "testdata", "models", name)
	_, err := os.Stat(dir)
	require.NoError(t, err)
	m, err := model.Open(dir, model.Options{Device: d})
	require.NoError(t, err)
	return m
}

func device(t *testing.T, threads int) kernels.Device {
	t.Helper()
	d, err := cpu.New(threads)
	require.NoError(t, err)
	return d
}

// jobs are prompts of many lengths; several begin with the same 70 tokens, and one ends at a page's edge.
func jobs(m *model.Model) []Job {
	text := func(seed uint64, n int) []int32 {
		ids := make([]int32, n)
		for i := range ids {
			ids[i] = int32(6 + kernels.Mix(seed, uint64(i))%uint64(m.Spec.Vocab-6))
		}
		return ids
	}
	head := text(1, 70)
	with := func(seed uint64, n int) []int32 { return append(append([]int32{}, head...), text(seed, n)...) }
	return []Job{
		{Key: 11, Prompt: text(2, 3), N: 3}, {Key: 12, Prompt: with(3, 5), N: 4}, {Key: 13, Prompt: with(4, 20), N: 1},
		{Key: 14, Prompt: text(5, 64), N: 2}, {Key: 15, Prompt: with(6, 70), N: 3}, {Key: 16, Prompt: text(7, 1), N: 2},
		{Key: 17, Prompt: with(3, 5), N: 2},
	}
}

var params = Params{Temperature: 0.9, MaxNewTokens: 40, Stop: []int32{2, 5}, Seed: 7}

func generate(t *testing.T, m *model.Model, jobs []Job, p Params) [][]Answer {
	t.Helper()
	var out [][]Answer
	require.NoError(t, New(m).Generate(context.Background(), jobs, p, func(job int, a []Answer) error {
		require.Equal(t, len(out), job, "jobs come in order")
		out = append(out, a)
		return nil
	}))
	require.Len(t, out, len(jobs))
	return out
}

// An answer is the same alone, in any batch, with one or two threads.
func TestAnswersDoNotDependOnTheBatch(t *testing.T) {
	m1, m2 := open(t, device(t, 1), "llama-untied-rope3"), open(t, device(t, 2), "llama-untied-rope3")
	all := jobs(m1)
	want := generate(t, m1, all, params)
	require.Equal(t, want, generate(t, m2, all, params), "two threads")
	for _, rows := range []int{1, 2, 5} {
		p := params
		p.MaxRows = rows
		require.Equal(t, want, generate(t, m1, all, p), "%d rows", rows)
	}
	for i := range all {
		require.Equal(t, want[i:i+1], generate(t, m1, all[i:i+1], params), "job %d alone", i)
	}
}

// The recorded log-probabilities are those that a forward pass over the whole batch computes, bit for bit.
func TestLogprobsAreTheTrainers(t *testing.T) {
	for _, name := range []string{"llama-untied-rope3", "llama-tied", "qwen2-bf16", "qwen3", "mistral"} {
		m := open(t, device(t, 2), name)
		all := jobs(m)
		var texts [][]int32
		var answers []Answer
		for i, as := range generate(t, m, all, params) {
			require.Len(t, as, all[i].N)
			for _, a := range as {
				texts = append(texts, append(append([]int32{}, all[i].Prompt...), a.IDs...))
				answers = append(answers, a)
			}
		}
		f := forest.Build(texts)
		h := m.Forward(f, false)
		for i, a := range answers {
			path := f.Path(i)
			n := len(path) - len(a.IDs)
			p := kernels.Picks{Rows: path[n-1 : len(path)-1], Tokens: a.IDs}
			require.Equal(t, a.Logprobs, m.LogProbs(h, p), "%s: answer %d", name, i)
		}
		h.Free()
	}
}

func TestRulesOfEnding(t *testing.T) {
	m := open(t, reference.New(), "llama-tied")
	one := []Job{{Key: 1, Prompt: []int32{9, 10}, N: 6}}
	free := params
	free.Stop = nil
	for _, a := range generate(t, m, one, free)[0] {
		require.Equal(t, "length", a.Reason)
		require.Len(t, a.IDs, free.MaxNewTokens)
	}
	greedy := Params{MaxNewTokens: 5}
	first := generate(t, m, one, greedy)[0][0]
	stop := greedy
	stop.Stop = first.IDs[2:3]
	require.Equal(t, "stop", generate(t, m, one, stop)[0][0].Reason)
	stop.MinNewTokens = 5
	kept := generate(t, m, one, stop)[0][0]
	require.NotContains(t, kept.IDs[:4], first.IDs[2], "no end token before min_new_tokens")

	text := greedy
	text.Stopped = func(ids []int32) bool { return len(ids) == 3 }
	require.Equal(t, Answer{first.IDs[:3], first.Logprobs[:3], "stop"}, generate(t, m, one, text)[0][0])

	prefix := greedy
	prefix.Prefix = []int32{100, 101}
	a := generate(t, m, one, prefix)[0][0]
	require.Equal(t, prefix.Prefix, a.IDs[:2])
	require.Len(t, a.Logprobs, len(a.IDs))

	edge := []Job{{Key: 1, Prompt: make([]int32, m.Spec.Positions-2), N: 1}}
	for i := range edge[0].Prompt {
		edge[0].Prompt[i] = int32(6 + i%100)
	}
	free.MaxNewTokens = 10
	a = generate(t, m, edge, free)[0][0]
	require.Equal(t, "length", a.Reason)
	require.Len(t, a.IDs, 2, "the context ends the answer")
}

func TestRepetitionPenaltySeesPromptAndAnswer(t *testing.T) {
	m := open(t, reference.New(), "llama-tied")
	p := Params{MaxNewTokens: 12, RepetitionPenalty: 50}
	a := generate(t, m, []Job{{Key: 1, Prompt: []int32{9, 10}, N: 1}}, p)[0][0]
	seen := map[int32]bool{9: true, 10: true}
	for _, id := range a.IDs {
		require.False(t, seen[id], "%d comes twice", id)
		seen[id] = true
	}
}

func TestBadInput(t *testing.T) {
	m := open(t, reference.New(), "llama-tied")
	none := func(int, []Answer) error { return nil }
	run := func(j Job, p Params) error { return New(m).Generate(context.Background(), []Job{j}, p, none) }
	require.ErrorContains(t, run(Job{}, params), "prompt 0 is empty")
	require.ErrorContains(t, run(Job{Prompt: make([]int32, m.Spec.Positions), N: 1}, params), "the model's context is")
	for want, p := range map[string]Params{
		"temperature: expected a number from 0": {Temperature: -1, MaxNewTokens: 1},
		"top_p: expected a number from 0 to 1":  {TopP: 1.5, MaxNewTokens: 1},
		"max_new_tokens":                        {},
		"forced prefix":                         {MaxNewTokens: 1, Prefix: []int32{1, 2}},
	} {
		require.ErrorContains(t, run(Job{Prompt: []int32{1}, N: 1}, p), want)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stop := errors.New("disk full")
	require.ErrorIs(t, New(m).Generate(ctx, jobs(m), params, func(int, []Answer) error { return stop }), stop)
	cancel()
	require.ErrorIs(t, New(m).Generate(ctx, jobs(m), params, none), context.Canceled)
}

// Pages that hold the same tokens after the same tokens are found again, and forgotten in the order of their idleness.
func TestPages(t *testing.T) {
	p := newPages(3)
	a, b := []int32{1, 2}, []int32{3, 4}
	root := p.take(-1, 0)
	p.publish(root, a)
	leaf := p.take(root, pageSize)
	p.publish(leaf, b)
	require.Equal(t, root, p.find(-1, a))
	require.Equal(t, -1, p.find(-1, b), "the same tokens after others")
	require.Equal(t, leaf, p.find(root, b))
	for range 2 {
		p.release(leaf)
		p.release(root)
	}
	require.Equal(t, 3, p.available())
	p.take(-1, 0)
	require.Equal(t, leaf, p.take(-1, 0), "the page that was idle first goes first")
	require.Equal(t, -1, p.find(root, b))
	require.Equal(t, root, p.find(-1, a))
}
