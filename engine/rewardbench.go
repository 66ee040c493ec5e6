package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"croco/dpo"
	"croco/eval/mrewardbench"
	"croco/internal/jsonl"
	"croco/kernels"
	"croco/pairing"
	"croco/pairing/python"
	"croco/reward/classifier"
	"croco/sampler"
)

// RewardBench are the options of a test of reward models: which of two answers does it prefer? Three kinds of model have an
// opinion: a classifier by its scores, a tuned model and its reference by the likelihood ratio of their answers (implicit),
// and a language model that is asked (judge).
type RewardBench struct {
	ModelNameOrPath  string `yaml:"model_name_or_path" name:"model_name_or_path" help:"The reward model, the tuned model, or the judge: a folder, or a repository in the Hugging Face cache."`
	Adapter          string `yaml:"adapter" name:"adapter" help:"Folder of a LoRA adapter on it; one of croco train rm makes a classifier of a language model."`
	Kind             string `yaml:"kind" name:"kind" help:"classifier: by scores; implicit: by log π/π_ref; judge: by asking."`
	ReferenceModel   string `yaml:"reference_model" name:"reference_model" help:"implicit: the model that it was tuned from; none: itself without the adapter."`
	ReferenceAdapter string `yaml:"reference_adapter" name:"reference_adapter" help:"implicit: folder of a LoRA adapter on that."`
	Pairs            string `yaml:"pairs" name:"pairs" help:"Pairs: JSON lines with id, prompt, chosen, rejected, language, subset; several files separated by commas. Without language the file's name ends in it."`
	PromptFormat     string `yaml:"prompt_format" name:"prompt_format" help:"implicit and judge: what a prompt that is a text becomes, text or chat."`
	JudgePrompt      string `yaml:"judge_prompt" name:"judge_prompt" help:"judge: the question, with {prompt}, {a} and {b}; none: croco's own."`
	Verdict          string `yaml:"verdict" name:"verdict" help:"judge: the last [[A]] or [[B]] counts (last), any [[A]] does (authors), or [RESULT] A (prometheus)."`
	MaxNewTokens     int    `yaml:"max_new_tokens" name:"max_new_tokens" help:"judge: longest reply."`
	MaxRows          int    `yaml:"max_rows" name:"max_rows" help:"Tokens of one forward pass; it changes no bit."`
	Out              string `yaml:"out" name:"out" help:"Folder for pairs.jsonl, results.json, and per language the two files of the benchmark's authors."`
}

// RewardBenchDefaults test a classifier.
func RewardBenchDefaults() RewardBench {
	return RewardBench{Kind: "classifier", PromptFormat: "chat", Verdict: "last", MaxNewTokens: 1024, MaxRows: 4096}
}

// comparison is a row of a file of pairs.
type comparison struct {
	ID          sampler.ID      `json:"id"`
	Language    string          `json:"language"`
	Subset      string          `json:"subset"`
	Prompt      json.RawMessage `json:"prompt"`
	Chosen      string          `json:"chosen"`
	Rejected    string          `json:"rejected"`
	PromptIDs   []int32         `json:"prompt_ids"` // in place of text: prompt_ids, chosen_ids and rejected_ids
	ChosenIDs   []int32         `json:"chosen_ids"`
	RejectedIDs []int32         `json:"rejected_ids"`
}

// compared is a row of OUT/pairs.jsonl. A judge gives no scores, but a value.
type compared struct {
	ID       sampler.ID `json:"id"`
	Language string     `json:"language"`
	Subset   string     `json:"subset"`
	Chosen   float64    `json:"chosen"`
	Rejected float64    `json:"rejected"`
	Value    float64    `json:"value"`
}

// benching is what the rows of OUT/pairs.jsonl depend on.
type benching struct {
	Options RewardBench `yaml:",inline"`
	Model   string      `yaml:"model"`
}

