package model

import (
	"fmt"
	"strings"
)

// TensorInfo is the name and shape of a tensor that a model's files must hold.
type TensorInfo struct {
	Name  string
	Shape []int
}

// projection is a place for a linear layer in a block.
type projection int

const (
	qProj projection = iota
	kProj
	vProj
	oProj
	gateProj
	upProj
	downProj
	qkvProj    // q, k and v in one, and
	gateUpProj // gate and up in one, of families that fuse them
	projections
)

// projections are the linear layers of a block, in the order of parameters and files.
func (s *Spec) projections() []projection {
	if s.Fused {
		return []projection{qkvProj, oProj, gateUpProj, downProj}
	}
	return []projection{qProj, kProj, vProj, oProj, gateProj, upProj, downProj}
}

// path is the module's path below its layer.
func (p projection) path() string {
	return [...]string{"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj",
		"mlp.up_proj", "mlp.down_proj", "self_attn.qkv_proj", "mlp.gate_up_proj"}[p]
}

// name is the last part of the path: what PEFT's target_modules lists.
func (p projection) name() string { return p.path()[strings.LastIndexByte(p.path(), '.')+1:] }

// Targets are the names that LoRA.Targets may hold, those of PEFT's target_modules.
func (s *Spec) Targets() []string {
	var names []string
	for _, p := range s.projections() {
		names = append(names, p.name())
	}
	return names
}

const (
	embedName = "model.embed_tokens.weight"
	normName  = "model.norm.weight"
	headName  = "lm_head.weight"
	scoreName = "score.weight"
)

// layerName is the full name of something in a layer: "model.layers.3.self_attn.q_proj".
func layerName(layer int, path string) string { return fmt.Sprintf("model.layers.%d.%s", layer, path) }

// linear is the shape (out, in) of a projection and whether it has a bias.
func (s *Spec) linear(p projection) (out, in int, bias bool) {
	q, kv := s.Heads*s.Head, s.KVHeads*s.Head
	switch p {
	case qProj:
		return q, s.Width, s.QKVBias
	case kProj, vProj:
		return kv, s.Width, s.QKVBias
	case oProj:
		return s.Width, q, s.OBias
	case qkvProj:
		return q + 2*kv, s.Width, s.QKVBias
	case gateProj, upProj:
		return s.MLP, s.Width, s.MLPBias
	case gateUpProj:
		return 2 * s.MLP, s.Width, s.MLPBias
	default:
		return s.Width, s.MLP, s.MLPBias
	}
}

// norms are the paths of a block's normalisations over the width: before attention, after it, before the MLP, after it;
// "" where the family has none.
func (s *Spec) norms() [4]string {
	switch {
	case s.Parallel:
		return [4]string{"input_layernorm", "", "", ""}
	case s.PostNorm && s.NoPre:
		return [4]string{"", "post_attention_layernorm", "", "post_feedforward_layernorm"}
	case s.PostNorm:
		return [4]string{"input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"}
	default:
		return [4]string{"input_layernorm", "", "post_attention_layernorm", ""}
	}
}

// headNorm is the shape of the weight that normalises q or k.
func (s *Spec) headNorm(heads int) []int {
	switch s.QKNorm {
	case PerHeadOwn:
		return []int{heads, s.Head}
	case WholeWidth:
		return []int{heads * s.Head}
	}
	return []int{s.Head}
}

// Tensors lists every tensor of the model, from the embedding to the head. Params, files and hashes keep this order.
func (s *Spec) Tensors() []TensorInfo {
	list := []TensorInfo{{embedName, []int{s.Vocab, s.Width}}}
	add := func(name string, shape ...int) { list = append(list, TensorInfo{name, shape}) }
	for i := range s.Layers {
		for _, norm := range s.norms() {
			if norm != "" {
				add(layerName(i, norm+".weight"), s.Width)
			}
		}
		if s.QKNorm != NoQKNorm {
			add(layerName(i, "self_attn.q_norm.weight"), s.headNorm(s.Heads)...)
			add(layerName(i, "self_attn.k_norm.weight"), s.headNorm(s.KVHeads)...)
		}
		for _, p := range s.projections() {
			out, in, bias := s.linear(p)
			add(layerName(i, p.path()+".weight"), out, in)
			if bias {
				add(layerName(i, p.path()+".bias"), out)
			}
		}
	}
	add(normName, s.Width)
	switch {
	case s.Labels > 0:
		add(scoreName, s.Labels, s.Width)
	case !s.Tied:
		add(headName, s.Vocab, s.Width)
	}
	return list
}

// ignorable are tensors that a file may hold and that nothing needs: a copy of the tied head, and the rotary
// frequencies that old versions of transformers saved.
func (s *Spec) ignorable(name string) bool {
	return s.Tied && s.Labels == 0 && name == headName || strings.HasSuffix(name, "rotary_emb.inv_freq")
}

// decays is the rule of the Hugging Face trainer: no weight decay for biases and for anything with norm in its name.
func decays(name string) bool {
	return !strings.HasSuffix(name, "bias") && !strings.Contains(name, "norm")
}
