// Package replication holds the three ways to pair that an independent replication of CroCo compares (alexandrainst/croco,
// src/croco/preference.py): with answers written by people, gold, beside the model's own.
//
//	Generated    CroCo's rule on the model's answers
//	GoldChosen   gold against the answer nearest to μ − 2σ
//	MaxReward    CroCo's rule on both together
//
// A pool is N scores of the model's answers; gold has a score of its own, or none.
package replication

import (
	"math"

	"croco/pairing"
)

// Gold stands in a pair for the answer that is not the model's.
const Gold = -1

// Pair holds places in the pool, or Gold.
type Pair struct {
	Chosen, Rejected int
	PoolSize         int // answers whose scores were looked at
}

// Generated pairs the best answer with the one nearest to μ − 2σ that scores strictly less.
func Generated(scores []float64) (Pair, bool) {
	if len(scores) < 2 {
		return Pair{}, false
	}
	chosen := pairing.Chosen(scores)
	rejected := pairing.Rejected(scores, chosen, pairing.MeanMinus2Sigma, nil)
	return Pair{chosen, rejected, len(scores)}, rejected >= 0
}

// GoldChosen pairs gold with the answer nearest to μ − 2σ, the first among equally near ones. Below, if not nil, is gold's
// score: only answers strictly under it count. The replication's run sets no such bound, so that its rejected answers
// may score above gold.
func GoldChosen(scores []float64, below *float64) (Pair, bool) {
	if len(scores) == 0 {
		return Pair{}, false
	}
	p := Pair{Chosen: Gold, Rejected: Gold, PoolSize: len(scores)}
	target := pairing.MeanMinus2Sigma.Of(scores)
	for i, s := range scores {
		if below != nil && s >= *below {
			continue
		}
		if p.Rejected == Gold || math.Abs(s-target) < math.Abs(scores[p.Rejected]-target) {
			p.Rejected = i
		}
	}
	return p, p.Rejected != Gold
}

// MaxReward is Generated on the answers with gold behind them: of equals the model's own is chosen.
func MaxReward(scores []float64, gold float64) (Pair, bool) {
	n := len(scores)
	p, ok := Generated(append(scores[:n:n], gold))
	if p.Chosen == n {
		p.Chosen = Gold
	}
	if p.Rejected == n {
		p.Rejected = Gold
	}
	return p, ok
}
