package model

// phi3 is llama with q, k and v in one projection, and gate and up in another. A part of each head may turn; longer texts
// have frequencies of their own.
func phi3(r *reader, s *Spec) {
	s.context(r, 4096)
	s.padding(r, 32000)
	r.original = r.positive(originalKey, 4096)
	s.heads(r, s.Heads, 0)
	s.rmsNormOf(r, 1e-5)
	s.activation(r, "hidden_act", "silu")
	s.Fused = true
	s.Tied = r.boolean("tie_word_embeddings", false)
	s.slide(s.layerTypes(r, allSliding), s.window(r, 0))
	s.Ropes = []RopeSpec{s.readRope(r, 10000, s.partial(r))}
	if kind := s.Ropes[0].Scaling.Kind; kind != "" && kind != "longrope" {
		r.fail("rope_scaling", "%q is not supported in this family, only longrope", kind)
	}
	// Phi-4-mini writes these out.
	r.must("attention_bias", "false")
	r.must("mlp_bias", "false")
	r.must("lm_head_bias", "false")
	r.must("full_attn_mod", "1")
	r.must("interpolate_factor", "1")
}

// partial is the number of dimensions of a head that turn: partial_rotary_factor of them, in either place.
func (s *Spec) partial(r *reader) int {
	const key = "partial_rotary_factor"
	share := r.positive(key, 1)
	for _, inner := range []string{"rope_scaling", "rope_parameters"} {
		if in := r.inside(inner); in != nil {
			share = in.positive(key, share)
		}
	}
	dim := int(float64(s.Head) * share)
	if share > 1 || dim < 2 || dim%2 != 0 {
		r.fail(key, "%v of head_dim %d are %d dimensions: expected an even number of at most that", share, s.Head, dim)
	}
	return dim
}
