package model

// llama is the base case: RMSNorm before attention and MLP, rotate-half RoPE, SiLU.
func llama(r *reader, s *Spec) {
	s.context(r, 2048)
	s.heads(r, s.Heads, 0)
	s.rmsNorm(r)
	s.activation(r, "hidden_act", "silu")
	s.oneRope(r, 10000)
	r.must("rope_interleaved", "false")
	s.QKVBias = r.boolean("attention_bias", false)
	s.OBias = s.QKVBias
	s.MLPBias = r.boolean("mlp_bias", false)
	s.Tied = r.boolean("tie_word_embeddings", false)
	s.noneSlides(r)
}
