package model

// smollm3 is llama of which every fourth layer knows no positions. Where the config says so, those layers slide.
func smollm3(r *reader, s *Spec) {
	s.context(r, 32768)
	s.padding(r, 128004)
	s.heads(r, 4, 0)
	s.rmsNorm(r)
	s.activation(r, "hidden_act", "silu")
	s.oneRope(r, 2e6)
	s.QKVBias = r.boolean("attention_bias", false)
	s.OBias = s.QKVBias
	s.MLPBias = r.boolean("mlp_bias", false)
	s.Tied = r.boolean("tie_word_embeddings", true)
	for i, turns := range s.turning(r) {
		if !turns {
			s.Layers[i].Rope = -1
		}
	}
	window := s.window(r, 0)
	if !r.boolean("use_sliding_window", false) {
		window = 0
	}
	s.slide(s.layerTypes(r, func(i int) string {
		if window > 0 && s.Layers[i].Rope < 0 {
			return slidingAttention
		}
		return fullAttention
	}), window)
	r.has("max_window_layers") // which transformers does not read in this family
}

// turning says of each layer whether it turns: no_rope_layers has 1 for one that does.
func (s *Spec) turning(r *reader) []bool {
	turns := make([]bool, len(s.Layers))
	interval := r.size("no_rope_layer_interval", 4)
	for i := range turns {
		turns[i] = (i+1)%interval != 0
	}
	var given []int
	if !r.decode("no_rope_layers", &given) {
		return turns
	}
	if len(given) < len(turns) {
		r.fail("no_rope_layers", "lists %d layers, num_hidden_layers is %d", len(given), len(turns))
		return turns
	}
	for i := range turns {
		turns[i] = given[i] != 0
	}
	return turns
}
