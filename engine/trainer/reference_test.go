package trainer

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/dpo"
	"croco/engine/data"
	"croco/internal/jsonl"
	"croco/model"
)

// withRecord writes pairs as the sampler leaves them: every answer's log-probabilities, each answer computed alone, and
// the hash of the model.
func withRecord(t *testing.T, job Job, change func(row int, r map[string]any)) string {
	t.Helper()
	rows, err := data.Read(job.Args.TrainFile)
	require.NoError(t, err)
	examples, _, err := data.Preferences(rows, data.Options{})
	require.NoError(t, err)
	m, err := model.Open(job.Args.ModelNameOrPath, model.Options{Device: job.Device})
	require.NoError(t, err)
	defer m.Close()
	if job.Args.Adapter != "" {
		require.NoError(t, m.LoadAdapter(job.Args.Adapter, false))
	}
	path := filepath.Join(t.TempDir(), "pairs.jsonl")
	w, err := jsonl.Open(path)
	require.NoError(t, err)
	for i, e := range examples {
		r := map[string]any{"prompt_ids": e.Prompt, "chosen_ids": e.Chosen, "rejected_ids": e.Rejected, "model": m.Hash()}
		for key, answer := range map[string][]int32{"chosen_logprobs": e.Chosen, "rejected_logprobs": e.Rejected} {
			a := dpo.NewAnswers([][]int32{join(e.Prompt, answer)}, []int{len(e.Prompt)})
			h := m.Forward(a.Forest, false)
			r[key] = m.LogProbs(h, a.Picks)
			h.Free()
		}
		if change != nil {
			change(i, r)
		}
		require.NoError(t, w.Append(r))
	}
	require.NoError(t, w.Close())
	return path
}

func firstStep(t *testing.T, dir string) map[string]float64 {
	t.Helper()
	s, err := readState(dir)
	require.NoError(t, err)
	out := map[string]float64{}
	for k, v := range s.LogHistory[0] {
		f, err := v.(json.Number).Float64()
		require.NoError(t, err)
		out[k] = f
	}
	return out
}

func TestTheSamplersRecordIsTheReference(t *testing.T) {
	for name, adapter := range map[string]string{"base": "", "adapter": filepath.Join("testdata", "training", "dpo-qwen3", "final")} {
		t.Run(name, func(t *testing.T) {
			job := small(t, DPO)
			job.Args.Adapter, job.Args.TestSize, job.Args.EvalStrategy, job.Args.LoggingSteps = adapter, 0, "no", 1
			job.Args.DisableDropout, job.Args.MaxLength = true, 24
			job.Args.TrainFile = withRecord(t, job, nil)
			var log bytes.Buffer
			job.Log = slog.New(slog.NewTextHandler(&log, nil))
			_, err := Run(context.Background(), job)
			require.NoError(t, err)
			require.Contains(t, log.String(), "from_record=12 computed=0")
			caches, err := filepath.Glob(filepath.Join(job.Args.OutputDir, "reference-*"))
			require.NoError(t, err)
			require.Empty(t, caches)
			first := firstStep(t, job.Args.OutputDir)
			require.Equal(t, math.Ln2, first["loss"])
			for _, key := range []string{"rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies"} {
				require.Zero(t, first[key], key)
			}

			// Computed by a forward pass of its own, the reference is the same to the last bit.
			again := job
			again.Args.OutputDir = filepath.Join(t.TempDir(), "out")
			again.Args.TrainFile = filepath.Join("testdata", "training", "pairs-qwen3.jsonl")
			_, err = Run(context.Background(), again)
			require.NoError(t, err)
			require.Equal(t, result(t, job.Args.OutputDir), result(t, again.Args.OutputDir))
		})
	}
}

func TestRowsWithoutAFittingRecordAreComputedAndNamed(t *testing.T) {
	job := small(t, DPO)
	job.Args.TestSize, job.Args.EvalStrategy, job.Args.LoggingSteps = 0, "no", 1
	job.Args.TrainFile = withRecord(t, job, func(row int, r map[string]any) {
		switch row {
		case 3:
			delete(r, "chosen_logprobs")
		case 5, 7:
			r["model"] = "another"
		}
	})
	var log bytes.Buffer
	job.Log = slog.New(slog.NewTextHandler(&log, nil))
	_, err := Run(context.Background(), job)
	require.NoError(t, err)
	require.Contains(t, log.String(), "from_record=9 computed=3")
	require.Contains(t, log.String(), `rows=1 because="the row has no record of log-probabilities"`)
	require.Contains(t, log.String(), "pairs.jsonl:4")
	require.Contains(t, log.String(), `rows=2 because="the record is of model another`)

	caches, err := filepath.Glob(filepath.Join(job.Args.OutputDir, "reference-*.json"))
	require.NoError(t, err)
	require.Len(t, caches, 1)
	var kept cachedReference
	require.NoError(t, readJSON(caches[0], &kept))
	require.Len(t, kept.Chosen, 3)

	// The file is used again, and a damaged one is refused.
	kept.Chosen[0] -= 1
	require.NoError(t, writeJSON(caches[0], kept))
	_, err = Run(context.Background(), job)
	require.NoError(t, err)
	require.Positive(t, firstRewards(t, job))
	require.NoError(t, os.WriteFile(caches[0], []byte("{"), 0o644))
	_, err = Run(context.Background(), job)
	require.ErrorContains(t, err, "remove the file")
}

// firstRewards is the sum of the chosen answers' rewards over the first epoch.
func firstRewards(t *testing.T, job Job) (sum float64) {
	s, err := readState(job.Args.OutputDir)
	require.NoError(t, err)
	for _, e := range s.LogHistory[:3] {
		v, err := e["rewards/chosen"].(json.Number).Float64()
		require.NoError(t, err)
		sum += v
	}
	return sum
}

func TestOtherReferences(t *testing.T) {
	job := small(t, DPO)
	job.Args.Adapter = filepath.Join("testdata", "training", "dpo-qwen3", "final")
	job.Args.TestSize, job.Args.EvalStrategy, job.Args.LoggingSteps, job.Args.MaxSteps = 0, "no", 1, 1
	margins := func(reference string) float64 {
		job.Args.Reference, job.Args.OutputDir = reference, filepath.Join(t.TempDir(), "out")
		job.Args.DisableDropout = true
		_, err := Run(context.Background(), job)
		require.NoError(t, err)
		return firstStep(t, job.Args.OutputDir)["rewards/margins"]
	}
	require.Zero(t, margins("start"))
	base := margins("base")
	require.NotZero(t, base)
	require.Equal(t, base, margins(job.Args.ModelNameOrPath))
	require.NotEqual(t, base, margins("none"))

	job.Args.Reference = filepath.Join(fixtures(t, "models"), "llama-tied")
	_, err := Run(context.Background(), job)
	require.ErrorContains(t, err, "expected a vocabulary of")
}

func TestInterruptedBeforeTheFirstStep(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	job := small(t, DPO)
	_, err := Run(ctx, job)
	require.ErrorIs(t, err, ErrInterrupted)
	require.ErrorContains(t, err, "while the reference was computed")
}
