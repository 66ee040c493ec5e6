package gguf

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// table turns keys of the metadata into those of a config.json. The first error stays.
type table struct {
	f    *File
	arch string
	used map[string]bool
	out  map[string]any
	err  error
}

// architecture looks up what the file holds.
func (f *File) architecture() (string, architecture, error) {
	if kind, ok := f.keys["general.type"]; ok {
		if s, _ := kind.Text(); s != "model" {
			return "", architecture{}, f.errorf("general.type", "expected \"model\", found %s", kind)
		}
	}
	if n, _ := f.keys["split.count"].Int(); n > 1 {
		return "", architecture{}, f.errorf("split.count", "this is one of %d parts: join them with llama-gguf-split --merge", n)
	}
	v, ok := f.keys["general.architecture"]
	name, isText := v.Text()
	if !ok || !isText {
		return "", architecture{}, f.errorf("general.architecture", "is missing, or no text")
	}
	a, known := architectures[name]
	if !known {
		return "", a, f.errorf("general.architecture", "%q is not supported as GGUF; known: %s", name, strings.Join(slices.Sorted(maps.Keys(architectures)), ", "))
	}
	return name, a, nil
}

// config is the config.json that the file stands for.
func (f *File) config() ([]byte, error) {
	name, a, err := f.architecture()
	if err != nil {
		return nil, err
	}
	t := &table{f: f, arch: name + ".", used: map[string]bool{}, out: map[string]any{
		"model_type": a.modelType, "architectures": []string{a.class}, "torch_dtype": dtypeNames[f.dtype()]}}
	t.common()
	a.config(t)
	t.unread()
	if t.err != nil {
		return nil, t.err
	}
	return asJSON(t.out, " ")
}

// common reads the keys that all architectures share.
func (t *table) common() {
	t.copy("hidden_size", "embedding_length")
	t.copy("num_hidden_layers", "block_count")
	t.copy("intermediate_size", "feed_forward_length")
	t.copy("num_attention_heads", "attention.head_count")
	t.copy("max_position_embeddings", "context_length")
	t.out["num_key_value_heads"] = t.out["num_attention_heads"]
	t.maybe("num_key_value_heads", "attention.head_count_kv")
	t.head()
	t.out["rope_theta"] = 10000
	t.maybe("rope_theta", "rope.freq_base")
	t.out["rope_scaling"] = t.scaling()
	if n, _ := t.int("expert_count"); n > 0 {
		t.fail("expert_count", "%d: a mixture of experts is not supported", n)
	}
	t.int("expert_used_count")
	table, ok := t.f.Tensor(embedding)
	if !ok || len(table.Shape) != 2 {
		t.error(fmt.Errorf("%s: tensor %q: expected a matrix, found shape %v", t.f.Path, embedding, table.Shape))
		return
	}
	t.out["vocab_size"] = table.Shape[0]
	if n, ok := t.int("vocab_size"); ok && n != table.Shape[0] {
		t.fail("vocab_size", "%d, the embedding has %d rows", n, table.Shape[0])
	}
	_, untied := t.f.Tensor(head)
	t.out["tie_word_embeddings"] = !untied
	for _, id := range []string{"bos", "eos"} {
		if v, ok := t.f.keys["tokenizer.ggml."+id+"_token_id"]; ok {
			t.out[id+"_token_id"], _ = v.Int()
		}
	}
	t.out["pad_token_id"] = nil
	if v, ok := t.f.keys[padKey]; ok {
		t.out["pad_token_id"], _ = v.Int()
	}
}

// head reads the width of a head, and refuses files in which it is not that of keys, values and rotation alike.
func (t *table) head() {
	width, _ := t.int("embedding_length")
	heads, _ := t.int("attention.head_count")
	if heads <= 0 {
		t.fail("attention.head_count", "expected a number above 0")
		return
	}
	d, ok := t.int("attention.key_length")
	if !ok {
		d = width / heads
	}
	for _, key := range []string{"attention.value_length", "rope.dimension_count"} {
		if n, ok := t.int(key); ok && n != d {
			t.fail(key, "%d is not the width %d of a head, which is not supported", n, d)
		}
	}
	t.out["head_dim"] = d
}

