package study

import (
	"context"
	"slices"

	"croco/dpo"
	"croco/eval"
	"croco/model"
	"croco/pairing"
	"croco/pairing/icr"
	"croco/toyworld"
)

// The arms whose pairs come from more than one pool: online rounds, ICR and LIDR.

// online trains on the first half of the tasks, lets the tuned model answer the other half, and goes on from there.
func online(judge string) maker {
	return func(ctx context.Context, w *world) (d data, err error) {
		rows, err := w.pool(ctx, pool(judge))
		if err != nil {
			return d, err
		}
		half := len(w.tasks) / 2
		first := slices.DeleteFunc(slices.Clone(rows), func(r pairing.Candidate) bool { return r.LineID >= half })
		round1, _, err := pairing.Croco(first, pairing.Defaults())
		if err != nil {
			return d, err
		}
		if d.start, err = w.tune(ctx, "online, round 1", data{pairs: round1}, dpoTuning); err != nil {
			return d, err
		}
		asked := slices.DeleteFunc(w.asked(), func(q question) bool { return q.line < half })
		answers, err := w.answer(ctx, w.policy, d.start, asked, decoding{toyworld.Tuning.SamplesPerPrompt, toyworld.Tuning.Temperature, "round 2"})
		if err != nil {
			return d, err
		}
		if answers, err = w.score(source{judge: judge}, answers); err != nil {
			return d, err
		}
		d.pairs, _, err = pairing.Croco(answers, pairing.Defaults())
		return d, err
	}
}

// implicit are the choices of ICR: package pairing/icr, without its files.
type implicit struct {
	start       string  // the arm whose English DPO made the reward
	tasks       int     // that it was trained on; 0: those of the seed
	n           int     // answers to a prompt
	temperature float64 // of the answers
	fromBase    bool    // the base writes the answers, and is trained; else the start does and is
	ownPrompt   bool    // scored under the prompt itself; else under the English one, asked for the language
	perToken    bool    // mean log-ratio of the tokens; else the sum
	free        bool    // no price of length
	judge       string  // another judge in the implicit reward's place; "": none
}

// icrPaper is the paper's choice, one iteration.
var icrPaper = implicit{start: "monolingual en", n: 10, temperature: .9}

// change copies the choices with a change.
func (o implicit) change(f func(*implicit)) implicit { f(&o); return o }

// pairs takes the best and the worst of the answers to each prompt by the implicit reward.
func (o implicit) pairs(ctx context.Context, w *world) (d data, err error) {
	tuned, err := w.adapter(ctx, o.start)
	if err != nil {
		return d, err
	}
	if !o.fromBase {
		d.start = tuned
	}
	rows, err := w.answer(ctx, w.policy, d.start, w.asked(), decoding{o.n, o.temperature, "icr"})
	if err != nil {
		return d, err
	}
	for i := range rows {
		rows[i].Logprobs = nil // those of a tempered model are not those of the reference
	}
	rewards, err := o.rewards(w, tuned, rows)
	if err != nil {
		return d, err
	}
	d.numbers = ranks(rows, rewards)
	for _, l := range toyworld.Tuning.Languages {
		var t icr.Table
		var pools [][]pairing.Candidate
		at := 0
		for _, pool := range prompts(rows) {
			if pool[0].Language == l {
				lengths := make([]int, len(pool))
				for k, r := range pool {
					lengths[k] = r.Length
				}
				t.Rewards, t.Lengths = append(t.Rewards, rewards[at:at+len(pool)]), append(t.Lengths, lengths)
				pools = append(pools, pool)
			}
			at += len(pool)
		}
		alpha := 0.0
		if !o.free {
			alpha = t.Alpha().Alpha
		}
		d.numbers["alpha "+l] = alpha
		best, worst := t.Pick(alpha)
		for i, pool := range pools {
			if best[i] != worst[i] {
				d.pairs = append(d.pairs, pairOf(pool[best[i]], pool[worst[i]]))
			}
		}
	}
	return d, nil
}

// rewards is log π − log π_ref of each answer, π the start and π_ref the base.
func (o implicit) rewards(w *world, tuned string, rows []pairing.Candidate) ([]float64, error) {
	if o.judge != "" {
		scored, err := w.score(source{judge: o.judge}, rows)
		rewards := make([]float64, len(rows))
		for i, r := range scored {
			rewards[i] = r.Score
		}
		return rewards, err
	}
	asked := make([][]int32, len(rows))
	for i, r := range rows {
		asked[i] = r.PromptIDs
		if task, err := toyworld.ParseTask(unquote(r.ID)); err != nil {
			return nil, err
		} else if question := toyworld.Prompt(task, "en"); r.Language != "en" && !o.ownPrompt {
			asked[i] = toyworld.Chat(toyworld.AnswerIn(r.Language, question))
		}
	}
	var policy, reference []float64
	err := w.withPolicy(w.policy, tuned, func(m *model.Model) error {
		policy = logprobs(m, asked, rows)
		m.SetAdapter(false)
		reference = logprobs(m, asked, rows)
		return nil
	})
	for i := range policy {
		policy[i] -= reference[i]
		if o.perToken {
			policy[i] /= float64(len(rows[i].CompletionIDs))
		}
	}
	return policy, err
}

