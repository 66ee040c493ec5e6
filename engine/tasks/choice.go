package tasks

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"croco/eval"
	"croco/eval/choice"
	"croco/eval/journal"
	"croco/eval/results"
	"croco/pairing/python"
)

// likelihoodsName is the journal of log-probabilities in a folder of results.
const likelihoodsName = "likelihoods.jsonl"

// compare measures texts' endings through the folder's journal.
func (s *session) compare(ctx context.Context, texts []options, o Eval, stage string) (logp [][]float64, err error) {
	j, err := journal.Open[[]float64](filepath.Join(s.dir, likelihoodsName))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	logp, spent, err := s.likelihoods(ctx, texts, o.PromptFormat == "chat", o.Batch, j, stage, s.progress)
	s.spent.Computed += spent.Computed
	s.spent.Stored += spent.Stored
	return logp, err
}

// taskName is that of a file: belebele_deu_Latn.jsonl is belebele_deu_Latn.
func taskName(file string) string {
	return results.FileName(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)))
}

// choice measures multiple choice.
func (o Eval) choice(ctx context.Context, s *session, file string) (t results.Task, err error) {
	questions, err := choice.Read(file, o.Language)
	if err != nil {
		return t, err
	}
	questions = limited(questions, o.Limit)
	var answered []choice.Question
	if o.Shots > 0 {
		if answered, err = choice.Read(o.FewShot, o.Language); err == nil && len(answered) < o.Shots {
			err = fmt.Errorf("%s: expected %d examples, found %d", o.FewShot, o.Shots, len(answered))
		}
		if err != nil {
			return t, err
		}
		answered = answered[:o.Shots]
	}
	form, order := choice.Form(o.Form), choice.Order(questions)
	texts := make([]options, len(order))
	for at, i := range order {
		q := questions[i]
		texts[at] = options{place: fmt.Sprintf("%s, question %s", file, q.ID), text: form.Prompt(answered, q), next: form.Choices(q)}
	}
	t = results.Task{Name: taskName(file), Metrics: []string{"acc", "acc_norm"}, Filters: []string{"none"}}
	logp, err := s.compare(ctx, texts, o, t.Name)
	if err != nil {
		return t, err
	}
	t.Samples = make([]results.Sample, len(questions))
	for at, i := range order {
		q := questions[i]
		outcome := form.Score(q, logp[at])
		t.Samples[i] = results.Sample{DocID: i, Doc: document(q), Prompt: texts[at].text, Target: form.Choices(q)[q.Right], Resps: numbers(logp[at]),
			Filtered: form.Choices(q)[outcome.Chosen], Filter: "none", Cluster: q.Cluster, Language: q.Language,
			Values: map[string]float64{"acc": eval.Share(outcome.Chosen == q.Right), "acc_norm": eval.Share(outcome.ChosenNorm == q.Right)}}
	}
	return t, nil
}

// document is a question as a samples file has it.
func document(q choice.Question) *python.Object {
	var choices []any
	for _, c := range q.Choices {
		choices = append(choices, c)
	}
	return python.Dict("id", q.ID, "passage", q.Passage, "question", q.Question, "choices", choices, "gold", python.Int(fmt.Sprint(q.Right)))
}

func numbers(x []float64) []string {
	texts := make([]string, len(x))
	for i, v := range x {
		texts[i] = python.FloatRepr(v)
	}
	return texts
}
