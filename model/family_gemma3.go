package model

// gemma3 (the text model) is gemma2 without caps, whose q and k are normalised head by head. Five layers of six slide,
// and turn by a base of their own.
func gemma3(r *reader, s *Spec) {
	s.context(r, 131072)
	s.padding(r, 0)
	s.heads(r, 4, 256)
	s.gemma(r)
	s.QKNorm = PerHead
	s.AttnCap = r.softcap("attn_logit_softcapping", 0)
	s.finalCap(r, 0)
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
		s.Ropes[0], s.Ropes[1] = s.readRope(r, 1e6, s.Head), local
	} else {
		for i, key := range []string{fullAttention, slidingAttention} {
			s.Ropes[i] = RopeSpec{Theta: []float64{1e6, 1e4}[i], Dim: s.Head}
			if in := both.inside(key); in != nil {
				s.Ropes[i].Theta = in.positive("rope_theta", s.Ropes[i].Theta)
				s.Ropes[i].Scaling = s.readScaling(in, s.Head)
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

// everyFull makes each pattern-th layer a full one.
func everyFull(pattern int) func(int) string {
	return func(i int) string {
		if (i+1)%pattern == 0 {
			return fullAttention
		}
		return slidingAttention
	}
}
