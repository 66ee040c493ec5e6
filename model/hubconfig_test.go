package model

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// longFactors is a list of n numbers.
func longFactors(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("1.5,", n), ",") + "]" }

// Configs with the keys that well-known models have.
func TestHubConfigs(t *testing.T) {
	ones := strings.TrimSuffix(strings.Repeat("1,1,1,0,", 9), ",")
	for name, c := range map[string]struct {
		config string
		want   string   // Shape
		say    []string // among Differences
	}{
		"Phi-4-mini": {`{"architectures":["Phi3ForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"auto_map":{"AutoConfig":"x"},
			"bos_token_id":199999,"embd_pdrop":0.0,"eos_token_id":199999,"full_attn_mod":1,"hidden_act":"silu","hidden_size":3072,
			"initializer_range":0.02,"intermediate_size":8192,"interpolate_factor":1,"lm_head_bias":false,"max_position_embeddings":131072,
			"mlp_bias":false,"model_type":"phi3","num_attention_heads":24,"num_hidden_layers":32,"num_key_value_heads":8,
			"original_max_position_embeddings":4096,"pad_token_id":199999,"partial_rotary_factor":0.75,"resid_pdrop":0.0,
			"rms_norm_eps":1e-05,"rope_scaling":{"long_factor":` + longFactors(48) + `,"short_factor":` + longFactors(48) + `,"type":"longrope"},
			"rope_theta":10000.0,"sliding_window":262144,"tie_word_embeddings":true,"torch_dtype":"bfloat16","use_cache":true,"vocab_size":200064}`,
			"32 layers of width 3072; 24 heads of 128, 8 key/value heads; MLP 8192; vocabulary 200064; context 4096",
			[]string{"q, k, v in one projection, gate and up in another", "96 of 128 dimensions of a head turn, longrope scaling; the original context is 4096: give a context to go beyond"}},
		"Phi-3-mini-128k": {`{"architectures":["Phi3ForCausalLM"],"attention_dropout":0.0,"embd_pdrop":0.0,"eos_token_id":32000,"hidden_act":"silu",
			"hidden_size":3072,"intermediate_size":8192,"max_position_embeddings":131072,"model_type":"phi3","num_attention_heads":32,
			"num_hidden_layers":32,"num_key_value_heads":32,"original_max_position_embeddings":4096,"pad_token_id":32000,"resid_pdrop":0.0,
			"rms_norm_eps":1e-05,"rope_scaling":{"long_factor":` + longFactors(48) + `,"short_factor":` + longFactors(48) + `,"type":"su"},
			"sliding_window":262144,"vocab_size":32064}`,
			"32 layers of width 3072; 32 heads of 96; MLP 8192; vocabulary 32064; context 4096", nil},
		"gemma-2-2b": {`{"architectures":["Gemma2ForCausalLM"],"attn_logit_softcapping":50.0,"bos_token_id":2,"cache_implementation":"hybrid",
			"eos_token_id":[1,107],"final_logit_softcapping":30.0,"head_dim":256,"hidden_act":"gelu_pytorch_tanh",
			"hidden_activation":"gelu_pytorch_tanh","hidden_size":2304,"intermediate_size":9216,"max_position_embeddings":8192,
			"model_type":"gemma2","num_attention_heads":8,"num_hidden_layers":26,"num_key_value_heads":4,"pad_token_id":0,
			"query_pre_attn_scalar":256,"rms_norm_eps":1e-06,"rope_theta":10000.0,"sliding_window":4096,"sliding_window_size":4096,"vocab_size":256000}`,
			"26 layers of width 2304; 8 heads of 256, 4 key/value heads; MLP 9216; vocabulary 256000; context 8192",
			[]string{"13 of 26 layers see 4096 positions back", "attention scores capped at 50", "logits capped at 30"}},
		"gemma-3-4b-it": {`{"architectures":["Gemma3ForConditionalGeneration"],"boi_token_index":255999,"eoi_token_index":256000,"eos_token_id":[1,106],
			"image_token_index":262144,"initializer_range":0.02,"mm_tokens_per_image":256,"model_type":"gemma3","text_config":{"hidden_size":2560,
			"intermediate_size":10240,"model_type":"gemma3_text","num_hidden_layers":34,"rope_scaling":{"factor":8.0,"rope_type":"linear"},
			"sliding_window":1024},"torch_dtype":"bfloat16","vision_config":{"hidden_size":1152}}`,
			"34 layers of width 2560; 8 heads of 256, 4 key/value heads; MLP 10240; vocabulary 262208; context 131072",
			[]string{"base 1e+06 on 5 of 34 layers, linear RoPE scaling by 8", "29 of 34 layers see 1024 positions back"}},
		"aya-expanse-8b": {`{"architectures":["CohereForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"bos_token_id":5,"eos_token_id":255001,
			"hidden_act":"silu","hidden_size":4096,"intermediate_size":14336,"layer_norm_eps":1e-05,"logit_scale":0.125,
			"max_position_embeddings":8192,"model_max_length":8192,"model_type":"cohere","num_attention_heads":32,"num_hidden_layers":32,
			"num_key_value_heads":8,"pad_token_id":0,"pretraining_tp":1,"rope_theta":10000,"use_qk_norm":false,"vocab_size":256000}`,
			"32 layers of width 4096; 32 heads of 128, 8 key/value heads; MLP 14336; vocabulary 256000; context 8192",
			[]string{"attention and MLP side by side", "interleaved pairs turn", "logits times 0.125"}},
		"OLMo-2-7B": {`{"architectures":["Olmo2ForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"eos_token_id":100257,"hidden_act":"silu",
			"hidden_size":4096,"intermediate_size":11008,"max_position_embeddings":4096,"model_type":"olmo2","num_attention_heads":32,
			"num_hidden_layers":32,"num_key_value_heads":32,"pad_token_id":100277,"rms_norm_eps":1e-06,"rope_scaling":null,"rope_theta":500000,
			"tie_word_embeddings":false,"use_cache":false,"vocab_size":100352}`,
			"32 layers of width 4096; 32 heads of 128; MLP 11008; vocabulary 100352; context 4096",
			[]string{"norms after attention and MLP only", "q and k normalised over their whole width"}},
		"SmolLM3-3B": {`{"architectures":["SmolLM3ForCausalLM"],"attention_bias":false,"bos_token_id":128000,"eos_token_id":128012,"hidden_act":"silu",
			"hidden_size":2048,"intermediate_size":11008,"max_position_embeddings":65536,"max_window_layers":28,"mlp_bias":false,
			"model_type":"smollm3","no_rope_layer_interval":4,"no_rope_layers":[` + ones + `],"num_attention_heads":16,"num_hidden_layers":36,
			"num_key_value_heads":4,"pad_token_id":128004,"pretraining_tp":2,"rms_norm_eps":1e-06,"rope_scaling":null,"rope_theta":5000000.0,
			"sliding_window":null,"use_cache":false,"use_sliding_window":false,"vocab_size":128256}`,
			"36 layers of width 2048; 16 heads of 128, 4 key/value heads; MLP 11008; vocabulary 128256; context 65536",
			[]string{"9 of 36 layers know no positions"}},
		"Qwen2.5 with yarn": {`{"architectures":["Qwen2ForCausalLM"],"hidden_size":3584,"intermediate_size":18944,"max_position_embeddings":32768,
			"max_window_layers":28,"model_type":"qwen2","num_attention_heads":28,"num_hidden_layers":28,"num_key_value_heads":4,
			"rope_scaling":{"factor":4.0,"original_max_position_embeddings":32768,"type":"yarn"},"rope_theta":1000000.0,
			"sliding_window":131072,"use_sliding_window":false,"use_mrope":false,"vocab_size":152064}`,
			"28 layers of width 3584; 28 heads of 128, 4 key/value heads; MLP 18944; vocabulary 152064; context 32768",
			[]string{"biases on q, k, v", "yarn RoPE scaling by 4 from 32768 positions"}},
		"Mistral-7B-v0.3": {`{"architectures":["MistralForCausalLM"],"hidden_size":4096,"intermediate_size":14336,"max_position_embeddings":32768,
			"model_type":"mistral","num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":8,"rms_norm_eps":1e-05,
			"rope_theta":1000000.0,"sliding_window":null,"vocab_size":32768}`,
			"32 layers of width 4096; 32 heads of 128, 8 key/value heads; MLP 14336; vocabulary 32768; context 32768", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := specOf(t, []byte(c.config))
			require.NoError(t, err)
			require.Equal(t, c.want, s.Shape())
			require.Subset(t, s.Differences(), c.say)
			if c.say == nil && s.Ropes[0].Scaling.Kind == "" {
				require.Empty(t, s.Differences())
			}
		})
	}
}

