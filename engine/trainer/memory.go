package trainer

import (
	"fmt"
	"slices"

	"croco/engine/data"
	"croco/model"
)

// fit decides whether activations are computed again, where nothing is said about it: on a device with memory of its own only if a step
// would not fit otherwise. It refuses a run for which that memory is too small.
func (t *trainer) fit(s *Summary) error {
	if err := t.model.Device().Sync(); err != nil { // weights and optimizer are there
		return err
	}
	a := t.args
	s.Lengths, s.Rows = lengths(t.examples[:t.trained], a.PerDeviceTrainBatchSize)
	free, _, own := t.model.Room()
	s.Free = free
	s.Checkpointing = a.GradientCheckpointing == nil || *a.GradientCheckpointing
	if own && a.GradientCheckpointing == nil {
		need := t.needs(s.Rows, true, false).ToCome()
		s.Checkpointing = need+need/8 > free // the device rounds sizes up
	}
	t.model.Checkpoint(s.Checkpointing)
	s.Needs = t.needs(s.Rows, true, s.Checkpointing)
	if !own {
		return nil
	}
	if need := s.Needs.ToCome(); need > free {
		advice := "lower"
		if !s.Checkpointing && t.needs(s.Rows, true, true).ToCome() <= free {
			advice = "leave gradient_checkpointing out or true, or lower"
		}
		return fmt.Errorf("a step with the longest %d examples, %d tokens, needs %s: %s more than is there, and the device has %s free: %s per_device_train_batch_size (with more gradient_accumulation_steps) or max_length, so that there are about %d tokens",
			a.PerDeviceTrainBatchSize, s.Rows, s.Needs, model.Bytes(need), model.Bytes(free), advice, t.most(free, s))
	}
	_, rows := lengths(t.examples[t.trained:], a.PerDeviceEvalBatchSize)
	if needs := t.needs(rows, false, false); needs.ToCome() > free {
		return fmt.Errorf("an evaluation of the longest %d examples, %d tokens, needs %s: %s more than is there, and the device has %s free: lower per_device_eval_batch_size",
			a.PerDeviceEvalBatchSize, rows, needs, model.Bytes(needs.ToCome()), model.Bytes(free))
	}
	return nil
}

// needs is what the model needs, and the reference that follows it.
func (t *trainer) needs(rows int, train, checkpointing bool) model.Needs {
	n := t.model.Needs(rows, train, checkpointing)
	if t.args.SyncRefModel {
		n.Copies += 4*t.model.ParamCount() + n.Copies
	}
	return n
}

// most is the number of tokens of which a step fits.
func (t *trainer) most(free int64, s *Summary) int {
	for rows := s.Rows; rows > 0; rows = rows * 15 / 16 {
		if t.needs(rows, true, s.Checkpointing).ToCome() <= free {
			return rows
		}
	}
	return 0
}

// lengths are the tokens of sequences, ascending, and those of the longest batch of so many examples, prompts counted for
// each answer.
func lengths(examples []data.Example, batch int) (all []int, rows int) {
	for _, e := range examples {
		all = append(all, len(e.Prompt)+len(e.Chosen))
		if e.Rejected != nil {
			all = append(all, len(e.Prompt)+len(e.Rejected))
		}
	}
	slices.Sort(all)
	for i := range min(len(all), batch*len(all)/max(1, len(examples))) {
		rows += all[len(all)-1-i]
	}
	return all, rows
}
