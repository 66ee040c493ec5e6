package gguf

import (
	"strconv"
	"strings"
)

// architecture is what a value of general.architecture means in a Hugging Face folder.
type architecture struct {
	modelType, class string
	// llama.cpp's converter turns rotary pairs i, i + D/2 of some architectures into 2i, 2i + 1, by the order of the rows
	// of q and k.
	permuted bool
	plusOne  bool // norm weights are stored as 1 + w
	names    map[string]string
	config   func(t *table)
}

var architectures = map[string]architecture{
	"llama":     {"llama", "LlamaForCausalLM", true, false, plainNames, llama},
	"smollm3":   {"smollm3", "SmolLM3ForCausalLM", true, false, plainNames, llama},
	"qwen2":     {"qwen2", "Qwen2ForCausalLM", false, false, plainNames, qwen},
	"qwen3":     {"qwen3", "Qwen3ForCausalLM", false, false, plainNames, qwen},
	"olmo2":     {"olmo2", "Olmo2ForCausalLM", false, false, gemmaNames, olmo2},
	"gemma2":    {"gemma2", "Gemma2ForCausalLM", false, true, gemmaNames, gemma2},
	"gemma3":    {"gemma3_text", "Gemma3ForCausalLM", false, true, gemmaNames, gemma3},
	"command-r": {"cohere", "CohereForCausalLM", false, false, plainNames, cohere},
	"cohere2":   {"cohere2", "Cohere2ForCausalLM", false, false, plainNames, cohere2},
}

// plainNames are the modules of a layer. Gemma and OLMo put a norm after each branch, and llama.cpp calls the one before
// the MLP by the name that is Hugging Face's for the one after attention.
var plainNames = map[string]string{
	"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
	"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
	"attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
	"ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}

var gemmaNames = func() map[string]string {
	names := map[string]string{"post_attention_norm": "post_attention_layernorm", "post_ffw_norm": "post_feedforward_layernorm"}
	for k, v := range plainNames {
		names[k] = v
	}
	names["ffn_norm"] = "pre_feedforward_layernorm"
	return names
}()

const (
	embedding = "token_embd.weight"
	head      = "output.weight"
	// ropeFactors holds what Llama 3 divides its rotary frequencies by. The config says the same in four numbers.
	ropeFactors = "rope_freqs.weight"
)

// rename is the Hugging Face name of a tensor; false where the architecture has none like it.
func (a architecture) rename(name string) (string, bool) {
	switch name {
	case embedding:
		return "model.embed_tokens.weight", true
	case "output_norm.weight":
		return "model.norm.weight", true
	case head:
		return "lm_head.weight", true
	}
	part := strings.Split(name, ".")
	if len(part) != 4 || part[0] != "blk" || part[3] != "weight" && part[3] != "bias" {
		return "", false
	}
	layer, err := strconv.Atoi(part[1])
	module := a.names[part[2]]
	return "model.layers." + part[1] + "." + module + "." + part[3], err == nil && strconv.Itoa(layer) == part[1] && module != ""
}

// heads are the heads whose rows the converter permuted; 0 for any other tensor.
func (a architecture) heads(f *File, name string) int {
	if !a.permuted {
		return 0
	}
	arch, _ := f.keys["general.architecture"].Text()
	key := ""
	switch part := strings.Split(name, "."); {
	case len(part) != 4:
	case part[2] == "attn_q":
		key = "attention.head_count"
	case part[2] == "attn_k":
		key = "attention.head_count_kv"
		if _, ok := f.keys[arch+"."+key]; !ok {
			key = "attention.head_count"
		}
	}
	n, _ := f.keys[arch+"."+key].Int()
	return int(n)
}
