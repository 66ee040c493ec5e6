package model

import (
	"fmt"
	"math"
	"path/filepath"

	"croco/kernels"
	"croco/model/safetensors"
)

// SaveMerged writes the model with its adapter worked in: W + s·B·A, computed in float64 and rounded to the dtype of the
// file. Other tensors, config.json, the tokenizer and other files are copied byte for byte. One tensor is in memory at a
// time. float32 writes all weights in float32 instead: nothing is lost then, where bfloat16 rounds much of a small
// update away.
func (m *Model) SaveMerged(dir string, float32 bool) error {
	if m.adapter == nil {
		return fmt.Errorf("%s: the model has no adapter to merge", dir)
	}
	if float32 {
		merged, err := m.Merged(false)
		if err != nil {
			return err
		}
		defer merged.Close()
		merged.Dir = m.Dir // whose tokenizer is copied
		return merged.Save(dir, kernels.F32)
	}
	var items []safetensors.Item
	for _, info := range m.Spec.Tensors() {
		t, _ := m.source.Tensor(info.Name)
		d, err := t.Kernels()
		if err != nil {
			return err
		}
		items = append(items, safetensors.Item{Name: t.Name, DType: t.DType, Shape: t.Shape,
			Values: func() ([]byte, error) { return m.mergedBytes(t, d) }})
	}
	if err := m.prepare(dir); err != nil {
		return err
	}
	if err := safetensors.Write(filepath.Join(dir, "model.safetensors"), items); err != nil {
		return err
	}
	return writeBytes(filepath.Join(dir, configFile), m.Config.Raw)
}

// Merged is a model of its own, frozen, with the adapter worked in. Its weights are in memory. Those that the adapter
// touches are float32, or rounded to the dtype of the file as SaveMerged has it.
func (m *Model) Merged(rounded bool) (*Model, error) {
	source := safetensors.Memory{}
	for _, info := range m.Spec.Tensors() {
		t, _ := m.source.Tensor(info.Name)
		d, err := t.Kernels()
		if err != nil {
			return nil, err
		}
		if !rounded && m.adapts(t.Name) {
			d = kernels.F32
		}
		if t.Data, err = m.mergedBytes(t, d); err != nil {
			return nil, err
		}
		t.DType = safetensors.Name(d)
		source[t.Name] = t
	}
	merged, err := build(m.Config, m.Spec, source, Options{Device: m.device})
	if err != nil {
		return nil, err
	}
	merged.Generation = m.Generation
	return merged, nil
}

// adapts reports whether the adapter touches a tensor.
func (m *Model) adapts(name string) bool { return m.pairOf(name) != nil || m.ownScore(name) }

// pairOf is the adapter's pair for the weight of that name, nil where it has none.
func (m *Model) pairOf(name string) *loraPair {
	for _, lin := range m.adapter.linears {
		if lin.name+".weight" == name {
			return lin.lora
		}
	}
	return nil
}

func (m *Model) ownScore(name string) bool { return name == scoreName && m.adapter.score.w != nil }

// mergedBytes are the bytes of a stored tensor after merging, in dtype d where the adapter touches it.
func (m *Model) mergedBytes(t safetensors.Tensor, d kernels.DType) ([]byte, error) {
	if m.ownScore(t.Name) {
		return safetensors.Encode(m.read(m.adapter.score.w.Master), d), nil
	}
	pair := m.pairOf(t.Name)
	if pair == nil {
		return t.Data, nil
	}
	values, err := t.Floats()
	if err != nil {
		return nil, err
	}
	merge(values, m.read(pair.a.w.Master), m.read(pair.b.w.Master), m.adapter.config, d)
	return safetensors.Encode(values, d), nil
}

// merge adds s·B·A to w (out,in), with a (R,in) and b (out,R). The result is rounded to d once.
func merge(w, a, b []float32, l LoRA, d kernels.DType) {
	in, scale := len(a)/l.R, l.scale()
	sum := make([]float64, in)
	for o := range len(w) / in {
		clear(sum)
		for r := range l.R {
			factor := float64(b[o*l.R+r])
			for i, v := range a[r*in : (r+1)*in] {
				sum[i] += factor * float64(v)
			}
		}
		row := w[o*in : (o+1)*in]
		for i, v := range sum {
			row[i] = roundFor(float64(row[i])+scale*v, d)
		}
	}
}

// roundFor rounds to float32 such that rounding on to a shorter d gives what rounding x to d at once would: cut off
// towards zero, with the last bit set wherever something was lost ("round to odd").
func roundFor(x float64, d kernels.DType) float32 {
	f := float32(x)
	if d == kernels.F32 || float64(f) == x {
		return f
	}
	bits := math.Float32bits(f)
	if math.Abs(float64(f)) > math.Abs(x) {
		bits--
	}
	return math.Float32frombits(bits | 1)
}
