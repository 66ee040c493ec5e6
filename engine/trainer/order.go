package trainer

import (
	"math"
	"sort"

	"croco/kernels"
)

// plan lays examples out in epochs, steps and micro-batches. A short last micro-batch or step ends its epoch; nothing is
// carried over.
type plan struct {
	examples, batch, accumulate int
	shuffle                     bool
	seed                        uint64
	epochs                      int // begun
	steps                       int // in all
}

// newPlan counts steps as transformers does: num_train_epochs may be a fraction, max_steps overrides it.
func newPlan(a *Args, examples int) plan {
	p := plan{examples: examples, batch: a.PerDeviceTrainBatchSize, accumulate: a.GradientAccumulationSteps,
		shuffle: a.Shuffle, seed: a.dataSeed()}
	perEpoch := p.perEpoch()
	if a.MaxSteps > 0 {
		p.steps = a.MaxSteps
		p.epochs = (a.MaxSteps + perEpoch - 1) / perEpoch
	} else {
		p.steps = int(math.Ceil(a.NumTrainEpochs * float64(perEpoch)))
		p.epochs = int(math.Ceil(a.NumTrainEpochs))
	}
	return p
}

// micros is the number of micro-batches of an epoch, perEpoch of its steps.
func (p plan) micros() int   { return (p.examples + p.batch - 1) / p.batch }
func (p plan) perEpoch() int { return (p.micros() + p.accumulate - 1) / p.accumulate }

// step returns the micro-batches of step 0, 1, … as example numbers, and the epoch reached after it: whole epochs plus
// the share of the running one's micro-batches.
func (p plan) step(n int) (micros [][]int, epoch float64) {
	e, s := n/p.perEpoch(), n%p.perEpoch()
	order := p.order(e)
	first, last := s*p.accumulate, min((s+1)*p.accumulate, p.micros())
	for m := first; m < last; m++ {
		micros = append(micros, order[m*p.batch:min((m+1)*p.batch, p.examples)])
	}
	return micros, float64(e) + float64(last)/float64(p.micros())
}

// order is the order of an epoch: examples sorted by a random number that depends on (seed, epoch, example) alone, so
// that nothing needs to be remembered to go on after a stop.
func (p plan) order(epoch int) []int {
	order := make([]int, p.examples)
	for i := range order {
		order[i] = i
	}
	if p.shuffle {
		seed := kernels.Mix(p.seed, uint64(epoch))
		sort.SliceStable(order, func(i, j int) bool {
			return kernels.Mix(seed, uint64(order[i])) < kernels.Mix(seed, uint64(order[j]))
		})
	}
	return order
}

// holdOut splits example numbers into those to train on and a share, rounded up, to evaluate on, both in file order.
func holdOut(n int, share float64, seed uint64) (train, eval []int) {
	p := plan{examples: n, shuffle: true, seed: kernels.Mix(seed, 0x68656c64)}
	held := map[int]bool{}
	for _, i := range p.order(0)[:int(math.Ceil(share*float64(n)))] {
		held[i] = true
	}
	for i := range n {
		if held[i] {
			eval = append(eval, i)
		} else {
			train = append(train, i)
		}
	}
	return train, eval
}
