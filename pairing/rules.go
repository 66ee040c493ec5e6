package pairing

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"croco/pairing/sweetspot"
)

// The rules. Each picks two answers of a pool, but MaxRewardRule, which picks one.
const (
	CrocoRule     = "croco"      // the best against the one nearest to reject_target
	SweetSpotRule = "sweetspot"  // the one nearest to chosen_point against the one nearest to rejected_point
	RandomRule    = "random"     // two drawn answers, whatever they score: a control
	MaxRewardRule = "max_reward" // the best alone, for supervised fine-tuning
)

// choose picks the two answers of a pool by the rule; why says that there is no pair.
func (j *job) choose(p pool) (chosen, rejected *answer, why string, err error) {
	given := j.givenTo(p)
	if len(p.answers) < 2 && (given == nil || len(p.answers) == 0) {
		return nil, nil, "fewer than two answers", nil
	}
	scores, err := p.scores()
	if err == nil {
		err = j.finite(p, scores)
	}
	if err != nil {
		return nil, nil, "", err
	}
	c, r := 0, -1
	switch {
	case given != nil:
		why = "no rejected answer beside the given one"
		r = Nearest(scores, j.RejectTarget.Of(scores), func(i int) bool {
			return p.answers[i].Completion != given.Completion && j.lengthsMatch(given, p.answers[i])
		})
	case j.Rule == SweetSpotRule:
		c, r, why = j.points(p, scores)
	case j.Rule == RandomRule:
		why = "all answers are the same"
		c, r = j.drawTwo(p)
	default:
		c = Chosen(scores)
		r = Rejected(scores, c, j.RejectTarget, func(i int) bool { return j.contrast(p.answers[c], p.answers[i]) })
		why = j.whyNone(scores, c)
	}
	if r < 0 {
		return nil, nil, why, nil
	}
	if given != nil {
		return given, p.answers[r], "", nil
	}
	return p.answers[c], p.answers[r], "", nil
}

// points looks up the two points of Sweet Spot; r is −1 where they are no pair.
func (j *job) points(p pool, scores []float64) (c, r int, why string) {
	high, low, few, _ := j.parsePoints() // Validate has seen them
	pair, ok := sweetspot.PairAt(scores, high, low)
	if few > 0 {
		drawn := 0
		pair, ok = sweetspot.MinOf(scores, few, func(m int) int {
			drawn++
			return j.draws.choice(m, p.line, fmt.Sprintf("%s draw %d", p.group, drawn))
		})
	}
	if !ok {
		return 0, -1, "both points are the same score"
	}
	if !j.contrast(p.answers[pair.Chosen], p.answers[pair.Rejected]) {
		return 0, -1, "the points are not within min_gap and max_length_ratio"
	}
	return pair.Chosen, pair.Rejected, ""
}

// parsePoints reads chosen_point and rejected_point; few is n of min_of_n, else 0.
func (o Options) parsePoints() (high, low sweetspot.Point, few int, err error) {
	if high, err = sweetspot.ParsePoint(o.ChosenPoint); err != nil {
		return high, low, 0, fmt.Errorf("chosen_point: %w", err)
	}
	if n, ok := strings.CutPrefix(o.RejectedPoint, "min_of_"); ok {
		few, err = strconv.Atoi(n)
		if err != nil || few < 1 {
			err = fmt.Errorf("rejected_point: expected min_of_5 or another number of draws, found %q", o.RejectedPoint)
		} else if high != sweetspot.Most {
			err = fmt.Errorf("rejected_point %s goes with chosen_point max, found %s", o.RejectedPoint, o.ChosenPoint)
		}
		return high, sweetspot.Least, few, err
	}
	if low, err = sweetspot.ParsePoint(o.RejectedPoint); err != nil {
		return high, low, 0, fmt.Errorf("rejected_point: %w, or min_of_5", err)
	}
	if low >= high {
		err = fmt.Errorf("rejected_point %s is not below chosen_point %s", o.RejectedPoint, o.ChosenPoint)
	}
	return high, low, 0, err
}

// drawTwo draws two answers that differ; r is −1 where none do.
func (j *job) drawTwo(p pool) (c, r int) {
	c = j.draws.choice(len(p.answers), p.line, p.group+" chosen")
	var others []int
	for i, a := range p.answers {
		if a.Completion != p.answers[c].Completion || !slices.Equal(a.CompletionIDs, p.answers[c].CompletionIDs) {
			others = append(others, i)
		}
	}
	if len(others) == 0 {
		return c, -1
	}
	return c, others[j.draws.choice(len(others), p.line, p.group+" rejected")]
}

// noisy says whether the two sides of a pool's pair change places: in a share label_noise of all pairs.
func (j *job) noisy(p pool) bool {
	const parts = 1 << 20
	return j.LabelNoise > 0 && float64(j.draws.choice(parts, p.line, p.group+" noise")) < j.LabelNoise*parts
}

// flip changes the two sides of a record.
func (p *Pair) flip() {
	p.Chosen, p.Rejected = p.Rejected, p.Chosen
	p.ChosenScore, p.RejectedScore = p.RejectedScore, p.ChosenScore
	p.ChosenLanguage, p.RejectedLanguage = p.RejectedLanguage, p.ChosenLanguage
	p.ChosenIDs, p.RejectedIDs = p.RejectedIDs, p.ChosenIDs
	p.ChosenLogprobs, p.RejectedLogprobs = p.RejectedLogprobs, p.ChosenLogprobs
}
