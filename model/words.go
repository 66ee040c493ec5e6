package model

import (
	"fmt"
	"slices"
	"strings"

	"croco/kernels"
)

// Shape is the size of a decoder in words.
func (s *Spec) Shape() string {
	heads := fmt.Sprintf("%d heads of %d", s.Heads, s.Head)
	switch s.KVHeads {
	case s.Heads:
	case 1:
		heads += ", one key/value head"
	default:
		heads += fmt.Sprintf(", %d key/value heads", s.KVHeads)
	}
	return fmt.Sprintf("%d layers of width %d; %s; MLP %d; vocabulary %d; context %d", len(s.Layers), s.Width, heads, s.MLP, s.Vocab, s.Positions)
}

// Differences is what distinguishes a decoder from the base case, Llama: a phrase each, from the input to the output.
func (s *Spec) Differences() []string {
	var list []string
	say := func(when bool, format string, args ...any) {
		if when {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	say(s.EmbedScale != 1, "embeddings times %.4g", s.EmbedScale)
	say(s.Norm.LayerNorm, "LayerNorm without a bias")
	say(s.Norm.Offset != 0, "norm weights are 1 + w")
	say(s.Parallel, "attention and MLP side by side")
	say(s.PostNorm && !s.NoPre, "norms before and after attention and MLP")
	say(s.NoPre, "norms after attention and MLP only")
	say(s.Fused, "q, k, v in one projection, gate and up in another")
	say(s.QKVBias && s.OBias, "biases in attention")
	say(s.QKVBias && !s.OBias, "biases on q, k, v")
	say(s.MLPBias, "biases in the MLP")
	say(s.QKNorm == PerHead, "q and k normalised head by head")
	say(s.QKNorm == PerHeadOwn, "q and k normalised head by head, each with weights of its own")
	say(s.QKNorm == WholeWidth, "q and k normalised over their whole width")
	list = append(list, s.rotations()...)
	list = append(list, s.windows()...)
	say(s.AttnScale != inverseRoot(float64(s.Head)), "attention scores times %.4g", s.AttnScale)
	say(s.AttnCap > 0, "attention scores capped at %g", s.AttnCap)
	say(s.Activation == kernels.GELUTanh, "GELU")
	say(s.Logits.Scale != 1, "logits times %g", s.Logits.Scale)
	say(s.Logits.Softcap > 0, "logits capped at %g", s.Logits.Softcap)
	return list
}

// rotations describes what is special about positions.
func (s *Spec) rotations() (list []string) {
	for i, r := range s.Ropes {
		layers := s.count(func(l Layer) bool { return l.Rope == i })
		if layers == 0 {
			continue
		}
		var parts []string
		if r.Interleaved {
			parts = append(parts, "interleaved pairs turn")
		}
		if r.Dim < s.Head {
			parts = append(parts, fmt.Sprintf("%d of %d dimensions of a head turn", r.Dim, s.Head))
		}
		if text := r.Scaling.String(); text != "" {
			parts = append(parts, text)
		}
		if len(s.Ropes) > 1 {
			parts = append([]string{fmt.Sprintf("base %g on %d of %d layers", r.Theta, layers, len(s.Layers))}, parts...)
		}
		if len(parts) > 0 {
			list = append(list, strings.Join(parts, ", "))
		}
	}
	if n := s.count(func(l Layer) bool { return l.Rope < 0 }); n > 0 {
		list = append(list, fmt.Sprintf("%d of %d layers know no positions", n, len(s.Layers)))
	}
	return list
}

// windows describes the layers that do not see everything.
func (s *Spec) windows() (list []string) {
	var sizes []int
	for _, l := range s.Layers {
		if l.Window > 0 && !slices.Contains(sizes, l.Window) {
			sizes = append(sizes, l.Window)
		}
	}
	for _, w := range sizes {
		n := s.count(func(l Layer) bool { return l.Window == w })
		list = append(list, fmt.Sprintf("%d of %d layers see %d positions back", n, len(s.Layers), w))
	}
	return list
}

func (s *Spec) count(which func(Layer) bool) (n int) {
	for _, l := range s.Layers {
		if which(l) {
			n++
		}
	}
	return n
}

// String is the scaling in words, "" where there is none.
func (c RopeScaling) String() string {
	switch c.Kind {
	case "":
		return ""
	case "dynamic":
		if c.Length == c.Orig {
			return fmt.Sprintf("dynamic RoPE scaling by %g, beyond %g positions only: give a context to use it", c.Factor, c.Orig)
		}
		return fmt.Sprintf("dynamic RoPE scaling by %g, for %g positions", c.Factor, c.Length)
	case "longrope":
		return fmt.Sprintf("longrope scaling; the original context is %g: give a context to go beyond", c.Orig)
	case "linear":
		return fmt.Sprintf("linear RoPE scaling by %g", c.Factor)
	}
	return fmt.Sprintf("%s RoPE scaling by %g from %g positions", c.Kind, c.Factor, c.Orig)
}
