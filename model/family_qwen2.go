package model

// qwen2 has biases on q, k and v. Its window counts only where use_sliding_window says so, from layer
// max_window_layers on.
func qwen2(r *reader, s *Spec) {
	s.context(r, 32768)
	s.heads(r, 0, 0)
	s.rmsNorm(r)
	s.activation(r, "hidden_act", "silu")
	s.oneRope(r, 10000)
	s.QKVBias = true
	s.Tied = r.boolean("tie_word_embeddings", false)
	s.qwenWindow(r)
	r.must("use_mrope", "false")
	r.must("attention_bias", "true")
}

func (s *Spec) qwenWindow(r *reader) {
	window, first := s.window(r, 4096), 28
	r.decode("max_window_layers", &first)
	if !r.boolean("use_sliding_window", false) {
		window = 0
	}
	types := s.layerTypes(r, func(i int) string {
		if window > 0 && i >= first {
			return slidingAttention
		}
		return fullAttention
	})
	s.slide(types, window)
}
