package model

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"croco/kernels"
	"croco/kernels/forest"
)

// Verify compares a model with what an independent implementation computed for it, in files expected.json and
// expected.safetensors of expectedDir ("" for the model's own folder): logits, hidden states, log-probabilities, scores,
// loss, gradients, and greedy text through the cache. The limits are for arithmetic in float32.
func Verify(dir, expectedDir string, dev kernels.Device) (Report, error) {
	config, err := ReadConfig(dir)
	if err != nil {
		return Report{}, err
	}
	return VerifyAs(dir, config, expectedDir, dev)
}

// VerifyAs is Verify with a config that does not lie in the folder, or not under its usual name.
func VerifyAs(dir string, config *Config, expectedDir string, dev kernels.Device) (Report, error) {
	if expectedDir == "" {
		expectedDir = dir
	}
	e, err := readExpected(expectedDir)
	if err != nil {
		return Report{}, err
	}
	defer e.arrays.Close()
	v := &verifier{expected: e}
	passes, err := v.passes(config)
	if err != nil {
		return Report{}, err
	}
	for _, p := range passes {
		v.now = p.sequences
		if err := v.open(dir, config, Options{Device: dev, Context: p.context}, v.values); err != nil {
			return Report{}, err
		}
	}
	if context, ok := v.trained(passes); ok {
		v.now = []int{1, 2}
		if err := v.open(dir, config, Options{Device: dev, Trainable: All, Context: context}, v.gradients); err != nil {
			return Report{}, err
		}
	}
	v.report.Checks = slices.DeleteFunc(v.report.Checks, func(c *Check) bool { return c.Count == 0 })
	return v.report, nil
}

type verifier struct {
	*expected
	now    []int // numbers of the sequences that the model at hand reads
	report Report
}

// open opens the model for one part of the verification.
func (v *verifier) open(dir string, config *Config, o Options, part func(*Model) error) error {
	m, err := OpenAs(dir, config, o)
	if err != nil {
		return err
	}
	v.report.Title = fmt.Sprintf("%s: %s %s on %s", dir, config.ModelType, m.Kind(), o.Device.Name())
	return errors.Join(v.fits(m), part(m), m.Close())
}

// verifyPass are sequences that one opening of the model reads.
type verifyPass struct {
	context   int
	sequences []int
}

// passes puts all sequences in one pass, but for those that need a longer context where frequencies depend on it: each
// of their lengths has a pass of its own, since the expectation was computed for each by itself.
func (v *verifier) passes(config *Config) ([]verifyPass, error) {
	spec, err := config.Spec()
	if err != nil {
		return nil, err
	}
	var list []verifyPass
	for i, ids := range v.InputIDs {
		context := 0
		if len(ids) > spec.Positions && spec.LongContext > 0 {
			context = len(ids)
		}
		at := slices.IndexFunc(list, func(p verifyPass) bool { return p.context == context })
		if at < 0 {
			at, list = len(list), append(list, verifyPass{context: context})
		}
		list[at].sequences = append(list[at].sequences, i)
	}
	return list, nil
}

// trained is the context that the gradients need: that of sequence 2, which must be that of sequence 1 for a classifier.
func (v *verifier) trained(passes []verifyPass) (context int, ok bool) {
	if v.Loss == nil || len(v.InputIDs) < 3 {
		return 0, false
	}
	of := func(sequence int) int {
		return slices.IndexFunc(passes, func(p verifyPass) bool { return slices.Contains(p.sequences, sequence) })
	}
	if _, scores := v.Arrays["seq1.score"]; scores && of(1) != of(2) {
		v.report.Notes = append(v.report.Notes, "the loss compares texts of different contexts: gradients are not checked")
		return 0, false
	}
	return passes[of(2)].context, true
}

// check finds a check by its quantity, or begins it.
func (v *verifier) check(quantity, limit string) *Check {
	for _, c := range v.report.Checks {
		if c.Quantity == quantity {
			return c
		}
	}
	c := &Check{Quantity: quantity, Limit: limit}
	v.report.Checks = append(v.report.Checks, c)
	return c
}

// reads are the sequences that the model at hand reads.
func (v *verifier) reads() (seqs [][]int32) {
	for _, i := range v.now {
		seqs = append(seqs, v.InputIDs[i])
	}
	return seqs
}

// fits refuses ids and lengths that the model does not have.
func (v *verifier) fits(m *Model) error {
	for _, i := range v.now {
		ids := v.InputIDs[i]
		for _, id := range slices.Concat(ids, nth(v.Greedy, i)) {
			if id < 0 || int(id) >= m.Spec.Vocab {
				return fmt.Errorf("%s: sequence %d holds id %d, the model's vocabulary has %d", v.path, i, id, m.Spec.Vocab)
			}
		}
		n := len(ids)
		if m.Spec.LongContext == 0 {
			n += len(nth(v.Greedy, i))
		}
		if n > m.Spec.Positions {
			return fmt.Errorf("%s: sequence %d with its continuation has %d tokens, the model's context %d", v.path, i, n, m.Spec.Positions)
		}
	}
	return nil
}

