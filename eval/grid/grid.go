// Package grid prints tables of text.
//
//	New       a grid with its header
//	Add       a row
//	Rule      a line before the next row
//	Text      aligned columns for a terminal
//	Markdown  for a document
//	Width     the columns that a text takes in a terminal
//
// A cell that ends in one of the marks Up, Down and Flat is a verdict: pages colour it, terminals show the mark.
package grid

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Marks of a verdict.
const (
	Up   = "▲" // better
	Down = "▼" // worse
	Flat = "·" // within noise
)

// Grid is a table of text cells.
type Grid struct {
	Header []string
	Rows   [][]string
	Left   []int // columns that are texts and stand left; the first one always does
	Rules  []int // rows that have a line above them
}

// New makes a grid without rows.
func New(header ...string) *Grid { return &Grid{Header: header} }

// Texts names the columns, counted from 0, that stand left.
func (g *Grid) Texts(columns ...int) *Grid {
	g.Left = append(g.Left, columns...)
	return g
}

// Add adds a row. It has a cell for every column.
func (g *Grid) Add(cells ...string) *Grid {
	if len(cells) != len(g.Header) {
		panic("grid: a row of other width than its header: " + strings.Join(cells, " | "))
	}
	g.Rows = append(g.Rows, cells)
	return g
}

// Rule draws a line above the next row.
func (g *Grid) Rule() *Grid {
	g.Rules = append(g.Rules, len(g.Rows))
	return g
}

// IsText says whether a column stands left.
func (g *Grid) IsText(column int) bool { return column == 0 || slices.Contains(g.Left, column) }

// Text is the grid in aligned columns, two spaces between them, a line under the header.
func (g *Grid) Text() string {
	widths := make([]int, len(g.Header))
	for _, row := range append([][]string{g.Header}, g.Rows...) {
		for c, cell := range row {
			widths[c] = max(widths[c], Width(plain(cell)))
		}
	}
	total := 2 * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	line := strings.Repeat("─", total) + "\n"
	var b strings.Builder
	g.textRow(&b, g.Header, widths)
	b.WriteString(line)
	for i, row := range g.Rows {
		if slices.Contains(g.Rules, i) {
			b.WriteString(line)
		}
		g.textRow(&b, row, widths)
	}
	return b.String()
}

func (g *Grid) textRow(b *strings.Builder, row []string, widths []int) {
	var line strings.Builder
	for c, cell := range row {
		cell = plain(cell)
		space := strings.Repeat(" ", widths[c]-Width(cell))
		if c > 0 {
			line.WriteString("  ")
		}
		if g.IsText(c) {
			line.WriteString(cell + space)
		} else {
			line.WriteString(space + cell)
		}
	}
	b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
}

// plain keeps a cell on its line.
func plain(cell string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r == '\r' {
			return ' '
		}
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, cell)
}

// Markdown is the grid as a table of GitHub's dialect. Lines between rows have no form there and are left out.
func (g *Grid) Markdown() string {
	var b strings.Builder
	row := func(cells []string) {
		for _, cell := range cells {
			b.WriteString("| " + strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(plain(cell)) + " ")
		}
		b.WriteString("|\n")
	}
	row(g.Header)
	for c := range g.Header {
		if g.IsText(c) {
			b.WriteString("|---")
		} else {
			b.WriteString("|---:")
		}
	}
	b.WriteString("|\n")
	for _, r := range g.Rows {
		row(r)
	}
	return b.String()
}

// Width is the number of terminal columns of a text: none for marks that combine with the letter before, two for wide
// East Asian letters and symbols (Unicode Standard Annex 11), one for the rest.
func Width(s string) (n int) {
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Cc):
		case wide(r):
			n += 2
		default:
			n++
		}
	}
	return n
}

func wide(r rune) bool {
	k := width.LookupRune(r).Kind()
	return k == width.EastAsianWide || k == width.EastAsianFullwidth
}

// Cut shortens a text to so many columns, with … for what is lost.
func Cut(s string, columns int) string {
	if s = plain(s); Width(s) <= columns {
		return s
	}
	n, end := 0, 0
	for i, r := range s {
		if n += Width(string(r)); n > columns-1 {
			end = i
			break
		}
	}
	return s[:end] + "…"
}
