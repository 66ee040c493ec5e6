package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"croco/kernels"
	"croco/model/hub"
	"croco/model/safetensors"
)

// companions are files of a model's folder that are copied byte for byte with it.
var companions = []string{"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
	"tokenizer.model", "vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json", generationFile}

const (
	configFile     = "config.json"
	generationFile = "generation_config.json"
)

// Save writes the model as a folder: config.json, the weights in one safetensors file of the given dtype, and copies of
// the tokenizer and other files of the folder that it was read from. A tied head is not written.
func (m *Model) Save(dir string, dtype kernels.DType) error {
	if m.adapter != nil {
		return fmt.Errorf("%s: the model has an adapter: write it with SaveAdapter, or merged with SaveMerged", dir)
	}
	config := maps.Clone(m.Config.keys)
	config["torch_dtype"], _ = json.Marshal(dtype.String())
	if _, v5 := config["dtype"]; v5 {
		config["dtype"] = config["torch_dtype"]
		delete(config, "torch_dtype")
	}
	var items []safetensors.Item
	for _, info := range m.Spec.Tensors() {
		items = append(items, safetensors.Item{Name: info.Name, DType: safetensors.Name(dtype), Shape: info.Shape,
			Values: func() ([]byte, error) { return m.stored(info.Name, dtype) }})
	}
	if err := m.prepare(dir); err != nil {
		return err
	}
	if err := safetensors.Write(filepath.Join(dir, "model.safetensors"), items); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, configFile), config)
}

// stored are the bytes of a tensor in a dtype: of its current values where it is trained.
func (m *Model) stored(name string, dtype kernels.DType) ([]byte, error) {
	if p := m.param(name); p != nil {
		return safetensors.Encode(m.values(p), dtype), m.device.Sync()
	}
	t, _ := m.source.Tensor(name)
	if t.DType == safetensors.Name(dtype) {
		return t.Data, nil
	}
	values, err := t.Floats()
	return safetensors.Encode(values, dtype), err
}

// prepare makes a folder and fills it with the companions of the model's own.
func (m *Model) prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if m.Dir == "" {
		return writeJSON(filepath.Join(dir, generationFile), m.Generation.file())
	}
	from, err := os.Stat(m.Dir)
	if err != nil {
		return err
	}
	if to, err := os.Stat(dir); err == nil && os.SameFile(from, to) {
		return fmt.Errorf("%s: is the folder that the model was read from: choose another", dir)
	}
	for _, name := range companions {
		raw, err := hub.ReadFile(m.Dir, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = writeBytes(filepath.Join(dir, name), raw)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func writeBytes(path string, raw []byte) error {
	return safetensors.Atomically(path, func(w io.Writer) error {
		_, err := w.Write(raw)
		return err
	})
}
