package dpo

import (
	"cmp"
	"slices"
)

// order says which pair of the batch stands at each place of a sorted batch. nil leaves the batch as it is.
type order []int

// places are the orders in which a loss reads the four sums of a batch.
type places struct{ c, r, refC, refR order }

// sortDifferences puts the policy's log π(chosen) − log π(rejected) in ascending order, and the reference's by itself.
func sortDifferences(in *Inputs) places {
	policy, reference := ascending(in.ratioed()), ascending(in.RefChosen, in.RefRejected)
	return places{policy, policy, reference, reference}
}

// sortRatios puts x in ascending order, and y by itself.
func sortRatios(in *Inputs) places {
	chosen, rejected := in.ratioed()
	x, y := ascending(chosen, in.RefChosen), ascending(rejected, in.RefRejected)
	return places{x, y, x, y}
}

// ascending sorts the places by a − b; ties keep their order.
func ascending(a, b []float64) order {
	o := make(order, len(a))
	for i := range o {
		o[i] = i
	}
	slices.SortStableFunc(o, func(i, j int) int { return cmp.Compare(a[i]-b[i], a[j]-b[j]) })
	return o
}

// pick returns v in this order.
func (o order) pick(v []float64) []float64 {
	if o == nil {
		return v
	}
	out := make([]float64, len(v))
	for place, i := range o {
		out[place] = v[i]
	}
	return out
}

// scatter undoes pick: in the forward pass out[place] = v[o[place]], so now dv[o[place]] = dout[place].
func (o order) scatter(dout []float64) []float64 {
	if o == nil {
		return dout
	}
	dv := make([]float64, len(dout))
	for place, i := range o {
		dv[i] = dout[place]
	}
	return dv
}