// scaling reads how the rotation is stretched: nil where it is not.
func (t *table) scaling() any {
	kind, orig := t.text("rope.scaling.type", "none"), map[string]any{}
	t.bool("rope.scaling.finetuned")
	if n, ok := t.int("rope.scaling.original_context_length"); ok && kind == "yarn" {
		orig["original_max_position_embeddings"] = n
	}
	factor := t.number("rope.scaling.factor")
	switch kind {
	case "none":
		return t.llama3()
	case "linear", "yarn":
		if factor == nil {
			t.fail("rope.scaling.factor", "is missing")
		}
		orig["rope_type"], orig["factor"] = kind, factor
		return orig
	}
	t.fail("rope.scaling.type", "%q is not supported, only none, linear and yarn", kind)
	return nil
}

// llama3 finds the factor of Llama 3's scaling, whose other numbers are the same for all its models, in the factors of
// the frequencies.
func (t *table) llama3() any {
	tensor, ok := t.f.Tensor(ropeFactors)
	if !ok {
		return nil
	}
	theta := 10000.0
	if v, ok := t.f.keys[t.arch+"rope.freq_base"]; ok {
		text, _ := v.Number()
		_ = json.Unmarshal([]byte(text), &theta)
	}
	const low, high, orig = 1.0, 4.0, 8192.0
	got := make([]float32, elements(tensor.Shape))
	tensor.Type.floats(got, tensor.Data)
	factor := float64(slices.Max(got))
	for i, x := range got {
		turns := orig * math.Pow(theta, -float64(i)/float64(len(got))) / (2 * math.Pi)
		keep := min(1, max(0, (turns-low)/(high-low)))
		if want := 1 / (keep + (1-keep)/factor); !(math.Abs(float64(x)-want) < 1e-4*want) {
			t.error(fmt.Errorf("%s: tensor %q: value %d is %v, expected %.6g: only the scaling of Llama 3 is known (factor %v, context %v)", t.f.Path, ropeFactors, i, x, want, factor, orig))
			return nil
		}
	}
	return map[string]any{"rope_type": "llama3", "factor": factor, "low_freq_factor": low, "high_freq_factor": high, "original_max_position_embeddings": int(orig)}
}

func llama(t *table) {
	t.copy("rms_norm_eps", "attention.layer_norm_rms_epsilon")
	_, t.out["attention_bias"] = t.f.Tensor("blk.0.attn_q.bias")
	_, t.out["mlp_bias"] = t.f.Tensor("blk.0.ffn_gate.bias")
	t.out["hidden_act"] = "silu"
}

func olmo2(t *table) {
	t.copy("rms_norm_eps", "attention.layer_norm_rms_epsilon")
	_, t.out["attention_bias"] = t.f.Tensor("blk.0.attn_q.bias")
	t.out["hidden_act"] = "silu"
}

func qwen(t *table) {
	t.copy("rms_norm_eps", "attention.layer_norm_rms_epsilon")
	t.out["hidden_act"], t.out["use_sliding_window"] = "silu", false
}

// gemma2 does not write the scale of attention scores down: it is the width of a head, in the 27B width / heads.
func gemma2(t *table) {
	t.gemma(46)
	t.copy("attn_logit_softcapping", "attn_logit_softcapping")
	t.copy("final_logit_softcapping", "final_logit_softcapping")
}

// gemma3 does not write its second rotary base and its pattern of layers down, unless they are unusual.
func gemma3(t *table) {
	t.gemma(62)
	t.out["rope_local_base_freq"], t.out["_sliding_window_pattern"] = 10000, 6
	t.maybe("rope_local_base_freq", "rope.freq_base_swa")
	t.maybe("_sliding_window_pattern", "attention.sliding_window_pattern")
	t.maybe("final_logit_softcapping", "final_logit_softcapping")
}

