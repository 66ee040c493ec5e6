package gguf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// files are those that a GGUF file stands for.
var files = map[string]func(*File) ([]byte, error){"config.json": (*File).config, "generation_config.json": (*File).generation,
	"tokenizer.json": (*File).tokenizer, "tokenizer_config.json": (*File).tokenizerConfig}

// ReadFile is what a file of the Hugging Face folder would hold. The error wraps fs.ErrNotExist for files that it would
// not have, the tokenizer's of a GGUF file without one included.
func ReadFile(path, name string) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	write, ok := files[name]
	if !ok {
		return nil, errors.Join(absent(path, name), f.Close())
	}
	text, err := write(f)
	return text, errors.Join(err, f.Close())
}

// asJSON is a value as JSON, as a user may read it in a folder.
func asJSON(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err := e.Encode(v)
	return b.Bytes(), err
}

func absent(path, name string) error {
	return fmt.Errorf("%s: stands for no %s: %w", path, name, fs.ErrNotExist)
}
