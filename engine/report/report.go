// Package report makes one self-contained page of a run: report.html, which needs no network, no script and no other file.
//
//	FromRun     reads a run folder into a Report
//	Write       a Report as a page
//	Lines, Histogram, Whiskers   draw figures
//	Ranked      one prompt with its answers in the order of their scores, for pages and terminals
//	Comparison  what a comparison of two models shows: figure, table, legend
//
// A Report is sections of blocks. Whoever has something to tell beyond a run folder appends sections of their own:
//
//	page.Sections = append(page.Sections, report.Section{Title: "The reward model", Blocks: []report.Block{
//		report.Table{Grid: grid}, report.Figures{report.Lines("loss", "step", series)}}})
package report

import (
	"html/template"

	"croco/eval/grid"
)

// Report is a page.
type Report struct {
	Title    string
	Subtitle string   // one line: model, sizes
	Headline []string // what came out, in plain sentences; the first is the largest
	Sections []Section
}

// Section is a heading, a few words, and blocks.
type Section struct {
	Title  string
	Lead   string
	Blocks []Block
}

// Block is a part of a section: Paragraph, Heading, Table, Figures, Answers, Ranked or Folded.
type Block interface{ template() string }

// Paragraph is plain text.
type Paragraph string

// Heading is a title inside a section.
type Heading string

// Table is a grid with an optional caption above and note below.
type Table struct {
	Caption, Note string
	*grid.Grid
}

// Figures stand side by side where there is room.
type Figures []Figure

// Figure is a drawing with its title, and a note under it.
type Figure struct {
	Title, Note string
	SVG         template.HTML
}

// Answers are answers to one prompt.
type Answers struct {
	Prompt   string
	Language string // code of the prompt's language, for hyphenation, fonts and screen readers
	Items    []Answer
}

// Answer is a text with what was found about it.
type Answer struct {
	Label    string // "chosen", "before", …
	Score    string
	Text     string
	Language string   // code of the answer's own language
	Notes    []string // "gl, asked for da", "cut off"
	Tone     Tone
}

// Tone is how an answer or a number is coloured.
type Tone string

const (
	Neutral Tone = ""
	Good    Tone = "good"
	Bad     Tone = "bad"
)

// Folded is text of fixed width behind a line that opens it: a recipe, a log.
type Folded struct{ Summary, Text string }

func (Paragraph) template() string { return "paragraph" }
func (Heading) template() string   { return "heading" }
func (Table) template() string     { return "table" }
func (Figures) template() string   { return "figures" }
func (Answers) template() string   { return "answers" }
func (Ranked) template() string    { return "ranked" }
func (Folded) template() string    { return "folded" }
