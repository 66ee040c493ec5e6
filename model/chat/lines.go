package chat

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"croco/model/chat/jinja"
)

// Lines renders one conversation a line: r has JSON objects of variables (messages, tools, …_token and so on; documents is
// null unless given, any other absent one is undefined), w gets as many lines: the text as a JSON string, or {"error": …}
// with the message of raise_exception or "ExceptionName: message". Blank lines are skipped. The error is that of r or w.
func Lines(t *Template, r io.Reader, w io.Writer) error {
	in, out := bufio.NewReader(r), bufio.NewWriter(w)
	for n := 1; ; n++ {
		line, readErr := in.ReadBytes('\n')
		if readErr != nil && readErr != io.EOF {
			return readErr
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			var answer jinja.Value
			text, err := t.renderLine(line)
			var raised *jinja.Error
			switch {
			case err == nil:
				answer = text
			case errors.As(err, &raised) && raised.Raised():
				answer = jinja.NewDict("error", raised.Message)
			case raised != nil:
				answer = jinja.NewDict("error", raised.Python())
			default:
				answer = jinja.NewDict("error", fmt.Sprintf("line %d: %v", n, err))
			}
			s, err := jinja.Dump(answer)
			if err != nil {
				return err
			}
			out.WriteString(s)
			out.WriteByte('\n')
		}
		if readErr == io.EOF {
			return out.Flush()
		}
	}
}

func (t *Template) renderLine(line []byte) (string, error) {
	v, err := jinja.Decode(line)
	if err != nil {
		return "", err
	}
	vars, ok := v.(*jinja.Dict)
	if !ok {
		return "", errors.New(`a JSON object like {"messages": [{"role": "user", "content": "…"}]} expected`)
	}
	return t.Render(overlay(jinja.NewDict("documents", nil), vars))
}
