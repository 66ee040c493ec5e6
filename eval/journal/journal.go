// Package journal keeps answers that were hard to get, one line each, so that a process that dies loses none of them.
//
//	Open     the journal in a file, with what earlier runs left
//	Get      the answer to a request, where there is one
//	Put      append an answer; it is on the disk when Put returns
//	Numbers  tells equal requests of one run apart
//	Key      a request → its key
//
// A request is named by the hash of all that the answer depends on. So a journal is also a cache: who asks the same again
// gets the same, and who changes a setting asks anew without losing what is there.
package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"croco/internal/jsonl"
)

// Journal is a file of answers of type T. Its methods may be called from several goroutines.
type Journal[T any] struct {
	mu   sync.Mutex
	file *jsonl.Writer
	rows map[string]T
	// Left is how many answers were in the file when it was opened; Dropped the bytes of the half line at its end.
	Left, Dropped int
}

// line is a row of the file.
type line[T any] struct {
	Key    string `json:"key"`
	Answer T      `json:"answer"`
}

// Open reads a journal, or begins one. A half line that a killed process left at the end is cut off. A line that is not
// the journal's own, and a key that stands twice, are errors with file and line.
func Open[T any](path string) (*Journal[T], error) {
	file, err := jsonl.Open(path)
	if err != nil {
		return nil, err
	}
	j := &Journal[T]{file: file, rows: map[string]T{}, Dropped: file.Dropped}
	err = jsonl.Read(path, func(_ int, row line[T]) error {
		if len(row.Key) != 2*sha256.Size {
			return fmt.Errorf("key: expected the %d hexadecimal digits of a request's hash, found %.80q", 2*sha256.Size, row.Key)
		}
		if _, twice := j.rows[row.Key]; twice {
			return fmt.Errorf("key %s has an answer already: remove one of the two lines", row.Key)
		}
		j.rows[row.Key] = row.Answer
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	j.Left = len(j.rows)
	return j, nil
}

// Get returns the answer to a request.
func (j *Journal[T]) Get(key string) (answer T, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	answer, ok = j.rows[key]
	return answer, ok
}

// Put appends an answer and waits for the disk. A second answer to a request changes nothing: the first one counts.
func (j *Journal[T]) Put(key string, answer T) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, have := j.rows[key]; have {
		return nil
	}
	if err := j.file.Append(line[T]{key, answer}); err != nil {
		return err
	}
	j.rows[key] = answer
	return j.file.Sync()
}

// Close closes the file.
func (j *Journal[T]) Close() error { return j.file.Close() }

// Numbers counts equal requests of a run: two questions may be the same to the last letter, and each has an answer of
// its own.
type Numbers map[string]int

// Key is the name of the next request with this text.
func (n Numbers) Key(request []byte) string {
	first := Key(request, 0)
	at := n[first]
	n[first]++
	return Key(request, at)
}

// Key is the hash of a request, the number-th with its text.
func Key(request []byte, number int) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d\n", number)
	h.Write(request)
	return hex.EncodeToString(h.Sum(nil))
}
