package tasks

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"

	"croco/engine"
	"croco/kernels"
	"croco/model"
	"croco/model/text"
)

// Model says which model is asked, and how.
type Model struct {
	ModelNameOrPath string `name:"model_name_or_path" help:"The language model: a folder, a GGUF file, or a repository in the Hugging Face cache."`
	Adapter         string `name:"adapter" help:"Folder of a LoRA adapter on it."`
	MaxModelLen     int    `name:"max_model_len" help:"Positions that texts may have, for models whose context grows by another rotary scaling; 0: their original context."`
	MaxRows         int    `name:"max_rows" help:"Answers written at the same time; it changes no bit."`
}

// reader is an open language model with its tokenizer.
type reader struct {
	*model.Model
	codec *text.Codec
	name  string
	hash  string
	rows  int
}

// open opens a model that reads and writes text.
func (o Model) open(d kernels.Device) (*reader, error) {
	m, err := model.Open(o.ModelNameOrPath, model.Options{Device: d, Context: o.MaxModelLen})
	if err != nil {
		return nil, err
	}
	r := &reader{Model: m, name: o.ModelNameOrPath, rows: o.MaxRows}
	if o.Adapter != "" {
		r.name += " with " + o.Adapter
		err = m.LoadAdapter(o.Adapter, false)
	}
	if err == nil {
		r.codec, err = text.Open(o.ModelNameOrPath)
	}
	switch {
	case err != nil:
	case r.codec == nil:
		err = fmt.Errorf("%s has no tokenizer.json: expected a model that reads text", o.ModelNameOrPath)
	case m.Spec.Labels > 0:
		err = fmt.Errorf("%s is a %s: expected a language model", o.ModelNameOrPath, m.Kind())
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	r.hash = m.Hash()
	return r, nil
}

// prompt is the ids of a text that the model should answer: by its chat template where chat is set and it has one, with
// further variables of the template.
func (r *reader) prompt(words string, chat bool, variables map[string]bool) ([]int32, error) {
	if !chat || r.codec.Template == nil {
		return r.codec.Encode(words, true)
	}
	rendered, err := r.rendered(words, variables)
	if err != nil {
		return nil, err
	}
	return r.codec.Encode(rendered, false)
}

// rendered is a user's turn by the chat template, up to where the answer begins.
func (r *reader) rendered(words string, variables map[string]bool) (string, error) {
	turn, err := json.Marshal(map[string]string{"role": "user", "content": words})
	if err != nil {
		return "", err
	}
	talk := text.Chat{Messages: []json.RawMessage{turn}}
	if variables != nil {
		if talk.Variables, err = json.Marshal(variables); err != nil {
			return "", err
		}
	}
	return r.codec.Render(talk, true)
}

// number is a stable number of a text, for the random numbers of its answer.
func number(key string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(key))
	return h.Sum64()
}

// tell tells progress, where somebody listens.
func tell(p engine.Progress, u engine.Update) {
	if p != nil {
		p(u)
	}
}
