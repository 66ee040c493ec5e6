package model

import (
	"fmt"
	"slices"
	"strings"
)

// family is a kind of model: how its config is read, and what people should know of it.
type family struct {
	read func(r *reader, s *Spec) // what is special; common has read what all share
	name string                   // as transformers' classes begin
	// classifier is transformers' class of the decoder with a score, "" where it has none: croco then trains and reads
	// such a model as it does others, but transformers cannot load it.
	classifier string
	about      string // what distinguishes it
}

// families by model_type. Each has its file.
var families = map[string]family{
	"llama":       {llama, "Llama", "LlamaForSequenceClassification", "the base case: Llama 2 and 3, EuroLLM, SmolLM2"},
	"mistral":     {mistral, "Mistral", "MistralForSequenceClassification", "a window on all layers, or none"},
	"qwen2":       {qwen2, "Qwen2", "Qwen2ForSequenceClassification", "biases on q, k and v; perhaps a window on the upper layers"},
	"qwen3":       {qwen3, "Qwen3", "Qwen3ForSequenceClassification", "q and k normalised head by head"},
	"smollm3":     {smollm3, "SmolLM3", "SmolLM3ForSequenceClassification", "every fourth layer knows no positions"},
	"olmo2":       {olmo2, "Olmo2", "Olmo2ForSequenceClassification", "norms after attention and MLP only; q and k normalised over their whole width"},
	"phi3":        {phi3, "Phi3", "Phi3ForSequenceClassification", "q, k, v in one projection, gate and up in another; a part of each head turns"},
	"gemma2":      {gemma2, "Gemma2", "Gemma2ForSequenceClassification", "norms before and after attention and MLP; soft caps; every other layer slides"},
	"gemma3_text": {gemma3, "Gemma3", "Gemma3TextForSequenceClassification", "norms before and after attention and MLP; five layers of six slide and turn by a base of their own"},
	"cohere":      {cohere, "Cohere", "", "attention and MLP side by side on one LayerNorm; interleaved pairs turn"},
	"cohere2":     {cohere2, "Cohere2", "", "attention and MLP side by side; three layers of four slide, the fourth knows no positions"},
}

func knownFamilies() []string { return sorted(families) }

// refused are model types that people ask for, by what they are instead of a decoder that croco runs.
var refused = map[string]string{
	"a mixture of experts": `mixtral qwen2_moe qwen3_moe qwen3_next olmoe deepseek_v2 deepseek_v3 phimoe granitemoe dbrx llama4
		llama4_text gpt_oss jetmoe minimax hunyuan_v1_moe glm4_moe ernie4_5_moe dots1 arctic`,
	"an encoder": `bert roberta xlm-roberta xlm-roberta-xl xlm camembert distilbert electra albert deberta deberta-v2 modernbert
		mpnet nomic_bert eurobert neobert`,
	"an encoder-decoder": `t5 mt5 umt5 t5gemma bart mbart m2m_100 nllb-moe marian pegasus prophetnet whisper seamless_m4t`,
	"a state-space model or a hybrid with one": `mamba mamba2 falcon_mamba rwkv jamba bamba zamba zamba2 recurrent_gemma
		granitemoehybrid nemotron_h lfm2 falcon_h1`,
	"a vision or multimodal model": `clip siglip vit llava llava_next llava_onevision pixtral mistral3 mllama idefics2 idefics3
		smolvlm paligemma qwen2_vl qwen2_5_vl qwen3_vl internvl phi3_v phi4_multimodal gemma3n gemma4 blip-2`,
}

// family finds the family of a config, or says why there is none.
func (c *Config) family() (family, error) {
	f, ok := families[c.ModelType]
	if ok {
		return f, nil
	}
	for _, kind := range sorted(refused) {
		if slices.Contains(strings.Fields(refused[kind]), c.ModelType) {
			return f, fmt.Errorf("%s: \"model_type\": %q is %s: croco runs dense decoders only, of the families %s",
				c.File, c.ModelType, kind, strings.Join(knownFamilies(), ", "))
		}
	}
	return f, fmt.Errorf("%s: \"model_type\": %q is unknown; known: %s", c.File, c.ModelType, strings.Join(knownFamilies(), ", "))
}
