package pairing

import (
	"errors"
	"fmt"
)

// parallel is what the authors' prompt files say: which line a text stands on.
type parallel struct {
	originals map[int][]*original // line → prompts, in the order of the files
	byText    map[string]place    // key authors: text → the line read last
	byLang    map[[2]string]place // key line_id: language, text
	lines     int                 // length of the longest file
	authors   bool
}

type place struct {
	line     int
	original *original
	where    string
	twice    string // where the same text stands on another line of the same language
}

// readOriginals reads the prompt files. The place of a row is its line id, also where its row holds no prompt.
func readOriginals(paths []string, o Options, warn func(string, ...any)) (*parallel, error) {
	p := &parallel{originals: map[int][]*original{}, byText: map[string]place{}, byLang: map[[2]string]place{}, authors: o.Key == "authors"}
	for _, path := range paths {
		rows, err := load(path, o, warn)
		if err != nil {
			return nil, err
		}
		p.lines = max(p.lines, len(rows))
		language := FileLanguage(path)
		for line, r := range rows {
			text, err := r.prompt()
			if err != nil {
				return nil, err
			}
			if text == "" {
				continue
			}
			here := place{line: line, original: r.original(language, text), where: r.where}
			p.originals[line] = append(p.originals[line], here.original)
			p.byText[text] = here
			key := [2]string{language, text}
			if before, seen := p.byLang[key]; seen && before.line != line {
				here.twice = before.where
			}
			p.byLang[key] = here
		}
	}
	return p, nil
}

// mapped counts the texts that lead to a line.
func (p *parallel) mapped() int { return len(p.byText) }

var (
	errUnmatched = errors.New("no prompt with this text")
	errForeign   = errors.New("no prompt with this text in its language")
)

// find gives the line of a scored row by its prompt's text. By line id, only prompts of the row's own language count,
// and a text on two lines is refused, because nothing says which of them an answer was given to.
func (p *parallel) find(language, text, where string) (place, error) {
	anywhere, known := p.byText[text]
	if !known {
		return place{}, errUnmatched
	}
	if p.authors {
		return anywhere, nil
	}
	own, known := p.byLang[[2]string{language, text}]
	if !known {
		return place{}, errForeign
	}
	if own.twice != "" {
		return place{}, fmt.Errorf("%s: its prompt stands on two lines, %s and %s; generate and score with croco, which carries line_id, or set key: authors", where, own.twice, own.where)
	}
	return own, nil
}

// readScored reads the scored files, matches their rows and sets up the job. rows is how many there were.
func readScored(paths []string, p *parallel, o Options, warn func(string, ...any)) (j *job, rows int, err error) {
	j = &job{Options: o, originals: p.originals, draws: newDraws(o)}
	var answers []*answer
	for _, path := range paths {
		list, err := load(path, o, warn)
		if err != nil {
			return nil, 0, err
		}
		rows += len(list)
		language := FileLanguage(path)
		for _, r := range list {
			text, err := r.prompt()
			if err != nil {
				return nil, 0, err
			}
			if text == "" || r.get("reward_score") == nil {
				j.report.leave("no prompt or no score")
				continue
			}
			at, err := p.find(language, text, r.where)
			if errors.Is(err, errUnmatched) || errors.Is(err, errForeign) {
				j.report.leave(err.Error())
				continue
			}
			if err != nil {
				return nil, 0, err
			}
			answers = append(answers, r.scored(language, at.line, at.original))
		}
	}
	if len(answers) == 0 {
		return nil, rows, errors.New("no scored answer has the text of an original prompt; prompts that were sent with a suffix (--language) match none: keep the bare prompt beside the sent one")
	}
	return j, rows, j.admit(answers)
}
