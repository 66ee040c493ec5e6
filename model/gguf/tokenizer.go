package gguf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

const (
	modelKey  = "tokenizer.ggml.model"
	preKey    = "tokenizer.ggml.pre"
	tokensKey = "tokenizer.ggml.tokens"
	typesKey  = "tokenizer.ggml.token_type"
	scoresKey = "tokenizer.ggml.scores"
	mergesKey = "tokenizer.ggml.merges"
	padKey    = "tokenizer.ggml.padding_token_id"
	chatKey   = "tokenizer.chat_template"
)

// The types of tokens that matter here.
const (
	control     = 3
	userDefined = 4
	byteToken   = 6
)

// maxToken bounds the work on a hostile vocabulary. Real tokens have a tenth of it.
const maxToken = 4096

// vocabulary is what both kinds of tokenizer read first.
type vocabulary struct {
	tokens []string
	types  []int64 // nil: all are ordinary
}

func (v vocabulary) is(i int, kind int64) bool { return v.types != nil && v.types[i] == kind }

// object is a JSON object.
type object map[string]any

// preTokenizer is what a value of tokenizer.ggml.pre means.
type preTokenizer struct {
	digits       bool   // each digit is a word
	split        string // the expression that cuts into words; "": GPT-2's
	nfc          bool
	ignoreMerges bool
	bos          bool // where the file does not say
}

