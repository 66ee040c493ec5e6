package model

import (
	"fmt"
	"slices"
	"strings"

	"croco/kernels"
)

// Spec describes a decoder by data. Everything that distinguishes one family from another is here.
type Spec struct {
	Vocab, Width, MLP    int // V, C, F
	Heads, KVHeads, Head int // H, G, D
	Positions            int // the context length that the model was made for
	Layers               []Layer
	Ropes                []RopeSpec // that layers refer to

	Norm     kernels.Norm // of rows of width C
	QKNorm   bool         // RMSNorm over each head of q and k, before the rotation
	PostNorm bool         // the result of attention and of the MLP is normalised before it joins the residual stream (Gemma)
	Parallel bool         // attention and MLP read the same normalised rows, both join the residual stream (Cohere)

	QKVBias, OBias, MLPBias bool
	Activation              kernels.Activation

	EmbedScale float32 // of the rows of the embedding table
	AttnScale  float32 // of q·k
	AttnCap    float32 // soft cap of attention scores, 0: none
	Logits     kernels.Logits

	Tied   bool  // the head is the embedding table
	Labels int   // of a sequence classifier; 0: a language model
	Pad    int32 // id whose embedding learns nothing, and that a classifier skips at the end; −1: none
}

// Layer is what differs from layer to layer.
type Layer struct {
	Window int // positions that attention sees, its own included; 0: all
	Rope   int // index into Ropes; −1: no rotation
}

// RopeSpec describes a rotary position embedding.
type RopeSpec struct {
	Theta       float64
	Dim         int  // of each head, rotated
	Interleaved bool // pairs 2i, 2i+1 instead of i, i + Dim/2
	Scaling     RopeScaling
}

// RopeScaling changes the frequencies. Kind is "" (none), "linear" or "llama3".
type RopeScaling struct {
	Kind                                string
	Factor                              float64
	LowFreqFactor, HighFreqFactor, Orig float64 // llama3
}

// maxLayers is far above what exists: a larger number is a mistake that would eat the memory.
const maxLayers = 10000

// family maps a config to a Spec. It reads what is special about its models; common has read what all share.
type family func(r *reader, s *Spec)

// families by model_type. Each has its file.
var families = map[string]family{
	"llama":       llama,
	"mistral":     mistral,
	"qwen2":       qwen2,
	"qwen3":       qwen3,
	"gemma3_text": gemma3,
	"cohere2":     cohere2,
}

func knownFamilies() []string { return sorted(families) }

// Spec is what the config means. Unknown or unsupported keys that may change what is computed are errors.
func (c *Config) Spec() (*Spec, error) {
	f, ok := families[c.ModelType]
	if !ok {
		return nil, fmt.Errorf("%s: \"model_type\": %q is unknown; known: %s", c.File, c.ModelType, strings.Join(knownFamilies(), ", "))
	}
	r, s := c.reader(), &Spec{EmbedScale: 1, Logits: kernels.Logits{Scale: 1}}
	s.head(r, c.Architecture)
	s.common(r)
	f(r, s)
	r.unread(harmless)
	if r.err == nil && s.Heads%s.KVHeads != 0 {
		r.fail("num_key_value_heads", "%d does not divide num_attention_heads %d", s.KVHeads, s.Heads)
	}
	if r.err != nil {
		return nil, r.err
	}
	return s, nil
}

// head reads what comes after the last layer.
func (s *Spec) head(r *reader, architecture string) {
	switch {
	case architecture == "" || strings.HasSuffix(architecture, "ForCausalLM"):
		r.used["id2label"], r.used["num_labels"] = true, true
	case strings.HasSuffix(architecture, "ForSequenceClassification"):
		s.Labels = 2 // what transformers assumes when the config is silent
		var names map[string]string
		if r.decode("id2label", &names) {
			s.Labels = len(names)
		}
		s.Labels = r.size("num_labels", s.Labels)
	case strings.HasSuffix(architecture, "ForConditionalGeneration"):
		r.fail("architectures", "%q is multimodal: only its text model is supported, as a folder of its own with a …ForCausalLM "+
			"config; its modules have other names there, and adapters for one match nothing in the other", architecture)
	default:
		r.fail("architectures", "%q is not supported, only …ForCausalLM and …ForSequenceClassification", architecture)
	}
}

