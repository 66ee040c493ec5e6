package tasks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"croco/engine"
	"croco/eval/endpoint"
	"croco/eval/journal"
	"croco/eval/judge"
	"croco/eval/results"
	"croco/kernels"
	"croco/pairing/python"
)

// Judge are the options of comparing two models' answers by the verdicts of a third.
type Judge struct {
	Answers   string   `name:"answers" help:"The model's answers: JSON lines or a JSON list (m-ArenaHard, X-AlpacaEval, AlpacaEval, croco's completions), or a folder with a file per language."`
	Reference string   `name:"reference" help:"The other model's answers to the same questions."`
	Out       string   `name:"out" help:"Folder for verdicts and win rates. What it holds of an earlier run is used."`
	Languages []string `name:"languages" help:"Only these, in this order; none: all."`

	Model
	Endpoint  string        `name:"endpoint" help:"Instead of a model of your own: an OpenAI-compatible address, such as http://localhost:8000/v1."`
	Served    string        `name:"model" help:"Name of the endpoint's model."`
	KeyEnv    string        `name:"api_key_env" help:"Environment variable that holds the endpoint's key; none: no key is sent."`
	Timeout   time.Duration `name:"timeout" help:"Longest wait for one answer of the endpoint."`
	Retries   int           `name:"retries" help:"Times that a request to the endpoint is sent again."`
	Wait      time.Duration `name:"retry_wait" help:"Pause before the first of them; it doubles each time, up to a minute."`
	PerMinute int           `name:"requests_per_minute" help:"Most requests begun in a minute; 0: no limit."`
	Parallel  int           `name:"concurrency" help:"Requests to the endpoint at a time."`

	Temperature  float64 `name:"temperature" help:"Of the judge; 0: its likeliest words (CroCo: 0.7)."`
	MaxNewTokens int     `name:"max_new_tokens" help:"Longest reply of the judge."`
	Template     string  `name:"template" help:"File with the question to the judge, in which {instruction}, {output_1} and {output_2} stand for those; none: croco's wording."`
	AllowTies    bool    `name:"allow_ties" help:"Offer the judge a tie."`
	Ties         string  `name:"tie_handling" help:"What a tie is worth: half, win or loss."`
	Thinking     string  `name:"thinking" help:"Whether the judge may think aloud: auto (not where it is known to have the switch), on or off."`
	Swap         string  `name:"swap" help:"Which answer stands first: question (drawn from seed, language and question) or authors (one stream of Python's random numbers over all)."`
	Seed         int64   `name:"seed" help:"Seed of the sides."`
	BothOrders   bool    `name:"both_orders" help:"Ask every question a second time with the sides exchanged."`
}

// JudgeDefaults are a greedy judge with CroCo's protocol.
func JudgeDefaults() Judge {
	return Judge{Model: Model{MaxRows: 8}, Timeout: 5 * time.Minute, Retries: 8, Wait: time.Second, Parallel: 4, MaxNewTokens: 4096,
		Ties: "half", Thinking: "auto", Swap: "question", Seed: 1337}
}

// journalName is the file in Out that holds every reply of the judge.
const journalName = "judgments.jsonl"

// Check refuses what has no meaning.
func (o Judge) Check() error {
	switch {
	case (o.ModelNameOrPath == "") == (o.Endpoint == ""):
		return errors.New("expected one judge: --model_name_or_path (a model of your own) or --endpoint with --model")
	case o.Endpoint == "" && (o.Served != "" || o.KeyEnv != ""):
		return errors.New("--model and --api_key_env belong to an --endpoint, and there is none")
	case o.Temperature < 0:
		return fmt.Errorf("temperature: expected 0 or more, found %g", o.Temperature)
	case o.MaxNewTokens < 1:
		return fmt.Errorf("max_new_tokens: expected 1 or more, found %d", o.MaxNewTokens)
	}
	if o.Endpoint != "" {
		if _, err := o.served(); err != nil {
			return err
		}
	}
	return o.protocol("").Validate()
}

