package optest

import (
	"fmt"

	"croco/kernels"
	"croco/kernels/forest"
)

// attentionFourWays: three answers to one prompt, packed as a forest; each alone; and each in a cache of scattered pages,
// by chunks of 33 and of 7 positions and token by token. Every query must get the same bits, its log-sum-exp included.
func attentionFourWays(d kernels.Device) error {
	prompt := grow(nil, 1, 61)
	sequences := [][]int32{grow(prompt, 2, 80), grow(prompt, 3, 2), grow(prompt, 4, 9)}
	f := forest.Build(sequences)
	for _, a := range attentions {
		a.Scale = 1 / float32(a.D)
		c := attend("three answers", f, a)
		packed, err := ask(d, c.In, f.Plan(), f.Rows(), a)
		if err != nil {
			return err
		}
		for i := range sequences {
			path := f.Path(i)
			n := len(path)
			alone := Arrays{}
			for _, name := range []string{"q", "k", "v"} {
				alone[name] = pick(c.In[name], path)
			}
			line := forest.Build(sequences[i : i+1])
			got, err := ask(d, alone, line.Plan(), n, a)
			if err != nil {
				return err
			}
			if err := agree(got, packed, path); err != nil {
				return fmt.Errorf("sequence %d alone, %s: %w", i, attnSize(a), err)
			}
			for _, chunk := range []int{n, 33, 7, 1} {
				for lo := 0; lo < n; lo += chunk {
					hi := min(lo+chunk, n)
					in, plan := paged(alone, lo, hi)
					got, err := ask(d, in, plan, hi-lo, a)
					if err != nil {
						return err
					}
					if err := agree(got, packed, path[lo:hi]); err != nil {
						return fmt.Errorf("sequence %d in a cache, positions %d:%d, %s: %w", i, lo, hi, attnSize(a), err)
					}
				}
			}
		}
	}
	return nil
}

// ask runs attention for Tq queries.
func ask(d kernels.Device, in Arrays, plan *forest.Plan, Tq int, a kernels.Attn) (map[string][]float32, error) {
	s := NewScope(d, in)
	defer s.Close()
	out, lse := s.blank(Tq, a.H*a.D), s.blank(Tq, a.H)
	s.Attend(out, lse, s.upload("q"), s.upload("k"), s.upload("v"), plan, a)
	return map[string][]float32{"out": s.device(out)(), "lse": s.device(lse)()}, d.Sync()
}

// agree compares row i of got with row rows[i] of want.
func agree(got, want map[string][]float32, rows []int32) error {
	for _, name := range sorted(got) {
		width := len(got[name]) / len(rows)
		for i, r := range rows {
			if err := identical(got[name][i*width:(i+1)*width], want[name][int(r)*width:(int(r)+1)*width]); err != nil {
				return fmt.Errorf("%s of query %d: %w", name, i, err)
			}
		}
	}
	return nil
}

// pick makes an array of the given rows.
func pick(a Array, rows []int32) Array {
	width := a.Shape[1]
	p := Array{Shape: []int{len(rows), width}}
	for _, r := range rows {
		p.Data = append(p.Data, a.Data[int(r)*width:(int(r)+1)*width]...)
	}
	return p
}

// paged puts positions 0 … hi−1 of a sequence into a cache, one page of 64 positions per segment, the pages in falling
// order with an unused one, full of NaN, between any two; positions lo … hi−1 ask.
func paged(line Arrays, lo, hi int) (Arrays, *forest.Plan) {
	const page = kernels.TileKeys
	pages := (hi + page - 1) / page
	plan := &forest.Plan{}
	for p := range pages {
		s := forest.Segment{Parent: p - 1, Start: 2 * page * (pages - 1 - p), Len: min(page, hi-p*page), Offset: p * page}
		plan.Segments = append(plan.Segments, s)
		if first := max(lo-s.Offset, 0); first < s.Len {
			plan.Runs = append(plan.Runs, forest.Run{Row: s.Offset + first - lo, Segment: p, First: first, Len: s.Len - first})
		}
	}
	in := Arrays{"q": rowsOf(line["q"], lo, hi)}
	for _, name := range []string{"k", "v"} {
		width := line[name].Shape[1]
		cache := Array{Shape: []int{2 * page * pages, width}, Data: nans(2 * page * pages * width)}
		for _, s := range plan.Segments {
			copy(cache.Data[s.Start*width:], line[name].Data[s.Offset*width:(s.Offset+s.Len)*width])
		}
		in[name] = cache
	}
	return in, plan
}

// gradientBesideOthers: the gradients of a tree alone, and of the same tree between two others.
func gradientBesideOthers(d kernels.Device) error {
	prompt := grow(nil, 2, 50)
	tree := [][]int32{grow(prompt, 3, 30), grow(prompt, 4, 5)}
	grove := [][]int32{grow(nil, 7, 13), tree[0], tree[1], grow(nil, 8, 70)}
	alone, among := forest.Build(tree), forest.Build(grove)
	var rows []int32 // of the tree, among the others
	for r := range alone.Rows() {
		rows = append(rows, int32(13+r))
	}
	for _, a := range attentions {
		all := attend("grove", among, a)
		_, want, err := compute(all, d, all.In)
		if err != nil {
			return err
		}
		one := attend("tree", alone, a)
		for name := range one.In {
			one.In[name] = pick(all.In[name], rows)
		}
		_, got, err := compute(one, d, one.In)
		if err != nil {
			return err
		}
		if err := agree(got, want, rows); err != nil {
			return fmt.Errorf("%s: %w", attnSize(a), err)
		}
	}
	return nil
}
