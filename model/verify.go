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
// loss, gradients, and greedy text through the cache. The limits are those of the device's arithmetic.
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
	v := &verifier{expected: e, limits: limitsOf(dev.Arithmetic())}
	if err := v.measureScores(); err != nil {
		return Report{}, err
	}
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
	limits
	now    []int   // numbers of the sequences that the model at hand reads
	scored float64 // spread of a classifier's scores, of all tokens
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
	c := v.check(quantity, v.near())
	for k, i := range v.now {
		name, rows := fmt.Sprintf("seq%d.%s", i, what), f.Path(k)
		want, ok, err := v.array(name, len(rows)*width)
		if err != nil {
			return err
		}
		switch {
		case ok && width > 1:
			v.rows(c, name, got(rows), want, width)
		case ok:
			v.score(c, name, got(rows), want)
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
	tokens, sums := v.check("log-probs of tokens", v.near()), v.check("log-probs of sequences", v.words("2e-4", "that of its tokens, independent of each other"))
	for k, i := range v.now {
		ids, name := v.InputIDs[i], fmt.Sprintf("seq%d.logprobs", i)
		want, ok, err := v.array(name, len(ids)-1)
		if err != nil {
			return err
		}
		if !ok || len(ids) < 2 {
			continue
		}
		picks := follow(f, k, ids)
		got, spreads := m.LogProbs(h, picks), v.spreads(m, h, picks.Rows)
		v.tensor(tokens, name, got, want, spreads)
		sums.add(sum(got), sum(want), v.sequence(spreads), func() string { return name })
	}
	return nil
}

// follow are the picks of all tokens of sequence i but its first. Its rows ascend, since parents stand before children.
func follow(f *forest.Forest, i int, ids []int32) kernels.Picks {
	return kernels.Picks{Rows: f.Path(i)[:len(ids)-1], Tokens: ids[1:]}
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
			v.score(v.check("scores", v.near()), name, got, want)
		}
	}
	if len(v.now) < len(v.InputIDs) {
		return nil // padded to one length, they share a context that alone they do not
	}
	want, ok, err := v.array("batch.scores", len(v.InputIDs))
	if err == nil && ok {
		v.score(v.check("scores of a batch", v.near()), "batch.scores", firsts, want)
	}
	return err
}

// score compares scores: the row of a score are those of all tokens of all sequences.
func (v *verifier) score(c *Check, name string, got, want []float32) {
	v.tensor(c, name, got, want, slices.Repeat([]float64{v.scored}, len(want)))
}

// measureScores finds the spread of the expected scores.
func (v *verifier) measureScores() error {
	var all []float32
	for i, ids := range v.InputIDs {
		scores, _, err := v.array(fmt.Sprintf("seq%d.token_scores", i), len(ids))
		if err != nil {
			return err
		}
		all = append(all, scores...)
	}
	v.scored = spread(all)
	return nil
}

// greedy lets the expected ids through a cache, and compares each with the likeliest one. Where the limits are of a row's spread,
// the likeliest may be another whose logit is higher by no more than two logits are off together.
func (v *verifier) greedy(m *Model) error {
	c := v.check("greedy ids", v.words("equal", "logit within half a spread of the largest"))
	for _, i := range v.now {
		want := nth(v.Greedy, i)
		if last := m.Spec.Positions - len(v.InputIDs[i]) + 1; last < len(want) {
			v.report.Notes = append(v.report.Notes, fmt.Sprintf("sequence %d is continued to the end of its context, by %d of %d tokens", i, last, len(want)))
			want = want[:last]
		}
		m.continued(v.InputIDs[i], want, func(j int, likeliest int32, logits []float32) {
			where := func() string {
				return fmt.Sprintf("sequence %d, step %d: id %d, expected %d", i, j, likeliest, want[j])
			}
			if v.spread == 0 {
				c.add(float64(likeliest), float64(want[j]), 0.5, where)
			} else {
				c.add(float64(logits[likeliest]), float64(logits[want[j]]), v.spread*spread(logits), where)
			}
		})
	}
	return nil
}

