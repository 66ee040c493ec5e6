package model

import (
	"math"

	"croco/kernels"
)

// oneRope reads the rotation that all layers share, in either spelling.
func (s *Spec) oneRope(r *reader, theta float64) {
	s.Ropes = []RopeSpec{s.readRope(r, theta)}
}

// readRope reads rope_parameters (transformers 5), or rope_theta and rope_scaling.
func (s *Spec) readRope(r *reader, theta float64) RopeSpec {
	p := RopeSpec{Theta: r.positive("rope_theta", theta), Dim: s.Head}
	r.must("partial_rotary_factor", "1", "1.0")
	for _, key := range []string{"rope_scaling", "rope_parameters"} {
		if in := r.inside(key); in != nil {
			p.Theta = in.positive("rope_theta", p.Theta)
			in.must("partial_rotary_factor", "1", "1.0")
			p.Scaling = readScaling(in)
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

// readScaling reads rope_type (older: type) and its numbers.
func readScaling(r *reader) RopeScaling {
	kind := r.str("rope_type", r.str("type", "default"))
	switch kind {
	case "default":
		return RopeScaling{}
	case "linear":
		return RopeScaling{Kind: kind, Factor: r.positive("factor", 0)}
	case "llama3":
		return RopeScaling{Kind: kind, Factor: r.positive("factor", 0),
			LowFreqFactor: r.positive("low_freq_factor", 0), HighFreqFactor: r.positive("high_freq_factor", 0),
			Orig: r.positive("original_max_position_embeddings", 0)}
	}
	r.fail("rope_type", "%q is not supported; known: default, linear, llama3", kind)
	return RopeScaling{}
}

// frequencies are the angles per position of the pairs 0 … Dim/2−1: theta^(−2i/Dim), scaled.
func (p RopeSpec) frequencies() []float64 {
	f := make([]float64, p.Dim/2)
	for i := range f {
		f[i] = p.Scaling.apply(math.Pow(p.Theta, -2*float64(i)/float64(p.Dim)))
	}
	return f
}

// apply scales one frequency. llama3 keeps short wavelengths, stretches long ones by the factor, and blends between,
// linearly in orig / wavelength.
func (c RopeScaling) apply(f float64) float64 {
	switch c.Kind {
	case "linear":
		return f / c.Factor
	case "llama3":
		turns := c.Orig * f / (2 * math.Pi) // in the original context
		switch {
		case turns > c.HighFreqFactor:
			return f
		case turns < c.LowFreqFactor:
			return f / c.Factor
		}
		keep := (turns - c.LowFreqFactor) / (c.HighFreqFactor - c.LowFreqFactor)
		return keep*f + (1-keep)*f/c.Factor
	}
	return f
}

// tables computes cos and sin of positions 0 … n−1, (n, Dim/2) each: angles in float64, rounded once.
func (p RopeSpec) tables(n int) (cos, sin []float32) {
	freq := p.frequencies()
	cos, sin = make([]float32, 0, n*len(freq)), make([]float32, 0, n*len(freq))
	for pos := range n {
		for _, f := range freq {
			s, c := math.Sincos(float64(pos) * f)
			cos, sin = append(cos, float32(c)), append(sin, float32(s))
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
