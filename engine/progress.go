package engine

// Progress is told how far a stage is. It may be nil.
type Progress func(Update)

// Update is how far a stage is.
type Update struct {
	Stage       string // "generate", "score", …
	Done, Total int
	Unit        string  // what is counted: "answers"
	Tokens      int     // worked on so far in this run: of answers written, or of texts scored
	Shared      float64 // share of the prompt tokens that needed no computing
}

func (p Progress) tell(u Update) {
	if p != nil {
		p(u)
	}
}
