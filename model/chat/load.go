package chat

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"croco/model/chat/jinja"
)

// ErrNoTemplate is what Load's error wraps for a model without a chat template.
var ErrNoTemplate = errors.New("no chat template")

// Load reads a chat template and its special tokens. path is a model folder, a tokenizer_config.json, or a .jinja file
// (which has no tokens). In a folder, chat_template.jinja goes before the chat_template of tokenizer_config.json, which is
// one text or a list of {"name", "template"}: "default", and "tool_use" for conversations with tools (also
// additional_chat_templates/tool_use.jinja). Tokens come from tokenizer_config.json, those missing there from special_tokens_map.json.
func Load(path string) (*Template, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() && !strings.HasSuffix(path, ".json") {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return parseFile(path, string(text))
	}
	dir, config := path, filepath.Join(path, "tokenizer_config.json")
	if !info.IsDir() {
		dir, config = filepath.Dir(path), path
	}
	settings, err := readObject(config)
	if err != nil && !(info.IsDir() && errors.Is(err, fs.ErrNotExist)) {
		return nil, err
	}
	t, err := fromConfig(config, settings)
	if info.IsDir() && (err == nil || errors.Is(err, ErrNoTemplate)) {
		t, err = fromFiles(dir, t, err)
	}
	if err != nil {
		return nil, err
	}
	t.tokens = &jinja.Dict{}
	more, err := readObject(filepath.Join(dir, "special_tokens_map.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	addTokens(t.tokens, more)
	addTokens(t.tokens, settings)
	return t, nil
}

// FromConfig reads the chat template and the special tokens of a tokenizer_config.json that is in memory; file is its
// name in errors.
func FromConfig(file string, data []byte) (*Template, error) {
	settings, err := decodeObject(file, data)
	if err != nil {
		return nil, err
	}
	t, err := fromConfig(file, settings)
	if err != nil {
		return nil, err
	}
	t.tokens = &jinja.Dict{}
	addTokens(t.tokens, settings)
	return t, nil
}

// fromFiles prefers the .jinja files of a folder to t, what its tokenizer_config.json gave.
func fromFiles(dir string, t *Template, missing error) (*Template, error) {
	for _, f := range []struct {
		path string
		set  func(*jinja.Template)
	}{
		{"chat_template.jinja", func(p *jinja.Template) { t, missing = &Template{plain: p}, nil }},
		{"additional_chat_templates/tool_use.jinja", func(p *jinja.Template) { t.tools = p }},
	} {
		path := filepath.Join(dir, f.path)
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			if missing != nil {
				return nil, missing
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		parsed, err := parseFile(path, string(text))
		if err != nil {
			return nil, err
		}
		f.set(parsed.plain)
	}
	return t, nil
}

func parseFile(path, text string) (*Template, error) {
	t, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

func readObject(path string) (*jinja.Dict, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return decodeObject(path, data)
}

func decodeObject(path string, data []byte) (*jinja.Dict, error) {
	v, err := jinja.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d, ok := v.(*jinja.Dict)
	if !ok {
		return nil, fmt.Errorf("%s: a JSON object expected", path)
	}
	return d, nil
}

// fromConfig makes a template of the chat_template of a tokenizer_config.json.
func fromConfig(path string, settings *jinja.Dict) (*Template, error) {
	var v jinja.Value
	if settings != nil {
		v, _ = settings.Get("chat_template")
	}
	switch v := v.(type) {
	case nil:
		return nil, fmt.Errorf("%s: %w: give one with a file chat_template.jinja beside it, or ask for ChatML if the model was trained on that", path, ErrNoTemplate)
	case string:
		return parseFile(path+": chat_template", v)
	case *jinja.List:
		texts := map[string]string{}
		for i, item := range v.Items {
			d, ok := item.(*jinja.Dict)
			if !ok || str(d, "name") == "" {
				return nil, fmt.Errorf(`%s: chat_template[%d]: {"name": …, "template": …} expected, found %s`, path, i, jinja.Repr(item))
			}
			texts[str(d, "name")] = str(d, "template")
		}
		text, ok := texts["default"]
		if !ok {
			return nil, fmt.Errorf("%s: chat_template is a list of %d templates without the name \"default\"", path, len(texts))
		}
		t, err := parseFile(path+`: chat_template "default"`, text)
		if text, ok := texts["tool_use"]; ok && err == nil {
			var tools *Template
			if tools, err = parseFile(path+`: chat_template "tool_use"`, text); err == nil {
				t.tools = tools.plain
			}
		}
		return t, err
	}
	return nil, fmt.Errorf("%s: chat_template: a string or a list expected, found %s", path, jinja.Repr(v))
}

// addTokens takes every …_token, a string or {"content": …}, and additional_special_tokens.
func addTokens(tokens, from *jinja.Dict) {
	if from == nil {
		return
	}
	content := func(v jinja.Value) (string, bool) {
		if d, ok := v.(*jinja.Dict); ok {
			v, _ = d.Get("content")
		}
		s, ok := v.(string)
		return s, ok
	}
	for _, k := range from.Keys() {
		v, _ := from.Get(k)
		if s, ok := content(v); ok && strings.HasSuffix(k, "_token") {
			tokens.Set(k, s)
		}
		if list, ok := v.(*jinja.List); ok && k == "additional_special_tokens" {
			texts := &jinja.List{}
			for _, x := range list.Items {
				if s, ok := content(x); ok {
					texts.Items = append(texts.Items, s)
				}
			}
			tokens.Set(k, texts)
		}
	}
}
