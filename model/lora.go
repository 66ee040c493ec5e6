package model

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"croco/kernels"
	"croco/model/safetensors"
)

// LoRA describes a new adapter: y = x·Wᵀ + s·(x·Aᵀ)·Bᵀ with A (R,in), B (out,R) and s = Alpha/R, or Alpha/√R with RSLora
// (Hu et al. 2021, arXiv 2106.09685; Kalajdzievski 2023, arXiv 2312.03732).
type LoRA struct {
	R       int
	Alpha   float64
	Dropout float64  // of the adapter's input, in training
	Targets []string // some of Spec.Targets, q_proj … down_proj; "all-linear" for all
	RSLora  bool
	Seed    uint64 // of A
}

func (l LoRA) scale() float64 {
	if l.RSLora {
		return l.Alpha / math.Sqrt(float64(l.R))
	}
	return l.Alpha / float64(l.R)
}

// loraPair is the adapter of one linear layer.
type loraPair struct {
	a, b  matrix // (R,in), (out,R)
	scale float32
}

// adapter is what lies beside the frozen base.
type adapter struct {
	config  LoRA
	on      bool
	linears []*linear // that have a pair, from the first layer to the last
	score   matrix    // a classifier's own copy of its head
	params  []*Param
}

// AddLoRA puts a new adapter beside the frozen base and trains it: A uniform in ±1/√in, which is PEFT's
// kaiming_uniform(a=√5), and B zero, so that nothing changes yet. A classifier's score is trained too, in full.
func (m *Model) AddLoRA(l LoRA) error {
	targets, err := l.check(m.Spec)
	if err != nil {
		return err
	}
	random := func(name string, shape []int) []float32 {
		values := make([]float32, elements(shape))
		if strings.HasSuffix(name, "lora_A.weight") {
			uniform(values, kernels.Mix(l.Seed, nameSeed(name)), 1/math.Sqrt(float64(shape[1])))
		}
		return values
	}
	return m.attach(l, func(lin *linear) bool { return targets[lin.slot] }, random, nil, true)
}

// check refuses what cannot be, and returns the projections that are meant.
func (l LoRA) check(s *Spec) (targets [projections]bool, err error) {
	known := s.Targets()
	for _, t := range l.Targets {
		if t == "all-linear" {
			for p := range targets {
				targets[p] = true
			}
			continue
		}
		at := slices.Index(known, t)
		if at < 0 {
			return targets, fmt.Errorf("LoRA target %q is unknown: expected all-linear or some of %s", t, strings.Join(known, ", "))
		}
		targets[s.projections()[at]] = true
	}
	switch {
	case len(l.Targets) == 0:
		err = fmt.Errorf("LoRA needs targets: all-linear or some of %s", strings.Join(known, ", "))
	case l.R < 1:
		err = fmt.Errorf("LoRA rank %d: expected 1 or more", l.R)
	case !(l.Alpha > 0):
		err = fmt.Errorf("LoRA alpha %v: expected a number above 0", l.Alpha)
	case !(l.Dropout >= 0 && l.Dropout < 1):
		err = fmt.Errorf("LoRA dropout %v: expected 0 or more and below 1", l.Dropout)
	}
	return targets, err
}

// attach makes the pairs. values gives the initial A and B by name and shape; score, of a classifier, is nil for a copy
// of the base's.
func (m *Model) attach(l LoRA, target func(*linear) bool, values func(string, []int) []float32, score []float32, trainable bool) error {
	if m.options.Trainable == All {
		return fmt.Errorf("an adapter needs a frozen base: open the model with Trainable: Frozen")
	}
	if m.adapter != nil {
		return fmt.Errorf("the model has an adapter already: merge it first")
	}
	m.adapter = &adapter{config: l, on: true}
	weight := func(name string, out, in int, v []float32) matrix {
		x := matrix{w: m.device.NewWeight(name, out, in, kernels.F32, safetensors.Encode(v, kernels.F32), true)}
		if trainable {
			x.grad = m.train(name, x.w.Master, x.w)
			m.adapter.params = append(m.adapter.params, m.params[len(m.params)-1])
		}
		return x
	}
	for _, b := range m.blocks {
		for _, lin := range b.present() {
			if !target(lin) {
				continue
			}
			a, bb := adapterKey(lin.path, "A"), adapterKey(lin.path, "B")
			lin.lora = &loraPair{scale: float32(l.scale()),
				a: weight(a, l.R, lin.w.In, values(a, []int{l.R, lin.w.In})),
				b: weight(bb, lin.w.Out, l.R, values(bb, []int{lin.w.Out, l.R}))}
			m.adapter.linears = append(m.adapter.linears, lin)
		}
	}
	if m.Spec.Labels > 0 {
		if score == nil {
			t, _ := m.source.Tensor(scoreName)
			score, _ = t.Floats()
		}
		m.adapter.score = weight(adapterPrefix+scoreName, m.Spec.Labels, m.Spec.Width, score)
	}
	return m.device.Sync()
}