const (
	llama3Words = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2Words  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	tekkenWords = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

var preTokenizers = map[string]preTokenizer{
	"gpt-2":     {},
	"smollm":    {digits: true},
	"llama-bpe": {split: llama3Words, ignoreMerges: true, bos: true},
	"qwen2":     {split: qwen2Words, nfc: true},
	"tekken":    {split: tekkenWords, ignoreMerges: true, bos: true},
	"command-r": {digits: true, nfc: true},
}

// tokenizer is the tokenizer.json that the file stands for.
func (f *File) tokenizer() ([]byte, error) {
	kind, ok := f.keys[modelKey]
	if !ok {
		return nil, absent(f.Path, "tokenizer.json")
	}
	v, err := f.vocabulary()
	if err != nil {
		return nil, err
	}
	var tok object
	bos, eos := false, false
	switch name, _ := kind.Text(); name {
	case "gpt2":
		tok, bos, err = f.byteLevel(v)
	case "llama":
		tok, err = f.sentencePiece(v)
		bos = true
	default:
		err = f.errorf(modelKey, "%s is not supported, only \"gpt2\" and \"llama\"", kind)
	}
	if err != nil {
		return nil, err
	}
	f.flag("add_bos_token", &bos)
	f.flag("add_eos_token", &eos)
	if tok["post_processor"], err = f.around(v, bos, eos); err != nil {
		return nil, err
	}
	tok["version"], tok["truncation"], tok["padding"], tok["added_tokens"] = "1.0", nil, nil, v.added()
	return asJSON(tok, "")
}

// flag reads a truth value of the tokenizer where it is there.
func (f *File) flag(key string, value *bool) {
	if b, ok := f.keys["tokenizer.ggml."+key].Bool(); ok {
		*value = b
	}
}

func (f *File) vocabulary() (v vocabulary, err error) {
	var ok bool
	if v.tokens, ok = f.keys[tokensKey].Texts(); !ok || len(v.tokens) == 0 {
		return v, f.errorf(tokensKey, "is missing, or no list of texts")
	}
	for i, t := range v.tokens {
		if len(t) > maxToken {
			return v, f.errorf(tokensKey, "token %d has %d bytes, expected at most %d", i, len(t), maxToken)
		}
	}
	types, there := f.keys[typesKey]
	if !there {
		return v, nil
	}
	if v.types, ok = types.Ints(); !ok || len(v.types) != len(v.tokens) {
		return v, f.errorf(typesKey, "expected a whole number for each of %d tokens, found %s", len(v.tokens), types)
	}
	return v, nil
}

// added are the tokens that are cut out of a text wherever they are written: special ones, and those of the user.
func (v vocabulary) added() []object {
	list := []object{}
	for i, t := range v.tokens {
		if v.is(i, control) || v.is(i, userDefined) {
			list = append(list, object{"id": i, "content": t, "single_word": false, "lstrip": false, "rstrip": false,
				"normalized": false, "special": v.is(i, control)})
		}
	}
	return list
}

// byteLevel is BPE over bytes; the file holds the merges.
func (f *File) byteLevel(v vocabulary) (tok object, bos bool, err error) {
	name, _ := f.keys[preKey].Text()
	pre, ok := preTokenizers[name]
	if !ok {
		return nil, false, f.errorf(preKey, "the pre-tokenizer %q is not known: take the model's Hugging Face folder instead", name)
	}
	merges, ok := f.keys[mergesKey].Texts()
	if !ok {
		return nil, false, f.errorf(mergesKey, "is missing, or no list of texts")
	}
	spell := func(prefix, regex bool) object {
		return object{"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": true, "use_regex": regex}
	}
	steps := []object{}
	if pre.digits {
		steps = append(steps, object{"type": "Digits", "individual_digits": true})
	}
	if pre.split != "" {
		steps = append(steps, object{"type": "Split", "pattern": object{"Regex": pre.split}, "behavior": "Isolated", "invert": false})
	}
	steps = append(steps, spell(false, pre.split == ""))
	var normalizer any
	if pre.nfc {
		normalizer = object{"type": "NFC"}
	}
	return object{"normalizer": normalizer, "pre_tokenizer": object{"type": "Sequence", "pretokenizers": steps}, "decoder": spell(true, true),
		"model": bpe(v.tokens, merges, nil, object{"ignore_merges": pre.ignoreMerges})}, pre.bos, nil
}

// bpe is the model of a tokenizer.json.
func bpe(tokens []string, merges, unknown any, more object) object {
	m := object{"type": "BPE", "dropout": nil, "unk_token": unknown, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
		"fuse_unk": unknown != nil, "byte_fallback": false, "ignore_merges": false, "vocab": ids(tokens), "merges": merges}
	for k, x := range more {
		m[k] = x
	}
	return m
}

// ids is a vocabulary in the order of ids. Tokens that stand there twice are written twice, for the tokenizer to refuse.
type ids []string

func (v ids) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, t := range v {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(t); err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, ":%d", i)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// around is the post-processor: what stands before and after a text, or the first (A) and second (B) of two; nil for
// nothing.
func (f *File) around(v vocabulary, bos, eos bool) (any, error) {
	special := object{}
	named := func(id string, kind int) object { return object{"SpecialToken": object{"id": id, "type_id": kind}} }
	part := func(id string, wanted bool) ([]object, error) {
		if !wanted {
			return nil, nil
		}
		i, err := f.id(v, id)
		if err != nil || i < 0 {
			return nil, err
		}
		name := v.tokens[i]
		special[name] = object{"id": name, "ids": []int{i}, "tokens": []string{name}}
		return []object{named(name, 0), named(name, 1)}, nil
	}
	before, err := part("bos", bos)
	if err != nil {
		return nil, err
	}
	after, err := part("eos", eos)
	if err != nil || len(special) == 0 {
		return nil, err
	}
	text := func(kind int) []object {
		middle := []object{{"Sequence": object{"id": string(rune('A' + kind)), "type_id": kind}}}
		if before != nil {
			middle = append(before[kind:kind+1:kind+1], middle...)
		}
		if after != nil {
			middle = append(middle, after[kind])
		}
		return middle
	}
	return object{"type": "TemplateProcessing", "single": text(0), "pair": append(text(0), text(1)...), "special_tokens": special}, nil
}

// id is a token by its role; −1 where the file names none.
func (f *File) id(v vocabulary, role string) (int, error) {
	key := "tokenizer.ggml." + role + "_token_id"
	value, ok := f.keys[key]
	if !ok {
		return -1, nil
	}
	n, isInt := value.Int()
	if !isInt || n < 0 || n >= int64(len(v.tokens)) {
		return -1, f.errorf(key, "expected an id below %d, found %s", len(v.tokens), value)
	}
	return int(n), nil
}

// tokenizerConfig is the tokenizer_config.json that the file stands for: names of special tokens, and chat templates.
func (f *File) tokenizerConfig() ([]byte, error) {
	if _, ok := f.keys[modelKey]; !ok {
		return nil, absent(f.Path, "tokenizer_config.json")
	}
	v, err := f.vocabulary()
	if err != nil {
		return nil, err
	}
	out := object{"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false}
	for role, name := range map[string]string{"bos": "bos", "eos": "eos", "unknown": "unk", "padding": "pad"} {
		i, err := f.id(v, role)
		if err != nil {
			return nil, err
		}
		if i >= 0 {
			out[name+"_token"] = v.tokens[i]
		}
	}
	var named []object
	for _, key := range f.Keys() {
		if name, ok := strings.CutPrefix(key, chatKey+"."); ok {
			text, _ := f.keys[key].Text()
			named = append(named, object{"name": name, "template": text})
		}
	}
	text, ok := f.keys[chatKey].Text()
	switch {
	case ok && named == nil:
		out["chat_template"] = text
	case ok:
		out["chat_template"] = append(named, object{"name": "default", "template": text})
	}
	return asJSON(out, " ")
}
