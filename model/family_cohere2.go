package model

import "croco/kernels"

// cohere2 runs attention and MLP side by side on one LayerNorm. Three layers of four slide and turn interleaved pairs;
// the fourth sees everything and knows no positions.
func cohere2(r *reader, s *Spec) {
	s.context(r, 8192)
	s.heads(r, s.Heads, 0)
	if s.Head*s.Heads != s.Width {
		r.fail("head_dim", "%d is not hidden_size / num_attention_heads = %d / %d", s.Head, s.Width, s.Heads)
	}
	s.Norm = kernels.Norm{LayerNorm: true, Eps: float32(r.positive("layer_norm_eps", 1e-5))}
	s.Parallel = true
	s.activation(r, "hidden_act", "silu")
	s.QKVBias = r.boolean("attention_bias", false)
	s.OBias = s.QKVBias
	s.Tied = r.boolean("tie_word_embeddings", true)
	s.Logits.Scale = float32(r.positive("logit_scale", 0.0625))
	if s.Labels > 0 {
		s.Logits.Scale = 1 // a score is not scaled
	}

	pattern := r.size("sliding_window_pattern", r.size("_sliding_window_pattern", 4))
	types := s.layerTypes(r, everyFull(pattern))
	s.slide(types, r.size("sliding_window", 4096))
	s.oneRope(r, 10000)
	s.Ropes[0].Interleaved = true
	for i, t := range types {
		if t == fullAttention {
			s.Layers[i].Rope = -1
		}
	}
	r.must("use_qk_norm", "false")
	r.must("use_parallel_block", "true")
	r.must("use_gated_activation", "true")
	r.must("use_embedding_sharing", "true")
	r.must("position_embedding_type", `"rope_gptj"`)
	r.must("rotary_pct", "1", "1.0")
	r.must("order_of_interleaved_layers", `"local_attn_first"`)
	if old := r.size("layer_switch", pattern); old != pattern {
		r.fail("layer_switch", "%d contradicts sliding_window_pattern %d", old, pattern)
	}
}
