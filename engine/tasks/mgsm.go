package tasks

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"croco/eval"
	"croco/eval/endpoint"
	"croco/eval/journal"
	"croco/eval/mgsm"
	"croco/eval/results"
	"croco/pairing/python"
)

// answersName is the journal of answers in a folder of results.
const answersName = "answers.jsonl"

// answers asks questions through the folder's journal.
func (s *session) answers(ctx context.Context, questions []question, how asking, stage string) (got []endpoint.Reply, err error) {
	j, err := journal.Open[endpoint.Reply](filepath.Join(s.dir, answersName))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	return s.replies(ctx, questions, how, j, stage, s.progress)
}

// mgsm measures grade school mathematics in one language.
func (o Eval) mgsm(ctx context.Context, s *session, file string) (t results.Task, err error) {
	code := o.Language
	if code == "" {
		if code, err = mgsm.Language(file); err != nil {
			return t, err
		}
	} else if err := mgsm.Known(code); err != nil {
		return t, err
	}
	problems, err := mgsm.Read(file)
	if err != nil {
		return t, err
	}
	problems = limited(problems, o.Limit)
	solved, err := o.solved(code)
	if err != nil {
		return t, err
	}
	form := mgsm.Form(o.Form)
	t = results.Task{Name: form.Task(code), Metrics: []string{"exact_match", RightLanguage}}
	questions := make([]question, len(problems))
	for i, p := range problems {
		questions[i] = question{place: fmt.Sprintf("%s, problem %d", file, i+1), text: form.Prompt(code, solved, p), about: code}
	}
	if o.MaxNewTokens == 0 {
		o.MaxNewTokens = 512
	}
	got, err := s.answers(ctx, questions, asking{chat: o.PromptFormat == "chat", temperature: o.Temperature, max: o.MaxNewTokens, seed: o.Seed, stops: mgsm.Stops(code)}, t.Name)
	if err != nil {
		return t, err
	}
	filters := form.Filters(code)
	for _, f := range filters {
		t.Filters = append(t.Filters, f.Name)
	}
	t.Filters = append(t.Filters, "none")
	asked := code // the language of the steps
	if form == mgsm.EnglishCo {
		asked = "en"
	}
	for i, p := range problems {
		sample := results.Sample{DocID: i, Doc: python.Dict("question", p.Question, "answer", nil, "answer_number", whole(p.Number)), Prompt: questions[i].text,
			Target: p.Number, Resps: []string{got[i].Text}, Cluster: fmt.Sprint("problem ", i), Language: code}
		for _, f := range filters {
			here := sample
			here.Filter, here.Filtered = f.Name, f.Find(got[i].Text)
			here.Values = map[string]float64{"exact_match": eval.Share(mgsm.Match(here.Filtered, p.Number))}
			t.Samples = append(t.Samples, here)
		}
		if sample.Detected, sample.Values = detect(got[i].Text, asked); sample.Values != nil {
			sample.Filter, sample.Filtered = "none", got[i].Text
			t.Samples = append(t.Samples, sample)
		}
	}
	return t, nil
}

// whole is a number as a document holds it: 1,000 stays a text.
func whole(text string) any {
	if _, err := strconv.Atoi(text); err != nil {
		return text
	}
	return python.Int(text)
}

// solved are the examples of a language.
func (o Eval) solved(code string) ([]mgsm.Problem, error) {
	if o.Shots == 0 {
		return nil, nil
	}
	files := list(o.FewShot)
	for _, file := range files {
		if l, err := mgsm.Language(file); len(files) > 1 && (err != nil || l != code) {
			continue
		}
		solved, err := mgsm.Read(file)
		if err == nil && len(solved) < o.Shots {
			err = fmt.Errorf("%s: expected %d examples, found %d", file, o.Shots, len(solved))
		}
		return limited(solved, o.Shots), err
	}
	return nil, fmt.Errorf("fewshot_data: expected a file for language %s, such as train_%s.jsonl, found %v", code, code, files)
}