func (o Judge) served() (*endpoint.Endpoint, error) {
	return endpoint.New(endpoint.Options{URL: o.Endpoint, Model: o.Served, KeyEnv: o.KeyEnv, Timeout: o.Timeout, Retries: o.Retries,
		Wait: o.Wait, PerMinute: o.PerMinute, Parallel: o.Parallel})
}

// protocol are the judge's options.
func (o Judge) protocol(wording judge.Wording) judge.Options {
	name := o.Served
	if o.Endpoint == "" {
		name = o.ModelNameOrPath
	}
	return judge.Options{Judge: name, ModelDir: o.Answers, ReferenceDir: o.Reference, ResultsDir: o.Out, Seed: o.Seed, AllowTies: o.AllowTies,
		Ties: judge.Ties(o.Ties), Thinking: o.Thinking, Swap: o.Swap, BothOrders: o.BothOrders, Wording: wording}
}

// Run asks the judge what it was not asked before, and writes LANGUAGE_annotations.json, summary.json, results.json with
// samples, and the journal of all replies. The run's tasks are the languages in the order of the verdicts. log hears which languages were left out.
func (o Judge) Run(ctx context.Context, d kernels.Device, log io.Writer, progress engine.Progress) (judged []judge.Result, run results.Run, err error) {
	if err := o.Check(); err != nil {
		return nil, run, err
	}
	var wording judge.Wording
	if o.Template != "" {
		raw, err := os.ReadFile(o.Template)
		if err != nil {
			return nil, run, fmt.Errorf("template: %w", err)
		}
		wording = judge.Wording(raw)
	}
	sides, err := o.sides(log)
	if err != nil {
		return nil, run, err
	}
	release, err := engine.Lock(o.Out)
	if err != nil {
		return nil, run, err
	}
	defer release()
	replies, err := journal.Open[endpoint.Reply](filepath.Join(o.Out, journalName))
	if err != nil {
		return nil, run, err
	}
	defer func() { err = errors.Join(err, replies.Close()) }()
	if replies.Left > 0 {
		fmt.Fprintf(log, "%d replies of an earlier run are in %s\n", replies.Left, filepath.Join(o.Out, journalName))
	}
	protocol := o.protocol(wording)
	sides, asked, err := protocol.Questions(sides)
	if err != nil {
		return nil, run, err
	}
	var questions []question
	for i, s := range sides {
		for n, q := range asked[i] {
			questions = append(questions, question{place: fmt.Sprintf("question %d to the judge in %s", n+1, s.Language), text: q.Prompt, about: s.Language})
		}
	}
	var got []endpoint.Reply
	if o.Endpoint != "" {
		got, err = o.remote(ctx, questions, protocol.Variables(), replies, progress)
	} else {
		got, err = o.local(ctx, d, questions, protocol.Variables(), replies, progress)
	}
	if err != nil {
		return nil, run, err
	}
	judged, err = judge.Judge(protocol, sides, func(_ string, prompts []string, _ map[string]bool) (list []judge.Reply, _ error) {
		for _, r := range got[:len(prompts)] {
			list = append(list, judge.Reply{Text: r.Text, FinishReason: r.FinishReason})
		}
		got = got[len(prompts):]
		return list, nil
	}, log)
	if err != nil {
		return nil, run, err
	}
	run = o.results(sides, judged)
	return judged, run, run.Write(o.Out)
}

