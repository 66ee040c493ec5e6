package engine

import (
	"context"
	"errors"
	"fmt"

	"croco/pairing"
)

// crocoMethod scores N answers and pairs the best with one near a target: docs/methods/croco.md.
var crocoMethod = method{
	key: "pair", section: func(r *Recipe) any { return r.Pair },
	about: func(r *Recipe) string {
		return fmt.Sprintf("scored by %s, paired by %s/%s", r.judge(), r.Pair.Scope, r.Pair.RejectTarget)
	},
	defaults: crocoDefaults, validate: crocoFaults,
	round: func(o *round) []stage {
		return []stage{{"prompts", o.prompts}, {"generate", o.generate}, {"score", o.score}, {"pair", o.pair}, {"train", o.train}, {"report", o.report}}
	},
}

func crocoDefaults(r *Recipe) {
	r.Pair = pairing.Defaults()
	r.Generate.N, r.Generate.MaxNewTokens = 64, 4096
	t := &r.Train
	t.LearningRate, t.WarmupRatio, t.WeightDecay, t.MaxLength = 5e-6, 0.05, 0.01, 4096
}

func crocoFaults(r *Recipe) (faults []error) {
	if !r.judged() && len(r.Prompts.Test) == 0 {
		faults = append(faults, errors.New("score: expected model_name_or_path (a reward model), rules, or both"))
	}
	if r.Generate.N < 2 {
		faults = append(faults, fmt.Errorf("generate.n: a pair needs two answers at least, found %d", r.Generate.N))
	}
	if err := r.Pair.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("pair.%w", err))
	}
	return faults
}

// score gives every answer a number.
func (o *round) score(ctx context.Context) error { return o.Score.Run(ctx, o.run.device, o.progress) }

// pair makes the round's pairs of its scores.
func (o *round) pair(context.Context) error {
	return o.run.tell(Pairs(o.Score.Out, o.Train.TrainFile, o.Pair))
}