// yarn by hand: Dim 16, theta 10000, 64 positions, turns 8 and 2. Pair i turns 64·theta^(−i/8)/2π times: 10.2, 3.2, 1.02, ….
// The ramp runs from pair 0 (floor of 0.21) to pair 2 (ceiling of 1.41): pair 1 is half kept.
func TestYarnByHand(t *testing.T) {
	p := RopeSpec{Theta: 10000, Dim: 16, Scaling: RopeScaling{Kind: "yarn", Factor: 4, Orig: 64, BetaFast: 8, BetaSlow: 2, Attention: 1.5}}
	f, plain := p.frequencies(), RopeSpec{Theta: 10000, Dim: 16}.frequencies()
	require.Equal(t, plain[0], f[0])
	require.InDelta(t, plain[1]*(0.5+0.5/4), f[1], 1e-15)
	for i := 2; i < 8; i++ {
		require.InDelta(t, plain[i]/4, f[i], 1e-15)
	}
	cos, _ := p.tables(1)
	require.Equal(t, float32(1.5), cos[0])
	p.Scaling.Untruncated = true
	low, high := 16*math.Log(64/(8*2*math.Pi))/(2*math.Log(10000)), 16*math.Log(64/(2*2*math.Pi))/(2*math.Log(10000))
	require.InDelta(t, plain[1]*(1-(1-low)/(high-low)*0.75), p.frequencies()[1], 1e-15)
}

