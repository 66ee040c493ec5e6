package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"croco/internal/jsonl"
	"croco/kernels"
	"croco/pairing"
	"croco/pairing/exchange"
	"croco/pairing/python"
	"croco/pairing/translation"
	"croco/sampler"
)

// Translate are the options of the stage that writes prompts in other languages: CroCo's step 0. A row holds a prompt (a
// text or messages), or messages alone, as the authors' conversations do; every message is translated by itself, and all
// other keys stay. A row of which a message makes a prompt longer than max_prompt_tokens, in the language with the longest
// name, is left out in every language, so that the files stay parallel.
type Translate struct {
	ModelNameOrPath string   `yaml:"model_name_or_path" name:"model_name_or_path" help:"The translator: any language model that takes instructions, or one of the TranslateGemma family."`
	Adapter         string   `yaml:"adapter" name:"adapter" help:"Folder of a LoRA adapter on it."`
	Source          string   `yaml:"source" name:"source" help:"Prompts to translate: JSON lines with prompt or messages."`
	SourceLanguage  string   `yaml:"source_language" name:"source_language" help:"Their language, a code or an English name."`
	Languages       []string `yaml:"languages" name:"languages" help:"The languages to translate into."`
	OutputDir       string   `yaml:"output_dir" name:"output_dir" help:"Folder for NAME_LANGUAGE.jsonl, the source language's rows included."`
	Limit           int      `yaml:"limit" name:"limit" help:"Only the first rows; 0: all."`
	Asking          `yaml:",inline"`
}

// TranslateDefaults translate from English.
func TranslateDefaults() Translate { return Translate{SourceLanguage: "en", Asking: AskingDefaults()} }

// translatingPrompts is what the rows of a file of translated prompts depend on.
type translatingPrompts struct {
	Options Translate `yaml:",inline"`
	Model   string    `yaml:"model"` // hash
}

// Files are the files that Run writes: that of the source language, then one per language.
func (o Translate) Files() []string {
	name := strings.TrimSuffix(filepath.Base(o.Source), filepath.Ext(o.Source))
	if cut, ok := strings.CutSuffix(name, "_"+pairing.FileLanguage(o.Source)); ok {
		if _, _, err := translation.Language(pairing.FileLanguage(o.Source)); err == nil {
			name = cut
		}
	}
	var files []string
	for _, language := range append([]string{o.SourceLanguage}, o.Languages...) {
		files = append(files, filepath.Join(o.OutputDir, name+"_"+exchange.FileName(language)+".jsonl"))
	}
	return files
}

// Check refuses options that have no meaning, by the name of the key.
func (o Translate) Check() error {
	if len(o.Languages) == 0 {
		return errors.New("languages: expected one or more to translate into, found none")
	}
	for _, language := range append([]string{o.SourceLanguage}, o.Languages...) {
		if _, _, err := translation.Language(language); err != nil {
			return fmt.Errorf("languages: %w", err)
		}
	}
	return o.Asking.Validate()
}

