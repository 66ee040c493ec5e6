package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"croco/model"
	"croco/model/chat"
	"croco/model/hub"
	"croco/model/text"
)

// inspectCmd tells a model on one screen.
type inspectCmd struct {
	Model   string `arg:"" name:"model" help:"Folder, GGUF file, or repository in the hub's cache."`
	Lengths []int  `name:"lengths" help:"Lengths of texts, in tokens, to estimate memory for; 512,2048 if left out."`
}

func (c *inspectCmd) Run(t *console) error {
	about, err := model.Describe(c.Model, c.Lengths...)
	if err != nil {
		return err
	}
	fmt.Fprint(t.out, about)
	config, err := model.ReadConfig(c.Model)
	if err != nil {
		return err
	}
	spec, err := config.Spec()
	if err != nil {
		return err
	}
	say := func(label, format string, args ...any) {
		fmt.Fprintf(t.out, "%-15s%s\n", label, fmt.Sprintf(format, args...))
	}
	codec, err := text.Open(c.Model)
	switch {
	case err != nil:
		say("tokenizer", "cannot be used: %v", err)
		return nil
	case codec == nil:
		say("tokenizer", "none: the model works on token ids alone")
		return nil
	}
	tk := codec.Tokenizer
	say("tokenizer", "%s; %d tokens", tokenizerParts(c.Model), tk.VocabSize())
	if tk.VocabSize() > spec.Vocab {
		say("", "it has more tokens than the model's vocabulary of %d: ids from there on are refused", spec.Vocab)
	}
	say("  around text", "%s", around(codec))
	say("  special", "%s", specials(codec))
	c.template(say, codec)
	return nil
}

// template shows what the chat template makes of one short turn.
func (c *inspectCmd) template(say func(label, format string, args ...any), codec *text.Codec) {
	if codec.Template == nil {
		say("template", "none: conversations are refused, prompts are plain text")
		return
	}
	var turns []chat.Message
	err := json.Unmarshal([]byte(`[{"role": "user", "content": "Hello"}]`), &turns)
	var example string
	if err == nil {
		example, err = codec.Template.Prompt(turns, true, nil)
	}
	if err != nil {
		say("template", "found, but refuses a single turn: %v", err)
		return
	}
	say("template", "a turn \"Hello\" becomes %q", example)
}

// tokenizerParts names the components of tokenizer.json.
func tokenizerParts(name string) string {
	path, err := hub.Resolve(name)
	if err != nil {
		return "unknown"
	}
	raw, err := hub.ReadFile(path, "tokenizer.json")
	if errors.Is(err, fs.ErrNotExist) {
		return "unknown"
	}
	var parts struct {
		Normalizer    *part `json:"normalizer"`
		PreTokenizer  *part `json:"pre_tokenizer"`
		Model         *part `json:"model"`
		PostProcessor *part `json:"post_processor"`
		Decoder       *part `json:"decoder"`
	}
	if err != nil || json.Unmarshal(raw, &parts) != nil {
		return "unknown"
	}
	var list []string
	for _, p := range []*part{parts.Normalizer, parts.PreTokenizer, parts.Model, parts.PostProcessor, parts.Decoder} {
		if p != nil {
			list = append(list, p.String())
		}
	}
	return strings.Join(list, " → ")
}

// part is a component of a tokenizer: its type and, of a sequence, what it consists of.
type part struct {
	Type          string `json:"type"`
	Normalizers   []part `json:"normalizers"`
	PreTokenizers []part `json:"pretokenizers"`
	Processors    []part `json:"processors"`
	Decoders      []part `json:"decoders"`
}

func (p part) String() string {
	var inner []string
	for _, list := range [][]part{p.Normalizers, p.PreTokenizers, p.Processors, p.Decoders} {
		for _, q := range list {
			if s := q.String(); len(inner) == 0 || inner[len(inner)-1] != s { // a run of Replace, once
				inner = append(inner, s)
			}
		}
	}
	switch {
	case len(inner) > 0:
		return strings.Join(inner, " + ")
	case p.Type == "":
		return "BPE" // old files leave the model's type out
	}
	return p.Type
}

// around says what the tokenizer puts around a plain text.
func around(codec *text.Codec) string {
	const sample = "a"
	tk := codec.Tokenizer
	bare, whole := tk.Encode(sample, false), tk.Encode(sample, true)
	if len(bare) == len(whole) {
		return "nothing is added"
	}
	var names []string
	for _, id := range whole {
		if name, _ := tk.IDToToken(id); tk.Special(id) {
			names = append(names, name)
		} else {
			names = append(names, "…")
		}
	}
	return strings.Join(names, " ")
}

// specials lists the first special tokens by id.
func specials(codec *text.Codec) string {
	const most = 8
	tk := codec.Tokenizer
	var list []string
	count := 0
	for id := range int32(tk.VocabSize()) {
		if !tk.Special(id) {
			continue
		}
		if count++; count <= most {
			name, _ := tk.IDToToken(id)
			list = append(list, fmt.Sprintf("%d %s", id, name))
		}
	}
	if count > most {
		list = append(list, fmt.Sprintf("and %d more", count-most))
	}
	if end := codec.EOS(); end != "" {
		list = append(list, "end token "+end)
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
