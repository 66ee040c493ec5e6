package reference

import (
	"fmt"
	"math"
	"slices"

	"croco/kernels"
)

// Sample: logits are (B,V). For each row it chooses a token as the row's Draw says and writes the token's log-probability
// under the raw logits, whatever the draw made of them: that is what a trainer computes for the same token later.
func (*Device) Sample(tokens []int32, logp []float32, logits *kernels.Tensor, draws []kernels.Draw) {
	kernels.Shape("sample", "logits", logits, len(draws), -1)
	for b, draw := range draws {
		raw := row(logits, b)
		tokens[b] = choose(raw, draw)
		logp[b] = float32(float64(raw[tokens[b]]) - logSumExp(raw))
	}
}

// choose takes these steps in this order:
//
//	forced       is taken at once
//	forbidden    z = −∞
//	repetition   for each distinct token of the history: z / penalty where z > 0, z · penalty elsewhere
//	             (Keskar et al., CTRL, arXiv:1909.05858, §4.1, as Hugging Face extends it to negative logits)
//	temperature  0 takes the likeliest token, the lowest id among equals; else z / temperature
//	top-k        the k likeliest tokens stay
//	top-p        the smallest set of likeliest tokens that holds p of the mass that is left (Holtzman et al., arXiv:1904.09751)
//	min-p        tokens at least min-p times as likely as the likeliest (Nguyen et al., arXiv:2407.01082)
//
// and then walks over the tokens that are left, in order of id, until Uniform of their mass lies behind it.
func choose(raw []float32, draw kernels.Draw) int32 {
	if draw.Forced >= 0 {
		return draw.Forced
	}
	z := make([]float64, len(raw))
	for v, x := range raw {
		z[v] = float64(x)
	}
	for _, v := range draw.Forbidden {
		z[v] = math.Inf(-1)
	}
	penalise(z, draw.History, float64(draw.RepetitionPenalty))
	order := likeliest(z)
	if math.IsInf(z[order[0]], -1) {
		panic(fmt.Sprintf("kernels: sample: all %d tokens are forbidden", len(z)))
	}
	if draw.Temperature == 0 {
		return order[0]
	}
	mass := func(v int32) float64 { return math.Exp((z[v] - z[order[0]]) / float64(draw.Temperature)) }
	return walk(keep(order, mass, draw), mass, draw.Uniform)
}

// penalise makes the tokens of the history less likely, each once however often it occurred.
func penalise(z []float64, history []int32, penalty float64) {
	if penalty == 0 || penalty == 1 {
		return
	}
	seen := map[int32]bool{}
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

// likeliest are the tokens by falling z, equals by rising id.
func likeliest(z []float64) []int32 {
	order := make([]int32, len(z))
	for v := range order {
		order[v] = int32(v)
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		switch {
		case z[a] > z[b]:
			return -1
		case z[a] < z[b]:
			return 1
		}
		return 0
	})
	return order
}

// keep cuts the order of likeliest tokens off where top-k, top-p and min-p say. At least one token stays.
func keep(order []int32, mass func(int32) float64, draw kernels.Draw) []int32 {
	if draw.TopK > 0 {
		order = order[:min(draw.TopK, len(order))]
	}
	if draw.TopP > 0 && draw.TopP < 1 {
		total, reached := 0.0, 0.0
		for _, v := range order {
			total += mass(v)
		}
		for i, v := range order {
			if reached += mass(v); reached >= float64(draw.TopP)*total {
				order = order[:i+1]
				break
			}
		}
	}
	for i, v := range order {
		if i > 0 && mass(v) < float64(draw.MinP) { // the likeliest token has mass 1
			return order[:i]
		}
	}
	return order
}

// walk is the inverse of the cumulative distribution of the kept tokens at u.
func walk(kept []int32, mass func(int32) float64, u float64) int32 {
	kept = slices.Sorted(slices.Values(kept))
	total, sum := 0.0, 0.0
	for _, v := range kept {
		total += mass(v)
	}
	last := kept[0]
	for _, v := range kept {
		if mass(v) == 0 {
			continue // forbidden, or too unlikely for a float64
		}
		last = v
		if sum += mass(v); sum > u*total {
			break
		}
	}
	return last
}
