package engine

import (
	"context"
	"fmt"

	"croco/internal/jsonl"
	"croco/pairing/translation"
	"croco/reward"
	"croco/sampler"
)

// agreement is a stage that scores answers by how well they agree with those in the source language to the same line.
type agreement struct {
	name             string // of the stage, and of the scorer
	config           any    // all that the rows depend on
	completions, out string
	language         string // the source language
	batch            int    // answers that are judged at once
	// judge gives each of some answers a score; one that cannot be scored gets reward.FailedScore. beside are the source
	// language's answers by their line.
	judge func(rows []sampler.Completion, beside map[int][]sampler.Completion) ([]float64, error)
}

// run writes a row for every completion, in their order. What is in the file already is kept.
func (a agreement) run(ctx context.Context, progress Progress) (err error) {
	rows, err := jsonl.All[sampler.Completion](a.completions)
	if err != nil {
		return err
	}
	beside, err := a.source(rows)
	if err != nil {
		return err
	}
	manifest, err := newManifest("score by "+a.name, a.config, a.completions)
	if err != nil {
		return err
	}
	return manifest.fill(a.out, func(out *jsonl.Writer) error {
		failed := 0
		defer func() { manifest.Counts = map[string]int{"not_scored": failed} }()
		for next := min(out.Rows, len(rows)); next < len(rows); {
			if err := ctx.Err(); err != nil {
				return err
			}
			some := rows[next:min(next+a.batch, len(rows))]
			scores, err := a.judge(some, beside)
			if err != nil {
				return err
			}
			scored := make([]any, len(some))
			for i, c := range some {
				row := newScored(c, a.name, nil)
				if row.Score = scores[i]; row.Score == reward.FailedScore {
					failed++
				}
				scored[i] = row
			}
			if err := out.Append(scored...); err != nil {
				return err
			}
			next += len(some)
			progress.tell(Update{Stage: "score", Done: next, Total: len(rows), Unit: "answers"})
		}
		return nil
	})
}

// source gathers the answers in the source language, which every line must have.
func (a agreement) source(rows []sampler.Completion) (map[int][]sampler.Completion, error) {
	beside := map[int][]sampler.Completion{}
	for _, r := range rows {
		if spokenIn(r.Language, a.language) {
			beside[r.LineID] = append(beside[r.LineID], r)
		}
	}
	for _, r := range rows {
		if beside[r.LineID] == nil {
			return nil, fmt.Errorf("%s: line %d has answers in %s and none in %s (source_language), with which they could agree; add the prompts of that language, with equal line ids", a.completions, r.LineID, r.Language, a.language)
		}
	}
	return beside, nil
}

// spokenIn says whether two words name one language: en, English.
func spokenIn(language, other string) bool {
	a, _, err := translation.Language(language)
	b, _, err2 := translation.Language(other)
	return err == nil && err2 == nil && a == b
}
