package pairing

import (
	"cmp"
	"math"
	"slices"

	"croco/pairing/python"
)

// CroCo (Zhang, Basirat, Elliott 2026, arXiv 2605.26293) pairs the best of N answers with one that is clearly worse but
// still what the model would say: the answer whose score is nearest to two standard deviations below the mean.

// Target names the score near which the rejected answer is sought.
type Target string

const (
	MeanMinus2Sigma Target = "mean_minus_2sigma" // μ − 2σ of the pool, the paper's choice
	Q1              Target = "q1"                // the first quartile
	Min             Target = "min"               // the worst answer
)

// Of is the target score of a pool: scores is (N), N ≥ 1, the chosen answer's included. σ is that of a population
// (divided by N). A NaN among the scores makes every target NaN.
func (t Target) Of(scores []float64) float64 {
	switch t {
	case MeanMinus2Sigma:
		return python.Mean(scores) - 2*python.Std(scores)
	case Q1:
		return python.Percentile(scores, 25)
	case Min:
		return python.Min(scores)
	}
	panic("pairing: unknown target " + string(t))
}

// Chosen is the place of the highest score, the first one among equals. scores is (N), N ≥ 1.
func Chosen(scores []float64) int {
	best := 0
	for i, s := range scores {
		if s > scores[best] {
			best = i
		}
	}
	return best
}

// Rejected is the place of the answer nearest to the target that scores strictly less than the chosen one and that
// accept lets pass (nil lets all pass); −1 if there is none. scores is (N). Equally near answers keep the pool's order,
// and so does the whole pool when the target is not a number.
//
// For N ≤ 5 the target μ − 2σ is always at or below the minimum, because no z-score of N values is beyond √(N−1).
func Rejected(scores []float64, chosen int, target Target, accept func(i int) bool) int {
	return Nearest(scores, target.Of(scores), func(i int) bool {
		return scores[i] < scores[chosen] && (accept == nil || accept(i))
	})
}

// Nearest is the place of the score nearest to a goal of those that accept lets pass, the first among equally near ones;
// −1 if there is none. scores is (N). A goal that is not a number keeps the pool's order.
func Nearest(scores []float64, goal float64, accept func(i int) bool) int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		da, db := math.Abs(scores[a]-goal), math.Abs(scores[b]-goal)
		if math.IsNaN(da) || math.IsNaN(db) {
			return 0
		}
		return cmp.Compare(da, db)
	})
	for _, i := range order {
		if accept(i) {
			return i
		}
	}
	return -1
}

// Croco makes the preference pairs of one product: in_lang, where a pool holds the answers to one prompt in one
// language, or all_lang, where it holds the answers to one line of the parallel prompts in every language. Pairs come
// in the order of line ids, and inside a line in the order in which its languages first appear.
//
// The result depends on the order of rows only where scores tie. Errors name the row (file and line, or its place).
func Croco(rows []Candidate, o Options) ([]Pair, Report, error) {
	j, err := newJob(rows, o)
	if err != nil {
		return nil, Report{}, err
	}
	pairs, err := j.pairs(o.Scope)
	return pairs, j.report, err
}

// MaxReward makes the supervised counterpart ("Max-R"): the best answer of each pool, also of a pool of one.
func MaxReward(rows []Candidate, o Options) ([]SFT, Report, error) {
	j, err := newJob(rows, o)
	if err != nil {
		return nil, Report{}, err
	}
	best, err := j.best(o.Scope)
	return best, j.report, err
}

// pairs goes over the pools of a scope, and takes from each what the rule chooses.
func (j *job) pairs(scope Scope) ([]Pair, error) {
	j.report.begin()
	var pairs []Pair
	for _, pool := range j.pools(scope) {
		chosen, rejected, why, err := j.choose(pool)
		if err != nil {
			return nil, err
		}
		if why != "" {
			j.report.skip(pool, why)
			continue
		}
		pair, err := j.pair(pool, chosen, rejected)
		if err != nil {
			return nil, err
		}
		if j.noisy(pool) {
			pair.flip()
			chosen, rejected = rejected, chosen
		}
		j.report.pair(chosen, rejected)
		pairs = append(pairs, pair)
	}
	if scope == AllLang && j.Shuffle {
		j.draws.shuffle(len(pairs), func(a, b int) { pairs[a], pairs[b] = pairs[b], pairs[a] })
	}
	return pairs, nil
}

// best goes over the pools of a scope: argmax alone.
func (j *job) best(scope Scope) ([]SFT, error) {
	j.report.begin()
	var records []SFT
	for _, pool := range j.pools(scope) {
		scores, err := pool.scores()
		if err != nil {
			return nil, err
		}
		chosen := j.givenTo(pool)
		if chosen == nil {
			chosen = pool.answers[Chosen(scores)]
		}
		record, err := j.sft(pool, chosen)
		if err != nil {
			return nil, err
		}
		j.report.best(chosen)
		records = append(records, record)
	}
	if scope == AllLang && j.Shuffle {
		j.draws.shuffle(len(records), func(a, b int) { records[a], records[b] = records[b], records[a] })
	}
	return records, nil
}
