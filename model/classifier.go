package model

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"croco/kernels"
	"croco/model/hub"
	"croco/model/safetensors"
)

// OpenClassifier opens a folder as a model that scores texts with one number: a classifier as it is; a language model
// without its head and with a new score.weight, normal with mean 0 and standard deviation 0.02 by the seed, as
// transformers' AutoModelForSequenceClassification makes one. The same folder and seed give the same scores.
func OpenClassifier(name string, seed uint64, o Options) (*Model, error) {
	config, err := ReadConfig(name)
	if err != nil || strings.HasSuffix(config.Architecture, "ForSequenceClassification") {
		return Open(name, o)
	}
	dir, err := hub.Resolve(name)
	if err != nil {
		return nil, err
	}
	spec, err := config.scoring().SpecFor(o.Context)
	if err != nil {
		return nil, err
	}
	source, err := openWeights(dir, config)
	if err != nil {
		return nil, err
	}
	score := make([]float32, spec.Width)
	normal(score, kernels.Mix(seed, nameSeed(scoreName)), initialStd)
	m, err := build(config.scoring(), spec, scored{source, safetensors.Tensor{Name: scoreName, DType: safetensors.Name(kernels.F32),
		Shape: []int{1, spec.Width}, Data: safetensors.Encode(score, kernels.F32), File: dir}}, o)
	if err != nil {
		return nil, errors.Join(err, source.Close())
	}
	m.Dir, m.Name = dir, name
	return m, nil
}

// scoring is the config of a classifier with one label on the same decoder.
func (c *Config) scoring() *Config {
	s := *c
	f := families[c.ModelType]
	if s.Architecture = f.classifier; s.Architecture == "" {
		s.Architecture = f.name + "ForSequenceClassification"
	}
	s.keys, s.used = maps.Clone(c.keys), maps.Clone(c.used)
	s.keys["architectures"], _ = json.Marshal([]string{s.Architecture})
	s.keys["id2label"], s.keys["label2id"] = json.RawMessage(`{"0":"LABEL_0"}`), json.RawMessage(`{"LABEL_0":0}`)
	s.Raw, _ = json.MarshalIndent(s.keys, "", "  ")
	return &s
}

// scored is a language model's weights with a score in place of the head.
type scored struct {
	safetensors.Source
	score safetensors.Tensor
}

func (s scored) Tensor(name string) (safetensors.Tensor, bool) {
	if name == scoreName {
		return s.score, true
	}
	return s.Source.Tensor(name)
}

func (s scored) Names() []string {
	names := slices.DeleteFunc(s.Source.Names(), func(n string) bool { return n == headName })
	return append(names, scoreName)
}
