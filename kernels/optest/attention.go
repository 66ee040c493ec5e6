package optest

import (
	"fmt"
	"math"

	"croco/kernels"
	"croco/kernels/forest"
)

// grow makes a sequence of n tokens that begins with the given ones; equal seeds continue alike.
func grow(begin []int32, seed, n int) []int32 {
	s := append([]int32{}, begin...)
	for i := range n {
		s = append(s, int32(1000*seed+i))
	}
	return s
}

// forests are the shapes that attention must get right.
var forests = []struct {
	Name      string
	Sequences [][]int32
}{
	{"one token", [][]int32{{1}}},
	{"T=7", [][]int32{grow(nil, 1, 7)}},
	{"T=33", [][]int32{grow(nil, 1, 33)}},
	{"T=65", [][]int32{grow(nil, 1, 65)}},
	{"two roots", [][]int32{grow(nil, 1, 20), grow(nil, 2, 13)}},
	{"shared prefix", func() [][]int32 {
		prompt := grow(nil, 1, 61)
		return [][]int32{grow(prompt, 2, 5), grow(prompt, 3, 70), grow(prompt, 4, 1)}
	}()},
	{"ends inside", func() [][]int32 {
		prompt := grow(nil, 1, 10)
		longer := grow(prompt, 2, 60)
		return [][]int32{prompt, grow(longer, 3, 4), longer[:30], longer, grow(prompt, 5, 2), prompt, grow(nil, 6, 3)}
	}()},
}

// attentions are head layouts, windows and soft caps.
var attentions = []kernels.Attn{
	{H: 4, G: 2, D: 8},
	{H: 3, G: 3, D: 12, Softcap: 1.5},
	{H: 4, G: 1, D: 16, Window: 5},
	{H: 2, G: 2, D: 64, Window: 64},
	{H: 6, G: 2, D: 8, Window: 70, Softcap: 3},
	{H: 1, G: 1, D: 16, Window: 1},
}

func attentionCases() []Case {
	var cases []Case
	for _, f := range forests {
		for _, a := range attentions {
			cases = append(cases, attend(f.Name, forest.Build(f.Sequences), a))
		}
	}
	for _, a := range attentions {
		cases = append(cases, attendCache(a))
	}
	sharp := Tolerance{Abs: 2e-3, Rel: 1e-5, Why: "scores of some hundred, whose rounding exp multiplies"}
	return append(cases, forward("large scores", attend("T=65", forest.Build([][]int32{grow(nil, 1, 65)}), kernels.Attn{H: 2, G: 1, D: 16, Scale: 30}), sharp))
}

// attnSize writes the constants of a layer into a case's name.
type attnSize kernels.Attn

func (o attnSize) String() string {
	s := fmt.Sprintf("H=%d G=%d D=%d", o.H, o.G, o.D)
	if o.Window > 0 {
		s += fmt.Sprintf(" window=%d", o.Window)
	}
	if o.Softcap > 0 {
		s += fmt.Sprintf(" cap=%g", o.Softcap)
	}
	return s
}

// attending is the tolerance of attention: the values are averages of normal numbers, the scores chains of D terms.
var attending = Tolerance{Abs: 1e-5, Rel: 1e-5, Why: "float32 scores, exp, and a rescaled float32 sum over the keys"}

// attendingHalf is that of bfloat16 products: probabilities and their gradients are rounded too, at other points than the
// reference, which keeps them.
var attendingHalf = Tolerance{Abs: 3e-2, Rel: 1e-2, Why: "probabilities and their gradients rounded to 8 bits"}

