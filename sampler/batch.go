package sampler

import (
	"slices"

	"croco/kernels"
	"croco/kernels/forest"
	"croco/model"
)

// prefillRows is how many prompt tokens a step reads at most, so that running answers do not wait long. It changes no bit.
const prefillRows = 512

// batch is the state of one Generate.
type batch struct {
	m       *model.Model
	p       Params
	jobs    []Job
	pages   *pages
	cache   *model.Cache
	running []*answer // at most p.MaxRows
	prompts []*prompt // being read or with answers to come, in order
	all     []*prompt // per job; nil before it begins and after it was handed out
	begun   int       // jobs
	count   Progress

	// the rows of the step that is being put together
	tokens, positions, rows []int32
	runs                    []forest.Run
}

// prompt is a job under way.
type prompt struct {
	job     *Job
	pages   []int
	read    int             // tokens in the cache
	last    *kernels.Tensor // (1,C), the hidden state of the last token, once read
	row     int             // of that token in the step that reads it
	started int             // answers begun
	ended   int             // answers finished
	answers []*answer
}

// answer is a text that grows.
type answer struct {
	Answer
	prompt  *prompt
	sample  int
	pages   []int
	history []int32 // prompt and answer, where a repetition penalty wants it
	row     int     // of its newest token in this step
}

func newBatch(m *model.Model, jobs []Job, p Params, longest, most int) *batch {
	n := size{len(jobs), longest, most}.pages(&p)
	return &batch{m: m, p: p, jobs: jobs, pages: newPages(n), cache: m.NewCache(n * pageSize), all: make([]*prompt, len(jobs))}
}

// size is that of the work.
type size struct {
	jobs    int
	longest int // tokens of a prompt
	most    int // answers to a prompt
}

// pages are those of MaxRows answers and their prompts.
func (w size) pages(p *Params) int {
	perAnswer := answerPages(p.MaxNewTokens)
	perPrompt := (w.longest + pageSize - 1) / pageSize
	together := min(w.jobs, p.MaxRows/w.most+2) // prompts whose answers run at the same time
	return p.MaxRows*perAnswer + together*perPrompt
}

// answerPages is the largest number of pages that an answer touches: its first may lie in the middle of a tile.
func answerPages(newTokens int) int { return (newTokens+pageSize-2)/pageSize + 1 }

func (b *batch) close() {
	for _, p := range b.prompts {
		b.m.Device().Free(p.last)
	}
	b.cache.Free()
}

// step reads more of the waiting prompts, and gives every running answer one more token.
func (b *batch) step() error {
	b.tokens, b.positions, b.rows, b.runs = b.tokens[:0], b.positions[:0], b.rows[:0], b.runs[:0]
	b.begin()
	for _, a := range b.running {
		a.row = b.grow(a)
	}
	b.read()
	var hidden *kernels.Tensor // (rows,C)
	if len(b.tokens) > 0 {
		hidden = b.m.Step(b.tokens, b.positions, b.rows, &forest.Plan{Segments: b.pages.segments, Runs: b.runs}, b.cache)
		b.keepLast(hidden)
	}
	started := b.start()
	b.choose(hidden, started)
	b.m.Device().Free(hidden)
	b.retire()
	return b.m.Device().Sync() // a token of a faulty step is nobody's answer
}

// begin takes up prompts while answers can run, and while there is room for the prompt and for all pages that it and the
// answers before it may still ask for: so no answer ever waits for a page.
func (b *batch) begin() {
	perAnswer := answerPages(b.p.MaxNewTokens)
	waiting, held := 0, 0
	for _, p := range b.prompts {
		waiting += p.job.N - p.started
	}
	for _, a := range b.running {
		held += len(a.pages)
	}
	for b.begun < len(b.jobs) && len(b.running)+waiting < b.p.MaxRows {
		j := &b.jobs[b.begun]
		answers := min(b.p.MaxRows, len(b.running)+waiting+j.N)
		if b.pages.available() < (len(j.Prompt)+pageSize-1)/pageSize+answers*perAnswer-held {
			return
		}
		p := &prompt{job: j, row: -1}
		// The last token is always computed, since its hidden state is wanted: pages before it may be shared.
		for parent := -1; p.read+pageSize < len(j.Prompt); p.read += pageSize {
			page := b.pages.find(parent, j.Prompt[p.read:p.read+pageSize])
			if page < 0 {
				break
			}
			p.pages = append(p.pages, page)
			parent = page
		}
		b.count.SharedTokens += p.read
		for at := p.read; at < len(j.Prompt); at += pageSize {
			parent := -1
			if len(p.pages) > 0 {
				parent = p.pages[len(p.pages)-1]
			}
			page := b.pages.take(parent, at)
			p.pages = append(p.pages, page)
			if at+pageSize < len(j.Prompt) {
				b.pages.publish(page, j.Prompt[at:at+pageSize])
			}
		}
		b.prompts, b.all[b.begun] = append(b.prompts, p), p
		b.begun++
		waiting += j.N
	}
}

