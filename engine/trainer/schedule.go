package trainer

import "math"

var schedules = []string{"linear", "cosine", "constant", "constant_with_warmup"}

// schedule gives the learning rate of each step, as transformers' get_scheduler has it.
type schedule struct {
	kind   string
	peak   float64
	warmup int // steps
	total  int
}

// newSchedule resolves warm-up: warmup_steps of 1 and more are steps, below 1 a share of all, else warmup_ratio; a share
// is rounded up.
func newSchedule(a *Args, total int) schedule {
	s := schedule{a.LRSchedulerType, a.LearningRate, int(a.WarmupSteps), total}
	share := a.WarmupRatio
	if a.WarmupSteps > 0 {
		share = a.WarmupSteps
	}
	if a.WarmupSteps < 1 {
		s.warmup = int(math.Ceil(float64(total) * share))
	}
	if s.kind == "constant" {
		s.warmup = 0
	}
	return s
}

// rate is the learning rate of step 0, 1, …: it rises from 0, so that with warm-up the first step changes nothing.
func (s schedule) rate(step int) float64 {
	if step < s.warmup {
		return s.peak * float64(step) / float64(s.warmup)
	}
	x := float64(step-s.warmup) / float64(max(1, s.total-s.warmup))
	switch s.kind {
	case "linear":
		return s.peak * max(0, 1-x)
	case "cosine":
		return s.peak * max(0, 0.5*(1+math.Cos(math.Pi*x)))
	}
	return s.peak
}