// Validate refuses unknown words, by the name of the key.
func (o RewardBench) Validate() error {
	for _, w := range []struct{ key, value, allowed string }{{"kind", o.Kind, "classifier implicit judge"},
		{"prompt_format", o.PromptFormat, "text chat"}, {"verdict", o.Verdict, "last authors prometheus"}} {
		if err := oneOf(w.key, w.value, w.allowed); err != nil {
			return err
		}
	}
	if o.Kind != "implicit" && o.ReferenceModel+o.ReferenceAdapter != "" {
		return fmt.Errorf("reference_model and reference_adapter: a %s has no reference; kind implicit does", o.Kind)
	}
	return nil
}

// Run compares all pairs and writes the results into the folder Out. What stands there already is kept.
func (o RewardBench) Run(ctx context.Context, d kernels.Device, progress Progress) (s mrewardbench.Summary, err error) {
	if err := o.Validate(); err != nil {
		return s, err
	}
	rows, err := readComparisons(splitList(o.Pairs)...)
	if err != nil {
		return s, err
	}
	if o.Kind == "judge" {
		return o.ask(ctx, d, rows, progress)
	}
	score, hash, end, err := o.opener(d)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, end()) }()
	config := benching{Options: o, Model: hash}
	c := &config.Options
	c.ModelNameOrPath, c.Adapter, c.ReferenceModel, c.ReferenceAdapter, c.Pairs, c.Out, c.MaxRows = "", "", "", "", "", "", 0
	manifest, err := newManifest("rewardbench", config, splitList(o.Pairs)...)
	if err != nil {
		return s, err
	}
	path := filepath.Join(o.Out, "pairs.jsonl")
	if err := manifest.fill(path, func(out *jsonl.Writer) error { return compareAll(ctx, out, rows, score, o.MaxRows, progress) }); err != nil {
		return s, err
	}
	found, err := jsonl.All[compared](path)
	if err != nil {
		return s, err
	}
	return o.conclude(found)
}

// scores gives two numbers for each of some pairs, the chosen answer's first.
type scores func(rows []comparison) ([][2]float64, error)

// opener opens the model of a classifier or an implicit reward. hash names the weights, end closes them.
func (o RewardBench) opener(d kernels.Device) (_ scores, hash string, end func() error, err error) {
	if o.Kind == "implicit" {
		l, err := Implicit{ModelNameOrPath: o.ModelNameOrPath, Adapter: o.Adapter, ReferenceModel: o.ReferenceModel, ReferenceAdapter: o.ReferenceAdapter, Beta: 1}.open(d)
		if err != nil {
			return nil, "", nil, err
		}
		e := encoder{l.codec, o.PromptFormat == "chat", l.policy.Generation.EOS, min(l.policy.Spec.Positions, l.reference.Spec.Positions)}
		return func(rows []comparison) ([][2]float64, error) {
			texts, starts, err := e.answers(rows)
			if err != nil {
				return nil, err
			}
			policy, reference, err := l.sums(dpo.NewAnswers(texts, starts))
			out := make([][2]float64, len(rows))
			for i := range policy {
				out[i/2][i%2] = policy[i] - reference[i]
			}
			return out, err
		}, l.policyHash + " / " + l.referenceHash, l.close, nil
	}
	m, codec, err := openModel(o.ModelNameOrPath, o.Adapter, 0, d)
	if err != nil {
		return nil, "", nil, err
	}
	c, err := classifier.New(m, o.MaxRows)
	if err != nil {
		return nil, "", nil, errors.Join(fmt.Errorf("%w; a tuned language model is kind implicit, one to ask is kind judge", err), m.Close())
	}
	e := encoder{codec: codec, positions: m.Spec.Positions}
	return func(rows []comparison) ([][2]float64, error) {
		texts, err := e.conversations(rows)
		if err != nil {
			return nil, err
		}
		out := make([][2]float64, len(rows))
		for i, v := range c.Score(texts) {
			out[i/2][i%2] = v
		}
		return out, nil
	}, m.Hash(), m.Close, nil
}

