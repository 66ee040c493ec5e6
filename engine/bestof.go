package engine

import (
	"errors"
	"fmt"
	"strconv"

	"croco/eval/bestof"
	"croco/internal/jsonl"
	"croco/pairing"
	"croco/reward"
)

// BestOf are the options of picking the best of n answers: package eval/bestof.
type BestOf struct {
	Scores  string `yaml:"scores" name:"scores" help:"Scored answers; the highest score is picked."`
	Quality string `yaml:"quality" name:"quality" help:"Scores of the same answers that say how good a pick is: another reward model's, or rules'. None: the right language."`
	N       []int  `yaml:"n" name:"n" help:"Sizes of the curve; none: 1, 2, 4, 8 … and all answers."`
	Out     string `yaml:"out" name:"out" help:"File for the best answer of all to each prompt."`
}

// Run picks, writes Out where it is named, and returns the curve.
func (o BestOf) Run() ([]bestof.Point, error) {
	rows, err := jsonl.All[reward.Scored](o.Scores)
	if err != nil {
		return nil, err
	}
	quality, err := o.qualities(rows)
	if err != nil {
		return nil, err
	}
	at, most := map[promptName]int{}, 0
	var pools []bestof.Pool
	var best []reward.Scored
	for i, r := range rows {
		if r.Score == reward.FailedScore {
			continue
		}
		name := promptName{r.ID, r.Language}
		p, ok := at[name]
		if !ok {
			p = len(pools)
			at[name] = p
			pools = append(pools, bestof.Pool{Language: r.Language, Line: strconv.Itoa(r.LineID)})
			best = append(best, r)
		}
		pools[p].Answers = append(pools[p].Answers, bestof.Answer{Reward: r.Score, Quality: quality[i]})
		most = max(most, len(pools[p].Answers))
		if r.Score > best[p].Score {
			best[p] = r
		}
	}
	if len(pools) == 0 {
		return nil, fmt.Errorf("%s: expected scored answers, found none", o.Scores)
	}
	ns := o.N
	if len(ns) == 0 {
		for n := 1; n < most; n *= 2 {
			ns = append(ns, n)
		}
		ns = append(ns, most)
	}
	for _, n := range ns {
		if n < 1 || n > most {
			return nil, fmt.Errorf("n: expected sizes from 1 to %d, the most answers that a prompt has, found %d", most, n)
		}
	}
	points := bestof.Curve(pools, ns)
	if o.Out == "" {
		return points, nil
	}
	return points, jsonl.WriteRows(o.Out, best)
}

// qualities are how good the answers are, in their order.
func (o BestOf) qualities(rows []reward.Scored) ([]float64, error) {
	quality := make([]float64, len(rows))
	if o.Quality == "" {
		for i, r := range rows {
			if r.DetectedLanguage == "" || pairing.LanguageCode(r.DetectedLanguage) == pairing.LanguageCode(r.Language) {
				quality[i] = 1
			}
		}
		return quality, nil
	}
	type name struct {
		prompt promptName
		sample int
	}
	judged := map[name]float64{}
	if err := jsonl.Read(o.Quality, func(_ int, r reward.Scored) error {
		if r.Score == reward.FailedScore {
			return errors.New("this answer could not be scored; take another measure of quality")
		}
		judged[name{promptName{r.ID, r.Language}, r.Sample}] = r.Score
		return nil
	}); err != nil {
		return nil, err
	}
	for i, r := range rows {
		q, ok := judged[name{promptName{r.ID, r.Language}, r.Sample}]
		if !ok {
			return nil, fmt.Errorf("%s: expected a score of every answer of %s, found none of answer %d to prompt %s in %s", o.Quality, o.Scores, r.Sample, r.ID, r.Language)
		}
		quality[i] = q
	}
	return quality, nil
}
