package pairing

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"croco/pairing/python"
)

// Summary counts one run of the command line.
type Summary struct {
	Tasks         map[Task]TaskCount
	TotalRows     int // scored rows read
	PromptsFound  int // lines with at least one answer
	PromptsTotal  int // lines of the parallel prompts
	MappedPrompts int // different prompt texts
}

// TaskCount counts the pools of one product.
type TaskCount struct{ Kept, Skipped int }

// Authors is the authors' script: its flags, its files, its bytes. See docs/methods/croco.md for what it does that one
// would not expect.
func Authors(args []string, stdout, stderr io.Writer) error {
	_, err := run(args, true, stdout, stderr)
	return err
}

// Command takes the same flags and writes the same file names with the defaults of Defaults, and a flag for each switch
// of Options. --input_files may also be croco's own scores.jsonl; then no --original_files are needed. --compat authors,
// anywhere, makes it Authors.
func Command(args []string, stdout, stderr io.Writer) error {
	var rest []string
	compat := false
	for i := 0; i < len(args); i++ {
		value, inline := strings.CutPrefix(args[i], "--compat=")
		if !inline && args[i] != "--compat" {
			rest = append(rest, args[i])
			continue
		}
		if !inline {
			if i++; i < len(args) {
				value = args[i]
			}
		}
		if value != "authors" {
			return fmt.Errorf("--compat: expected authors, found %q", value)
		}
		compat = true
	}
	_, err := run(rest, compat, stdout, stderr)
	return err
}

func run(args []string, compat bool, stdout, stderr io.Writer) (Summary, error) {
	s := Summary{Tasks: map[Task]TaskCount{}}
	defaults := Defaults()
	if compat {
		defaults = AuthorsOptions()
	}
	a, err := parse(args, defaults, compat)
	if err != nil {
		return s, err
	}
	warn := func(format string, args ...any) { fmt.Fprintf(stderr, "warning: "+format+"\n", args...) }
	var j *job
	own := false
	if !compat {
		if own, err = holdOwnRecords(a.inputs); err != nil {
			return s, err
		}
	}
	switch {
	case len(a.inputs) == 0:
		return s, errors.New("--input_files: expected the scored files")
	case a.outputDir == "":
		return s, errors.New("--output_dir: expected a folder")
	case own && len(a.originals) > 0:
		return s, errors.New("--original_files: the input files carry line_id and their prompts; leave it out")
	case !own && len(a.Files()) > 0:
		return s, errors.New("--chosen_file and --scores_file go with croco's own records, which carry line_id")
	case !own && len(a.originals) == 0:
		return s, errors.New("--original_files: expected the parallel prompt files")
	}
	if err := os.MkdirAll(a.outputDir, 0o755); err != nil {
		return s, err
	}
	if own {
		j, err = s.readOwn(a)
	} else {
		j, err = s.readAuthors(a, warn)
	}
	if err != nil {
		return s, err
	}
	s.PromptsFound = len(j.answers)
	for _, task := range a.tasks {
		count, err := j.write(task, a.outputDir, stdout)
		if err != nil {
			return s, fmt.Errorf("%s: %w", task, err)
		}
		s.Tasks[task] = count
		if !compat {
			fmt.Fprintf(stdout, "%s\n%v\n", task, j.report)
		}
	}
	fmt.Fprintf(stdout, "%d rows read; %d of %d prompts found; %d prompt texts mapped\n", s.TotalRows, s.PromptsFound, s.PromptsTotal, s.MappedPrompts)
	for _, task := range a.tasks {
		fmt.Fprintf(stdout, "%-12s  kept %d  skipped %d\n", task, s.Tasks[task].Kept, s.Tasks[task].Skipped)
	}
	return s, nil
}

func (s *Summary) readAuthors(a arguments, warn func(string, ...any)) (*job, error) {
	p, err := readOriginals(a.originals, a.Options, warn)
	if err != nil {
		return nil, err
	}
	s.PromptsTotal, s.MappedPrompts = p.lines, p.mapped()
	j, rows, err := readScored(a.inputs, p, a.Options, warn)
	s.TotalRows = rows
	return j, err
}

func (s *Summary) readOwn(a arguments) (*job, error) {
	var rows []Candidate
	for i, path := range a.inputs {
		o := a.Options
		if i > 0 {
			o.ChosenFile = "" // once
		}
		more, err := o.Read(path)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	j, err := newJob(rows, a.Options)
	if err != nil {
		return nil, err
	}
	s.TotalRows, s.PromptsTotal = len(rows), len(j.originals)
	for _, prompts := range j.originals {
		s.MappedPrompts += len(prompts)
	}
	return j, nil
}

// holdOwnRecords looks at the first row of the first file: croco's records carry line_id and score.
func holdOwnRecords(paths []string) (bool, error) {
	if len(paths) == 0 || !strings.HasSuffix(paths[0], ".jsonl") {
		return false, nil
	}
	f, err := os.Open(paths[0])
	if err != nil {
		return false, nil // told when it is read
	}
	defer f.Close()
	stop := errors.New("one row is enough")
	own := false
	err = eachLine(f, paths[0], func(_ int, line []byte) error {
		if value, err := python.Loads(string(line)); err == nil {
			if object, ok := value.(*python.Object); ok {
				_, hasLine := object.Lookup("line_id")
				_, hasScore := object.Lookup("score")
				own = hasLine && hasScore
			}
		}
		return stop
	})
	if errors.Is(err, stop) {
		err = nil
	}
	return own, err
}

// write makes one product and writes its files: one per language, or one for all.
func (j *job) write(task Task, dir string, stdout io.Writer) (TaskCount, error) {
	var err error
	if task.Pairs() {
		var pairs []Pair
		if pairs, err = j.pairs(task.Scope()); err == nil {
			err = writeGroups(task, dir, stdout, pairs, func(p Pair) string { return p.ChosenLanguage })
		}
	} else {
		var best []SFT
		if best, err = j.best(task.Scope()); err == nil {
			err = writeGroups(task, dir, stdout, best, func(s SFT) string { return s.Language })
		}
	}
	return TaskCount{j.report.Kept, j.report.SkippedPools()}, err
}

func writeGroups[R record](task Task, dir string, stdout io.Writer, records []R, language func(R) string) error {
	groups := map[string][]R{}
	var names []string
	for _, r := range records {
		name := map[Task]string{AllLangSFT: "sft_all_lang_max_r_.jsonl", AllLangDPO: "dpo_all_lang.jsonl"}[task]
		switch task {
		case InLangSFT:
			name = "sft_in_lang_max_r_" + language(r) + ".jsonl"
		case InLangDPO:
			name = "dpo_in_lang_" + language(r) + ".jsonl"
		}
		if groups[name] == nil {
			names = append(names, name)
		}
		groups[name] = append(groups[name], r)
	}
	for _, name := range names {
		if err := writeFile(filepath.Join(dir, name), groups[name]); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%s: %d records in %s\n", task, len(groups[name]), name)
	}
	return nil
}
