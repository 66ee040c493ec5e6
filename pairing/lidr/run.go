package lidr

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"croco/pairing/python"
)

// Run reads both directions of every language from dir and writes LANGUAGE_dpo.jsonl, en_dpo.jsonl and
// all_languages_dpo.jsonl (English first, then the languages in order) to out. instructions is a file whose rows' ids
// are those of prompts about translating; "" for none.
func Run(dir, instructions, out string, languages []string, o Options, log io.Writer) error {
	if err := o.Validate(); err != nil {
		return err
	}
	if len(languages) == 0 {
		return errors.New("languages: expected at least one beside English")
	}
	untranslated := map[string]bool{}
	if instructions != "" {
		rows, err := o.load(instructions, log)
		if err != nil {
			return err
		}
		for _, row := range rows {
			untranslated[python.Dumps(row.Get("id"))] = true
		}
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	english, others := []*python.Object{}, []*python.Object{}
	for i, language := range languages {
		there, err := o.load(filepath.Join(dir, o.file("en", language)), log)
		back, err2 := o.load(filepath.Join(dir, o.file(language, "en")), log)
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		en, l, report, err := Pairs(there, back, language, untranslated, o)
		if err != nil {
			return err
		}
		fmt.Fprintf(log, "%s: %d pairs, %d translations failed, %d empty\n", language, report.Pairs, report.Failed, report.Empty)
		switch {
		case o.EnglishPairs == "last":
			english = en
		case o.EnglishPairs == "all" || i == 0:
			english = append(english, en...)
		}
		others = append(others, l...)
		if err := write(filepath.Join(out, language+"_dpo.jsonl"), l); err != nil {
			return err
		}
	}
	return errors.Join(write(filepath.Join(out, "en_dpo.jsonl"), english),
		write(filepath.Join(out, "all_languages_dpo.jsonl"), append(english, others...)))
}

// file is the name of a direction's file.
func (o Options) file(from, to string) string {
	return strings.NewReplacer("{src_lang}", from, "{tgt_lang}", to).Replace(o.FileName)
}

func (o Options) load(path string, log io.Writer) ([]*python.Object, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if o.Input != "authors" {
		return python.Rows(string(text), path)
	}
	rows, skipped := python.ParsableRows(string(text))
	if skipped > 0 {
		fmt.Fprintf(log, "%s: %d lines left out that do not parse\n", path, skipped)
	}
	return rows, nil
}

// write writes a whole file or none.
func write(path string, rows []*python.Object) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".pairs-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already if all went well
	_, err = f.WriteString(python.DumpRows(rows))
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}
