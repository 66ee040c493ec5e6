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
	"croco/kernels"
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

// Run asks the judge what it was not asked before, and writes LANGUAGE_annotations.json, summary.json and the journal of
// all replies. log hears which languages were left out.
func (o Judge) Run(ctx context.Context, d kernels.Device, log io.Writer, progress engine.Progress) (results []judge.Result, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	var wording judge.Wording
	if o.Template != "" {
		raw, err := os.ReadFile(o.Template)
		if err != nil {
			return nil, fmt.Errorf("template: %w", err)
		}
		wording = judge.Wording(raw)
	}
	sides, err := o.sides(log)
	if err != nil {
		return nil, err
	}
	release, err := engine.Lock(o.Out)
	if err != nil {
		return nil, err
	}
	defer release()
	replies, err := journal.Open[endpoint.Reply](filepath.Join(o.Out, journalName))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, replies.Close()) }()
	if replies.Left > 0 {
		fmt.Fprintf(log, "%d replies of an earlier run are in %s\n", replies.Left, filepath.Join(o.Out, journalName))
	}
	var ask judge.Answerer
	if o.Endpoint != "" {
		ask, err = o.remote(ctx, replies, progress)
	} else {
		var m *reader
		if m, err = o.Model.open(d); err == nil {
			defer func() { err = errors.Join(err, m.Close()) }()
			ask = o.local(ctx, m, replies, progress)
		}
	}
	if err != nil {
		return nil, err
	}
	return judge.Judge(o.protocol(wording), sides, ask, log)
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
func (o Judge) remote(ctx context.Context, replies *journal.Journal[endpoint.Reply], progress engine.Progress) (judge.Answerer, error) {
	e, err := o.served()
	if err != nil {
		return nil, err
	}
	return func(language string, prompts []string, template map[string]bool) ([]judge.Reply, error) {
		requests, keys, numbers := make([]endpoint.Request, len(prompts)), make([]string, len(prompts)), journal.Numbers{}
		for i, p := range prompts {
			requests[i] = endpoint.Request{Prompt: p, Temperature: o.Temperature, MaxTokens: o.MaxNewTokens, Template: template}
			keys[i] = numbers.Key(append([]byte(language+"\n"), e.Body(requests[i])...))
		}
		got, err := e.Ask(ctx, requests, keys, replies, func(done int) {
			tell(progress, engine.Update{Stage: "judge " + language, Done: done, Total: len(prompts), Unit: "judgments"})
		})
		return verdicts(got), err
	}, nil
}

// local asks a model of one's own.
func (o Judge) local(ctx context.Context, m *reader, replies *journal.Journal[endpoint.Reply], progress engine.Progress) judge.Answerer {
	return func(language string, prompts []string, template map[string]bool) ([]judge.Reply, error) {
		questions := make([]question, len(prompts))
		for i, p := range prompts {
			questions[i] = question{place: fmt.Sprintf("question %d to the judge in %s", i+1, language), text: p, about: language}
		}
		got, err := m.replies(ctx, questions, asking{chat: true, variables: template, temperature: o.Temperature, max: o.MaxNewTokens}, replies,
			"judge "+language, progress)
		return verdicts(got), err
	}
}

func verdicts(replies []endpoint.Reply) []judge.Reply {
	list := make([]judge.Reply, len(replies))
	for i, r := range replies {
		list[i] = judge.Reply{Text: r.Text, FinishReason: r.FinishReason}
	}
	return list
}
