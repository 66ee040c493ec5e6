package model

import "croco/kernels"

// cohere runs attention and MLP side by side on one LayerNorm, and turns interleaved pairs. q and k may be normalised
// head by head, with a weight of its own for each.
func cohere(r *reader, s *Spec) {
	s.context(r, 8192)
	s.padding(r, 0)
	s.cohere(r)
	s.oneRope(r, 500000)
	s.Ropes[0].Interleaved = true
	if r.boolean("use_qk_norm", false) {
		s.QKNorm = PerHeadOwn
	}
	s.noneSlides(r)
}

// cohere reads what both generations share.
func (s *Spec) cohere(r *reader) {
	s.heads(r, s.Heads, 0)
	if s.Head*s.Heads != s.Width {
		r.fail("head_dim", "%d is not hidden_size / num_attention_heads = %d / %d", s.Head, s.Width, s.Heads)
	}
	s.Norm = kernels.Norm{LayerNorm: true, Eps: float32(r.positive("layer_norm_eps", 1e-5))}
	s.Parallel = true
	s.activation(r, "hidden_act", "silu")
	s.QKVBias = r.boolean("attention_bias", false)
	s.OBias = s.QKVBias
	s.Tied = r.boolean("tie_word_embeddings", true)
	s.Logits.Scale = float32(r.positive("logit_scale", 0.0625))
	if s.Labels > 0 {
		s.Logits.Scale = 1 // a score is not scaled
	}
}
