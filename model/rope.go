package model

import (
	"math"

	"croco/kernels"
)

// RopeSpec describes a rotary position embedding.
type RopeSpec struct {
	Theta       float64
	Dim         int  // of each head, rotated
	Interleaved bool // pairs 2i, 2i+1 instead of i, i + Dim/2
	Scaling     RopeScaling
}

// oneRope reads the rotation that all layers share, in either spelling.
func (s *Spec) oneRope(r *reader, theta float64) {
	s.Ropes = []RopeSpec{s.readRope(r, theta, s.Head)}
}

// readRope reads rope_parameters (transformers 5), or rope_theta and rope_scaling, of a rotation of dim dimensions.
func (s *Spec) readRope(r *reader, theta float64, dim int) RopeSpec {
	p := RopeSpec{Theta: r.positive("rope_theta", theta), Dim: dim}
	share := func(r *reader) {
		if r.has("partial_rotary_factor") && dim == s.Head { // else the family has read it
			r.must("partial_rotary_factor", "1", "1.0")
		}
	}
	share(r)
	for _, key := range []string{"rope_scaling", "rope_parameters"} {
		if in := r.inside(key); in != nil {
			p.Theta = in.positive("rope_theta", p.Theta)
			share(in)
			p.Scaling = s.readScaling(in, p.Dim)
			in.finish(r)
		}
	}
	return p
}

// finish refuses what was not read and hands the error up.
func (r *reader) finish(up *reader) {
	r.unread(nil)
	if up.err == nil {
		up.err = r.err
	}
}

// frequencies are the angles per position of the pairs 0 … Dim/2−1: theta^(−2i/Dim), scaled.
func (p RopeSpec) frequencies() []float64 {
	theta := p.Theta * p.Scaling.stretch(p.Dim)
	f := make([]float64, p.Dim/2)
	for i := range f {
		f[i] = p.Scaling.apply(math.Pow(theta, -2*float64(i)/float64(p.Dim)), i, p)
	}
	return f
}

// tables computes cos and sin of positions 0 … n−1, (n, Dim/2) each, times the attention factor: in float64, rounded once.
func (p RopeSpec) tables(n int) (cos, sin []float32) {
	freq, factor := p.frequencies(), 1.0
	if p.Scaling.Attention != 0 {
		factor = p.Scaling.Attention
	}
	cos, sin = make([]float32, 0, n*len(freq)), make([]float32, 0, n*len(freq))
	for pos := range n {
		for _, f := range freq {
			s, c := math.Sincos(float64(pos) * f)
			cos, sin = append(cos, float32(factor*c)), append(sin, float32(factor*s))
		}
	}
	return cos, sin
}

// rope is a rotation whose tables lie on the device. They grow by doubling as positions are asked for.
type rope struct {
	spec RopeSpec
	kernels.Rope
	rows int
}

// reach makes the tables hold positions 0 … n−1.
func (p *rope) reach(d kernels.Device, n int) {
	if n <= p.rows {
		return
	}
	rows := max(128, p.rows)
	for rows < n {
		rows *= 2
	}
	d.Free(p.Cos, p.Sin)
	cos, sin := p.spec.tables(rows)
	p.Cos, p.Sin = d.New(rows, p.spec.Dim/2), d.New(rows, p.spec.Dim/2)
	d.Write(p.Cos, cos)
	d.Write(p.Sin, sin)
	p.rows, p.Dim, p.Interleaved = rows, p.spec.Dim, p.spec.Interleaved
}

func inverseRoot(x float64) float32 { return float32(1 / math.Sqrt(x)) }