// gemma is what all Gemmas share; the one with largest layers scales its scores in its own way.
func (t *table) gemma(largest int) {
	t.copy("rms_norm_eps", "attention.layer_norm_rms_epsilon")
	t.copy("sliding_window", "attention.sliding_window")
	t.out["hidden_activation"], t.out["query_pre_attn_scalar"] = "gelu_pytorch_tanh", t.out["head_dim"]
	if layers, _ := t.int("block_count"); layers == largest {
		width, _ := t.int("embedding_length")
		heads, _ := t.int("attention.head_count")
		t.out["query_pre_attn_scalar"] = width / max(1, heads)
	}
}

func cohere(t *table) {
	t.copy("layer_norm_eps", "attention.layer_norm_epsilon")
	t.copy("logit_scale", "logit_scale")
	t.out["hidden_act"] = "silu"
	_, t.out["attention_bias"] = t.f.Tensor("blk.0.attn_q.bias")
	_, t.out["use_qk_norm"] = t.f.Tensor("blk.0.attn_q_norm.weight")
}

func cohere2(t *table) {
	cohere(t)
	t.copy("sliding_window", "attention.sliding_window")
	t.out["sliding_window_pattern"] = 4
}

// ---- reading keys ----

func (t *table) error(err error) {
	if t.err == nil {
		t.err = err
	}
}

func (t *table) fail(key, format string, args ...any) {
	t.error(t.f.errorf(t.arch+key, format, args...))
}

// value marks a key of the architecture as read.
func (t *table) value(key string) (Value, bool) {
	t.used[t.arch+key] = true
	v, ok := t.f.keys[t.arch+key]
	return v, ok
}

// number is a number as it stands in the file, nil where there is none.
func (t *table) number(key string) any {
	v, ok := t.value(key)
	if !ok {
		return nil
	}
	text, ok := v.Number()
	if !ok {
		t.fail(key, "expected a number, found %s", v)
	}
	return json.RawMessage(text)
}

// maybe copies a number where it is there, copy one that must be.
func (t *table) maybe(to, key string) {
	if n := t.number(key); n != nil {
		t.out[to] = n
	}
}

func (t *table) copy(to, key string) {
	if t.maybe(to, key); t.out[to] == nil {
		t.fail(key, "is missing")
	}
}

func (t *table) int(key string) (int, bool) {
	v, ok := t.value(key)
	n, isInt := v.Int()
	if ok && (!isInt || n < 0 || n > math.MaxInt32) {
		t.fail(key, "expected a whole number, found %s", v)
	}
	return int(n), ok
}

func (t *table) text(key, otherwise string) string {
	v, ok := t.value(key)
	if !ok {
		return otherwise
	}
	s, isText := v.Text()
	if !isText {
		t.fail(key, "expected a text, found %s", v)
	}
	return s
}

func (t *table) bool(key string) {
	if v, ok := t.value(key); ok {
		if _, isBool := v.Bool(); !isBool {
			t.fail(key, "expected true or false, found %s", v)
		}
	}
}

// unread refuses keys of the architecture that nobody knows.
func (t *table) unread() {
	t.value("tensor_data_layout")
	for _, key := range t.f.Keys() {
		if strings.HasPrefix(key, t.arch) && !t.used[key] {
			t.error(t.f.errorf(key, "unknown key with value %s: it may change what the model computes", t.f.keys[key]))
		}
	}
}

// generation is the generation_config.json that the file stands for: every id that ends an answer.
func (f *File) generation() ([]byte, error) {
	out, ends := map[string]any{}, []int64{}
	for _, id := range []string{"eos", "eot", "eom"} {
		if v, ok := f.keys["tokenizer.ggml."+id+"_token_id"]; ok {
			n, isInt := v.Int()
			if !isInt {
				return nil, f.errorf("tokenizer.ggml."+id+"_token_id", "expected an id, found %s", v)
			}
			if !slices.Contains(ends, n) {
				ends = append(ends, n)
			}
		}
	}
	if len(ends) > 0 {
		out["eos_token_id"] = ends
	}
	return asJSON(out, " ")
}
