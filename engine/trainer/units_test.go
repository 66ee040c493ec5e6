package trainer

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		kind         string
		steps, ratio float64
		want         []float64
	}{
		{"linear", 2, 0, []float64{0, 0.5, 1, 0.75, 0.5, 0.25}},
		{"cosine", 2, 0, []float64{0, 0.5, 1, 0.8535533905932737, 0.5, 0.1464466094067262}},
		{"constant", 2, 0, []float64{1, 1, 1, 1, 1, 1}},
		{"constant_with_warmup", 0, 0.5, []float64{0, 1. / 3, 2. / 3, 1, 1, 1}},
		{"linear", 0.3, 0.9, []float64{0, 0.5, 1, 0.75, 0.5, 0.25}},
		{"linear", 0, 0, []float64{1, 5. / 6, 4. / 6, 0.5, 2. / 6, 1. / 6}},
	} {
		a := Defaults(SFT)
		a.LRSchedulerType, a.WarmupSteps, a.WarmupRatio, a.LearningRate = c.kind, c.steps, c.ratio, 1
		s := newSchedule(&a, 6)
		for n, want := range c.want {
			require.InDelta(t, want, s.rate(n), 1e-15, "%s, step %d", c.kind, n)
		}
	}
}

func TestAShortStepEndsTheEpoch(t *testing.T) {
	a := Defaults(DPO)
	a.PerDeviceTrainBatchSize, a.GradientAccumulationSteps, a.Shuffle, a.NumTrainEpochs = 2, 2, false, 1.5
	p := newPlan(&a, 9)
	require.Equal(t, 3, p.perEpoch())
	require.Equal(t, 5, p.steps)
	require.Equal(t, 2, p.epochs)
	for n, want := range [][][]int{{{0, 1}, {2, 3}}, {{4, 5}, {6, 7}}, {{8}}, {{0, 1}, {2, 3}}} {
		micros, epoch := p.step(n)
		require.Equal(t, want, micros)
		require.InDelta(t, []float64{0.4, 0.8, 1, 1.4}[n], epoch, 1e-15)
	}
}

func TestEveryEpochIsAnotherPermutation(t *testing.T) {
	p := plan{examples: 50, batch: 1, accumulate: 1, shuffle: true, seed: 1}
	first, second := p.order(0), p.order(1)
	require.NotEqual(t, first, second)
	require.Equal(t, first, p.order(0))
	p.seed = 2
	require.NotEqual(t, first, p.order(0))
	slices.Sort(first)
	for i, v := range first {
		require.Equal(t, i, v)
	}
	train, eval := holdOut(50, 0.1, 7)
	require.Len(t, eval, 5)
	require.Len(t, train, 45)
	require.True(t, slices.IsSorted(train))
}

func TestNumbersAreWrittenAsPythonDoes(t *testing.T) {
	for v, want := range map[float64]string{0: "0.0", 1: "1.0", 1e-5: "1e-05", 0.0001: "0.0001", 5e-324: "5e-324", -2.5e-7: "-2.5e-07",
		1e16: "1e+16", 123456789012345: "123456789012345.0", math.Ln2: "0.6931471805599453", 1e22: "1e+22"} {
		b, err := json.Marshal(number(v))
		require.NoError(t, err)
		require.Equal(t, want, string(b))
	}
	_, err := json.Marshal(number(math.NaN()))
	require.Error(t, err)
}

func TestTrainerStateIsTransformersFile(t *testing.T) {
	a := Defaults(DPO)
	a.LoggingSteps, a.SaveSteps, a.PerDeviceTrainBatchSize = 1, 500, 2
	s := newState(&a, plan{steps: 12, epochs: 3})
	s.Epoch, s.GlobalStep = 0.25, 1
	s.log(map[string]float64{"loss": math.Ln2, "learning_rate": 0, "grad_norm": 1.5, "rewards/margins": 1e-05})
	want := `{
  "best_global_step": null,
  "best_metric": null,
  "best_model_checkpoint": null,
  "epoch": 0.25,
  "eval_steps": 1,
  "global_step": 1,
  "is_hyper_param_search": false,
  "is_local_process_zero": true,
  "is_world_process_zero": true,
  "log_history": [
    {
      "epoch": 0.25,
      "grad_norm": 1.5,
      "learning_rate": 0.0,
      "loss": 0.6931471805599453,
      "rewards/margins": 1e-05,
      "step": 1
    }
  ],
  "logging_steps": 1,
  "max_steps": 12,
  "num_input_tokens_seen": 0,
  "num_train_epochs": 3,
  "save_steps": 500,
  "stateful_callbacks": {},
  "total_flos": 0,
  "train_batch_size": 2,
  "trial_name": null,
  "trial_params": null
}
`
	b, err := s.bytes()
	require.NoError(t, err)
	require.Equal(t, want, string(b))

	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "trainer_state.json"), b, 0o644))
	again, err := readState(dir)
	require.NoError(t, err)
	b, err = again.bytes()
	require.NoError(t, err)
	require.Equal(t, want, string(b))
}

func TestEventsAreTFRecords(t *testing.T) {
	// The check value of CRC-32C ("123456789" → e3069283), masked.
	require.Equal(t, uint32(0xe3069283>>15|0xe3069283<<17&0xffffffff)+0xa282ead8, masked([]byte("123456789")))

	dir := t.TempDir()
	e, err := newEvents(dir)
	require.NoError(t, err)
	require.NoError(t, e.add(300, map[string]float64{"loss": 0.5, "eval_loss": 0.25}))
	require.NoError(t, e.close())
	files, err := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	raw, err := os.ReadFile(files[0])
	require.NoError(t, err)
	var records [][]byte
	for len(raw) > 0 {
		n := binary.LittleEndian.Uint64(raw)
		require.Equal(t, masked(raw[:8]), binary.LittleEndian.Uint32(raw[8:]))
		require.Equal(t, masked(raw[12:12+n]), binary.LittleEndian.Uint32(raw[12+n:]))
		records, raw = append(records, raw[12:12+n]), raw[16+n:]
	}
	require.Len(t, records, 2)
	require.Equal(t, append([]byte{0x10, 0, 0x1a, 13}, "brain.Event:2"...), records[0][9:])
	want := []byte{0x10, 0xac, 0x02, 0x2a, 38}
	want = append(append(want, 0x0a, 16, 0x0a, 9), "eval/loss"...)
	want = append(want, 0x15, 0, 0, 0x80, 0x3e)
	want = append(append(want, 0x0a, 17, 0x0a, 10), "train/loss"...)
	want = append(want, 0x15, 0, 0, 0, 0x3f)
	want[4] = byte(len(want) - 5)
	require.Equal(t, want, records[1][9:])
}

func TestRunWritesEventsAndJournal(t *testing.T) {
	job := small(t, SFT)
	job.Args.ReportTo = "tensorboard"
	_, err := Run(t.Context(), job)
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(job.Args.OutputDir, "events.out.tfevents.*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	journal, err := os.ReadFile(filepath.Join(job.Args.OutputDir, "logging.jsonl"))
	require.NoError(t, err)
	for _, key := range []string{"tokens_per_second", "eval_runtime", "train_runtime", `"eval_loss"`} {
		require.Contains(t, string(journal), key)
	}
	state, err := os.ReadFile(filepath.Join(job.Args.OutputDir, "trainer_state.json"))
	require.NoError(t, err)
	require.NotContains(t, string(state), "runtime")
	require.Contains(t, string(state), "eval_mean_token_accuracy")
}
