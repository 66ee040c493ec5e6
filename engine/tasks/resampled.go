package tasks

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"croco/eval"
	"croco/eval/euroeval"
	"croco/eval/results"
	"croco/pairing/python"
)

// accuracy is each sample's own metric, for paired comparisons; EuroEval's are made of all samples of an iteration.
const accuracy = "acc"

// documents measures a data set of EuroEval's kinds: in each iteration other examples before a resampled test set.
func (o Eval) documents(ctx context.Context, s *session, file string) (t results.Task, err error) {
	kind := euroeval.Kind(o.Task)
	test, err := euroeval.Read(file, kind)
	if err != nil {
		return t, err
	}
	test = limited(test, o.Limit)
	var train []euroeval.Document
	if o.FewShot != "" {
		if train, err = euroeval.Read(o.FewShot, kind); err != nil {
			return t, err
		}
		if o.Shots == 0 {
			o.Shots = kind.Shots()
		}
	}
	draws, err := euroeval.Resample(o.Iterations, train, test, o.Shots, o.Seed)
	if err != nil {
		return t, err
	}
	template, words, err := o.wording(kind)
	if err != nil {
		return t, err
	}
	t = results.Task{Name: taskName(file), Filters: []string{"none"}, Shots: o.Shots, Documents: len(test)}
	var records []*python.Object
	for i, d := range draws {
		r := resampled{o: o, kind: kind, template: template, words: words, test: test, draw: d, first: i * len(test), name: t.Name, stage: fmt.Sprintf("%s %d/%d", t.Name, i+1, len(draws))}
		for _, at := range d.Solved {
			r.solved = append(r.solved, train[at])
		}
		measure := r.labels
		if kind == euroeval.QA {
			measure = r.answers
		}
		samples, record, err := measure(ctx, s, file)
		if err != nil {
			return t, err
		}
		t.Samples, records = append(t.Samples, samples...), append(records, record)
	}
	t.Metrics = []string{accuracy}
	if kind == euroeval.QA {
		t.Metrics = []string{"f1", "em", RightLanguage}
	}
	return t, s.report(&t, kind.Metrics(), records)
}

// wording is the template and the labels' words.
func (o Eval) wording(kind euroeval.Kind) (template string, words map[string]string, err error) {
	template, words = kind.Template(), map[string]string{}
	if o.Template != "" {
		raw, err := os.ReadFile(o.Template)
		if err != nil {
			return "", nil, fmt.Errorf("template: %w", err)
		}
		template = strings.TrimRight(string(raw), "\n")
	}
	if strings.Count(template, "{text}") != 1 || !strings.HasSuffix(template, "{answer}") {
		return "", nil, fmt.Errorf("template: expected {text} in it once, and {answer} at its end")
	}
	for _, pair := range o.Labels {
		label, word, ok := strings.Cut(pair, "=")
		if !ok || word == "" {
			return "", nil, fmt.Errorf("labels: expected label=word, found %q", pair)
		}
		words[label] = word
	}
	return template, words, nil
}

// report aggregates the iterations as EuroEval does, into the summary and a record of it.
func (s *session) report(t *results.Task, metrics []euroeval.Metric, records []*python.Object) error {
	r, err := euroeval.Options{}.Report(euroeval.Model{ID: s.name}, t.Name, metrics, records)
	if err != nil {
		return err
	}
	t.Summary = map[string]float64{}
	for i, m := range metrics {
		t.Summary[m.Key+",none"], t.Summary[m.Key+"_half_width,none"] = r.Intervals[i].Mean, r.Intervals[i].HalfWidth
	}
	rows := make([]map[string]any, len(records))
	for i, record := range records {
		rows[i] = map[string]any{}
		for _, key := range record.Keys {
			rows[i][key] = record.Get(key)
		}
	}
	all, _ := s.notes["iterations"].(map[string]any)
	if all == nil {
		all = map[string]any{}
	}
	all[t.Name] = rows
	s.notes["iterations"] = all
	fmt.Fprintln(s.log, r.Log)
	return nil
}

// resampled is one iteration.
type resampled struct {
	o            Eval
	kind         euroeval.Kind
	template     string
	words        map[string]string
	solved, test []euroeval.Document
	draw         euroeval.Iteration
	first        int    // doc_id of its first sample
	name         string // of the task
	stage        string
}

// unique are the documents that were drawn, each once, in order: what was drawn twice is asked once.
func (r resampled) unique() []int {
	places := slices.Clone(r.draw.Test)
	slices.Sort(places)
	return slices.Compact(places)
}

