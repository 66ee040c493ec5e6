package tasks

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"croco/engine"
	"croco/eval/endpoint"
	"croco/eval/journal"
	"croco/sampler"
)

// question is a text that a model answers.
type question struct {
	place string // where it stands, for messages
	text  string
	about string // what else the answer may depend on: equal texts about different things have answers of their own
}

// asking is how.
type asking struct {
	chat        bool            // as a user's turn, by the chat template where there is one
	variables   map[string]bool // of the template
	temperature float64
	max         int // tokens
	seed        uint64
	stops       []string // texts that end an answer and are cut off
}

// replies answers questions through a journal. A reply depends on the model's weights, the text and how it is asked alone, so
// a run that was stopped goes on to what it would have written.
func (r *reader) replies(ctx context.Context, questions []question, how asking, j *journal.Journal[endpoint.Reply], stage string, progress engine.Progress) ([]endpoint.Reply, error) {
	got, keys, numbers := make([]endpoint.Reply, len(questions)), make([]string, len(questions)), journal.Numbers{}
	var jobs []sampler.Job
	var at []int
	for i, q := range questions {
		request, err := json.Marshal(map[string]any{"model": r.hash, "prompt": q.text, "about": q.about, "chat": how.chat, "template": how.variables,
			"temperature": how.temperature, "max_new_tokens": how.max, "seed": how.seed, "stop": how.stops})
		if err != nil {
			return nil, err
		}
		keys[i] = numbers.Key(request)
		if reply, ok := j.Get(keys[i]); ok {
			got[i] = reply
			continue
		}
		ids, err := r.prompt(q.text, how.chat, how.variables)
		if err == nil && (len(ids) == 0 || len(ids) >= r.Spec.Positions) {
			err = fmt.Errorf("%d tokens: expected from 1 to %d, one less than the context of %s", len(ids), r.Spec.Positions-1, r.name)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.place, err)
		}
		jobs, at = append(jobs, sampler.Job{Key: number(keys[i]), Prompt: ids, N: 1}), append(at, i)
	}
	update := engine.Update{Stage: stage, Done: len(questions) - len(jobs), Total: len(questions), Unit: "answers"}
	tell(progress, update)
	had := update.Done
	s := sampler.New(r.Model)
	s.Report = func(p sampler.Progress) {
		update.Done, update.Tokens = had+p.Answers, p.NewTokens
		if all := p.PromptTokens + p.SharedTokens; all > 0 {
			update.Shared = float64(p.SharedTokens) / float64(all)
		}
		tell(progress, update)
	}
	params := sampler.Params{Temperature: how.temperature, MaxNewTokens: min(how.max, r.Spec.Positions), Seed: how.seed, MaxRows: r.rows,
		Stop: slices.Clone(r.Generation.EOS), Stopped: r.codec.Stopper(how.stops)}
	err := s.Generate(ctx, jobs, params, func(job int, answers []sampler.Answer) error {
		i, a := at[job], answers[0]
		got[i] = endpoint.Reply{Text: cut(r.codec.Decode(a.IDs), how.stops), FinishReason: a.Reason}
		return j.Put(keys[i], got[i])
	})
	return got, err
}

// cut is a text before the first of the stops.
func cut(text string, stops []string) string {
	for _, stop := range stops {
		text, _, _ = strings.Cut(text, stop)
	}
	return text
}
