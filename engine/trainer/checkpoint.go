package trainer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"croco/internal/jsonl"
	"croco/kernels"
	"croco/model/safetensors"
)

// position is where a run stands in its data, and what it must agree with to go on: data_state.json.
type position struct {
	GlobalStep   int    `json:"global_step"`
	Examples     int    `json:"examples"`
	DataHash     string `json:"data_sha256"` // of the examples' ids
	StartHash    string `json:"start_model_sha256"`
	Seed         uint64 `json:"seed"`
	DataSeed     uint64 `json:"data_seed"`
	Shuffle      bool   `json:"shuffle"`
	BatchSize    int    `json:"per_device_train_batch_size"`
	Accumulation int    `json:"gradient_accumulation_steps"`
	Window       window `json:"window"`
	Interrupted  bool   `json:"interrupted,omitempty"` // the checkpoint is there for that reason alone
}

// scheduler is scheduler.json: the schedule has no state but the step.
type scheduler struct {
	LastEpoch int    `json:"last_epoch"`
	LastLR    number `json:"last_lr"`
}

// save writes checkpoint-N: the adapter or model, with its tokenizer, and what resume reads.
func (t *trainer) save(interrupted bool) error {
	step := t.state.GlobalStep
	dir, at := checkpointDir(t.args.OutputDir, step), t.position()
	at.Interrupted = interrupted
	err := writeFolder(dir, func(dir string) error {
		if err := t.saveModel(dir); err != nil {
			return err
		}
		names, tensors := t.optimizerTensors()
		if err := t.saveTensors(filepath.Join(dir, "optimizer.safetensors"), names, tensors); err != nil {
			return err
		}
		if t.follower != nil {
			names, tensors := t.follower.tensors()
			if err := t.saveTensors(filepath.Join(dir, "reference.safetensors"), names, tensors); err != nil {
				return err
			}
		}
		if err := writeJSON(filepath.Join(dir, "scheduler.json"), scheduler{step, number(t.schedule.rate(step))}); err != nil {
			return err
		}
		if err := writeJSON(filepath.Join(dir, "data_state.json"), at); err != nil {
			return err
		}
		return t.saveState(dir)
	})
	if err != nil {
		return err
	}
	t.lastCheckpoint = dir
	return prune(t.args.OutputDir, t.args.SaveTotalLimit)
}

// saveState writes trainer_state.json.
func (t *trainer) saveState(dir string) error {
	b, err := t.state.bytes()
	if err != nil {
		return err
	}
	return jsonl.WriteFile(filepath.Join(dir, "trainer_state.json"), b)
}

// saveModel writes the adapter or the model, and the tokenizer's files beside it.
func (t *trainer) saveModel(dir string) error {
	if !t.args.UsePEFT {
		return t.model.Save(dir, kernels.F32) // the tokenizer goes with it
	}
	if err := t.model.SaveAdapter(dir); err != nil {
		return err
	}
	return copyTokenizer(dir, t.args.ModelNameOrPath)
}

func (t *trainer) position() position {
	return position{GlobalStep: t.state.GlobalStep, Examples: t.trained, DataHash: t.dataHash, StartHash: t.startHash,
		Seed: t.args.Seed, DataSeed: t.args.dataSeed(), Shuffle: t.args.Shuffle, BatchSize: t.args.PerDeviceTrainBatchSize,
		Accumulation: t.args.GradientAccumulationSteps, Window: t.window}
}

// The tensors of optimizer.safetensors: for each parameter the moments, by torch's names, and the float32 value, since a
// model's file may hold it rounded.
func (t *trainer) optimizerTensors() (names []string, tensors []*kernels.Tensor) {
	for i, p := range t.model.Params() {
		names = append(names, p.Name+".exp_avg", p.Name+".exp_avg_sq", p.Name+".param")
		tensors = append(tensors, t.optimizer.m[i], t.optimizer.v[i], p.Value)
	}
	return names, tensors
}