func (r resampled) prompt(d euroeval.Document) string {
	return euroeval.Prompt(r.template, r.solved, d, r.words)
}

// labels takes of each document the likeliest label, by the sum of its tokens' log-probabilities.
func (r resampled) labels(ctx context.Context, s *session, file string) (samples []results.Sample, record *python.Object, err error) {
	all := euroeval.Labels(append(slices.Clone(r.test), r.solved...))
	if r.kind != euroeval.Knowledge && len(all) < 2 {
		return nil, nil, fmt.Errorf("%s: expected documents with different labels, found only %q", file, all)
	}
	places := r.unique()
	texts, candidates := make([]options, len(places)), make([][]string, len(places))
	for i, at := range places {
		d := r.test[at]
		if candidates[i], err = r.kind.Candidates(d, all); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", file, err)
		}
		texts[i] = options{place: fmt.Sprintf("%s, document %s", file, d.ID), text: r.prompt(d)}
		for _, l := range candidates[i] {
			texts[i].next = append(texts[i].next, " "+euroeval.Word(l, r.words))
		}
	}
	logp, err := s.compare(ctx, texts, r.o, r.stage)
	if err != nil {
		return nil, nil, err
	}
	var truth, predicted []string
	for i, at := range r.draw.Test {
		d, u := r.test[at], index(places, at)
		best := 0
		for c, v := range logp[u] {
			if v > logp[u][best] {
				best = c
			}
		}
		label := candidates[u][best]
		truth, predicted = append(truth, d.Label), append(predicted, label)
		samples = append(samples, results.Sample{DocID: r.first + i, Doc: shown(d), Prompt: texts[u].text, Target: d.Label, Resps: numbers(logp[u]), Filtered: label,
			Filter: "none", Cluster: fmt.Sprint(r.name, " document ", at), Language: d.Language, Values: map[string]float64{accuracy: eval.Share(label == d.Label)}})
	}
	scores := map[string]float64{"mcc": euroeval.MCC(truth, predicted), "macro_f1": euroeval.MacroF1(truth, predicted), "accuracy": euroeval.Accuracy(truth, predicted)}
	record = python.Dict()
	for _, m := range r.kind.Metrics() {
		record.Set(m.Key, scores[m.Key])
	}
	return samples, record, nil
}

func index(places []int, at int) int {
	i, _ := slices.BinarySearch(places, at)
	return i
}

// shown is a document as a samples file has it.
func shown(d euroeval.Document) *python.Object {
	o := python.Dict("id", d.ID, "text", d.Text)
	if d.Label != "" {
		o.Set("label", d.Label)
		return o
	}
	var answers []any
	for _, a := range d.Answers {
		answers = append(answers, a)
	}
	o.Set("answers", answers)
	return o
}

// qaTokens is EuroEval's longest answer to a question about a passage.
const qaTokens = 32

// answers asks for pieces of passages, one line each.
func (r resampled) answers(ctx context.Context, s *session, _ string) (samples []results.Sample, record *python.Object, err error) {
	places := r.unique()
	questions := make([]question, len(places))
	for i, at := range places {
		questions[i] = question{place: "document " + r.test[at].ID, text: r.prompt(r.test[at])}
	}
	longest := r.o.MaxNewTokens
	if longest == 0 {
		longest = qaTokens
	}
	got, err := s.answers(ctx, questions, asking{chat: r.o.PromptFormat == "chat", temperature: r.o.Temperature, seed: r.o.Seed, max: longest, stops: []string{"\n"}}, r.stage)
	if err != nil {
		return nil, nil, err
	}
	var f1, em float64
	for i, at := range r.draw.Test {
		d, answer := r.test[at], got[index(places, at)].Text
		answer = strings.TrimSpace(answer)
		exact, overlap := euroeval.SQuAD(answer, d.Answers)
		sample := results.Sample{DocID: r.first + i, Doc: shown(d), Prompt: questions[index(places, at)].text, Target: strings.Join(d.Answers, " | "), Resps: []string{answer},
			Filtered: answer, Filter: "none", Cluster: fmt.Sprint(r.name, " document ", at), Language: d.Language}
		if sample.Detected, sample.Values = detect(answer, d.Language); sample.Values == nil {
			sample.Values = map[string]float64{}
		}
		sample.Values["em"], sample.Values["f1"] = exact, overlap
		em, f1 = em+exact, f1+overlap
		samples = append(samples, sample)
	}
	n := float64(len(r.draw.Test))
	return samples, python.Dict("f1", f1/n, "em", em/n), nil
}
