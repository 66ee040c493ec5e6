package model

// mistral is llama with a window on all layers, where sliding_window is not null.
func mistral(r *reader, s *Spec) {
	s.context(r, 131072)
	s.heads(r, 0, 0)
	s.rmsNorm(r)
	s.activation(r, "hidden_act", "silu")
	s.oneRope(r, 10000)
	s.Tied = r.boolean("tie_word_embeddings", false)
	s.slide(s.layerTypes(r, allSliding), s.window(r, 4096))
	r.must("attention_bias", "false")
}
