package model

import (
	"slices"
	"strings"

	"croco/kernels"
)

// Spec describes a decoder by data. Everything that distinguishes one family from another is here.
type Spec struct {
	Vocab, Width, MLP    int // V, C, F
	Heads, KVHeads, Head int // H, G, D
	Positions            int // the context length that the model was made for
	// LongContext is the most that Options.Context can raise Positions to, where the rotation depends on the length that
	// texts may have (dynamic, longrope); else 0.
	LongContext int
	Layers      []Layer
	Ropes       []RopeSpec // that layers refer to

	Norm     kernels.Norm // of rows of width C
	QKNorm   QKNorm       // of q and k, before the rotation
	PostNorm bool         // the result of attention and of the MLP is normalised before it joins the residual stream (Gemma, OLMo 2)
	NoPre    bool         // attention and MLP read the residual stream as it is (OLMo 2)
	Parallel bool         // attention and MLP read the same normalised rows, both join the residual stream (Cohere)

	Fused                   bool // q, k and v are one projection, gate and up another (Phi-3)
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

// QKNorm is how q and k are normalised.
type QKNorm uint8

const (
	NoQKNorm   QKNorm = iota
	PerHead           // each head by itself, with one weight (D) for all
	PerHeadOwn        // each head by itself, with a weight of its own: (H,D) and (G,D) (Cohere)
	WholeWidth        // before heads are told apart: (H·D) and (G·D) (OLMo 2)
)

// Layer is what differs from layer to layer.
type Layer struct {
	Window int // positions that attention sees, its own included; 0: all
	Rope   int // index into Ropes; −1: no rotation
}

// maxLayers is far above what exists: a larger number is a mistake that would eat the memory.
const maxLayers = 10000

// Spec is what the config means. Unknown or unsupported keys that may change what is computed are errors.
func (c *Config) Spec() (*Spec, error) { return c.SpecFor(0) }

// SpecFor is Spec for texts of up to context positions, which matters where LongContext is not 0.
func (c *Config) SpecFor(context int) (*Spec, error) {
	f, err := c.family()
	if err != nil {
		return nil, err
	}
	r, s := c.reader(), &Spec{EmbedScale: 1, Logits: kernels.Logits{Scale: 1}}
	r.context = context
	s.head(r, c.Architecture)
	s.common(r)
	f.read(r, s)
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
	if r.has(originalKey) {
		r.original = r.positive(originalKey, 0)
	}
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

func (s *Spec) rmsNorm(r *reader) { s.rmsNormOf(r, 1e-6) }

func (s *Spec) rmsNormOf(r *reader, eps float64) {
	s.Norm = kernels.Norm{Eps: float32(r.positive("rms_norm_eps", eps))}
}

// padding gives a model whose config does not speak of a padding id the one that transformers gives its family.
func (s *Spec) padding(r *reader, id int32) {
	if r.absent("pad_token_id") && int(id) < s.Vocab {
		s.Pad = id
	}
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

// window reads sliding_window: 0 where it is null, def where it is absent.
func (s *Spec) window(r *reader, def int) int {
	switch {
	case r.absent("sliding_window"):
		return def
	case !r.has("sliding_window"):
		return 0
	}
	return r.size("sliding_window", 0)
}