// saveTensors writes float32 tensors of the device.
func (t *trainer) saveTensors(path string, names []string, tensors []*kernels.Tensor) error {
	var items []safetensors.Item
	for i, x := range tensors {
		items = append(items, safetensors.Item{Name: names[i], DType: "F32", Shape: x.Shape, Values: func() ([]byte, error) {
			values := make([]float32, x.Len())
			t.model.Device().Read(values, x)
			return safetensors.Encode(values, kernels.F32), nil
		}})
	}
	return safetensors.Write(path, items)
}

// resumeFrom finds the checkpoint that resume_from_checkpoint means; "" is none.
func (a *Args) resumeFrom() (string, error) {
	switch a.ResumeFromCheckpoint {
	case "", "false":
		steps, err := checkpoints(a.OutputDir)
		if err == nil && len(steps) > 0 {
			err = fmt.Errorf("output_dir %s holds checkpoint-%d of an earlier run: go on with resume_from_checkpoint newest, or choose another folder",
				a.OutputDir, steps[len(steps)-1])
		}
		return "", err
	case "true", "newest", "last":
		steps, err := checkpoints(a.OutputDir)
		if err != nil || len(steps) == 0 {
			return "", err
		}
		return checkpointDir(a.OutputDir, steps[len(steps)-1]), nil
	}
	if _, err := os.Stat(filepath.Join(a.ResumeFromCheckpoint, "trainer_state.json")); err != nil {
		return "", fmt.Errorf("resume_from_checkpoint: expected true, newest or a checkpoint's folder: %w", err)
	}
	return a.ResumeFromCheckpoint, nil
}

// resume puts a trainer that was just built where the checkpoint stands.
func (t *trainer) resume(dir string) error {
	var at position
	if err := readJSON(filepath.Join(dir, "data_state.json"), &at); err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	here := t.position()
	for _, c := range []struct {
		what      string
		then, now any
	}{
		{"the training data", at.DataHash, here.DataHash},
		{"the model that training starts from", at.StartHash, here.StartHash},
		{"seed", at.Seed, here.Seed}, {"data_seed", at.DataSeed, here.DataSeed}, {"shuffle", at.Shuffle, here.Shuffle},
		{"per_device_train_batch_size", at.BatchSize, here.BatchSize},
		{"gradient_accumulation_steps", at.Accumulation, here.Accumulation},
	} {
		if c.then != c.now {
			return fmt.Errorf("resume: %s was made with another value: %s was %v and is %v; give the old one, or start anew in another output_dir",
				dir, c.what, c.then, c.now)
		}
	}
	s, err := readState(dir)
	if err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	t.state.Epoch, t.state.GlobalStep, t.state.LogHistory = s.Epoch, s.GlobalStep, s.LogHistory
	t.window, t.lastCheckpoint = at.Window, dir
	if s.GlobalStep != at.GlobalStep {
		return fmt.Errorf("resume: %s: trainer_state.json is of step %d, data_state.json of step %d", dir, s.GlobalStep, at.GlobalStep)
	}
	names, tensors := t.optimizerTensors()
	if err := t.loadTensors(filepath.Join(dir, "optimizer.safetensors"), names, tensors); err != nil {
		return err
	}
	t.model.Updated()
	if t.follower != nil {
		names, tensors := t.follower.tensors()
		if err := t.loadTensors(filepath.Join(dir, "reference.safetensors"), names, tensors); err != nil {
			return err
		}
		t.follower.model.Updated()
	}
	return t.model.Device().Sync()
}

// loadTensors reads what saveTensors wrote.
func (t *trainer) loadTensors(path string, names []string, tensors []*kernels.Tensor) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	defer f.Close()
	if found := len(f.Names()); found != len(names) {
		return fmt.Errorf("resume: %s: expected %d tensors for the parameters that are trained, found %d", path, len(names), found)
	}
	for i, x := range tensors {
		stored, ok := f.Tensor(names[i])
		if !ok || !slices.Equal(stored.Shape, x.Shape) {
			return fmt.Errorf("resume: %s: expected tensor %s of shape %v, found shape %v", path, names[i], x.Shape, stored.Shape)
		}
		values, err := stored.Floats()
		if err != nil {
			return fmt.Errorf("resume: %w", err)
		}
		t.model.Device().Write(x, values)
	}
	return nil
}

// exists tells whether there is something at path.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