func nth(lists [][]int32, i int) []int32 {
	if i < len(lists) {
		return lists[i]
	}
	return nil
}

const (
	absLimit, relLimit = 1e-4, 1e-5 // of logits, hidden states and scores
	near               = "1e-4 + 1e-5 · |expected|"
)

// values checks what a forward pass of the sequences, in one forest, gives.
func (v *verifier) values(m *Model) error {
	f := forest.Build(v.reads())
	h := m.Forward(f, false)
	defer h.Free()
	err := v.compare("hidden states", "hidden", m.Spec.Width, func(rows []int32) []float32 { return m.gather(h.Hidden, rows) }, f)
	if err != nil {
		return err
	}
	if m.Spec.Labels > 0 {
		return v.scores(m, h, f)
	}
	err = v.compare("logits", "logits", m.Spec.Vocab, func(rows []int32) []float32 {
		t := m.Logits(h, rows)
		defer m.device.Free(t)
		return m.read(t)
	}, f)
	if err != nil {
		return err
	}
	if err := v.logProbs(m, h, f); err != nil {
		return err
	}
	return v.greedy(m)
}

// compare checks seqI.WHAT, of width numbers per token.
func (v *verifier) compare(quantity, what string, width int, got func(rows []int32) []float32, f *forest.Forest) error {
	c := v.check(quantity, near)
	for k, i := range v.now {
		name, rows := fmt.Sprintf("seq%d.%s", i, what), f.Path(k)
		want, ok, err := v.array(name, len(rows)*width)
		if err != nil {
			return err
		}
		if ok {
			c.tensor(name, got(rows), want, absLimit, relLimit)
		}
	}
	return nil
}

func (m *Model) gather(x *kernels.Tensor, rows []int32) []float32 {
	y := m.device.New(len(rows), x.Width())
	defer m.device.Free(y)
	m.device.GatherRows(y, x, rows)
	return m.read(y)
}

// logProbs checks the head that never holds all logits, token by token and summed.
func (v *verifier) logProbs(m *Model, h *Activations, f *forest.Forest) error {
	tokens, sums := v.check("log-probs of tokens", near), v.check("log-probs of sequences", "2e-4")
	for k, i := range v.now {
		ids, name := v.InputIDs[i], fmt.Sprintf("seq%d.logprobs", i)
		want, ok, err := v.array(name, len(ids)-1)
		if err != nil {
			return err
		}
		if !ok || len(ids) < 2 {
			continue
		}
		got := m.LogProbs(h, follow(f, k, ids), nil)
		tokens.tensor(name, got, want, absLimit, relLimit)
		sums.add(sum(got), sum(want), 2e-4, func() string { return name })
	}
	return nil
}

// follow are the picks of all tokens of sequence i but its first. Its rows ascend, since parents stand before children.
func follow(f *forest.Forest, i int, ids []int32) kernels.Picks {
	return kernels.Picks{Rows: f.Path(i)[:len(ids)-1], Tokens: ids[1:]}
}

func sum(x []float32) float64 {
	s := 0.0
	for _, v := range x {
		s += float64(v)
	}
	return s
}

// scores checks a classifier: at every token, at the token that counts, and as a padded batch would be read.
func (v *verifier) scores(m *Model, h *Activations, f *forest.Forest) error {
	err := v.compare("scores of tokens", "token_scores", 1, func(rows []int32) []float32 {
		all := m.Scores(h, rows)
		first := make([]float32, len(rows))
		for i := range first {
			first[i] = all[i*m.Spec.Labels]
		}
		return first
	}, f)
	if err != nil {
		return err
	}
	var firsts []float32
	for k, i := range v.now {
		got := m.Scores(h, f.Path(k)[m.ScoreAt(v.InputIDs[i]):][:1])
		firsts = append(firsts, got[0])
		name := fmt.Sprintf("seq%d.score", i)
		want, ok, err := v.array(name, m.Spec.Labels)
		if err != nil {
			return err
		}
		if ok {
			v.check("scores", near).tensor(name, got, want, absLimit, relLimit)
		}
	}
	if len(v.now) < len(v.InputIDs) {
		return nil // padded to one length, they share a context that alone they do not
	}
	want, ok, err := v.array("batch.scores", len(v.InputIDs))
	if err == nil && ok {
		v.check("scores of a batch", near).tensor("batch.scores", firsts, want, absLimit, relLimit)
	}
	return err
}

// greedy continues every sequence through a cache, the likeliest token each time, and compares ids.
func (v *verifier) greedy(m *Model) error {
	c := v.check("greedy ids", "equal")
	for _, i := range v.now {
		want := nth(v.Greedy, i)
		if last := m.Spec.Positions - len(v.InputIDs[i]) + 1; last < len(want) {
			v.report.Notes = append(v.report.Notes, fmt.Sprintf("sequence %d is continued to the end of its context, by %d of %d tokens", i, last, len(want)))
			want = want[:last]
		}
		got := m.greedy(v.InputIDs[i], len(want))
		for j := range want {
			c.add(float64(got[j]), float64(want[j]), 0.5, func() string {
				return fmt.Sprintf("sequence %d, step %d: id %d, expected %d", i, j, got[j], want[j])
			})
		}
	}
	return nil
}

