package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"

	"croco/kernels"
	"croco/model/safetensors"
)

// Param is a tensor that is trained.
type Param struct {
	Name   string // as in the file that it is saved to
	Shape  []int
	Value  *kernels.Tensor // float32; of a matrix its Master
	Grad   *kernels.Tensor // same shape; backward passes add to it
	Weight *kernels.Weight // of a matrix, else nil
	Decay  bool            // whether weight decay applies: not to biases and norms
}

// Params are the trained tensors, in an order that depends on the model alone: from the embedding to the head, LoRA's A
// before its B.
func (m *Model) Params() []*Param { return m.params }

// Updated says that values of Params have changed: after each optimizer step.
func (m *Model) Updated() {
	for _, p := range m.params {
		if p.Weight != nil {
			m.device.Refresh(p.Weight)
		}
	}
	m.updated = m.options.Trainable == All // an adapter leaves the base as it was
}

// ZeroGrads sets all gradients to zero.
func (m *Model) ZeroGrads() {
	for _, p := range m.params {
		m.device.Zero(p.Grad)
	}
}

// train registers a trained tensor and returns its gradient, which is zero.
func (m *Model) train(name string, value *kernels.Tensor, w *kernels.Weight) *kernels.Tensor {
	p := &Param{Name: name, Shape: value.Shape, Value: value, Weight: w, Grad: m.device.New(value.Shape...), Decay: decays(name)}
	m.device.Zero(p.Grad)
	m.params = append(m.params, p)
	return p.Grad
}

// param finds a trained tensor by name.
func (m *Model) param(name string) *Param {
	for _, p := range m.params {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// values reads a parameter from the device.
func (m *Model) values(p *Param) []float32 { return m.read(p.Value) }

func (m *Model) read(t *kernels.Tensor) []float32 {
	out := make([]float32, t.Len())
	m.device.Read(out, t)
	return out
}

// Hash identifies what the model computes: the spec, all weights, the adapter where one is on and changes something, and the
// device's arithmetic where it is not float32. It does not depend on how files spell or shard it.
func (m *Model) Hash() string {
	base := m.hash
	if base == "" || m.updated {
		base = m.hashBase()
	}
	if !m.updated {
		m.hash = base
	}
	if !m.AdapterOn() || !m.adapter.changes(m) {
		return base
	}
	h := sha256.New()
	fmt.Fprintln(h, base, m.adapter.config.Alpha, m.adapter.config.RSLora)
	for _, p := range m.adapter.tensors() {
		hashTensor(h, p.name, "F32", p.value.Shape, safetensors.Encode(m.read(p.value), kernels.F32))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (m *Model) hashBase() string {
	h := sha256.New()
	spec, err := json.Marshal(m.Spec)
	if err != nil {
		panic(err) // a Spec is plain data
	}
	h.Write(spec)
	if a := m.device.Arithmetic(); a != kernels.F32 {
		fmt.Fprintln(h, "arithmetic", a)
	}
	for _, info := range m.Spec.Tensors() {
		t, _ := m.source.Tensor(info.Name)
		if p := m.param(info.Name); p != nil && m.updated {
			t.DType, t.Data = "F32", safetensors.Encode(m.values(p), kernels.F32)
		}
		hashTensor(h, t.Name, t.DType, t.Shape, t.Data)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func hashTensor(h hash.Hash, name, dtype string, shape []int, data []byte) {
	fmt.Fprintln(h, name, dtype, shape)
	binary.Write(h, binary.LittleEndian, uint64(len(data)))
	h.Write(data)
}
