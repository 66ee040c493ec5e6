package model

import "math"

// gemma3 (the text model) normalises before and after attention and MLP, with weights 1 + w. Five layers of six slide,
// and turn by a base of their own.
func gemma3(r *reader, s *Spec) {
	s.context(r, 131072)
	s.heads(r, 0, 256)
	s.rmsNorm(r)
	s.Norm.Offset = 1
	s.QKNorm, s.PostNorm = true, true
	s.activation(r, "hidden_activation", "gelu_pytorch_tanh")
	r.must("hidden_act", `"gelu_pytorch_tanh"`)
	s.QKVBias = r.boolean("attention_bias", false)
	s.OBias = s.QKVBias
	s.Tied = r.boolean("tie_word_embeddings", true)

	s.AttnScale = inverseRoot(r.positive("query_pre_attn_scalar", 256))
	s.AttnCap = r.softcap("attn_logit_softcapping")
	s.Logits.Softcap = r.softcap("final_logit_softcapping")
	if s.Labels > 0 {
		s.Logits.Softcap = 0 // classifiers skip it
	}
	// Transformers rounds this factor to the dtype that it computes in; here that is float32, whatever the file holds.
	s.EmbedScale = float32(math.Sqrt(float64(s.Width)))

	pattern := r.size("sliding_window_pattern", r.size("_sliding_window_pattern", 6))
	types := s.layerTypes(r, everyFull(pattern))
	s.slide(types, r.size("sliding_window", 4096))
	s.gemmaRopes(r, types)
}

// gemmaRopes reads the rotation of full layers (0) and of sliding layers (1).
func (s *Spec) gemmaRopes(r *reader, types []string) {
	s.Ropes = make([]RopeSpec, 2)
	local := RopeSpec{Theta: r.positive("rope_local_base_freq", 10000), Dim: s.Head}
	both := r.inside("rope_parameters")
	if both == nil || !both.has(fullAttention) {
		s.Ropes[0], s.Ropes[1] = s.readRope(r, 1e6), local
	} else {
		for i, key := range []string{fullAttention, slidingAttention} {
			s.Ropes[i] = RopeSpec{Theta: []float64{1e6, 1e4}[i], Dim: s.Head}
			if in := both.inside(key); in != nil {
				s.Ropes[i].Theta = in.positive("rope_theta", s.Ropes[i].Theta)
				s.Ropes[i].Scaling = readScaling(in)
				in.finish(both)
			}
		}
		both.finish(r)
	}
	for i, t := range types {
		if t == slidingAttention {
			s.Layers[i].Rope = 1
		}
	}
}

// softcap reads a limit that may be null.
func (r *reader) softcap(key string) float32 {
	if !r.has(key) {
		return 0
	}
	return float32(r.positive(key, 0))
}

// everyFull makes each pattern-th layer a full one.
func everyFull(pattern int) func(int) string {
	return func(i int) string {
		if (i+1)%pattern == 0 {
			return fullAttention
		}
		return slidingAttention
	}
}
