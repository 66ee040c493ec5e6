package pairing

import (
	"bytes"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"croco/pairing/python"
)

// job is one run over one set of answers.
type job struct {
	Options
	answers   map[int][]*answer   // line → its answers, in reading order
	originals map[int][]*original // line → its prompts, in reading order
	given     map[int][]*answer   // line → chosen answers of chosen_file
	draws     draws
	report    Report
}

// answer is a candidate in a pool. value is the score that decides: Score after normalisation and penalties.
type answer struct {
	Candidate
	where    string // file and line, or place, for messages
	original *original
	value    float64
	wrong    bool // in another language than the prompt's

	badScore error // authors' files: the script would stop here, once it needs the score or the text
	badText  error
}

// original is one prompt in one language.
type original struct {
	language           string
	id, source, domain json.RawMessage // id nil: none to speak of, one is made
	prompt             json.RawMessage
	promptIDs          []int32
}

// pool is what one record is chosen from.
type pool struct {
	line    int
	group   string // the language, or "all"
	scope   Scope
	answers []*answer
}

// newJob sets up a job on croco's own records.
func newJob(rows []Candidate, o Options) (*job, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	j := &job{Options: o, originals: map[int][]*original{}, draws: newDraws(o)}
	rows, originals := j.split(rows), j.originals
	answers := make([]*answer, len(rows))
	for i, row := range rows {
		if row.Language == "" || row.Prompt == nil {
			return nil, fmt.Errorf("row %d (line_id %d, sample %d): expected a language and a prompt", i+1, row.LineID, row.Sample)
		}
		line := originals[row.LineID]
		at := slices.IndexFunc(line, func(p *original) bool {
			return p.language == row.Language && bytes.Equal(p.prompt, row.Prompt)
		})
		if at < 0 {
			at = len(line)
			line = append(line, &original{row.Language, row.ID, row.Source, row.Domain, row.Prompt, row.PromptIDs})
			if id, err := python.Loads(string(row.ID)); err != nil || !python.Truthy(id) {
				line[at].id = nil
			}
			originals[row.LineID] = line
		}
		answers[i] = &answer{Candidate: row, original: line[at], where: fmt.Sprintf("row %d (line_id %d, sample %d)", i+1, row.LineID, row.Sample)}
	}
	return j, j.admit(answers)
}

// admit filters the answers, settles their scores and sorts them by line.
func (j *job) admit(answers []*answer) error {
	kept, err := j.screen(answers)
	if err != nil {
		return err
	}
	j.settle(kept)
	j.answers = map[int][]*answer{}
	for _, a := range kept {
		j.answers[a.LineID] = append(j.answers[a.LineID], a)
	}
	if lines := j.lines(); j.MaxSamples != nil && len(lines) > *j.MaxSamples {
		keep := *j.MaxSamples
		if keep < 0 { // as a Python slice: all but the last
			keep = max(0, len(lines)+keep)
		}
		for _, line := range lines[keep:] {
			delete(j.answers, line)
		}
	}
	return nil
}

