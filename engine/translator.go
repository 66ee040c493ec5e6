package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"croco/kernels"
	"croco/model"
	"croco/model/text"
	"croco/pairing/python"
	"croco/pairing/translation"
	"croco/sampler"
)

// Asking says how a model is asked for a translation. Decoding is greedy.
type Asking struct {
	Format          string   `yaml:"format" name:"format" help:"How the model is asked and its reply read: instruction (all of the reply is the translation), tagged (what stands between <translated> and </translated>; no closing tag is a failure), tagged_lax (the same, but a reply without the tag is all translation), translategemma (that family's own form)."`
	Wording         string   `yaml:"wording" name:"wording" help:"The text that asks, with {text}, {language} and {source} (English names), {code} and {source_code}; empty: the format's own."`
	PromptFormat    string   `yaml:"prompt_format" name:"prompt_format" help:"What the wording becomes: chat (one turn of a user, by the chat template) or text (as it is)."`
	MaxPromptTokens int      `yaml:"max_prompt_tokens" name:"max_prompt_tokens" help:"A longer prompt is not asked."`
	MaxNewTokens    int      `yaml:"max_new_tokens" name:"max_new_tokens" help:"Longest translation."`
	Stop            []string `yaml:"stop" name:"stop" help:"Texts that end a reply; it is cut before them."`
	MaxRows         int      `yaml:"max_rows" name:"max_rows" help:"Translations written at the same time; it changes no bit. 0: 64, on a GPU as many as its memory holds, up to 256."`
}

// AskingDefaults are CroCo's limits.
func AskingDefaults() Asking {
	return Asking{Format: "instruction", PromptFormat: "chat", MaxPromptTokens: 8192, MaxNewTokens: 8192}
}

// form is a way to ask: the wording, what the model's turn begins with, and how its reply is read.
type form struct {
	wording, primer string
	read            func(reply string) string
}

// forms are the formats there are. TranslateGemma's is the turn that CroCo sends to it.
var forms = map[string]form{
	"instruction":    {wording: "Translate this text from {source} to {language}. Write nothing but the translation.\n\n{text}", read: whole},
	"translategemma": {wording: "<<<source>>>{source_code}<<<target>>>{code}<<<text>>>{text}", read: whole},
	"tagged":         {wording: string(translation.DefaultWording), primer: translation.Primer, read: translation.Strict},
	"tagged_lax":     {wording: string(translation.DefaultWording), primer: translation.Primer, read: translation.Lax},
}

// whole takes a reply as it is, stripped.
func whole(reply string) string { return python.Strip(reply) }

// Validate refuses what has no meaning, by the name of the key.
func (a Asking) Validate() error {
	switch _, known := forms[a.Format]; {
	case !known:
		return fmt.Errorf("format: expected one of %s, found %q", strings.Join(slices.Sorted(maps.Keys(forms)), ", "), a.Format)
	case a.Wording != "" && !strings.Contains(a.Wording, "{text}"):
		return fmt.Errorf("wording: expected the place {text} in %q", a.Wording)
	case a.PromptFormat != "chat" && a.PromptFormat != "text":
		return fmt.Errorf("prompt_format: expected text or chat, found %q", a.PromptFormat)
	case a.MaxPromptTokens < 1 || a.MaxNewTokens < 1:
		return fmt.Errorf("max_prompt_tokens and max_new_tokens: expected 1 or more, found %d and %d", a.MaxPromptTokens, a.MaxNewTokens)
	}
	return nil
}

// same is what translations depend on.
func (a Asking) same() Asking {
	if a.MaxRows = 0; a.Wording == "" {
		a.Wording = forms[a.Format].wording
	}
	return a
}

// translator asks one model.
type translator struct {
	Asking
	form
	model *model.Model
	codec *text.Codec
}

// openTranslator opens the model that is asked.
func openTranslator(a Asking, name, adapter string, d kernels.Device) (*translator, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	t := &translator{Asking: a, form: forms[a.Format]}
	if a.Wording != "" {
		t.wording = a.Wording
	}
	var err error
	if t.model, t.codec, err = openModel(name, adapter, 0, d); err != nil {
		return nil, err
	}
	if t.codec == nil {
		return nil, errors.Join(fmt.Errorf("%s has no tokenizer.json, and a translator reads and writes text", name), t.model.Close())
	}
	return t, nil
}

// request is a text to be translated; from and to are codes or names.
type request struct{ text, from, to string }

// reply is what came back: translation is translation.Failed where there is none.
type reply struct{ translation, raw, reason string }

// prompt are the ids that ask.
func (t *translator) prompt(r request) ([]int32, error) {
	sourceCode, source, err := translation.Language(r.from)
	code, language, err2 := translation.Language(r.to)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	asked := strings.NewReplacer("{text}", r.text, "{language}", language, "{source}", source, "{code}", code, "{source_code}", sourceCode).Replace(t.wording)
	raw, err := json.Marshal(asked)
	if err != nil {
		return nil, err
	}
	ids, err := t.codec.Prompt(raw, t.PromptFormat == "chat")
	if err == nil && t.primer != "" {
		var primer []int32
		primer, err = t.codec.Encode(t.primer, false)
		ids = append(ids, primer...)
	}
	return ids, err
}

// fits says whether a prompt is asked.
func (t *translator) fits(ids []int32) bool {
	return len(ids) > 0 && len(ids) <= t.MaxPromptTokens && len(ids) < t.model.Spec.Positions
}

// all translates requests and gives the replies to emit one by one, in order. ctx ends it between two.
func (t *translator) all(ctx context.Context, requests []request, report func(sampler.Progress), emit func(i int, r reply) error) error {
	var jobs []sampler.Job
	var at []int // jobs → requests
	for i, r := range requests {
		ids, err := t.prompt(r)
		if err != nil {
			return fmt.Errorf("text %d: %w", i+1, err)
		}
		if t.fits(ids) {
			h := fnv.New64a()
			h.Write([]byte(r.text))
			jobs, at = append(jobs, sampler.Job{Key: h.Sum64(), Prompt: ids, N: 1}), append(at, i)
		}
	}
	next := 0
	unasked := func(until int) error { // what was too long to be asked
		for ; next < until; next++ {
			if err := emit(next, reply{translation.Failed, "", "prompt too long"}); err != nil {
				return err
			}
		}
		return nil
	}
	s := sampler.New(t.model)
	s.Report = report
	p := sampler.Params{MaxNewTokens: t.MaxNewTokens, MaxRows: t.MaxRows, Stop: t.model.Generation.EOS, Stopped: t.codec.Stopper(t.Stop)}
	err := s.Generate(ctx, jobs, p, func(job int, answers []sampler.Answer) error {
		if err := unasked(at[job]); err != nil {
			return err
		}
		next = at[job] + 1
		return emit(at[job], t.read(answers[0]))
	})
	if err != nil {
		return err
	}
	return unasked(len(requests))
}

// read makes a reply of what the model wrote. A reply that was cut off at the limit is no translation, unless the closing
// tag came before.
func (t *translator) read(a sampler.Answer) reply {
	raw := before(t.codec.Decode(a.IDs), t.Stop)
	r := reply{t.form.read(raw), raw, a.Reason}
	if a.Reason == "length" && t.primer == "" {
		r.translation = translation.Failed
	}
	return r
}
