// Package jsonl is the file format between the stages: JSON lines that are appended whole or not at all.
//
//	Read      every row of a file, with file and line in each error
//	Open      append to a file after dropping a half line that a stopped run left at its end
//	WriteRows, WriteFile   a whole file or nothing
//	Marshal   one row: UTF-8 as it is, floats as the shortest text that reads back
package jsonl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Error is a fault in one line of a file.
type Error struct {
	File string
	Line int
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// Read calls f with every row of a file of JSON objects, one a line, in order. Blank lines are passed over. A line that
// is not JSON of T's shape, and an error of f, come back with the file and the line number. The last line need not end
// in a newline.
func Read[T any](path string, f func(line int, row T) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	r := bufio.NewReaderSize(file, 1<<20)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return fmt.Errorf("%s: %w", path, err)
		}
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		if trimmed := bytes.TrimSpace(line); len(trimmed) > 0 {
			var row T
			if e := json.Unmarshal(trimmed, &row); e != nil {
				return &Error{path, n, explain(e, trimmed)}
			}
			if e := f(n, row); e != nil {
				return &Error{path, n, e}
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

// explain says what was expected and what was found.
func explain(err error, line []byte) error {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("key %q: expected %s, found a %s", wrong.Field, wrong.Type, wrong.Value)
	case errors.As(err, &syntax):
		at := int(min(max(syntax.Offset, 1), int64(len(line))))
		return fmt.Errorf("expected one JSON object a line: %v at column %d, near %q", err, at, near(line, at))
	}
	return err
}

// near is the text around column at.
func near(line []byte, at int) string {
	return strings.ToValidUTF8(string(line[max(0, at-16):min(len(line), at+8)]), "")
}

// All reads a whole file.
func All[T any](path string) ([]T, error) {
	var rows []T
	err := Read(path, func(_ int, row T) error {
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

// Marshal encodes one row without the final newline. Nothing is escaped that JSON does not require.
func Marshal(row any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(row); err != nil {
		return nil, err
	}
	return unescapeSeparators(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// unescapeSeparators puts U+2028 and U+2029 back, which encoding/json always escapes.
func unescapeSeparators(b []byte) []byte {
	if !bytes.Contains(b, []byte(`\u202`)) {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			out = append(out, b[i])
			continue
		}
		switch {
		case bytes.HasPrefix(b[i:], []byte(`\u2028`)):
			out, i = append(out, "\u2028"...), i+5
		case bytes.HasPrefix(b[i:], []byte(`\u2029`)):
			out, i = append(out, "\u2029"...), i+5
		default: // another escape: its second byte may be a backslash
			out, i = append(out, b[i], b[i+1]), i+1
		}
	}
	return out
}

// Writer appends rows to a file.
type Writer struct {
	path string
	file *os.File
	buf  bytes.Buffer
	// Rows is the number of whole rows in the file; Dropped the bytes of the half line that Open removed.
	Rows    int
	Dropped int
}

// Open opens path for appending, making its folder where needed. A file that does not end in a newline was cut in the
// middle of a row: that half line is removed, and Dropped says how long it was.
func Open(path string) (*Writer, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	w := &Writer{path: path, file: f}
	if err := w.repair(); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return w, nil
}

// repair counts the rows and cuts a half line off.
func (w *Writer) repair() error {
	buf := make([]byte, 1<<20)
	var end, size int64
	for {
		n, err := w.file.Read(buf)
		for i, c := range buf[:n] {
			if c == '\n' {
				w.Rows++
				end = size + int64(i) + 1
			}
		}
		size += int64(n)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if w.Dropped = int(size - end); w.Dropped > 0 {
		if err := w.file.Truncate(end); err != nil {
			return err
		}
	}
	_, err := w.file.Seek(end, io.SeekStart)
	return err
}

// Append adds rows in one write. When the write fails, on a full disk say, the file is cut back to the rows before it.
func (w *Writer) Append(rows ...any) error {
	w.buf.Reset()
	for _, r := range rows {
		b, err := Marshal(r)
		if err != nil {
			return fmt.Errorf("%s: row %d: %w", w.path, w.Rows+1, err)
		}
		w.buf.Write(b)
		w.buf.WriteByte('\n')
	}
	at, err := w.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err := w.file.Write(w.buf.Bytes()); err != nil {
		_ = w.file.Truncate(at)
		_, _ = w.file.Seek(at, io.SeekStart)
		return fmt.Errorf("%w; the %d rows before it are kept: make room and run the same command again", err, w.Rows)
	}
	w.Rows += len(rows)
	return nil
}

// Sync returns when the rows are on the disk.
func (w *Writer) Sync() error { return w.file.Sync() }

// Close syncs the file to the disk and closes it.
func (w *Writer) Close() error {
	return errors.Join(w.file.Sync(), w.file.Close())
}

// WriteRows writes a whole file of rows, or none of it.
func WriteRows[T any](path string, rows []T) error {
	var b bytes.Buffer
	for i, r := range rows {
		line, err := Marshal(r)
		if err != nil {
			return fmt.Errorf("%s: row %d: %w", path, i+1, err)
		}
		b.Write(append(line, '\n'))
	}
	return WriteFile(path, b.Bytes())
}

// WriteFile writes data beside path and renames it into place, so that path holds either the old or the new contents.
func WriteFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(data); err != nil {
		tmp.Close()
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := errors.Join(tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.Rename(tmp.Name(), path)
}
