package model

// olmo2 normalises what attention and MLP return, not what they read, and q and k over their whole width.
func olmo2(r *reader, s *Spec) {
	s.context(r, 2048)
	s.padding(r, 1)
	s.heads(r, s.Heads, 0)
	s.rmsNormOf(r, 1e-5)
	s.PostNorm, s.NoPre, s.QKNorm = true, true, WholeWidth
	s.activation(r, "hidden_act", "silu")
	s.oneRope(r, 10000)
	s.QKVBias = r.boolean("attention_bias", false)
	s.OBias = s.QKVBias
	s.Tied = r.boolean("tie_word_embeddings", false)
	s.noneSlides(r)
}
