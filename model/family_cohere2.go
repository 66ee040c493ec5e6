package model

// cohere2 is cohere of which three layers of four slide, and turn; the fourth sees everything and knows no positions.
func cohere2(r *reader, s *Spec) {
	s.context(r, 8192)
	s.padding(r, 0)
	s.cohere(r)
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
