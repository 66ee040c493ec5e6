package model

import (
	"hash/fnv"
	"math"

	"croco/kernels"
	"croco/model/safetensors"
)

// initialStd is the standard deviation of new weights, transformers' initializer_range.
const initialStd = 0.02

// New makes a model with random weights: matrices normal with mean 0 and standard deviation 0.02, norms one, biases zero.
// Each number is a function of seed, tensor name and place alone. The padding row of the embedding is zero, as
// nn.Embedding has it.
func New(config *Config, seed uint64, o Options) (*Model, error) {
	spec, err := config.SpecFor(o.Context)
	if err != nil {
		return nil, err
	}
	generation, err := readGeneration("", config)
	if err != nil {
		return nil, err
	}
	source := safetensors.Memory{}
	for _, t := range spec.Tensors() {
		values := make([]float32, elements(t.Shape))
		switch {
		case decays(t.Name):
			normal(values, kernels.Mix(seed, nameSeed(t.Name)), initialStd)
		case spec.Norm.Offset == 0 && t.Name[len(t.Name)-4:] != "bias":
			for i := range values {
				values[i] = 1
			}
		}
		if t.Name == embedName && spec.Pad >= 0 {
			clear(values[int(spec.Pad)*spec.Width : (int(spec.Pad)+1)*spec.Width])
		}
		source[t.Name] = safetensors.Tensor{Name: t.Name, DType: "F32", Shape: t.Shape, File: "random weights",
			Data: safetensors.Encode(values, kernels.F32)}
	}
	m, err := build(config, spec, source, o)
	if err != nil {
		return nil, err
	}
	m.Generation = generation
	return m, nil
}

// nameSeed makes a name a number.
func nameSeed(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}

// uniform fills dst with numbers in ±bound.
func uniform(dst []float32, seed uint64, bound float64) {
	for i := range dst {
		dst[i] = float32((2*kernels.Uniform(seed, uint64(i)) - 1) * bound)
	}
}

// normal fills dst with numbers of mean 0, two from two uniform ones (Box and Muller 1958).
func normal(dst []float32, seed uint64, std float64) {
	for i := 0; i < len(dst); i += 2 {
		u, v := 1-kernels.Uniform(seed, uint64(i)), kernels.Uniform(seed, uint64(i+1)) // u > 0
		r := std * math.Sqrt(-2*math.Log(u))
		s, c := math.Sincos(2 * math.Pi * v)
		dst[i] = float32(r * c)
		if i+1 < len(dst) {
			dst[i+1] = float32(r * s)
		}
	}
}
