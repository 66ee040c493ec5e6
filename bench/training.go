package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"croco/engine/trainer"
	"croco/internal/jsonl"
	"croco/kernels"
	"croco/model"
)

// DPO takes steps on Batch pairs of Prompt + Answer tokens, LoRA on all linear layers, the reference computed before.
// Tokens counts those of a step as TRL does: the prompt once for each answer.
func DPO(dir string, d kernels.Device, s Shape) (Result, error) {
	r := Result{Peer: "croco", Work: "dpo", Tokens: 2 * s.Batch * (s.Prompt + s.Answer), Threads: s.Threads}
	err := s.train(&r, dir, d, trainer.DPO, []string{"chosen_ids", "rejected_ids"}, func(a *trainer.Args) {
		a.LoraR, a.LoraAlpha = s.Rank, float64(2*s.Rank)
	})
	return r, err
}

// Full takes supervised steps that train all weights on Batch answers of Answer tokens after Prompt tokens.
func Full(dir string, d kernels.Device, s Shape) (Result, error) {
	r := Result{Peer: "croco", Work: "full", Tokens: s.Batch * (s.Prompt + s.Answer), Threads: s.Threads}
	err := s.train(&r, dir, d, trainer.SFT, []string{"completion_ids"}, func(a *trainer.Args) { a.UsePEFT = false })
	return r, err
}

// train runs Steps steps after a first one, which packs weights, on rows of a prompt and answers under these names.
func (s Shape) train(r *Result, dir string, d kernels.Device, kind trainer.Kind, answers []string, change func(*trainer.Args)) error {
	m, err := model.Open(dir, model.Options{Device: d})
	if err != nil {
		return err
	}
	var rows []map[string][]int32
	for i := range s.Batch * (s.Steps + 1) {
		row := map[string][]int32{"prompt_ids": ids(m, uint64(3*i), s.Prompt)}
		for j, name := range answers {
			row[name] = ids(m, uint64(3*i+j+1), s.Answer)
		}
		rows = append(rows, row)
	}
	if err := m.Close(); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp("", "croco-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	a := trainer.Defaults(kind)
	a.ModelNameOrPath, a.TrainFile, a.OutputDir = dir, filepath.Join(tmp, "rows.jsonl"), filepath.Join(tmp, "out")
	a.PerDeviceTrainBatchSize, a.MaxSteps, a.GradientCheckpointing, a.SaveStrategy, a.ReportTo = s.Batch, s.Steps+1, new(false), "no", "none"
	change(&a)
	if err := jsonl.WriteRows(a.TrainFile, rows); err != nil {
		return err
	}
	var last time.Time
	var cpu time.Duration
	_, err = trainer.Run(context.Background(), trainer.Job{Kind: kind, Args: a, Device: d, Progress: func(trainer.Status) {
		now, used := time.Now(), processTime()
		if !last.IsZero() {
			r.take(now.Sub(last), used-cpu)
		}
		last, cpu = now, used
	}})
	if err == nil && r.Seconds == 0 {
		err = fmt.Errorf("bench %s: expected at least one step, found %d", r.Work, s.Steps)
	}
	return err
}