// continued reads ids and then more through a cache. step is told, before each of more, which id was the likeliest, and all logits.
func (m *Model) continued(ids, more []int32, step func(j int, likeliest int32, logits []float32)) {
	d, cache := m.device, m.NewCache(len(ids)+len(more))
	defer cache.Free()
	read := 0 // tokens in the cache
	next := ids
	for j := range more {
		rows := make([]int32, len(next)) // positions and cache rows are the same numbers here
		for i := range rows {
			rows[i] = int32(read + i)
		}
		plan := &forest.Plan{Segments: []forest.Segment{{Parent: -1, Len: read + len(next)}},
			Runs: []forest.Run{{First: read, Len: len(next)}}}
		hidden := m.Step(next, rows, rows, plan, cache)
		logits := m.LogitsOf(hidden, []int32{int32(len(next) - 1)})
		values := m.read(logits)
		token, logp := make([]int32, 1), make([]float32, 1)
		d.Sample(token, logp, logits, []kernels.Draw{{Forced: -1}})
		d.Free(hidden, logits)
		step(j, token[0], values)
		read += len(next)
		next = more[j : j+1]
	}
}

// gradients, in a model that reads sequences 1 and 2, checks the loss of sequence 2, or of the classifier's scores of sequences 1 and 2, and its gradients.
func (v *verifier) gradients(m *Model) error {
	f := forest.Build([][]int32{v.InputIDs[1], v.InputIDs[2]})
	h := m.Forward(f, true)
	defer h.Free()
	var loss float64
	limit := 0.0
	if m.Spec.Labels > 0 {
		rows := []int32{f.Path(0)[m.ScoreAt(v.InputIDs[1])], f.Path(1)[m.ScoreAt(v.InputIDs[2])]}
		s, d := m.Scores(h, rows), make([]float32, 2*m.Spec.Labels)
		delta := float64(s[m.Spec.Labels]) - float64(s[0])
		loss = math.Log1p(math.Exp(-delta))
		d[m.Spec.Labels] = float32(-1 / (1 + math.Exp(delta)))
		d[0] = -d[m.Spec.Labels]
		m.BackwardScores(h, rows, d)
		limit = v.loss([]float64{2 * v.scored})
	} else {
		picks := follow(f, 1, v.InputIDs[2])
		n := float64(len(picks.Rows))
		limit = v.loss(v.spreads(m, h, picks.Rows))
		loss = -sum(m.LogProbs(h, picks)) / n
		m.BackwardLogProbs(h, picks, slices.Repeat([]float32{float32(-1 / n)}, len(picks.Rows)))
	}
	v.check("loss", v.words("1e-5", "that of its log-probs or scores, independent of each other")).add(loss, v.Loss.Value, limit, func() string { return fmt.Sprintf("%.8g, expected %.8g", loss, v.Loss.Value) })
	return v.compareGradients(m)
}

// compareGradients checks the stored gradient tensors and the norms of all.
func (v *verifier) compareGradients(m *Model) error {
	norms, floor := v.check("gradient norms", v.words("1e-7 + 1e-4 · |expected|", fmt.Sprintf("%.2g · largest + %.2g · |expected|", v.floor, v.norm))), 1e-7
	for _, norm := range v.GradNorms {
		floor = max(floor, v.floor*norm)
	}
	for _, name := range sorted(v.GradNorms) {
		p := m.param(name)
		if p == nil {
			return fmt.Errorf("%s: \"grad_norms\": the model has no tensor %q", v.path, name)
		}
		want := v.GradNorms[name]
		got := math.Sqrt(m.device.SumSquares(p.Grad))
		norms.add(got, want, floor+v.norm*want, func() string { return fmt.Sprintf("%s: %.6g, expected %.6g", name, got, want) })
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
	tensors := v.check("gradients", fmt.Sprintf("%.2g · largest entry, or relative L2 %.2g of the tensor", v.entry, v.l2))
	for _, name := range sorted(want) {
		v.gradient(tensors, name, got[name], want[name], largest)
	}
	return nil
}