// attend is attention over a training batch: every row asks, and the batch itself holds the keys.
func attend(name string, f *forest.Forest, a kernels.Attn) Case {
	T := f.Rows()
	if a.Scale == 0 {
		a.Scale = float32(1 / math.Sqrt(float64(a.D)))
	}
	in := Arrays{}
	for _, array := range []struct {
		name  string
		width int
	}{{"q", a.H * a.D}, {"k", a.G * a.D}, {"v", a.G * a.D}, {"dout", a.H * a.D}} {
		in.normal(array.name, 1, T, array.width)
	}
	plan := f.Plan()
	pairs := float64(a.H * pairs(plan, a.Window))
	bytes := float64(8 * T * (a.H + a.G) * a.D)
	return Case{
		Op: "attention", Size: name + " " + attnSize(a).String(), Rows: T, In: in, Tol: attending, Half: attendingHalf,
		Bind: func(s *Scope) Bound {
			q, k, v, dout := s.upload("q"), s.upload("k"), s.upload("v"), s.upload("dout")
			out, lse, dq, dk, dv := s.blank(T, a.H*a.D), s.blank(T, a.H), s.blank(T, a.H*a.D), s.blank(T, a.G*a.D), s.blank(T, a.G*a.D)
			return Bound{
				Forward: Step{"attention", 4 * pairs * float64(a.D), bytes, func() { s.Attend(out, lse, q, k, v, plan, a) }},
				Backward: []Step{{"attention backward", 10 * pairs * float64(a.D), 2 * bytes, func() {
					s.AttendBackward(dq, dk, dv, dout, out, lse, q, k, v, plan, a)
				}}},
				Out:  Outputs{"out": s.device(out), "lse": s.device(lse)},
				Grad: Outputs{"dq": s.device(dq), "dk": s.device(dk), "dv": s.device(dv)},
			}
		},
	}
}

// pairs counts the (query, key) pairs of a plan.
func pairs(plan *forest.Plan, window int) int {
	n := 0
	for _, run := range plan.Runs {
		for i := range run.Len {
			seen := plan.Segments[run.Segment].Offset + run.First + i + 1
			if window > 0 {
				seen = min(seen, window)
			}
			n += seen
		}
	}
	return n
}

// cachePlan is a cache of pages of TileKeys rows: a prompt of 130 tokens on three pages that stand in no order, a
// branch that goes on after it inside a fresh page, one that fills page after page, and an unrelated sequence. The last
// tokens of each ask, two of them in one run. holds says which of the rows hold something.
func cachePlan() (plan *forest.Plan, holds []bool) {
	const page = kernels.TileKeys
	plan = &forest.Plan{
		Segments: []forest.Segment{
			{Parent: -1, Start: 3 * page, Len: 64, Offset: 0},
			{Parent: 0, Start: 0, Len: 64, Offset: 64},
			{Parent: 1, Start: 5 * page, Len: 2, Offset: 128},
			{Parent: 2, Start: 1*page + 2, Len: 7, Offset: 130},
			{Parent: 2, Start: 2*page + 2, Len: 62, Offset: 130},
			{Parent: 4, Start: 6 * page, Len: 64, Offset: 192},
			{Parent: 5, Start: 4 * page, Len: 1, Offset: 256},
			{Parent: -1, Start: 7 * page, Len: 33, Offset: 0},
		},
		Runs: []forest.Run{
			{Row: 0, Segment: 3, First: 6, Len: 1},
			{Row: 1, Segment: 6, First: 0, Len: 1},
			{Row: 2, Segment: 7, First: 30, Len: 3},
			{Row: 5, Segment: 2, First: 0, Len: 2},
			{Row: 7, Segment: 5, First: 0, Len: 1},
		},
	}
	holds = make([]bool, 8*page)
	for _, s := range plan.Segments {
		for i := range s.Len {
			holds[s.Start+i] = true
		}
	}
	return plan, holds
}

// attendCache is attention while sampling. Rows of the cache that hold nothing are NaN, and must not be seen.
func attendCache(a kernels.Attn) Case {
	plan, holds := cachePlan()
	const Tq = 8
	a.Scale = float32(1 / math.Sqrt(float64(a.D)))
	in := Arrays{}
	in.normal("q", 1, Tq, a.H*a.D)
	for _, name := range []string{"k", "v"} {
		in.normal(name, 1, len(holds), a.G*a.D)
		for i := range in[name].Data {
			if !holds[i/(a.G*a.D)] {
				in[name].Data[i] = float32(math.NaN())
			}
		}
	}
	seen := pairs(plan, a.Window)
	return Case{
		Op: "attention", Size: "cache " + attnSize(a).String(), Rows: Tq, In: in, Tol: attending, Half: attendingHalf,
		Bind: func(s *Scope) Bound {
			q, k, v, out := s.upload("q"), s.upload("k"), s.upload("v"), s.blank(Tq, a.H*a.D)
			return Bound{
				Forward: Step{"attention cached", float64(4 * a.H * a.D * seen), float64(8 * a.G * a.D * seen), func() {
					s.Attend(out, nil, q, k, v, plan, a)
				}},
				Out: Outputs{"out": s.device(out)},
			}
		},
	}
}