// Run translates language by language, row by row. What is in the files already is kept.
func (o Translate) Run(ctx context.Context, d kernels.Device, progress Progress) (err error) {
	if err := o.Check(); err != nil {
		return err
	}
	text, err := os.ReadFile(o.Source)
	if err != nil {
		return err
	}
	rows, err := python.Rows(strings.TrimPrefix(string(text), "\ufeff"), o.Source)
	if err != nil {
		return err
	}
	if o.Limit > 0 {
		rows = rows[:min(o.Limit, len(rows))]
	}
	t, err := openTranslator(o.Asking, o.ModelNameOrPath, o.Adapter, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.model.Close()) }()
	w := promptWriter{Translate: o, translator: t, rows: rows}
	if err := w.measure(); err != nil {
		return err
	}
	for i, file := range o.Files() {
		if i == 0 {
			err = w.source(file)
		} else {
			err = w.language(ctx, o.Languages[i-1], file, progress)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// promptWriter writes the files of one source.
type promptWriter struct {
	Translate
	translator *translator
	rows       []*python.Object // of the source
	texts      [][]string       // of each row; nil: left out, since it is too long
	tooLong    int
}

// measure reads the texts of every row and leaves out what is too long.
func (w *promptWriter) measure() error {
	longest := ""
	for _, l := range w.Languages {
		_, name, _ := translation.Language(l) // Check has asked
		if len(name) > len(longest) {
			longest = name
		}
	}
	w.texts = make([][]string, len(w.rows))
	for i, row := range w.rows {
		texts, err := messages(row)
		if err != nil {
			return fmt.Errorf("%s: row %d: %w", w.Source, i+1, err)
		}
		fits := true
		for _, text := range texts {
			ids, err := w.translator.prompt(request{text, w.SourceLanguage, longest})
			if err != nil {
				return fmt.Errorf("%s: row %d: %w", w.Source, i+1, err)
			}
			fits = fits && w.translator.fits(ids)
		}
		if !fits {
			w.tooLong++
			continue
		}
		w.texts[i] = texts
	}
	return nil
}

// manifest describes the file of a language.
func (w *promptWriter) manifest(language string) (Manifest, error) {
	c := translatingPrompts{w.Translate, w.translator.model.Hash()}
	c.Options.ModelNameOrPath, c.Options.Adapter, c.Options.OutputDir, c.Options.Source = "", "", "", ""
	c.Options.Languages, c.Options.Asking = []string{language}, w.Asking.same()
	m, err := newManifest("translate", c, w.Source)
	m.DType, m.Counts = w.translator.model.Device().Arithmetic().String(), map[string]int{"too_long": w.tooLong}
	return m, err
}

// source writes the rows of the source language that were kept, numbered.
func (w *promptWriter) source(file string) error {
	m, err := w.manifest(w.SourceLanguage)
	if err != nil {
		return err
	}
	if done, err := m.begin(file); done || err != nil {
		return err
	}
	var kept []json.RawMessage
	for i, row := range w.rows {
		if w.texts[i] != nil {
			kept = append(kept, json.RawMessage(python.Dumps(numbered(row, i, w.SourceLanguage))))
		}
	}
	if err := jsonl.WriteRows(file, kept); err != nil {
		return err
	}
	m.Done, m.Rows = true, len(kept)
	return m.write(file)
}

// language writes the rows of one language. A row of which a translation failed is left out and counted; since rows carry
// their numbers, the files stay parallel.
func (w *promptWriter) language(ctx context.Context, language, file string, progress Progress) (err error) {
	m, err := w.manifest(language)
	if err != nil {
		return err
	}
	return m.fill(file, func(out *jsonl.Writer) error {
		first, err := w.afterLast(file)
		if err != nil {
			return err
		}
		var requests []request
		var rows []int // request → its row
		for i := first; i < len(w.rows); i++ {
			for _, text := range w.texts[i] {
				requests, rows = append(requests, request{text, w.SourceLanguage, language}), append(rows, i)
			}
		}
		var texts []string // of the row under way
		err = w.translator.all(ctx, requests, func(p sampler.Progress) {
			progress.tell(Update{Stage: "translate to " + language, Done: out.Rows, Total: len(w.rows) - w.tooLong, Unit: "prompts", Tokens: p.NewTokens, Shared: share(p.SharedTokens, p.PromptTokens)})
		}, func(i int, r reply) error {
			row := rows[i]
			if texts = append(texts, r.translation); len(texts) < len(w.texts[row]) {
				return nil
			}
			whole := texts
			texts = nil
			if slices.Contains(whole, translation.Failed) || slices.Contains(whole, "") {
				return nil
			}
			return w.append(out, row, language, whole)
		})
		if err == nil {
			m.Counts["failed"] = len(w.rows) - w.tooLong - out.Rows
		}
		return err
	})
}
