package sampler

import (
	"context"
	"fmt"
	"math"

	"croco/kernels"
	"croco/model"
)

// Params say how answers are chosen and when they end.
type Params struct {
	Temperature       float64 // 0: greedy
	TopK              int     // 0: off
	TopP, MinP        float64 // 0: off
	RepetitionPenalty float64 // 0 or 1: off; applies to prompt and answer
	MaxNewTokens      int
	MinNewTokens      int     // no end token before
	Stop              []int32 // tokens that end an answer; they belong to it
	// Stopped, where not nil, says of an answer's ids whether its text holds a stop string by now. The ids keep the text.
	Stopped func(ids []int32) bool
	Prefix  []int32 // every answer begins with these tokens
	Seed    uint64
	MaxRows int // answers that grow at the same time; 0: 64, or on a device with memory of its own as many as fit, at most 256
}

// Validate refuses what has no meaning, by the name of the key.
func (p Params) Validate() error {
	within := func(name string, v, lo, hi float64) error {
		if math.IsNaN(v) || v < lo || v > hi {
			return fmt.Errorf("%s: expected a number from %g to %g, found %g", name, lo, hi, v)
		}
		return nil
	}
	inf := math.Inf(1)
	for _, err := range []error{
		within("temperature", p.Temperature, 0, inf), within("top_k", float64(p.TopK), 0, inf),
		within("top_p", p.TopP, 0, 1), within("min_p", p.MinP, 0, 1),
		within("repetition_penalty", p.RepetitionPenalty, 0, inf),
		within("max_new_tokens", float64(p.MaxNewTokens), 1, inf),
		within("min_new_tokens", float64(p.MinNewTokens), 0, float64(p.MaxNewTokens)),
		within("max_rows", float64(p.MaxRows), 0, inf),
	} {
		if err != nil {
			return err
		}
	}
	if len(p.Prefix) > p.MaxNewTokens {
		return fmt.Errorf("the forced prefix has %d tokens, more than max_new_tokens %d", len(p.Prefix), p.MaxNewTokens)
	}
	return nil
}

// Job is one prompt.
type Job struct {
	Key    uint64  // a stable number of the prompt: with the seed and the sample it determines the random numbers
	Prompt []int32 // at least one token
	N      int     // answers
}

// Answer is what the model wrote.
type Answer struct {
	IDs      []int32   // with the end token, where there is one
	Logprobs []float32 // one per id
	Reason   string    // "stop": an end token or a stop string; "length": the limit or the model's context
}

// Progress counts what has been done.
type Progress struct {
	Prompts, Answers int // finished
	PromptTokens     int // computed, after sharing
	SharedTokens     int // that did not need computing, since another prompt or answer had them
	NewTokens        int // written
}

// Sampler writes answers with one model.
type Sampler struct {
	m *model.Model
	// Report, where not nil, is called after every step.
	Report func(Progress)
}

// New makes a sampler over a language model.
func New(m *model.Model) *Sampler { return &Sampler{m: m} }

// Generate writes the answers of all jobs and gives them to emit job by job, in order. It ends early with ctx's error or
// emit's; what was emitted stays. A prompt that leaves no room for an answer in the model's context is an error, before
// anything is computed.
func (s *Sampler) Generate(ctx context.Context, jobs []Job, p Params, emit func(job int, answers []Answer) error) error {
	if err := p.Validate(); err != nil {
		return err
	}
	longest, most, all := 0, 1, 0
	for i, j := range jobs {
		if len(j.Prompt) == 0 {
			return fmt.Errorf("prompt %d is empty: expected at least one token", i)
		}
		if len(j.Prompt) >= s.m.Spec.Positions {
			return fmt.Errorf("prompt %d has %d tokens, the model's context is %d: shorten it or drop it", i, len(j.Prompt), s.m.Spec.Positions)
		}
		longest, most, all = max(longest, len(j.Prompt)), max(most, j.N), all+j.N
	}
	if len(jobs) == 0 {
		return nil
	}
	if err := s.fit(&p, size{jobs: len(jobs), longest: longest, most: most}, all); err != nil {
		return err
	}
	b := newBatch(s.m, jobs, p, longest, most)
	defer b.close()
	done := 0
	for done < len(jobs) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.step(); err != nil {
			return err
		}
		for ; done < len(jobs) && b.finished(done); done++ {
			if err := emit(done, b.answers(done)); err != nil {
				return err
			}
			b.count.Prompts++
		}
		if s.Report != nil {
			s.Report(b.count)
		}
	}
	return s.m.Device().Sync()
}

// draw is the way in which answer sample of j chooses its token number at, given what it has.
func (p *Params) draw(j *Job, sample, at int, history []int32) kernels.Draw {
	d := kernels.Draw{
		Temperature: float32(p.Temperature), TopK: p.TopK, TopP: float32(p.TopP), MinP: float32(p.MinP),
		RepetitionPenalty: float32(p.RepetitionPenalty), Forced: -1,
		Uniform: kernels.Uniform(kernels.Mix(kernels.Mix(p.Seed, j.Key), uint64(sample)), uint64(at)),
	}
	if p.RepetitionPenalty != 0 && p.RepetitionPenalty != 1 {
		d.History = history
	}
	if at < p.MinNewTokens {
		d.Forbidden = p.Stop
	}
	if at < len(p.Prefix) {
		d.Forced = p.Prefix[at]
	}
	return d
}
