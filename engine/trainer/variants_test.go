package trainer

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/dpo"
)

// whole is a run of a few steps on all pairs at once, each of them logged.
func whole(t *testing.T) Job {
	t.Helper()
	job := small(t, DPO)
	a := &job.Args
	a.PerDeviceTrainBatchSize, a.GradientAccumulationSteps, a.MaxSteps, a.LoggingSteps = 12, 1, 6, 1
	a.TestSize, a.EvalStrategy, a.DisableDropout, a.WarmupSteps, a.LRSchedulerType = 0, "no", true, 0, "constant"
	return job
}

// logged are the values of a key, step by step.
func logged(t *testing.T, dir, key string) (out []float64) {
	t.Helper()
	s, err := readState(dir)
	require.NoError(t, err)
	for _, e := range s.LogHistory {
		if n, ok := e[key].(json.Number); ok {
			f, err := n.Float64()
			require.NoError(t, err)
			out = append(out, f)
		}
	}
	require.NotEmpty(t, out, key)
	return out
}

func TestEveryLossFallsInTraining(t *testing.T) {
	changes := map[string]func(*Args){
		"formula": func(a *Args) { a.LossFormula = "max(0, 0.5 - beta*(c-r))^2 - 0.01*logp_c/n_c" },
		"sum":     func(a *Args) { a.LossType, a.LossWeights = Names{"sigmoid", "bco_pair", "sft"}, []float64{0.8, 0.2, 1} },
		"wpo":     func(a *Args) { a.UseWeighting = true },
		"ld-dpo":  func(a *Args) { a.LDAlpha = new(0.3) },
	}
	for _, name := range dpo.Names() {
		changes[name] = func(a *Args) {
			a.LossType = Names{name}
			if name == "exo_pair" || name == "robust" || name == "sigmoid_smoothed" {
				a.LabelSmoothing = 0.01
			}
		}
	}
	for _, divergence := range []string{"forward_kl", "js_divergence", "alpha_divergence"} {
		changes[divergence] = func(a *Args) { a.FDivergence = divergence }
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			job := whole(t)
			change(&job.Args)
			_, err := Run(t.Context(), job)
			require.NoError(t, err)
			losses := logged(t, job.Args.OutputDir, "loss")
			require.Less(t, losses[len(losses)-1], losses[0])
		})
	}
}

func TestAFormulaTrainsAsTheLossItIs(t *testing.T) {
	results := map[string]map[string]string{}
	for name, change := range map[string]func(*Args){
		"sigmoid": func(*Args) {},
		"formula": func(a *Args) { a.LossFormula = "-log(sigmoid(beta * (c - r)))" },
		"named":   func(a *Args) { a.LossFormula, a.LossType = "softplus(-beta*(c-r))", Names{"formula"} },
	} {
		job := whole(t)
		change(&job.Args)
		_, err := Run(t.Context(), job)
		require.NoError(t, err)
		results[name] = result(t, job.Args.OutputDir)
	}
	require.Equal(t, results["sigmoid"], results["formula"])
	require.Equal(t, results["sigmoid"], results["named"])
}

func TestReferenceFreeLossesMakeNoReference(t *testing.T) {
	job := whole(t)
	job.Args.LossType = Names{"simpo", "sft"}
	var log bytes.Buffer
	job.Log = slog.New(slog.NewTextHandler(&log, nil))
	_, err := Run(t.Context(), job)
	require.NoError(t, err)
	require.Contains(t, log.String(), "no loss reads one")
	caches, err := filepath.Glob(filepath.Join(job.Args.OutputDir, "reference-*"))
	require.NoError(t, err)
	require.Empty(t, caches)
}

