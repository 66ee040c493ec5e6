package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"croco/kernels"
	"croco/model/gguf"
	"croco/model/hub"
	"croco/model/safetensors"
)

// Trainable says which of the model's own weights are trained. Those of an adapter are another matter: AddLoRA.
type Trainable uint8

const (
	Frozen Trainable = iota // none
	All                     // full fine-tuning; weights are held in float32
)

// Options of Open and New.
type Options struct {
	Device    kernels.Device
	Trainable Trainable
	// Checkpointing keeps only the input of each block for the backward pass and computes the rest again: activations
	// take a tenth of the memory, a step a third more time. The results are the same, bit for bit.
	Checkpointing bool
	// Context is how many positions texts may have, prompt and answer. It matters to models whose rotation depends on it
	// (RopeScaling: dynamic, longrope), which otherwise read texts as long as those of their training and no longer.
	Context int
}

// Model is a transformer on a device.
type Model struct {
	Dir        string // folder or GGUF file; "" for a model that was not read from one
	Name       string // what adapters call their base: the name that it was opened by
	Config     *Config
	Spec       *Spec
	Generation Generation

	device  kernels.Device
	options Options
	source  safetensors.Source // the stored weights
	embed   matrix
	blocks  []*block
	norm    norm
	head    matrix // the table again where it is tied; score.weight of a classifier
	ropes   []*rope
	params  []*Param
	adapter *adapter
	dropout uint64 // seed of the current step
	updated bool   // weights are no longer those of source
	settled bool   // the head is packed, and its pages given back
	hash    string // of source
}

// matrix is a weight and, where it is trained, its gradient.
type matrix struct {
	w    *kernels.Weight
	grad *kernels.Tensor
}

// vector is a bias, or the weight of a normalisation, and its gradient.
type vector struct{ v, grad *kernels.Tensor }

// norm is a normalisation. Absent ones have no v.
type norm struct {
	vector
	kernels.Norm
}

// linear is a linear layer: weight (out, in), perhaps a bias (out), perhaps a LoRA pair.
type linear struct {
	name string // path of the module in the decoder
	path string // and in the whole model, where that is multimodal: what adapters call it
	slot projection
	matrix
	bias vector
	lora *loraPair
}

// block is one layer of the decoder.
type block struct {
	index                              int
	preAttn, postAttn, preMLP, postMLP norm                 // over the width
	qNorm, kNorm                       norm                 // of q and k
	linears                            [projections]*linear // nil: the family has none
	parallel                           bool                 // attention and MLP read the same rows
	attn                               kernels.Attn
	rope                               *rope // nil: no rotation
	settled                            bool  // weights are packed, and their pages given back
	activation                         kernels.Activation
}

// Open reads a model: config.json, generation_config.json and the weights. name is a folder, a GGUF file, or a
// repository that lies in the cache of the Hugging Face hub (package hub). The weights stay memory-mapped until Close.
// Tensors that are missing, unknown, of the wrong shape, or that hold NaN or infinity are errors.
func Open(name string, o Options) (*Model, error) {
	config, err := ReadConfig(name)
	if err != nil {
		return nil, err
	}
	return OpenAs(name, config, o)
}

// OpenAs is Open with a config that does not lie in the folder, or not under its usual name.
func OpenAs(name string, config *Config, o Options) (*Model, error) {
	dir, err := hub.Resolve(name)
	if err != nil {
		return nil, err
	}
	spec, err := config.SpecFor(o.Context)
	if err != nil {
		return nil, err
	}
	generation, err := readGeneration(dir, config)
	if err != nil {
		return nil, err
	}
	source, err := openWeights(dir, config)
	if err != nil {
		return nil, err
	}
	m, err := build(config, spec, source, o)
	if err != nil {
		return nil, errors.Join(err, source.Close())
	}
	m.Dir, m.Name, m.Generation = dir, name, generation
	return m, nil
}

// openWeights opens the tensors of a folder or a GGUF file; of a multimodal model, those of its text model.
func openWeights(dir string, config *Config) (safetensors.Source, error) {
	if gguf.Is(dir) {
		return gguf.Weights(dir)
	}
	source, err := safetensors.OpenFolder(dir)
	if err != nil || config.Wrapper == "" {
		return source, err
	}
	return unwrapWeights(source), nil
}

// build checks the stored tensors against the spec and puts them on the device.
func build(config *Config, spec *Spec, source safetensors.Source, o Options) (*Model, error) {
	if o.Device == nil {
		panic("model: Options.Device is nil")
	}
	if err := check(config, spec, source); err != nil {
		return nil, err
	}
	m := &Model{Config: config, Spec: spec, device: o.Device, options: o, source: source}
	for _, r := range spec.Ropes {
		m.ropes = append(m.ropes, &rope{spec: r})
	}
	m.embed = m.matrix(embedName)
	for i := range spec.Layers {
		m.blocks = append(m.blocks, m.block(i))
	}
	m.norm = m.normed(normName, spec.Norm)
	switch {
	case spec.Labels > 0:
		m.head = m.matrix(scoreName)
	case spec.Tied:
		m.head = m.embed
	default:
		m.head = m.matrix(headName)
	}
	return m, m.device.Sync()
}