// compareAll appends rows to a file, passing over those that are in it.
func compareAll(ctx context.Context, out *jsonl.Writer, rows []comparison, score scores, maxRows int, progress Progress) error {
	for next := min(out.Rows, len(rows)); next < len(rows); {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, size := 0, 0
		for ; next+n < len(rows) && (n == 0 || size < 2*maxRows); n++ { // about two characters a token
			r := rows[next+n]
			size += len(r.Prompt) + len(r.Chosen) + len(r.Rejected) + 2*(len(r.PromptIDs)+len(r.ChosenIDs)+len(r.RejectedIDs))
		}
		values, err := score(rows[next : next+n])
		if err != nil {
			return err
		}
		var done []any
		for i, v := range values {
			r := rows[next+i]
			done = append(done, compared{r.ID, r.Language, r.Subset, v[0], v[1], mrewardbench.Pair{Chosen: v[0], Rejected: v[1]}.Right()})
		}
		if err := out.Append(done...); err != nil {
			return err
		}
		next += n
		progress.tell(Update{Stage: "rewardbench", Done: next, Total: len(rows), Unit: "pairs"})
	}
	return nil
}

// conclude writes the files of the authors, MODEL-LANGUAGE.json and MODEL-LANGUAGE-all.jsonl, and results.json.
func (o RewardBench) conclude(rows []compared) (mrewardbench.Summary, error) {
	name := filepath.Base(o.ModelNameOrPath)
	if o.Adapter != "" {
		name += "+" + filepath.Base(o.Adapter)
	}
	var items []mrewardbench.Item
	pairs := map[string][]mrewardbench.Pair{}
	for _, r := range rows {
		items = append(items, mrewardbench.Item{Language: r.Language, Subset: r.Subset, Value: r.Value})
		pairs[r.Language] = append(pairs[r.Language], mrewardbench.Pair{Subset: r.Subset, Chosen: r.Chosen, Rejected: r.Rejected})
	}
	s := mrewardbench.Summarize(name, o.Kind, items)
	for _, l := range s.Languages {
		if o.Kind == "judge" {
			break
		}
		run := mrewardbench.Run{Model: name, Tokenizer: name}
		if o.Kind == "implicit" {
			if run.RefModel = filepath.Base(o.ReferenceModel); o.ReferenceModel == "" {
				run.RefModel = filepath.Base(o.ModelNameOrPath)
			}
		}
		file, err := mrewardbench.RunFile(run, pairs[l.Language])
		if err != nil {
			return s, err
		}
		base := filepath.Join(o.Out, name+"-"+l.Language)
		if err := errors.Join(jsonl.WriteFile(base+".json", []byte(python.Dumps(file)+"\n")),
			jsonl.WriteFile(base+"-all.jsonl", []byte(python.DumpRows(mrewardbench.PairsFile(pairs[l.Language]))))); err != nil {
			return s, err
		}
	}
	raw, err := s.JSON()
	if err != nil {
		return s, err
	}
	return s, jsonl.WriteFile(filepath.Join(o.Out, "results.json"), raw)
}

// readComparisons reads files of pairs.
func readComparisons(files ...string) (rows []comparison, err error) {
	for _, file := range files {
		err := jsonl.Read(file, func(line int, c comparison) error {
			if c.Language == "" {
				c.Language = pairing.FileLanguage(file)
			}
			if c.ID == "" {
				c.ID = sampler.ID(fmt.Sprintf("%s:%d", filepath.Base(file), line))
			}
			ids := c.PromptIDs != nil && c.ChosenIDs != nil && c.RejectedIDs != nil
			if !ids && (len(c.Prompt) == 0 || c.Chosen == "" && c.Rejected == "") {
				return errors.New("expected prompt, chosen and rejected (texts), or prompt_ids, chosen_ids and rejected_ids")
			}
			rows = append(rows, c)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%v: expected pairs, found none", files)
	}
	return rows, nil
}
