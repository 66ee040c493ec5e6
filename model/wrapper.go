package model

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"croco/model/safetensors"
)

// wrappers are multimodal models around a decoder that croco runs, by model_type: the text model is opened as if it lay
// in a folder of its own, and is saved as one. Images are not read. Adapters, however, have the names of the whole
// model's modules, so that they load where they are served: base_model.model.model.language_model.layers.0. ….
var wrappers = map[string]string{
	"gemma3":     "gemma3_text",
	"aya_vision": "cohere2",
}

// Where the text model's modules lie in a wrapper: in transformers' classes, and, what many files say, in those of
// before version 4.52.
const (
	innerPath    = "model.language_model."
	oldInnerPath = "language_model.model."
	oldInnerHead = "language_model.lm_head."
)

// besides are the parts of a wrapper that are not the text model.
var besides = []string{"vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector."}

// sparse are values that a text_config leaves out because they are the defaults of its class.
var sparse = map[string]map[string]int{
	"gemma3_text": {"vocab_size": 262208, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8},
}

// unwrap turns the config of a wrapper into that of its text model.
func (c *Config) unwrap() error {
	inner, ok := wrappers[c.ModelType]
	if !ok {
		return nil
	}
	r := c.reader()
	if c.Architecture != "" && !strings.HasSuffix(c.Architecture, "ForConditionalGeneration") {
		r.fail("architectures", "%q of a multimodal model is not supported, only …ForConditionalGeneration", c.Architecture)
	}
	text := r.inside("text_config")
	if text == nil {
		r.fail("text_config", "is missing: a %s model needs the config of its text model", c.ModelType)
		return r.err
	}
	text.must("model_type", `"`+inner+`"`)
	if r.err == nil {
		r.err = text.err
	}
	keys := maps.Clone(text.keys)
	for _, key := range []string{"eos_token_id", "bos_token_id", "torch_dtype", "dtype", "tie_word_embeddings"} {
		if r.has(key) {
			keys[key] = c.keys[key] // which transformers reads outside
		}
	}
	for key, n := range sparse[inner] {
		if _, there := keys[key]; !there {
			keys[key], _ = json.Marshal(n)
		}
	}
	c.Wrapper, c.ModelType, c.Architecture = c.ModelType, inner, families[inner].name+"ForCausalLM"
	keys["model_type"], _ = json.Marshal(c.ModelType)
	keys["architectures"], _ = json.Marshal([]string{c.Architecture})
	c.keys, c.used = keys, map[string]bool{"model_type": true, "architectures": true}
	c.Raw, _ = json.MarshalIndent(keys, "", "  ")
	return r.err
}

// modulePath is the path of a module of the decoder as transformers has it: below a wrapper's, where there is one.
func (c *Config) modulePath(name string) string {
	rest, ok := strings.CutPrefix(name, "model.")
	if c.Wrapper == "" || !ok {
		return name
	}
	return innerPath + rest
}

// innerName is the text model's own name of a tensor of a wrapper, "" where the tensor is not the text model's.
func innerName(stored string) string {
	for _, p := range besides {
		if strings.HasPrefix(stored, p) {
			return ""
		}
	}
	if rest, ok := strings.CutPrefix(stored, oldInnerHead); ok {
		return "lm_head." + rest
	}
	for _, p := range []string{innerPath, oldInnerPath} {
		if rest, ok := strings.CutPrefix(stored, p); ok {
			return "model." + rest
		}
	}
	return stored
}

// innerWeights are a wrapper's tensors that belong to its text model, under the names that they have there.
type innerWeights struct {
	safetensors.Source
	stored map[string]string // by own name
}

func unwrapWeights(s safetensors.Source) safetensors.Source {
	w := innerWeights{s, map[string]string{}}
	for _, name := range s.Names() {
		if own := innerName(name); own != "" {
			w.stored[own] = name
		}
	}
	return w
}

func (w innerWeights) Names() []string { return slices.Sorted(maps.Keys(w.stored)) }

func (w innerWeights) Tensor(name string) (safetensors.Tensor, bool) {
	t, ok := w.Source.Tensor(w.stored[name])
	t.Name = name
	return t, ok
}
