package demo

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/engine"
	"croco/kernels"
	"croco/kernels/cpu"
	"croco/toyworld"
)

func device(t *testing.T) kernels.Device {
	t.Helper()
	d, err := cpu.New(0)
	require.NoError(t, err)
	return d
}

// The demo shows what the study of the toy world found: raw English scores lower the true quality and send answers into
// English, the penalty turns both round. With -short it is small, and only has to run.
func TestTheStory(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	if testing.Short() {
		o.Tasks, o.Tests = 6, 6
	}
	var told strings.Builder
	require.NoError(t, Run(context.Background(), device(t), o, engine.Hooks{Say: func(s string) { told.WriteString(s + "\n") }}))
	for _, want := range []string{"One prompt, asked in danish", "the reward model's report card", "(a) Tuned on the raw scores", "(b) Tuned on the same answers",
		"never tuned on", "All of this took"} {
		require.Contains(t, told.String(), want)
	}
	for _, name := range []string{"report.html", "raw/adapter/adapter_model.safetensors", "penalty/adapter/trainer_state.json", "eval/penalty-sampled.jsonl"} {
		info, err := os.Stat(filepath.Join(o.Dir, name))
		require.NoError(t, err)
		require.Positive(t, info.Size())
	}
	if !testing.Short() {
		require.NotContains(t, told.String(), "does not show the expected picture")
		require.Contains(t, told.String(), "the reward went up and the answers got worse")
	}
}

// Pre-training lowers the loss, and is a function of its seed.
func TestPretrainingLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("numerics: without the race detector")
	}
	d := device(t)
	var lines []string
	m, err := Pretrain(d, 5, 100, func(line string) { lines = append(lines, line) })
	require.NoError(t, err)
	require.Len(t, lines, 1)
	docs := batches(99, 0)[0]
	fresh, err := Pretrain(d, 5, 0, nil)
	require.NoError(t, err)
	before, after := imitate(fresh, docs, 1), imitate(m, docs, 1)
	require.Greater(t, before, 5.5)
	require.Less(t, after, 4.0)
}

// A reward model learns to tell right answers from wrong ones, and starts from the policy's weights.
func TestRewardTrainingLearns(t *testing.T) {
	d := device(t)
	policy, err := openToy(filepath.Join("models", "policy"), d)
	require.NoError(t, err)
	judge, err := openToy(filepath.Join("models", "reward"), d)
	require.NoError(t, err)
	o := toyworld.ReportCard("en")
	o.Tasks = 60
	pairs := toyworld.InLanguage(toyworld.PreferencePairs(o, Sample(policy, 1)))
	require.Greater(t, Accuracy(judge, pairs), 0.65)

	trainable, err := Pretrain(d, 5, 0, nil)
	require.NoError(t, err)
	m, err := withScore(d, trainable, 1)
	require.NoError(t, err)
	round := toyworld.RewardRounds[0]
	round.Epochs, round.BatchSize, round.LearningRate = 4, 12, 3e-3
	prefer(m, round, pairs, 1)
	require.Greater(t, Accuracy(m, pairs), 0.7, "at least its training pairs")
}
