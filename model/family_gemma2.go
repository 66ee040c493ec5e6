package model

import "math"

// gemma2 normalises before and after attention and MLP, with weights 1 + w, and caps attention scores and logits. Every
// other layer slides, from the first on.
func gemma2(r *reader, s *Spec) {
	s.context(r, 8192)
	s.padding(r, 0)
	s.heads(r, 0, 256)
	s.gemma(r)
	s.AttnCap = r.softcap("attn_logit_softcapping", 50)
	s.finalCap(r, 30)
	types := s.layerTypes(r, func(i int) string { return []string{slidingAttention, fullAttention}[i%2] })
	window := r.size("sliding_window", 4096)
	s.slide(types, window)
	if old := r.size("sliding_window_size", window); old != window {
		r.fail("sliding_window_size", "%d contradicts sliding_window %d", old, window)
	}
	s.oneRope(r, 10000)
}

// gemma reads what Gemma 2 and 3 share.
func (s *Spec) gemma(r *reader) {
	s.rmsNorm(r)
	s.Norm.Offset, s.PostNorm = 1, true
	s.activation(r, "hidden_activation", "gelu_pytorch_tanh")
	r.must("hidden_act", `"gelu_pytorch_tanh"`, `"gelu"`) // transformers reads hidden_activation only
	s.QKVBias = r.boolean("attention_bias", false)
	s.OBias = s.QKVBias
	s.Tied = r.boolean("tie_word_embeddings", true)
	s.AttnScale = inverseRoot(r.positive("query_pre_attn_scalar", 256))
	// Transformers rounds this factor to the dtype that it computes in; here that is float32, whatever the file holds.
	s.EmbedScale = float32(math.Sqrt(float64(s.Width)))
}

// finalCap reads the soft cap of logits, which classifiers skip.
func (s *Spec) finalCap(r *reader, def float64) {
	s.Logits.Softcap = r.softcap("final_logit_softcapping", def)
	if s.Labels > 0 {
		s.Logits.Softcap = 0
	}
}

// softcap reads a limit: def where the key is absent, 0, no limit, where it is null.
func (r *reader) softcap(key string, def float64) float32 {
	switch {
	case r.absent(key):
		return float32(def)
	case !r.has(key):
		return 0
	}
	return float32(r.positive(key, 0))
}
