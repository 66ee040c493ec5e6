package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"croco/internal/jsonl"
	"croco/pairing"
)

// ErrNoPair is returned, wrapped with the report, where a method finds no pair in a whole file.
var ErrNoPair = errors.New("no pair could be made")

// Pairs turns a scores file into a pairs file, or by the rule max_reward into one of best answers. It is made whole or not
// at all, and again when the scores or the options have changed; where they have not, the report is empty.
func Pairs(scores, out string, o pairing.Options) (report string, err error) {
	return pairsOf("pair", o, out, func() (found, error) {
		rows, err := o.Read(scores)
		if err != nil {
			return found{}, err
		}
		if o.Rule == pairing.MaxRewardRule {
			best, summary, err := pairing.MaxReward(rows, o)
			return found{len(best), func(w io.Writer) error { return pairing.WriteSFT(w, best) }, summary.String()}, err
		}
		pairs, summary, err := pairing.Croco(rows, o)
		return foundPairs(pairs, summary.String()), err
	}, append([]string{scores}, o.Files()...)...)
}

// found is what a method made of its answers.
type found struct {
	rows   int
	write  func(w io.Writer) error
	report string
}

func foundPairs(pairs []pairing.Pair, report string) found {
	return found{len(pairs), func(w io.Writer) error { return pairing.WritePairs(w, pairs) }, report}
}

// pairsOf makes a pairs file, unless it was made from these inputs with these options.
func pairsOf(stage string, options any, out string, pair func() (found, error), inputs ...string) (report string, err error) {
	begin := time.Now()
	manifest, err := newManifest(stage, options, inputs...)
	if err != nil {
		return "", err
	}
	old, err := ReadManifest(out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if _, there := os.Stat(out); err == nil && there == nil && old.Done && manifest.difference(old) == "" {
		return "", nil
	}
	f, err := pair()
	if err != nil {
		return "", err
	}
	if f.rows == 0 {
		return "", fmt.Errorf("%s: %w:\n%s", inputs[0], ErrNoPair, f.report)
	}
	var b bytes.Buffer
	if err := f.write(&b); err != nil {
		return "", err
	}
	if err := jsonl.WriteFile(out, b.Bytes()); err != nil {
		return "", err
	}
	manifest.Done, manifest.Rows, manifest.Seconds = true, f.rows, time.Since(begin).Seconds()
	return f.report, manifest.write(out)
}

func readCandidates(path string) ([]pairing.Candidate, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return pairing.ReadCandidates(f, path)
}