// logprobs is log π(answer | prompt) of each answer.
func logprobs(m *model.Model, asked [][]int32, rows []pairing.Candidate) (sums []float64) {
	const together = 128
	for lo := 0; lo < len(rows); lo += together {
		var sequences [][]int32
		var starts []int
		for i := lo; i < min(lo+together, len(rows)); i++ {
			sequences = append(sequences, slices.Concat(asked[i], rows[i].CompletionIDs))
			starts = append(starts, len(asked[i]))
		}
		a := dpo.NewAnswers(sequences, starts)
		h := m.Forward(a.Forest, false)
		sums = append(sums, a.Sums(m.LogProbs(h, a.Picks))...)
		h.Free()
	}
	return sums
}

// ranks says how often a reward orders two answers to a prompt as the truth does, where their qualities differ by more
// than 0.05: of all such pairs, and of those that differ in one thing only. Half of the ties count.
func ranks(rows []pairing.Candidate, rewards []float64) map[string]float64 {
	right, seen := map[string]float64{}, map[string]float64{}
	at := 0
	for _, pool := range prompts(rows) {
		group := "other"
		if pool[0].Language == "en" {
			group = "en"
		}
		for i := range pool {
			a := truth(pool[i].ID, pool[i].Language, pool[i].CompletionIDs)
			for k := range i {
				b := truth(pool[k].ID, pool[k].Language, pool[k].CompletionIDs)
				if d := a.Quality - b.Quality; d > .05 || d < -.05 {
					won := eval.Share((rewards[at+i]-rewards[at+k])*d > 0) + .5*eval.Share(rewards[at+i] == rewards[at+k])
					names := []string{"rank " + group}
					if !a.Tidy || !b.Tidy {
						names = append(names, "rank "+group+", untidy")
					} else if one := difference(a, b); one != "" {
						names = append(names, "rank "+group+", "+one)
					}
					for _, n := range names {
						right[n] += won
						seen[n]++
					}
				}
			}
		}
		at += len(pool)
	}
	for n := range right {
		right[n] = rounded(right[n] / seen[n])
	}
	return right
}

// difference is the one thing in which two tidy answers differ; "" if there are several.
func difference(a, b toyworld.Judgement) string {
	content, form, language := a.Correct != b.Correct, a.Full != b.Full, a.RightLanguage != b.RightLanguage
	switch {
	case content && !form && !language:
		return "content"
	case form && !content && !language:
		return "form"
	case language && !content && !form:
		return "language"
	}
	return ""
}

// lidr answers greedily in every language, translates between English and each other language, and takes the English
// answer for the better one: in l its translation against the model's own answer, in English it against the
// translation of that answer. The English pairs of all languages are kept.
func lidr(ctx context.Context, w *world) (d data, err error) {
	asked := w.asked()
	own, err := w.answer(ctx, w.policy, "", asked, decoding{1, 0, "lidr"})
	if err != nil {
		return d, err
	}
	english := map[int]pairing.Candidate{}
	for _, r := range own {
		if r.Language == "en" {
			english[r.LineID] = r
		}
	}
	var into, back []question // in the order of the rows that are not English
	var others []pairing.Candidate
	for i, r := range own {
		if r.Language == "en" {
			continue
		}
		words, _ := toyworld.Strip(english[r.LineID].CompletionIDs)
		theirs, _ := toyworld.Strip(r.CompletionIDs)
		others = append(others, r)
		into = append(into, question{asked[i].task, r.LineID, r.Language, toyworld.Chat(toyworld.Translate(r.Language, words))})
		back = append(back, question{asked[i].task, r.LineID, "en", toyworld.Chat(toyworld.Translate("en", theirs))})
	}
	better, err := w.answer(ctx, w.policy, "", into, decoding{1, 0, "lidr"})
	if err != nil {
		return d, err
	}
	worse, err := w.answer(ctx, w.policy, "", back, decoding{1, 0, "lidr"})
	if err != nil {
		return d, err
	}
	for i, r := range others {
		e := english[r.LineID]
		for _, side := range []struct{ chosen, rejected, asked pairing.Candidate }{{better[i], r, r}, {e, worse[i], e}} {
			side.chosen.PromptIDs, side.chosen.Prompt = side.asked.PromptIDs, side.asked.Prompt
			side.chosen.Logprobs, side.rejected.Logprobs = nil, nil // given under the prompt of a translation
			ended := side.chosen.FinishReason == "stop" && side.rejected.FinishReason == "stop"
			if ended && !slices.Equal(side.chosen.CompletionIDs, side.rejected.CompletionIDs) {
				d.pairs = append(d.pairs, pairOf(side.chosen, side.rejected))
			}
		}
	}
	return d, nil
}
