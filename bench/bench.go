// Package bench measures whole stages on a model folder, in the shapes that the peers' scripts in bench/peers measure:
// random ids, fixed lengths, nothing stops early.
//
//	Generate   N answers to one prompt
//	Score      a batch of conversations under a fresh score head
//	DPO        LoRA steps on pairs
//	Full       steps that train all weights
//	Load       a model from its files to the first token
//	Result     one JSON line; ledger.py puts it beside the peers'
//
// Operations are measured by kernels/optest, tokenizers by croco bench tokenize.
package bench

import (
	"context"
	"time"

	"croco/kernels"
	"croco/model"
	"croco/reward/classifier"
	"croco/sampler"
)

// Result is a measurement.
type Result struct {
	Peer            string  `json:"peer"` // "croco"
	Work            string  `json:"work"`
	Tokens          int     `json:"tokens"`                     // that the work holds, however few had to be computed
	Seconds         float64 `json:"seconds"`                    // the fastest repeat
	TokensPerSecond float64 `json:"tokens_per_second"`          //
	Decode          float64 `json:"decode_tok_per_s,omitempty"` // generate: tokens a second after the first of each answer
	CPUShare        float64 `json:"cpu_share"`                  // of that repeat: CPU time / (wall time · threads); well below 1: others held the cores
	Threads         int     `json:"threads"`
	PeakMB          int     `json:"max_rss_mb"` // of this process, so far; 0 where the system does not tell
}

// Shape is the size of the work. A field that the work does not have is ignored.
type Shape struct {
	Samples, Prompt, New int // generate: answers, tokens of the prompt, tokens of an answer
	Batch, Length        int // score: conversations, tokens of each; DPO: pairs
	Answer, Steps, Rank  int // DPO: tokens of an answer, steps after the first, LoRA rank
	Repeats, Threads     int
}

// fastest runs work once to warm up and then repeatedly.
func (s Shape) fastest(name string, tokens int, work func() error) (Result, error) {
	r := Result{Peer: "croco", Work: name, Tokens: tokens, Threads: s.Threads}
	if err := work(); err != nil {
		return r, err
	}
	for range max(1, s.Repeats) {
		begin, cpu := time.Now(), processTime()
		if err := work(); err != nil {
			return r, err
		}
		r.take(time.Since(begin), processTime()-cpu)
	}
	return r, nil
}

// take keeps the faster of two measurements.
func (r *Result) take(wall, cpu time.Duration) {
	if s := wall.Seconds(); r.Seconds == 0 || s < r.Seconds {
		r.Seconds, r.TokensPerSecond = s, float64(r.Tokens)/s
		r.CPUShare = cpu.Seconds() / s / float64(max(1, r.Threads))
	}
	r.PeakMB = peakMB()
}

// ids are random token ids that the peers' scripts might have drawn.
func ids(m *model.Model, seed uint64, n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(100 + kernels.Mix(seed, uint64(i))%uint64(min(20000, m.Spec.Vocab-1)-100))
	}
	return out
}

// Generate writes Samples answers of New tokens to one prompt. Tokens counts those written.
func Generate(dir string, d kernels.Device, s Shape) (Result, error) {
	m, err := model.Open(dir, model.Options{Device: d})
	if err != nil {
		return Result{}, err
	}
	defer m.Close()
	jobs := []sampler.Job{{Key: 1, Prompt: ids(m, 1, s.Prompt), N: s.Samples}}
	write := func(n int) func() error {
		p := sampler.Params{Temperature: 0.7, MaxNewTokens: n, MaxRows: s.Samples}
		return func() error {
			return sampler.New(m).Generate(context.Background(), jobs, p, func(int, []sampler.Answer) error { return nil })
		}
	}
	first, err := s.fastest("generate", s.Samples, write(1))
	if err != nil {
		return first, err
	}
	r, err := s.fastest("generate", s.Samples*s.New, write(s.New))
	if rest := r.Seconds - first.Seconds; rest > 0 {
		r.Decode = float64(s.Samples*(s.New-1)) / rest
	}
	return r, err
}

// Score scores Batch conversations of Length tokens whose first Prompt tokens are the same.
func Score(dir string, d kernels.Device, s Shape) (Result, error) {
	m, err := model.OpenClassifier(dir, 1, model.Options{Device: d})
	if err != nil {
		return Result{}, err
	}
	defer m.Close()
	scorer, err := classifier.New(m, 0)
	if err != nil {
		return Result{}, err
	}
	texts := make([][]int32, s.Batch)
	for i := range texts {
		texts[i] = append(ids(m, 1, s.Prompt), ids(m, uint64(2+i), s.Length-s.Prompt)...)
	}
	return s.fastest("score", s.Batch*s.Length, func() error {
		scorer.Score(texts)
		return nil
	})
}

// Load opens a model and writes the first token after a prompt, once: files are read, weights checked, and those panels
// packed that a forward pass needs.
func Load(dir string, d kernels.Device, s Shape) (Result, error) {
	r := Result{Peer: "croco", Work: "load", Tokens: 1, Threads: s.Threads}
	begin, cpu := time.Now(), processTime()
	m, err := model.Open(dir, model.Options{Device: d})
	if err != nil {
		return r, err
	}
	defer m.Close()
	jobs := []sampler.Job{{Key: 1, Prompt: ids(m, 1, s.Prompt), N: 1}}
	err = sampler.New(m).Generate(context.Background(), jobs, sampler.Params{Temperature: 0.7, MaxNewTokens: 1, MaxRows: 1},
		func(int, []sampler.Answer) error { return nil })
	r.take(time.Since(begin), processTime()-cpu)
	return r, err
}
