package study

import (
	"context"
	"math"
	"slices"

	"croco/kernels"
	"croco/pairing"
	"croco/toyworld"
)

// source names a pool of scored answers to the tasks in all tuned languages.
type source struct {
	judge string // enModel, mixModel, byTruth or byChance
	n     int    // answers to a prompt
	noise string // on the scores: "", gauss or slips
	other bool   // written by the next seed's policy
}

const (
	byTruth  = "truth"
	byChance = "chance"
)

// The noise that a pool's scores may get.
const (
	gauss = "gauss" // normal, as wide as the scores of the language: half of the variance is noise
	slips = "slips" // a fiftieth of the answers lose six standard deviations: a judge that fails now and then
)

func (s source) size(n int) source        { s.n = n; return s }
func (s source) with(noise string) source { s.noise = noise; return s }
func (s source) writtenByAnother() source { s.other = true; return s }
func pool(judge string) source            { return source{judge: judge, n: toyworld.Tuning.SamplesPerPrompt} }
func (s source) answers() source          { return source{n: s.n, other: s.other} }
func (w *world) asked() []question        { return questions(w.tasks, toyworld.Tuning.Languages) }

// pool samples and scores the answers of a source, once.
func (w *world) pool(ctx context.Context, s source) ([]pairing.Candidate, error) {
	if rows := w.pools[s]; rows != nil {
		return rows, nil
	}
	var rows []pairing.Candidate
	var err error
	if s == s.answers() {
		rows, err = w.write(ctx, s)
	} else if rows, err = w.pool(ctx, s.answers()); err == nil {
		rows, err = w.score(s, rows)
	}
	if err == nil {
		w.pools[s] = rows
	}
	return rows, err
}

// write samples the answers of a pool.
func (w *world) write(ctx context.Context, s source) ([]pairing.Candidate, error) {
	writer := w.policy
	if s.other {
		var err error
		if writer, err = w.modelFolder(w.neighbour(), policyModel); err != nil {
			return nil, err
		}
	}
	return w.answer(ctx, writer, "", w.asked(), decoding{s.n, toyworld.Tuning.Temperature, "pool"})
}

// neighbour is the seed of another base policy.
func (w *world) neighbour() int {
	i := slices.Index(w.Bases, w.models())
	return w.Bases[(i+1)%len(w.Bases)]
}

// score copies answers with the scores of a source.
func (w *world) score(s source, rows []pairing.Candidate) ([]pairing.Candidate, error) {
	scored := slices.Clone(rows)
	key := w.key("scores")
	switch s.judge {
	case byTruth:
		for i, r := range rows {
			scored[i].Score = truth(r.ID, r.Language, r.CompletionIDs).Quality
		}
	case byChance:
		for i := range rows {
			scored[i].Score = kernels.Uniform(key, uint64(i))
		}
	default:
		scores, err := w.judge(s.judge, rows)
		if err != nil {
			return nil, err
		}
		for i, v := range scores {
			scored[i].Score = v
		}
	}
	disturb(scored, s.noise, w.key("noise"))
	return scored, nil
}

// disturb adds a noise to scores, in units of the standard deviation of a language's scores.
func disturb(rows []pairing.Candidate, noise string, key uint64) {
	if noise == "" {
		return
	}
	sum, squares, n := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, r := range rows {
		sum[r.Language] += r.Score
		squares[r.Language] += r.Score * r.Score
		n[r.Language]++
	}
	for i := range rows {
		l := rows[i].Language
		mean := sum[l] / n[l]
		sd := math.Sqrt(squares[l]/n[l] - mean*mean)
		u, v := kernels.Uniform(key, uint64(2*i)), kernels.Uniform(key, uint64(2*i+1))
		switch {
		case noise == gauss:
			rows[i].Score += sd * math.Sqrt(-2*math.Log(1-u)) * math.Cos(2*math.Pi*v) // Box and Muller 1958
		case noise == slips && u < .02:
			rows[i].Score -= 6 * sd
		}
	}
}
