package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"unicode"

	"croco/eval/grid"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var page *template.Template

func init() {
	page = template.Must(template.New("page").Funcs(template.FuncMap{
		"css":    func() template.CSS { return template.CSS(pageCSS) },
		"render": render,
		"anchor": anchor,
		"class":  cellClass,
		"ruled":  func(g *grid.Grid, row int) bool { return slices.Contains(g.Rules, row) },
		"ranks":  Ranked.ranks,
		"blank":  func(s string) bool { return strings.TrimSpace(s) == "" },
	}).Parse(pageHTML))
}

// Write writes the page. Text comes out escaped, whatever it holds.
func Write(w io.Writer, r Report) error {
	if r.Title == "" {
		return fmt.Errorf("report: expected a title, found none")
	}
	return page.Execute(w, r)
}

// render renders a part with the template of its kind.
func render(b Block) (template.HTML, error) {
	var out bytes.Buffer
	err := page.ExecuteTemplate(&out, b.template(), b)
	return template.HTML(out.String()), err
}

// anchor makes an id of a title.
func anchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		case r == ' ' || r == '-':
			return '-'
		}
		return -1
	}, title)
}

// cellClass sets numbers right and colours verdicts.
func cellClass(g *grid.Grid, column int, cell string) string {
	var classes []string
	if !g.IsText(column) {
		classes = append(classes, "number")
	}
	switch {
	case strings.HasSuffix(cell, grid.Up):
		classes = append(classes, string(Good))
	case strings.HasSuffix(cell, grid.Down):
		classes = append(classes, string(Bad))
	}
	return strings.Join(classes, " ")
}
