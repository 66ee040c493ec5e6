package model

// qwen3 normalises q and k head by head, before the rotation.
func qwen3(r *reader, s *Spec) {
	s.context(r, 32768)
	s.heads(r, 0, 128)
	s.rmsNorm(r)
	s.activation(r, "hidden_act", "silu")
	s.oneRope(r, 10000)
	s.QKNorm = PerHead
	s.QKVBias = r.boolean("attention_bias", false)
	s.OBias = s.QKVBias
	s.Tied = r.boolean("tie_word_embeddings", false)
	s.qwenWindow(r)
}
