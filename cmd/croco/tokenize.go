package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"croco/internal/jsonl"
	"croco/model/text"
)

// tokenizeCmd turns texts into ids, or ids into texts, a line at a time.
type tokenizeCmd struct {
	Tokenizer string `name:"tokenizer" help:"tokenizer.json, or a model: folder, GGUF file, or repository in the hub's cache."`
	NoSpecial bool   `name:"no_special" help:"Without the special tokens that the tokenizer puts around a text; with --decode, leave special tokens out."`
	Decode    bool   `name:"decode" help:"From ids to text."`
	Chat      bool   `name:"chat" help:"Show conversations, one object with messages a line, token by token: prompt and completion."`
}

func (c *tokenizeCmd) Run(t *console) error {
	if err := need("tokenizer", c.Tokenizer); err != nil {
		return err
	}
	tk, err := text.Tokenizer(c.Tokenizer)
	if err != nil {
		return err
	}
	t.endAtOnce()
	if c.Chat {
		return c.conversations(t)
	}
	return eachLine(t.in, t.out, func(line []byte) (any, error) {
		if c.Decode {
			var ids []int32
			if err := json.Unmarshal(line, &ids); err != nil {
				return nil, fmt.Errorf("expected one JSON array of token ids a line: %w", err)
			}
			return tk.Decode(ids, c.NoSpecial), nil
		}
		var text string
		if err := json.Unmarshal(line, &text); err != nil {
			return nil, fmt.Errorf("expected one JSON string a line: %w", err)
		}
		ids := tk.Encode(text, !c.NoSpecial)
		if ids == nil {
			ids = []int32{}
		}
		return ids, nil
	})
}

// conversations shows each line's conversation.
func (c *tokenizeCmd) conversations(t *console) error {
	codec, err := text.Open(c.Tokenizer)
	if err != nil {
		return err
	}
	show := chatTokens{codec, isTerminal(t.out)}
	in := bufio.NewScanner(t.in)
	in.Buffer(nil, 64<<20)
	for n := 1; in.Scan(); n++ {
		if len(bytes.TrimSpace(in.Bytes())) == 0 {
			continue
		}
		told, err := show.show(in.Bytes())
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		fmt.Fprint(t.out, told)
	}
	return in.Err()
}

// eachLine answers every line of r with one line of JSON, at once where r is waiting for it. Blank lines are passed over.
func eachLine(r io.Reader, w io.Writer, answer func(line []byte) (any, error)) (err error) {
	in, out := bufio.NewReaderSize(r, 1<<16), bufio.NewWriter(w)
	defer func() { err = errors.Join(err, out.Flush()) }()
	for n := 1; ; n++ {
		line, readErr := in.ReadBytes('\n')
		if readErr != nil && readErr != io.EOF {
			return readErr
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			v, err := answer(line)
			if err != nil {
				return &jsonl.Error{File: "standard input", Line: n, Err: err}
			}
			b, err := jsonl.Marshal(v)
			if err != nil {
				return err
			}
			out.Write(append(b, '\n'))
		}
		if readErr == io.EOF {
			return nil
		}
		if in.Buffered() == 0 {
			out.Flush() // an error stays and comes back at the end
		}
	}
}