// sides pairs the languages of both models. One that a model lacks is left out and told.
func (o Judge) sides(log io.Writer) ([]judge.Side, error) {
	languages, model, err := judge.ReadSide(o.Answers)
	if err != nil {
		return nil, fmt.Errorf("answers: %w", err)
	}
	others, reference, err := judge.ReadSide(o.Reference)
	if err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	for _, language := range others {
		if model[language] == nil {
			languages = append(languages, language)
		}
	}
	if o.Languages != nil {
		languages = o.Languages
	}
	var sides []judge.Side
	for _, language := range languages {
		s := judge.Side{Language: language, Model: model[language], Reference: reference[language]}
		if s.Model == nil || s.Reference == nil {
			fmt.Fprintf(log, "%s: left out: %d answers and %d of the reference\n", language, len(s.Model), len(s.Reference))
			continue
		}
		if language == "" {
			s.Language = "all"
		}
		sides = append(sides, s)
	}
	if len(sides) == 0 {
		return nil, fmt.Errorf("no language has answers of both models: %s has %s, %s has %s", o.Answers, names(model), o.Reference, names(reference))
	}
	return sides, nil
}

// names lists languages for a message.
func names(answers map[string][]judge.Answer) string {
	list := slices.Sorted(maps.Keys(answers))
	for i := range list {
		if list[i] == "" {
			list[i] = "rows without language"
		}
	}
	return strings.Join(list, ", ")
}

// remote asks an endpoint.
func (o Judge) remote(ctx context.Context, questions []question, variables map[string]bool, replies *journal.Journal[endpoint.Reply], progress engine.Progress) ([]endpoint.Reply, error) {
	e, err := o.served()
	if err != nil {
		return nil, err
	}
	requests, keys, numbers := make([]endpoint.Request, len(questions)), make([]string, len(questions)), journal.Numbers{}
	for i, q := range questions {
		requests[i] = endpoint.Request{Prompt: q.text, Temperature: o.Temperature, MaxTokens: o.MaxNewTokens, Template: variables}
		keys[i] = numbers.Key(append([]byte(q.about+"\n"), e.Body(requests[i])...))
	}
	return e.Ask(ctx, requests, keys, replies, func(done int) {
		tell(progress, engine.Update{Stage: "judge", Done: done, Total: len(questions), Unit: "judgments"})
	})
}

// local asks a model of one's own.
func (o Judge) local(ctx context.Context, d kernels.Device, questions []question, variables map[string]bool, replies *journal.Journal[endpoint.Reply], progress engine.Progress) (got []endpoint.Reply, err error) {
	m, err := o.Model.open(d)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	how := asking{chat: true, variables: variables, temperature: o.Temperature, max: o.MaxNewTokens}
	return m.replies(ctx, questions, how, replies, "judge", progress)
}

// results are the verdicts as samples of one task per language, for tables and paired comparisons.
func (o Judge) results(sides []judge.Side, judged []judge.Result) results.Run {
	run := results.Run{Model: o.Answers, ModelArgs: "answers=" + o.Answers + ",reference=" + o.Reference, Date: float64(time.Now().Unix())}
	for i, r := range judged {
		t := results.Task{Name: "judge_" + results.FileName(r.Language), Metrics: []string{"win_rate", RightLanguage, ReferenceLanguage}, Filters: []string{"none"},
			Config:  map[string]any{"judge": o.protocol("").Judge, "template": o.Template, "temperature": o.Temperature, "max_gen_toks": o.MaxNewTokens, "both_orders": o.BothOrders, "tie_handling": o.Ties, "seed": o.Seed},
			Summary: map[string]float64{"lc_win_rate,none": r.Controlled.WinRate / 100}}
		for n, j := range r.Judgments {
			s := results.Sample{DocID: n, Doc: python.Dict("question_id", j.ID, "prompt", j.Prompt), Prompt: j.Prompt, Resps: []string{j.Output}, Filtered: string(j.Verdict),
				Filter: "none", Language: r.Language, Cluster: "question " + python.Dumps(j.ID)}
			s.Detected, s.Values = detect(j.Output, r.Language)
			if s.Values == nil {
				s.Values = map[string]float64{}
			}
			if _, other := detect(sides[i].Reference[n].Output, r.Language); other != nil {
				s.Values[ReferenceLanguage] = other[RightLanguage]
			}
			if j.Judged() {
				s.Values["win_rate"] = j.Preference
			}
			t.Samples = append(t.Samples, s)
		}
		run.Tasks = append(run.Tasks, t)
	}
	return run
}
