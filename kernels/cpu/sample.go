package cpu

import (
	"fmt"
	"math"

	"croco/kernels"
)

// Sample chooses a token for every row of logits (B,V) and writes its log-probability under the raw logits. Per row, in
// this order: forced tokens are taken; forbidden ones get −∞; the repetition penalty divides positive and multiplies other
// logits of the history (Keskar et al., arXiv:1909.05858); temperature; top-k; top-p (Holtzman et al., arXiv:1904.09751); min-p (Nguyen et al.,
// arXiv:2407.01082). What is left is walked in order of id until Uniform of its mass lies behind.
func (d *Device) Sample(tokens []int32, logp []float32, logits *kernels.Tensor, draws []kernels.Draw) {
	v := logits.Width()
	sameShape("Sample", "logits", logits, len(draws), v)
	d.parallel(len(draws), 1, jobFunc(func(u *worker, lo, hi int) {
		for b := lo; b < hi; b++ {
			z := logits.Host[b*v : (b+1)*v]
			e := u.buf(bufScore, v)
			p := d.distribution(e, z)
			raw := u.buf(bufQuery, v)
			copy(raw, z)
			tokens[b] = d.choose(u, e, z, draws[b])
			logp[b] = p.logp(raw[tokens[b]])
		}
	}))
}

// choose may overwrite z; e has room for as many values.
func (d *Device) choose(u *worker, e, z []float32, draw kernels.Draw) int32 {
	if draw.Forced >= 0 {
		return draw.Forced
	}
	penalise(z, draw.History, draw.RepetitionPenalty)
	for _, v := range draw.Forbidden {
		z[v] = float32(math.Inf(-1))
	}
	top := d.max(len(z), first(z))
	if math.IsInf(float64(top), -1) {
		panic(fmt.Sprintf("cpu: Sample: all %d tokens are forbidden", len(z)))
	}
	if draw.Temperature == 0 {
		return firstWith(z, top)
	}
	// exp((z − top) / temperature): the subtraction first, so that the likeliest token has mass exactly 1.
	inverse := 1 / draw.Temperature
	for i := range z {
		z[i] -= top
	}
	d.expSum(len(z), first(e), first(z), inverse, 0)
	if draw.TopK > 0 && draw.TopK < len(e) {
		u.likeliest.keep(e, func(count int, _ float64) bool { return count >= draw.TopK })
	}
	if draw.TopP > 0 && draw.TopP < 1 {
		goal := float64(draw.TopP) * d.mass(e)
		u.likeliest.keep(e, func(_ int, mass float64) bool { return mass >= goal })
	}
	if draw.MinP > 0 {
		for i, x := range e {
			if x < draw.MinP {
				e[i] = 0
			}
		}
	}
	return d.walk(e, draw.Uniform)
}

// penalise makes the tokens of the history less likely, each once however often it occurs there.
func penalise(z []float32, history []int32, penalty float32) {
	if penalty == 0 || penalty == 1 {
		return
	}
	seen := make(map[int32]bool, len(history))
	for _, v := range history {
		if seen[v] {
			continue
		}
		seen[v] = true
		if z[v] > 0 {
			z[v] /= penalty
		} else {
			z[v] *= penalty
		}
	}
}

// massBlock is the number of probabilities that are summed in float32 lanes before they join a float64 sum.
const massBlock = 256

// mass is Σ e.
func (d *Device) mass(e []float32) float64 {
	total := 0.0
	for i := 0; i < len(e); i += massBlock {
		total += d.blockMass(e, i)
	}
	return total
}

func (d *Device) blockMass(e []float32, i int) float64 {
	return float64(d.sum(min(massBlock, len(e)-i), &e[i]))
}

// walk is the inverse of the cumulative distribution of e at u. Whole blocks are stepped over first.
func (d *Device) walk(e []float32, u float64) int32 {
	goal, sum := u*d.mass(e), 0.0
	last := int32(0)
	for i := 0; i < len(e); i += massBlock {
		block := e[i:min(len(e), i+massBlock)]
		m := d.blockMass(e, i)
		if sum+m <= goal {
			sum += m
			if m > 0 {
				last = lastOf(block, i)
			}
			continue
		}
		within := sum
		for k, x := range block {
			if x == 0 {
				continue
			}
			last = int32(i + k)
			if within += float64(x); within > goal {
				return last
			}
		}
		return last // the lanes' sum was a trifle larger than that of its elements in order
	}
	return last
}

// lastOf is the id of the last element of a block that is not zero.
func lastOf(block []float32, base int) int32 {
	k := len(block) - 1
	for block[k] == 0 {
		k--
	}
	return int32(base + k)
}