// What the scalings read, and where: defaults, both places of the original context, and mistakes.
func TestScalingKeys(t *testing.T) {
	scaling := func(model, text string, more map[string]any) (RopeScaling, error) {
		changes := map[string]any{"rope_scaling": jsonOf(t, text)}
		for k, v := range more {
			changes[k] = v
		}
		s, err := specOf(t, edited(t, model, changes))
		if err != nil {
			return RopeScaling{}, err
		}
		return s.Ropes[0].Scaling, nil
	}
	c, err := scaling("llama-tied", `{"type":"yarn","factor":4}`, nil)
	require.NoError(t, err)
	require.Equal(t, RopeScaling{Kind: "yarn", Factor: 4, Orig: 256, BetaFast: 32, BetaSlow: 1, Attention: 0.1*math.Log(4) + 1}, c)
	c, err = scaling("llama-tied", `{"type":"yarn","factor":4,"attention_factor":0.5,"truncate":false}`, map[string]any{originalKey: 64})
	require.NoError(t, err)
	require.Equal(t, RopeScaling{Kind: "yarn", Factor: 4, Orig: 64, BetaFast: 32, BetaSlow: 1, Attention: 0.5, Untruncated: true}, c)
	c, err = scaling("phi3-longrope", `{"type":"longrope","factor":4,"short_factor":[1,2,3,4],"long_factor":[5,6,7,8]}`, nil)
	require.NoError(t, err)
	require.Equal(t, RopeScaling{Kind: "longrope", Factor: 4, Orig: 32, Factors: []float64{1, 2, 3, 4}, Attention: math.Sqrt(1 + math.Log(4)/math.Log(32))}, c)
	for text, want := range map[string]string{
		`{"type":"longrope","short_factor":[1,2,3,4]}`:                                   `"rope_scaling.long_factor": is missing`,
		`{"type":"longrope","short_factor":[1,2,3],"long_factor":[1,2,3,4]}`:             "lists 3 numbers, expected one for each of the 4 pairs",
		`{"type":"longrope","short_factor":[1,2,3,0],"long_factor":[1,2,3,4]}`:           "expected numbers above 0",
		fmt.Sprintf(`{"type":"longrope","%s":64,"short_factor":[1,2,3,4]}`, originalKey): "64 contradicts 32",
		`{"type":"linear","factor":2}`:                                                   `"linear" is not supported in this family, only longrope`,
	} {
		_, err := scaling("phi3-longrope", text, nil)
		require.ErrorContains(t, err, want)
	}
	_, err = scaling("llama-tied", `{"type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":4}`, nil)
	require.ErrorContains(t, err, "4 is not above low_freq_factor 4")
	for share, want := range map[float64]string{0.2: "are 3 dimensions", 1.5: "are 24 dimensions"} {
		_, err := specOf(t, edited(t, "phi3", map[string]any{"partial_rotary_factor": share}))
		require.ErrorContains(t, err, want)
	}
}

func jsonOf(t *testing.T, text string) (v any) {
	require.NoError(t, json.Unmarshal([]byte(text), &v))
	return v
}
