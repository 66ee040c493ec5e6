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

// Pairs turns a scores file into a pairs file, or by the rule max_reward into one of best answers. It is made whole or not at all, and again when the scores or the options
// have changed; where they have not, the report is empty.
func Pairs(scores, out string, o pairing.Options) (report string, err error) {
	return pairsOf("pair", o, out, func() (found, error) {
		rows, err := readCandidates(scores)
		if err != nil {
			return found{}, err
		}
		pairs, summary, err := pairing.Croco(rows, o)
		return found{pairs, summary.String()}, err
	}, scores)
}

// found is what a method made of its answers.
type found struct {
	pairs  []pairing.Pair
	report string
}

// pairsOf makes a pairs file, unless it was made from these inputs with these options.
func pairsOf(stage string, options any, out string, pair func() (found, error), inputs ...string) (report string, err error) {
	begin := time.Now()
	manifest, err := newManifest(stage, options, inputs...)
	if err != nil {
		return "", err
	}
	if old, err := ReadManifest(out); err == nil && old.Done && manifest.difference(old) == "" {
		if _, err := os.Stat(out); err == nil {
			return "", nil
		}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	f, err := pair()
	if err != nil {
		return "", err
	}
	if len(f.pairs) == 0 {
		return "", fmt.Errorf("%s: no pair could be made:\n%s", inputs[0], f.report)
	}
	var b bytes.Buffer
	if err := pairing.WritePairs(&b, f.pairs); err != nil {
		return "", err
	}
	if err := jsonl.WriteFile(out, b.Bytes()); err != nil {
		return "", err
	}
	manifest.Done, manifest.Rows, manifest.Seconds = true, len(f.pairs), time.Since(begin).Seconds()
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

// writePairs writes what the rule makes of the answers.
func writePairs(w io.Writer, rows []pairing.Candidate, o pairing.Options) (pairing.Report, error) {
	if o.Rule == pairing.MaxRewardRule {
		best, report, err := pairing.MaxReward(rows, o)
		return report, errors.Join(err, pairing.WriteSFT(w, best))
	}
	pairs, report, err := pairing.Croco(rows, o)
	return report, errors.Join(err, pairing.WritePairs(w, pairs))
}
