package trainer

import (
	"errors"
	"fmt"

	"croco/dpo"
	"croco/kernels"
	"croco/model"
)

// follower is the reference of TR-DPO (Gorbatovski et al., arXiv:2404.09656), which every few steps moves towards the policy.
// Its methods do nothing on nil.
type follower struct {
	model *model.Model // all weights as parameters, so that they can be written
	alpha float32      // share of the policy in the new weights
	every int          // steps
}

// newFollower opens the reference: the model that training starts from, or another of the same weights' names and shapes.
func (t *trainer) newFollower() (*follower, error) {
	dir := t.args.Reference
	if dir == "start" {
		dir = t.args.ModelNameOrPath
	}
	m, err := model.Open(dir, model.Options{Device: t.model.Device(), Trainable: model.All, Context: t.args.MaxLength})
	if err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	policy, own := t.model.Params(), m.Params()
	same := len(policy) == len(own)
	for i := 0; same && i < len(own); i++ {
		same = policy[i].Name == own[i].Name && fmt.Sprint(policy[i].Shape) == fmt.Sprint(own[i].Shape)
	}
	if !same {
		return nil, errors.Join(fmt.Errorf("reference %s: sync_ref_model mixes weights, so it needs the tensors of the policy %s, and has others", dir, t.args.ModelNameOrPath), m.Close())
	}
	return &follower{m, float32(t.args.RefModelMixupAlpha), t.args.RefModelSyncSteps}, nil
}

// follow is called after step n = 1, 2, …; where it is due, reference = (1−α) · reference + α · policy.
func (f *follower) follow(policy *model.Model, n int) {
	if f == nil || n%f.every != 0 {
		return
	}
	d := policy.Device()
	from := policy.Params()
	for i, p := range f.model.Params() {
		part := d.New(p.Shape...)
		d.Zero(part)
		d.Add(part, from[i].Value)
		d.Scale(part, f.alpha)
		d.Scale(p.Value, 1-f.alpha)
		d.Add(p.Value, part)
		d.Free(part)
	}
	f.model.Updated()
}

// refer gives the pairs of a batch the log-probabilities of the reference as it is now.
func (f *follower) refer(b *dpo.Batch, pairs []dpo.Pair) {
	if f == nil {
		return
	}
	h := f.model.Forward(b.Forest, false)
	sums := b.Ratioed(f.model.LogProbs(h, b.Picks))
	h.Free()
	for i := range pairs {
		pairs[i].RefChosen, pairs[i].RefRejected = sums[2*i], sums[2*i+1]
	}
}

// tensors are what a checkpoint keeps of it.
func (f *follower) tensors() (names []string, tensors []*kernels.Tensor) {
	for _, p := range f.model.Params() {
		names, tensors = append(names, p.Name), append(tensors, p.Value)
	}
	return names, tensors
}

func (f *follower) close() {
	if f != nil {
		f.model.Close()
	}
}

// validateSync refuses what TRL refuses, and what leaves nothing to follow.
func (a *Args) validateSync(o *dpo.Objective) error {
	switch {
	case a.UsePEFT:
		return fmt.Errorf("sync_ref_model and use_peft: the reference of an adapter is the model below it, which cannot follow; choose one of the two")
	case a.Reference == "none":
		return fmt.Errorf("sync_ref_model and reference none: there is no reference to follow the policy")
	case !o.NeedsReference():
		return fmt.Errorf("sync_ref_model: none of the losses chosen reads a reference")
	case a.RefModelMixupAlpha <= 0 || a.RefModelMixupAlpha > 1:
		return fmt.Errorf("ref_model_mixup_alpha: expected a share in (0, 1], found %g", a.RefModelMixupAlpha)
	case a.RefModelSyncSteps < 1:
		return fmt.Errorf("ref_model_sync_steps: expected at least 1, found %d", a.RefModelSyncSteps)
	}
	return nil
}