// check compares the tensors of a source with those that the spec wants.
func check(config *Config, spec *Spec, source safetensors.Source) error {
	wanted := map[string]bool{}
	var missing, extra []string
	var tensors []safetensors.Tensor
	for _, want := range spec.Tensors() {
		wanted[want.Name] = true
		t, ok := source.Tensor(want.Name)
		if !ok {
			missing = append(missing, want.Name)
			continue
		}
		if !slices.Equal(t.Shape, want.Shape) {
			return t.Errorf("shape %v, expected %v by %s", t.Shape, want.Shape, config.File)
		}
		if _, err := t.Kernels(); err != nil {
			return err
		}
		tensors = append(tensors, t)
	}
	for _, name := range source.Names() {
		if !wanted[name] && !spec.ignorable(name) {
			extra = append(extra, name)
		}
	}
	switch {
	case len(missing) > 0 && len(extra) > 0:
		return fmt.Errorf("%s: the weights lack %s, and hold what a %s model does not have: %s", config.File, few(missing), config.ModelType, few(extra))
	case len(missing) > 0:
		return fmt.Errorf("%s: the weights lack %s", config.File, few(missing))
	case len(extra) > 0:
		return fmt.Errorf("%s: the weights hold what a %s model of this config does not have: %s", config.File, config.ModelType, few(extra))
	}
	return finite(tensors)
}

// few lists names, the first eight of them.
func few(names []string) string {
	if len(names) > 8 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:8], ", "), len(names)-8)
	}
	return strings.Join(names, ", ")
}

// block loads layer i.
func (m *Model) block(i int) *block {
	s := m.Spec
	b := &block{index: i, activation: s.Activation, parallel: s.Parallel, attn: kernels.Attn{H: s.Heads, G: s.KVHeads, D: s.Head,
		Scale: s.AttnScale, Softcap: s.AttnCap, Window: s.Layers[i].Window}}
	if r := s.Layers[i].Rope; r >= 0 {
		b.rope = m.ropes[r]
	}
	paths := s.norms()
	for n, at := range []*norm{&b.preAttn, &b.postAttn, &b.preMLP, &b.postMLP} {
		if paths[n] != "" {
			*at = m.normed(layerName(i, paths[n]+".weight"), s.Norm)
		}
	}
	if s.QKNorm != NoQKNorm {
		b.qNorm = m.normed(layerName(i, "self_attn.q_norm.weight"), s.Norm)
		b.kNorm = m.normed(layerName(i, "self_attn.k_norm.weight"), s.Norm)
	}
	for _, p := range s.projections() {
		l := &linear{name: layerName(i, p.path()), slot: p}
		l.path = m.Config.modulePath(l.name)
		l.matrix = m.matrix(l.name + ".weight")
		if _, _, bias := s.linear(p); bias {
			l.bias = m.vector(l.name + ".bias")
		}
		b.linears[p] = l
	}
	return b
}

// present are the linear layers that the block has.
func (b *block) present() []*linear {
	return slices.DeleteFunc(slices.Clone(b.linears[:]), func(l *linear) bool { return l == nil })
}

// matrix puts a stored matrix on the device.
func (m *Model) matrix(name string) matrix {
	t, _ := m.source.Tensor(name)
	d, _ := t.Kernels()
	x := matrix{w: m.device.NewWeight(name, t.Shape[0], t.Shape[1], d, t.Data, m.options.Trainable == All)}
	if m.options.Trainable == All {
		x.grad = m.train(name, x.w.Master, x.w)
	}
	return x
}

// vector puts a stored vector on the device, in float32.
func (m *Model) vector(name string) vector {
	t, _ := m.source.Tensor(name)
	d, _ := t.Kernels()
	values := make([]float32, t.Len())
	safetensors.Decode(values, t.Data, d)
	x := vector{v: m.device.New(t.Shape...)}
	m.device.Write(x.v, values)
	if m.options.Trainable == All {
		x.grad = m.train(name, x.v, nil)
	}
	return x
}

func (m *Model) normed(name string, n kernels.Norm) norm { return norm{m.vector(name), n} }

// Device is where the model computes.
func (m *Model) Device() kernels.Device { return m.device }

// Close gives memory and files back.
func (m *Model) Close() error {
	m.RemoveAdapter()
	d := m.device
	for _, p := range m.params {
		d.Free(p.Grad)
	}
	for _, b := range m.blocks {
		for _, l := range b.present() {
			d.FreeWeight(l.w)
			d.Free(l.bias.v)
		}
		d.Free(b.preAttn.v, b.postAttn.v, b.preMLP.v, b.postMLP.v, b.qNorm.v, b.kNorm.v)
	}
	if m.head.w != m.embed.w {
		d.FreeWeight(m.head.w)
	}
	d.FreeWeight(m.embed.w)
	d.Free(m.norm.v)
	for _, r := range m.ropes {
		d.Free(r.Cos, r.Sin)
	}
	return m.source.Close()
}

// ParamCount is the number of the model's own weights; a tied head counts once.
func (m *Model) ParamCount() int64 {
	n := int64(0)
	for _, t := range m.Spec.Tensors() {
		n += int64(elements(t.Shape))
	}
	return n
}

func elements(shape []int) int {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return n
}