// read adds prompt tokens to the step, first come first served: a prompt that shares pages of an earlier one needs them
// read before it, or in the same step.
func (b *batch) read() {
	left := prefillRows
	for _, p := range b.prompts {
		for p.read < len(p.job.Prompt) && left > 0 {
			page := p.pages[p.read/pageSize]
			seg := &b.pages.segments[page]
			n := min(left, pageSize-seg.Len, len(p.job.Prompt)-p.read)
			b.runs = append(b.runs, forest.Run{Row: len(b.tokens), Segment: page, First: seg.Len, Len: n})
			for i := range n {
				b.put(p.job.Prompt[p.read+i], p.read+i, seg.Start+seg.Len+i)
			}
			seg.Len += n
			p.read += n
			left -= n
			b.count.PromptTokens += n
			if p.read == len(p.job.Prompt) {
				p.row = len(b.tokens) - 1
			}
		}
	}
}

// grow adds an answer's newest token to the step and returns its row.
func (b *batch) grow(a *answer) int {
	at := len(a.prompt.job.Prompt) + len(a.IDs) - 1 // its position
	if len(a.pages) == 0 || at%pageSize == 0 {
		parent := a.prompt.pages[len(a.prompt.pages)-1]
		if len(a.pages) > 0 {
			parent = a.pages[len(a.pages)-1]
		}
		a.pages = append(a.pages, b.pages.take(parent, at))
	}
	page := a.pages[len(a.pages)-1]
	seg := &b.pages.segments[page]
	b.runs = append(b.runs, forest.Run{Row: len(b.tokens), Segment: page, First: seg.Len, Len: 1})
	b.put(a.IDs[len(a.IDs)-1], at, seg.Start+seg.Len)
	seg.Len++
	return len(b.tokens) - 1
}

func (b *batch) put(token int32, position, row int) {
	b.tokens = append(b.tokens, token)
	b.positions = append(b.positions, int32(position))
	b.rows = append(b.rows, int32(row))
}

// keepLast keeps the hidden states that the first tokens of answers are chosen from.
func (b *batch) keepLast(hidden *kernels.Tensor) {
	d := b.m.Device()
	for _, p := range b.prompts {
		if p.row >= 0 {
			p.last = d.New(1, hidden.Width())
			d.GatherRows(p.last, hidden, []int32{int32(p.row)})
			p.row = -1
		}
	}
}

// start begins answers of the prompts that have been read, in order, as far as there is room.
func (b *batch) start() (started []*answer) {
	for _, p := range b.prompts {
		for p.last != nil && p.started < p.job.N && len(b.running)+len(started) < b.p.MaxRows {
			a := &answer{prompt: p, sample: p.started}
			if b.p.RepetitionPenalty != 0 && b.p.RepetitionPenalty != 1 {
				a.history = slices.Clone(p.job.Prompt)
			}
			if p.started > 0 {
				b.count.SharedTokens += len(p.job.Prompt)
			}
			p.started++
			p.answers = append(p.answers, a)
			started = append(started, a)
		}
	}
	return started
}

// retire removes what has ended and frees its pages.
func (b *batch) retire() {
	b.running = slices.DeleteFunc(b.running, func(a *answer) bool {
		if a.Reason == "" {
			return false
		}
		for _, page := range a.pages {
			b.pages.release(page)
		}
		a.prompt.ended++
		b.count.Answers++
		return true
	})
	b.prompts = slices.DeleteFunc(b.prompts, func(p *prompt) bool {
		if p.ended < p.job.N || p.last == nil {
			return false
		}
		for _, page := range slices.Backward(p.pages) {
			b.pages.release(page)
		}
		b.m.Device().Free(p.last)
		return true
	})
}

// finished says whether all answers of a job are complete; answers hands them out.
func (b *batch) finished(job int) bool {
	p := b.all[job]
	return p != nil && p.ended == p.job.N && !slices.Contains(b.prompts, p)
}

func (b *batch) answers(job int) []Answer {
	out := make([]Answer, 0, len(b.all[job].answers))
	for _, a := range b.all[job].answers {
		out = append(out, a.Answer)
	}
	b.all[job] = nil
	return out
}
