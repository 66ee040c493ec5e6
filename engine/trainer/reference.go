package trainer

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"

	"croco/dpo"
	"croco/engine/data"
	"croco/model"
)

// cachedReference is the file that a computed reference is kept in.
type cachedReference struct {
	Model    string    `json:"model"`      // hash of the reference
	IDs      string    `json:"ids_sha256"` // hash of the pairs' ids, which data and tokenizer make together, and of ld_alpha
	Chosen   []float64 `json:"ref_chosen_logps"`
	Rejected []float64 `json:"ref_rejected_logps"`
}

// pairs gives every example its reference log-probabilities. Those that the sampler recorded are taken where the model
// that it ran is the reference, bit for bit; the others are computed once and kept on disk.
func (t *trainer) pairs(ctx context.Context, objective *dpo.Objective) ([]dpo.Pair, error) {
	pairs := make([]dpo.Pair, len(t.examples))
	for i, e := range t.examples {
		pairs[i] = dpo.Pair{Prompt: e.Prompt, Chosen: e.Chosen, Rejected: e.Rejected}
	}
	switch {
	case !objective.NeedsReference():
		t.log.Info("reference: none, as no loss reads one")
		return pairs, nil
	case t.args.SyncRefModel:
		t.log.Info("reference: follows the policy", "share", t.args.RefModelMixupAlpha, "steps", t.args.RefModelSyncSteps)
		return pairs, nil
	case t.args.Reference == "none":
		t.log.Info("reference: none, log-ratios are log-probabilities")
		return pairs, nil
	}
	ref, err := t.openReference()
	if err != nil {
		return nil, fmt.Errorf("reference %s: %w", t.args.Reference, err)
	}
	defer ref.close()

	var missing []int
	reasons := data.Report{Rows: len(pairs)}
	for i, e := range t.examples {
		switch {
		case e.ChosenLogprobs == nil || e.RejectedLogprobs == nil:
			reasons.Note(e.Where(), "the row has no record of log-probabilities")
		case e.Model != ref.hash:
			reasons.Note(e.Where(), "the record is of model %.12s, the reference is %.12s", e.Model, ref.hash)
		default:
			pairs[i].RefChosen, pairs[i].RefRejected = objective.SumRecords(e.ChosenLogprobs, e.RejectedLogprobs)
			continue
		}
		missing = append(missing, i)
	}
	t.log.Info("reference", "model", fmt.Sprintf("%.12s", ref.hash), "from_record", len(pairs)-len(missing), "computed", len(missing))
	for _, n := range reasons.Notes {
		t.log.Info("reference is computed", "rows", n.Count, "because", n.What, "first", n.First)
	}
	if len(missing) == 0 {
		return pairs, nil
	}
	return pairs, t.fill(ctx, pairs, missing, ref, objective)
}

// fill computes the reference of some pairs, or reads it from the file where an earlier run left it.
func (t *trainer) fill(ctx context.Context, pairs []dpo.Pair, missing []int, ref reference, objective *dpo.Objective) error {
	ids := sha256.New()
	for _, i := range missing {
		hashIDs(ids, pairs[i].Prompt, pairs[i].Chosen, pairs[i].Rejected)
	}
	if a := objective.LDAlpha; a != nil && *a != 1 {
		fmt.Fprint(ids, "ld_alpha ", *a)
	}
	want := cachedReference{Model: ref.hash, IDs: hex.EncodeToString(ids.Sum(nil))}
	path := filepath.Join(t.args.OutputDir, fmt.Sprintf("reference-%.8s-%.8s.json", want.Model, want.IDs))
	var have cachedReference
	if exists(path) {
		if err := readJSON(path, &have); err != nil {
			return fmt.Errorf("%w; remove the file to compute it again", err)
		}
	}
	if have.Model != want.Model || have.IDs != want.IDs || len(have.Chosen) != len(missing) || len(have.Rejected) != len(missing) {
		have = want
		if err := t.compute(ctx, &have, pairs, missing, ref.model, objective); err != nil {
			return err
		}
		if err := writeJSON(path, have); err != nil {
			return err
		}
	}
	for at, i := range missing {
		pairs[i].RefChosen, pairs[i].RefRejected = have.Chosen[at], have.Rejected[at]
	}
	return nil
}

// compute runs the reference forward over some pairs, a batch at a time.
func (t *trainer) compute(ctx context.Context, into *cachedReference, pairs []dpo.Pair, missing []int, m *model.Model, objective *dpo.Objective) error {
	for first := 0; first < len(missing); first += t.args.PerDeviceEvalBatchSize {
		if ctx.Err() != nil {
			return fmt.Errorf("while the reference was computed: %w", ErrInterrupted)
		}
		part := missing[first:min(first+t.args.PerDeviceEvalBatchSize, len(missing))]
		var some []dpo.Pair
		for _, i := range part {
			some = append(some, pairs[i])
		}
		batch := objective.NewBatch(some)
		h := m.Forward(batch.Forest, false)
		logp := m.LogProbs(h, batch.Picks)
		h.Free()
		if err := m.Device().Sync(); err != nil {
			return err
		}
		for i, l := range logp {
			if !finite(float64(l)) {
				return fmt.Errorf("%s: the log-probability of a token under the reference is %v: %w", t.examples[part[batch.Pair(i)]].Where(), l, ErrNotFinite)
			}
		}
		sums := batch.Ratioed(logp)
		for i := range part {
			into.Chosen, into.Rejected = append(into.Chosen, sums[2*i]), append(into.Rejected, sums[2*i+1])
		}
	}
	return nil
}

// reference is a model that is asked and not trained.
type reference struct {
	model *model.Model
	hash  string
	close func()
}

// openReference is the policy itself as this run found it, its base, or another model.
func (t *trainer) openReference() (reference, error) {
	switch t.args.Reference {
	case "start":
		return reference{t.model, t.startHash, func() {}}, nil
	case "base":
		was := t.model.SetAdapter(false)
		return reference{t.model, t.model.Hash(), func() { t.model.SetAdapter(was) }}, nil
	}
	m, err := model.Open(t.args.Reference, model.Options{Device: t.model.Device(), Context: t.args.MaxLength})
	if err != nil {
		return reference{}, err
	}
	if got, want := m.Spec.Vocab, t.model.Spec.Vocab; got != want {
		m.Close()
		return reference{}, fmt.Errorf("expected a vocabulary of %d as the policy has it, found %d", want, got)
	}
	return reference{m, m.Hash(), func() { m.Close() }}, nil
}

// hashIDs adds lists of ids to a hash, each with its length.
func hashIDs(h io.Writer, lists ...[]int32) {
	for _, ids := range lists {
		binary.Write(h, binary.LittleEndian, uint64(len(ids)))
		binary.Write(h, binary.LittleEndian, ids)
	}
}
