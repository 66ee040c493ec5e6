package pairing

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Read reads a scores file and what the options add to it: chosen_file and scores_file.
func (o Options) Read(scores string) ([]Candidate, error) {
	rows, err := readFile(scores, func(f *os.File) ([]Candidate, error) { return ReadCandidates(f, scores) })
	if err != nil {
		return nil, err
	}
	if o.ScoresFile != "" {
		if err := rescore(rows, scores, o.ScoresFile); err != nil {
			return nil, err
		}
	}
	if o.ChosenFile != "" {
		given, err := readFile(o.ChosenFile, func(f *os.File) ([]Candidate, error) { return readGiven(f, o.ChosenFile) })
		if err != nil {
			return nil, err
		}
		rows = append(rows, given...)
	}
	return rows, nil
}

// Files are the files beside the scores that Read reads.
func (o Options) Files() (files []string) {
	for _, f := range []string{o.ChosenFile, o.ScoresFile} {
		if f != "" {
			files = append(files, f)
		}
	}
	return files
}

func readFile[T any](path string, read func(*os.File) (T, error)) (T, error) {
	f, err := os.Open(path)
	if err != nil {
		var none T
		return none, err
	}
	v, err := read(f)
	return v, errors.Join(err, f.Close())
}

// rescore gives rows the scores that another file has for the same answers: those of another scorer, or the truth.
func rescore(rows []Candidate, name, path string) error {
	type key struct {
		id, language string
		sample       int
	}
	of := func(c Candidate) key { return key{string(c.ID), c.Language, c.Sample} }
	others, err := readFile(path, func(f *os.File) ([]Candidate, error) { return ReadCandidates(f, path) })
	if err != nil {
		return err
	}
	found := map[key]Candidate{}
	for _, c := range others {
		found[of(c)] = c
	}
	for i := range rows {
		other, ok := found[of(rows[i])]
		if !ok || other.Completion != rows[i].Completion {
			return fmt.Errorf("scores_file %s: expected a score of every answer of %s, found none of answer %d to prompt %s in %s; score the same completions", path, name, rows[i].Sample, rows[i].ID, rows[i].Language)
		}
		rows[i].Score, rows[i].Scorer = other.Score, other.Scorer
	}
	return nil
}

// readGiven reads answers that nobody here wrote: the chosen side of off-policy pairs. A row has line_id, language,
// completion, and may have completion_ids and a score, by which the best of several is taken.
func readGiven(f *os.File, name string) (rows []Candidate, err error) {
	err = eachLine(f, name, func(n int, line []byte) error {
		var row struct {
			Candidate
			LineID *int     `json:"line_id"`
			Score  *float64 `json:"score"`
		}
		if err := json.Unmarshal(line, &row); err != nil {
			return fmt.Errorf("%s:%d: expected one answer a line: %w", name, n, err)
		}
		c := row.Candidate
		if row.LineID == nil || c.Language == "" || c.Completion == "" && c.CompletionIDs == nil {
			return fmt.Errorf("%s:%d: expected line_id, language and completion of a chosen answer", name, n)
		}
		c.LineID, c.Given = *row.LineID, true
		if row.Score != nil {
			c.Score = *row.Score
		}
		rows = append(rows, c)
		return nil
	})
	if err == nil && len(rows) == 0 {
		err = fmt.Errorf("chosen_file %s: expected chosen answers, found none", name)
	}
	return rows, err
}

// split takes the given answers out of rows.
func (j *job) split(rows []Candidate) (own []Candidate) {
	for i, row := range rows {
		if !row.Given {
			own = append(own, row)
			continue
		}
		if j.given == nil {
			j.given = map[int][]*answer{}
		}
		a := &answer{Candidate: row, where: fmt.Sprintf("given answer %d", i+1), value: row.Score}
		j.given[row.LineID] = append(j.given[row.LineID], a)
	}
	return own
}

// givenTo is the best answer that is given to a pool, the first among equals; nil if there is none.
func (j *job) givenTo(p pool) (best *answer) {
	for _, a := range j.given[p.line] {
		if (p.scope == AllLang || a.Language == p.group) && (best == nil || a.value > best.value) {
			best = a
		}
	}
	return best
}