func TestLDAlphaHasAReferenceOfItsOwn(t *testing.T) {
	job := whole(t)
	job.Args.MaxSteps = 1
	for _, alpha := range []*float64{nil, new(1.0), new(0.5), new(0.0)} {
		job.Args.LDAlpha = alpha
		_, err := Run(t.Context(), job)
		require.NoError(t, err)
		require.Equal(t, math.Ln2, logged(t, job.Args.OutputDir, "loss")[0], "the policy is its own reference")
	}
	caches, err := filepath.Glob(filepath.Join(job.Args.OutputDir, "reference-*.json"))
	require.NoError(t, err)
	require.Len(t, caches, 3)
}

func TestTheReferenceFollowsThePolicy(t *testing.T) {
	follow := func(alpha float64, steps int) Job {
		job := whole(t)
		job.Args.UsePEFT, job.Args.SyncRefModel, job.Args.RefModelMixupAlpha, job.Args.RefModelSyncSteps = false, true, alpha, steps
		return job
	}
	margins := map[string][]float64{}
	for name, job := range map[string]Job{"never": follow(1, 100), "wholly": follow(1, 2), "half": follow(0.5, 2)} {
		_, err := Run(t.Context(), job)
		require.NoError(t, err)
		margins[name] = logged(t, job.Args.OutputDir, "rewards/margins")
	}
	fixed := whole(t)
	fixed.Args.UsePEFT = false
	_, err := Run(t.Context(), fixed)
	require.NoError(t, err)
	require.Equal(t, logged(t, fixed.Args.OutputDir, "rewards/margins"), margins["never"], "it has not moved yet")

	require.Zero(t, margins["wholly"][0])
	require.NotZero(t, margins["wholly"][1])
	require.Zero(t, margins["wholly"][2], "after two steps the reference is the policy")
	require.Zero(t, margins["wholly"][4])
	require.Greater(t, margins["half"][2], 0.0)
	require.Less(t, margins["half"][2], margins["never"][2])

	job := follow(0.5, 2)
	_, err = Run(t.Context(), job)
	require.NoError(t, err)
	want := result(t, job.Args.OutputDir)
	for _, step := range []int{1, 3, 4} {
		again := follow(0.5, 2)
		again.Args.ResumeFromCheckpoint = "newest"
		first, ctx := stopAfter(again, step)
		_, err := Run(ctx, first)
		require.ErrorIs(t, err, ErrInterrupted)
		_, err = Run(t.Context(), again)
		require.NoError(t, err)
		require.Equal(t, want, result(t, again.Args.OutputDir), "stopped after step %d", step)
	}
}

func TestWhatCannotFollowIsRefused(t *testing.T) {
	for want, change := range map[string]func(*Args){
		"sync_ref_model and use_peft":        func(a *Args) { a.UsePEFT = true },
		"reference none: there is no":        func(a *Args) { a.Reference = "none" },
		"none of the losses chosen reads a":  func(a *Args) { a.LossType = Names{"simpo"} },
		"ref_model_mixup_alpha: expected a":  func(a *Args) { a.RefModelMixupAlpha = 0 },
		"ref_model_sync_steps: expected at":  func(a *Args) { a.RefModelSyncSteps = 0 },
		"needs the tensors of the policy":    func(a *Args) { a.Reference = filepath.Join(fixtures(t, "models"), "llama-tied") },
		"loss_formula: character 9: unknown": func(a *Args) { a.LossFormula = "beta * (d - r)" },
		"loss_type does not name it":         func(a *Args) { a.LossFormula, a.LossType = "c", Names{"sigmoid", "sft"} },
	} {
		job := whole(t)
		job.Args.UsePEFT, job.Args.SyncRefModel = false, true
		change(&job.Args)
		_, err := Run(t.Context(), job)
		require.ErrorContains(t, err, want)
		require.NoDirExists(t, job.Args.OutputDir, os.ErrNotExist)
	}
}

func TestHelpListsTheLosses(t *testing.T) {
	for _, name := range append(dpo.Names(), "formula") {
		require.Contains(t, Help("loss_type"), name)
	}
	for _, name := range append(dpo.FormulaNames(), dpo.FormulaFunctions()...) {
		require.Contains(t, Help("loss_formula"), name)
	}
}
