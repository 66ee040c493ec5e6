package data

import (
	"fmt"
	"strings"
)

// Report says what became of the rows of a file.
type Report struct {
	Rows, Kept int
	Notes      []Note
}

// Note is something that happened to some rows.
type Note struct {
	What  string // "dropped: the prompt alone fills max_length 512"
	Count int
	First string // file:line of the first such row
}

// Note counts what happened to a row, "file:line".
func (r *Report) Note(where, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	for i := range r.Notes {
		if r.Notes[i].What == what {
			r.Notes[i].Count++
			return
		}
	}
	r.Notes = append(r.Notes, Note{what, 1, where})
}

// String is the report for people, one line for each thing.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d rows kept", r.Kept, r.Rows)
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "\n  %d × %s (first: %s)", n.Count, n.What, n.First)
	}
	return b.String()
}

// finish refuses a data set that nothing is left of.
func (r *Report) finish(kept int) error {
	if r.Kept = kept; kept == 0 {
		return fmt.Errorf("no row is left to train on: %s", r)
	}
	return nil
}