// common reads the keys that all families share.
func (s *Spec) common(r *reader) {
	s.Vocab = r.size("vocab_size", 0)
	s.Width = r.size("hidden_size", 0)
	s.MLP = r.size("intermediate_size", 0)
	s.Heads = r.size("num_attention_heads", 0)
	layers := r.size("num_hidden_layers", 0)
	if layers > maxLayers {
		r.fail("num_hidden_layers", "%d is more than %d", layers, maxLayers)
		layers = 0
	}
	s.Layers = make([]Layer, layers)
	s.Pad = -1
	if ids := r.ids("pad_token_id"); len(ids) == 1 && ids[0] >= 0 {
		s.Pad = ids[0]
	} else if len(ids) > 1 {
		r.fail("pad_token_id", "expected one id, found %v", ids)
	}
	if r.err == nil && int(s.Pad) >= s.Vocab {
		r.fail("pad_token_id", "%d is outside the vocabulary of %d", s.Pad, s.Vocab)
	}
	r.must("pretraining_tp", "1")
	r.must("is_encoder_decoder", "false")
	r.must("add_cross_attention", "false")
	r.must("use_bidirectional_attention", "false")
	if r.has("quantization_config") {
		r.fail("quantization_config", "quantised weights are not supported: use the unquantised model")
	}
}

// context reads the context length. transformers has a default for each family.
func (s *Spec) context(r *reader, positions int) {
	s.Positions = r.size("max_position_embeddings", positions)
}

// heads reads the attention shape. headDim 0 takes width / heads where the config has no head_dim; kv 0 makes
// num_key_value_heads necessary.
func (s *Spec) heads(r *reader, kv, headDim int) {
	s.KVHeads = r.size("num_key_value_heads", kv)
	if headDim == 0 && !r.has("head_dim") && s.Width%s.Heads != 0 {
		r.fail("hidden_size", "%d is not a multiple of num_attention_heads %d, and there is no head_dim", s.Width, s.Heads)
	}
	if headDim == 0 {
		headDim = max(1, s.Width/s.Heads)
	}
	s.Head = r.size("head_dim", headDim)
	if s.Head%2 != 0 {
		r.fail("head_dim", "%d is odd: its dimensions turn in pairs", s.Head)
	}
	s.AttnScale = inverseRoot(float64(s.Head))
}

func (s *Spec) rmsNorm(r *reader) {
	s.Norm = kernels.Norm{Eps: float32(r.positive("rms_norm_eps", 1e-6))}
}

func (s *Spec) activation(r *reader, key, def string) {
	known := map[string]kernels.Activation{"silu": kernels.SiLU, "swish": kernels.SiLU, "gelu_pytorch_tanh": kernels.GELUTanh}
	name := r.str(key, def)
	a, ok := known[name]
	if !ok {
		r.fail(key, "%q is not supported; known: %s", name, strings.Join(sorted(known), ", "))
	}
	s.Activation = a
}

const (
	fullAttention    = "full_attention"
	slidingAttention = "sliding_attention"
)

// layerTypes is layer_types where the config has it, else what def says of each layer.
func (s *Spec) layerTypes(r *reader, def func(layer int) string) []string {
	types := make([]string, len(s.Layers))
	for i := range types {
		types[i] = def(i)
	}
	var given []string
	if !r.decode("layer_types", &given) {
		return types
	}
	if len(given) != len(types) {
		r.fail("layer_types", "lists %d layers, num_hidden_layers is %d", len(given), len(types))
		return types
	}
	for i, t := range given {
		if !slices.Contains([]string{fullAttention, slidingAttention}, t) {
			r.fail("layer_types", "layer %d: %q is not supported, only %s and %s", i, t, fullAttention, slidingAttention)
		}
	}
	return given
}

// noneSlides refuses layer_types of a family that knows no window, unless all are full.
func (s *Spec) noneSlides(r *reader) {
	for i, t := range s.layerTypes(r, allFull) {
		if t != fullAttention {
			r.fail("layer_types", "layer %d slides, which this family does not", i)
		}
	}
}

func allFull(int) string    { return fullAttention }
func allSliding(int) string { return slidingAttention }

// slide sets the window of the layers that slide.
func (s *Spec) slide(types []string, window int) {
	for i, t := range types {
		if t == slidingAttention {
			s.Layers[i].Window = window
		}
	}
}

// window reads sliding_window: 0 where it is null or absent.
func (s *Spec) window(r *reader) int {
	if !r.has("sliding_window") {
		return 0
	}
	return r.size("sliding_window", 0)
}