// RemoveAdapter takes the adapter away; without one nothing happens.
func (m *Model) RemoveAdapter() {
	if m.adapter == nil {
		return
	}
	d := m.device
	for _, lin := range m.adapter.linears {
		d.FreeWeight(lin.lora.a.w)
		d.FreeWeight(lin.lora.b.w)
		d.Free(lin.lora.a.grad, lin.lora.b.grad)
		lin.lora = nil
	}
	if m.adapter.score.w != nil {
		d.FreeWeight(m.adapter.score.w)
		d.Free(m.adapter.score.grad)
	}
	m.adapter, m.params = nil, nil
}

// SetAdapter switches the adapter on or off and says how it was: off is the model that it was made for.
func (m *Model) SetAdapter(on bool) (was bool) {
	if m.adapter == nil {
		return false
	}
	was, m.adapter.on = m.adapter.on, on
	return was
}

// HasAdapter and AdapterOn say whether there is an adapter, and whether it takes part.
func (m *Model) HasAdapter() bool { return m.adapter != nil }
func (m *Model) AdapterOn() bool  { return m.adapter != nil && m.adapter.on }

// Adapter is the description of the adapter, nil where there is none. A loaded one has no seed.
func (m *Model) Adapter() *LoRA {
	if m.adapter == nil {
		return nil
	}
	l := m.adapter.config
	return &l
}

// lora is the pair of a layer, nil where it has none or where it has no part.
func (m *Model) lora(l *linear) *loraPair {
	if !m.AdapterOn() {
		return nil
	}
	return l.lora
}

func (p *pass) lora(l *linear) *loraPair {
	if !p.adapter {
		return nil
	}
	return l.lora
}

// SetDropoutSeed gives the adapter's dropout its random numbers until the next call: before each training Forward, a
// seed derived from the run's seed, the step and the micro-batch. Masks differ by layer and module.
func (m *Model) SetDropoutSeed(seed uint64) { m.dropout = seed }

// SetDropout changes the probability with which the adapter's input is dropped in training, and which SaveAdapter
// writes: an adapter that was loaded has that of its file. Without an adapter nothing happens.
func (m *Model) SetDropout(p float64) {
	if m.adapter != nil {
		m.adapter.config.Dropout = p
	}
}

// dropProb is the share of the adapter's input that this pass drops.
func (p *pass) dropProb() float32 {
	if !p.adapter || !p.keep {
		return 0
	}
	return float32(p.m.adapter.config.Dropout)
}

func (p *pass) dropSeed(b *block, l *linear) uint64 {
	return kernels.Mix(kernels.Mix(p.dropout, uint64(b.index)), uint64(l.slot))
}

// drop is x, or a new tensor in which some elements are dropped.
func (p *pass) drop(b *block, l *linear, x *kernels.Tensor) *kernels.Tensor {
	if p.dropProb() == 0 {
		return x
	}
	y := p.d.New(x.Shape...)
	p.d.Dropout(y, x, p.dropProb(), p.dropSeed(b, l))
	return y
}

// named is a tensor of the adapter.
type named struct {
	name  string
	value *kernels.Tensor
}

// tensors are the adapter's tensors as its file names them.
func (a *adapter) tensors() []named {
	var list []named
	for _, lin := range a.linears {
		list = append(list, named{adapterKey(lin.path, "A"), lin.lora.a.w.Master}, named{adapterKey(lin.path, "B"), lin.lora.b.w.Master})
	}
	if a.score.w != nil {
		list = append(list, named{adapterPrefix + scoreName, a.score.w.Master})
	}
	return list
}

// changes reports whether the adapter changes anything: a B that is not zero, a score that is not the base's.
func (a *adapter) changes(m *Model) bool {
	for _, t := range a.tensors() {
		values := m.read(t.value)
		switch {
		case strings.HasSuffix(t.name, "lora_B.weight") && slices.ContainsFunc(values, func(v float32) bool { return v != 0 }):
			return true
		case t.name == adapterPrefix+scoreName:
			base, _ := m.source.Tensor(scoreName)
			if old, _ := base.Floats(); !slices.Equal(values, old) {
				return true
			}
		}
	}
	return false
}
