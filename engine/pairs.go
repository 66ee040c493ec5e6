package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"croco/internal/jsonl"
	"croco/pairing"
)

// Pairs turns a scores file into a pairs file. It is made whole or not at all, and again when the scores or the options
// have changed; where they have not, the report is empty.
func Pairs(scores, out string, o pairing.Options) (report string, err error) {
	begin := time.Now()
	manifest, err := newManifest("pair", o, scores)
	if err != nil {
		return "", err
	}
	if old, err := ReadManifest(out); err == nil && old.Done && manifest.difference(old) == "" {
		return "", nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	f, err := os.Open(scores)
	if err != nil {
		return "", err
	}
	defer f.Close()
	rows, err := pairing.ReadCandidates(f, scores)
	if err != nil {
		return "", err
	}
	pairs, summary, err := pairing.Croco(rows, o)
	if err != nil {
		return "", err
	}
	if len(pairs) == 0 {
		return "", fmt.Errorf("%s: no pair could be made of %d answers:\n%s", scores, len(rows), summary)
	}
	var b bytes.Buffer
	if err := pairing.WritePairs(&b, pairs); err != nil {
		return "", err
	}
	if err := jsonl.WriteFile(out, b.Bytes()); err != nil {
		return "", err
	}
	manifest.Done, manifest.Rows, manifest.Seconds = true, len(pairs), time.Since(begin).Seconds()
	return summary.String(), manifest.write(out)
}