// greedy continues ids by n likeliest tokens through a cache.
func (m *Model) greedy(ids []int32, n int) []int32 {
	d, cache := m.device, m.NewCache(len(ids)+n)
	defer cache.Free()
	var out []int32
	read := 0 // tokens in the cache
	for next := ids; len(out) < n; next = out[len(out)-1:] {
		rows := make([]int32, len(next)) // positions and cache rows are the same numbers here
		for i := range rows {
			rows[i] = int32(read + i)
		}
		plan := &forest.Plan{Segments: []forest.Segment{{Parent: -1, Len: read + len(next)}},
			Runs: []forest.Run{{First: read, Len: len(next)}}}
		hidden := m.Step(next, rows, rows, plan, cache)
		logits := m.LogitsOf(hidden, []int32{int32(len(next) - 1)})
		token, logp := make([]int32, 1), make([]float32, 1)
		d.Sample(token, logp, logits, []kernels.Draw{{Forced: -1}})
		d.Free(hidden, logits)
		out = append(out, token[0])
		read += len(next)
	}
	return out
}

// gradients, in a model that reads sequences 1 and 2, checks the loss of sequence 2, or of the classifier's scores of sequences 1 and 2, and its gradients.
func (v *verifier) gradients(m *Model) error {
	f := forest.Build([][]int32{v.InputIDs[1], v.InputIDs[2]})
	h := m.Forward(f, true)
	defer h.Free()
	var loss float64
	if m.Spec.Labels > 0 {
		rows := []int32{f.Path(0)[m.ScoreAt(v.InputIDs[1])], f.Path(1)[m.ScoreAt(v.InputIDs[2])]}
		s, d := m.Scores(h, rows), make([]float32, 2*m.Spec.Labels)
		delta := float64(s[m.Spec.Labels]) - float64(s[0])
		loss = math.Log1p(math.Exp(-delta))
		d[m.Spec.Labels] = float32(-1 / (1 + math.Exp(delta)))
		d[0] = -d[m.Spec.Labels]
		m.BackwardScores(h, rows, d)
	} else {
		picks := follow(f, 1, v.InputIDs[2])
		n := float64(len(picks.Rows))
		loss = -sum(m.LogProbs(h, picks, nil)) / n
		m.BackwardLogProbs(h, picks, slices.Repeat([]float32{float32(-1 / n)}, len(picks.Rows)))
	}
	v.check("loss", "1e-5").add(loss, v.Loss.Value, 1e-5, func() string { return fmt.Sprintf("%.8g, expected %.8g", loss, v.Loss.Value) })
	return v.compareGradients(m)
}

// compareGradients checks the stored gradient tensors and the norms of all.
func (v *verifier) compareGradients(m *Model) error {
	norms := v.check("gradient norms", "1e-7 + 1e-4 · |expected|")
	for _, name := range sorted(v.GradNorms) {
		p := m.param(name)
		if p == nil {
			return fmt.Errorf("%s: \"grad_norms\": the model has no tensor %q", v.path, name)
		}
		want := v.GradNorms[name]
		got := math.Sqrt(m.device.SumSquares(p.Grad))
		norms.add(got, want, 1e-7+1e-4*want, func() string { return fmt.Sprintf("%s: %.6g, expected %.6g", name, got, want) })
	}
	largest := 0.0
	got, want := map[string][]float32{}, map[string][]float32{}
	for _, name := range v.expected.gradients() {
		p := m.param(name)
		if p == nil {
			return fmt.Errorf("%s: \"grad.%s\": the model has no such tensor", v.arrays.Path, name)
		}
		w, _, err := v.array("grad."+name, p.Grad.Len())
		if err != nil {
			return err
		}
		got[name], want[name] = m.read(p.Grad), w
		for _, x := range w {
			largest = max(largest, math.Abs(float64(x)))
		}
	}
	tensors := v.check("gradients", "1e-5 · largest entry, or relative L2 1e-4 of the tensor")
	for _, name := range sorted(want) {
		gradient(tensors, name, got[name], want[name], largest)
	}
	return nil
}

// gradient takes in one tensor: it passes by its largest error or by its relative L2 error.
func gradient(c *Check, name string, got, want []float32, largest float64) {
	worst, diff, norm := 0.0, 0.0, 0.0
	for i, w := range want {
		e := float64(got[i]) - float64(w)
		worst = max(worst, math.Abs(e)) // NaN stays
		diff += e * e
		norm += float64(w) * float64(w)
	}
	share := min(worst/(1e-5*largest), math.Sqrt(diff/norm)/1e-4)
	c.Count += len(want)
	c.Worst = max(c.Worst, worst)
	if math.IsNaN(share) {
		share = math.Inf(1)
	}
	if share > c.Share || c.Where == "" {
		c.Share, c.Where = share, fmt.Sprintf("%s: largest error %.3g", name, worst)
	}
}
