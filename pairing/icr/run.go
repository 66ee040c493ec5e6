package icr

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"croco/pairing/python"
)

// Files are the authors' files of one language: rows asked, and the same answers scored by two models.
type Files struct{ Language, Prompts, Policy, Reference string }

// Run makes the pairs of every language and writes to out what the authors' script does: LANGUAGE_dpo.jsonl (with length
// control LANGUAGE_lc_alpha_A_dpo.jsonl and LANGUAGE.alpha_grid.jsonl), and all of them, one language behind the other, as
// L1_L2_…_dpo.jsonl.
func Run(files []Files, out string, o Options, log io.Writer) error {
	if err := o.Validate(); err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("languages: expected one or more")
	}
	written := map[string]string{}
	var all, names []string
	for _, f := range files {
		var rows [3][]*python.Object
		for i, path := range []string{f.Prompts, f.Policy, f.Reference} {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if rows[i], err = python.Rows(string(text), path); err != nil {
				return err
			}
		}
		r, err := Pairs(rows[0], rows[1], rows[2], o)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Language, err)
		}
		fmt.Fprintf(log, "%s: %d pairs, %s\n", f.Language, len(r.Records), r.Note())
		text := python.DumpRows(r.Records)
		written[r.FileName(f.Language)] = text
		if r.Grid != nil {
			written[f.Language+".alpha_grid.jsonl"] = GridRows(r.Grid)
		}
		all, names = append(all, text), append(names, f.Language)
	}
	if len(files) > 1 {
		written[strings.Join(names, "_")+"_dpo.jsonl"] = strings.Join(all, "")
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for name, text := range written {
		if err := os.WriteFile(filepath.Join(out, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