func (j *job) lines() []int {
	lines := make([]int, 0, len(j.answers))
	for line := range j.answers {
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

// pools lists the pools of a scope in the order of their records.
func (j *job) pools(scope Scope) []pool {
	var pools []pool
	for _, line := range j.lines() {
		if scope == AllLang {
			pools = append(pools, pool{line, "all", scope, j.answers[line]})
			continue
		}
		first := len(pools)
		for _, a := range j.answers[line] {
			at := first + slices.IndexFunc(pools[first:], func(p pool) bool { return p.group == a.Language })
			if at < first {
				at = len(pools)
				pools = append(pools, pool{line, a.Language, scope, nil})
			}
			pools[at].answers = append(pools[at].answers, a)
		}
	}
	return pools
}

func (p pool) scores() ([]float64, error) {
	scores := make([]float64, len(p.answers))
	for i, a := range p.answers {
		if a.badScore != nil {
			return nil, a.badScore
		}
		scores[i] = a.value
	}
	return scores, nil
}

// finite refuses a pool whose target overflows, unless the authors' behaviour is wanted.
func (j *job) finite(p pool, scores []float64) error {
	if j.NonFinite == "authors" {
		return nil
	}
	if goal := j.RejectTarget.Of(scores); math.IsNaN(goal) || math.IsInf(goal, 0) {
		return fmt.Errorf("line_id %d, %s: the target %s of the pool's scores is %v; remove the extreme scores, or set nonfinite: authors", p.line, p.group, j.RejectTarget, goal)
	}
	return nil
}

// pair writes the record of a chosen and a rejected answer.
func (j *job) pair(p pool, chosen, rejected *answer) (Pair, error) {
	side := chosen
	if p.scope == AllLang {
		side = map[string]*answer{"chosen": chosen, "rejected": rejected}[j.PromptSource]
	}
	prompt := j.prompt(p, side)
	pair := Pair{
		ID: prompt.id, SourceDataset: prompt.source, Domain: prompt.domain,
		Prompt: prompt.prompt, PromptLanguage: prompt.language,
		Chosen: chosen.Completion, Rejected: rejected.Completion,
		ChosenScore: chosen.value, RejectedScore: rejected.value,
		ChosenLanguage: chosen.Language, RejectedLanguage: rejected.Language,
		PoolSize:  len(p.answers),
		PromptIDs: prompt.promptIDs, ChosenIDs: chosen.CompletionIDs, RejectedIDs: rejected.CompletionIDs,
		Model: chosen.Model,
	}
	if chosen.original == prompt {
		pair.ChosenLogprobs = chosen.Logprobs
	}
	if rejected.original == prompt && rejected.Model == chosen.Model {
		pair.RejectedLogprobs = rejected.Logprobs
	}
	if chosen.Given { // the record is that of the other side
		pair.Model, pair.RejectedLogprobs = rejected.Model, nil
		if rejected.original == prompt {
			pair.RejectedLogprobs = rejected.Logprobs
		}
	}
	if pair.ID == nil {
		pair.ID = syntheticID("dpo", p.line, p.group)
	}
	return pair, errors.Join(chosen.badText, rejected.badText)
}

// sft writes the record of the best answer.
func (j *job) sft(p pool, best *answer) (SFT, error) {
	prompt := j.prompt(p, best)
	record := SFT{
		ID: prompt.id, SourceDataset: prompt.source, Domain: prompt.domain,
		Prompt: prompt.prompt, Language: best.Language, Completion: best.Completion, RewardScore: best.value,
	}
	if best.CompletionIDs != nil && prompt.promptIDs != nil {
		record.PromptIDs, record.CompletionIDs = prompt.promptIDs, best.CompletionIDs
	}
	if record.ID == nil {
		record.ID = syntheticID("sft", p.line, best.Language)
	}
	return record, best.badText
}

// prompt picks the text that a record carries: in the language of the given answer, its own prompt if that counts; any
// of the line's prompts if the answer is nil, or if the line has none in that language (possible with key: authors only).
func (j *job) prompt(p pool, side *answer) *original {
	available := j.originals[p.line]
	if side != nil {
		matches := slices.DeleteFunc(slices.Clone(available), func(o *original) bool { return o.language != side.Language })
		if j.RNG == "own" && slices.Contains(matches, side.original) {
			return side.original
		}
		if len(matches) > 0 {
			available = matches
		}
	}
	return available[j.draws.choice(len(available), p.line, p.group)]
}

// syntheticID names a record whose prompt has no id.
func syntheticID(kind string, line int, group string) json.RawMessage {
	key := fmt.Sprintf("%d_%s", line, group)
	return Text(fmt.Sprintf("%s_%s_%x", kind, key, md5.Sum([]byte(key)))[:len(kind)+1+len(key)+1+8])
}
