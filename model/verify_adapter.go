package model

import (
	"encoding/json"
	"fmt"
	"math"
	"os"

	"croco/kernels"
	"croco/kernels/forest"
	"croco/model/hub"
)

// VerifyAdapter checks a PEFT folder against its base: every key matches a module, with the right shape, and the merged
// model computes what the base with the adapter beside it computes, on one text of pseudo-random ids. Where baseDir is ""
// the base is the one that the adapter names.
func VerifyAdapter(adapterDir, baseDir string, dev kernels.Device) (Report, error) {
	named, class, err := namedBase(adapterDir)
	if err != nil {
		return Report{}, err
	}
	if baseDir == "" {
		baseDir = named
	}
	m, err := openBase(baseDir, class, Options{Device: dev})
	if err != nil {
		return Report{}, err
	}
	defer m.Close()
	if err := m.LoadAdapter(adapterDir, false); err != nil {
		return Report{}, err
	}
	r := Report{Title: fmt.Sprintf("%s on %s: %s %s on %s", adapterDir, baseDir, m.Config.ModelType, m.Kind(), dev.Name())}
	keys := &Check{Quantity: "keys match", Limit: "every key names a module of the base and has its shape"}
	keys.Count = len(m.adapter.tensors())
	r.Checks = append(r.Checks, keys)

	ids := m.sampleIDs(32)
	beside := m.outputs(ids)
	m.SetAdapter(false)
	base := m.outputs(ids)
	exact, err := m.Merged(false)
	if err != nil {
		return r, err
	}
	defer exact.Close()
	// The two sum in another order, so a logit's error grows with the size of the others, not with its own.
	largest := apart(beside, make([]float32, len(beside)))
	l := limitsOf(dev.Arithmetic())
	same := &Check{Quantity: "merged = unmerged", Limit: l.words("1e-4 + 1e-5 · largest |output|", l.near())}
	l.abs, l.rel = l.abs+l.rel*largest, 0
	l.rows(same, "output", exact.outputs(ids), beside, len(beside)/len(ids))
	r.Checks = append(r.Checks, same)

	if note := otherBase(named, m.Name); note != "" {
		r.Notes = append(r.Notes, note)
	}
	r.Notes = append(r.Notes, fmt.Sprintf("the adapter moves the base's outputs by up to %.3g", apart(base, beside)))
	rounded, err := m.Merged(true)
	if err != nil {
		return r, err
	}
	defer rounded.Close()
	if lost := apart(rounded.outputs(ids), beside); lost > same.Worst {
		r.Notes = append(r.Notes, fmt.Sprintf("rounding the merged weights to the dtype of the base's file moves outputs by up to %.3g", lost))
	}
	if m.Config.ModelType == "gemma3_text" && m.Config.Wrapper == "" {
		r.Notes = append(r.Notes, "the base has multimodal relatives: served as …ForConditionalGeneration its modules have other names, and this adapter would match none of them")
	}
	return r, nil
}

// namedBase is what an adapter says of its base: its name, and whether it is a classifier.
func namedBase(adapter string) (name string, classifier bool, err error) {
	var c struct {
		Base string `json:"base_model_name_or_path"`
		Task string `json:"task_type"`
	}
	raw, err := hub.ReadFile(adapter, adapterConfigFile)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil {
		return "", false, fmt.Errorf("adapter %s: %s: %w", adapter, adapterConfigFile, err)
	}
	return c.Base, c.Task == "SEQ_CLS", nil
}

func openBase(name string, classifier bool, o Options) (*Model, error) {
	if classifier {
		return OpenClassifier(name, 0, o)
	}
	return Open(name, o)
}

// otherBase is a note where an adapter names another base than the one it is checked on; "" where the two are one folder.
func otherBase(named, name string) string {
	if named == "" || named == name {
		return ""
	}
	theirs, err := hub.Resolve(named)
	if err != nil {
		return fmt.Sprintf("the adapter was made for %s, which is not on this machine, so that it cannot be told whether %s is the same", named, name)
	}
	ours, _ := hub.Resolve(name)
	a, errA := os.Stat(theirs)
	b, errB := os.Stat(ours)
	if errA == nil && errB == nil && os.SameFile(a, b) {
		return ""
	}
	return fmt.Sprintf("the adapter was made for %s, which is another place than %s: the two may be the same model or not", named, name)
}

// sampleIDs are up to n ids that depend on the vocabulary only.
func (m *Model) sampleIDs(n int) []int32 {
	ids := make([]int32, min(n, m.Spec.Positions))
	for i := range ids {
		ids[i] = int32(kernels.Uniform(1, uint64(i)) * float64(m.Spec.Vocab))
	}
	return ids
}

// outputs are the logits or scores of every token of a text.
func (m *Model) outputs(ids []int32) []float32 {
	h := m.Forward(forest.Build([][]int32{ids}), false)
	defer h.Free()
	y := m.headOf(h.Hidden, nil)
	defer m.device.Free(y)
	return m.read(y)
}

// apart is the largest distance of two lists, element by element.
func apart(a, b []float32) float64 {
	worst := 0.0
	for i := range a {
		worst = max(worst, math.Abs(float64(a[i])-float64(b[i])))
	}
	return worst
}
