package report

import (
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/eval"
	"croco/eval/grid"
)

// element is what a parsed page is made of.
type element struct {
	name string
	attr map[string]string
	text string // directly inside
}

// parse reads a page as XML, which its writer keeps to, and lists its elements.
func parse(t *testing.T, page string) (elements []element) {
	d := xml.NewDecoder(strings.NewReader(page))
	d.Entity = xml.HTMLEntity
	var open []int
	for {
		token, err := d.Token()
		if err == io.EOF {
			require.Empty(t, open)
			return elements
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local, attr: map[string]string{}}
			for _, a := range token.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			open, elements = append(open, len(elements)), append(elements, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				elements[open[len(open)-1]].text += string(token)
			}
		}
	}
}

func named(elements []element, name string) (out []element) {
	for _, e := range elements {
		if e.name == name {
			out = append(out, e)
		}
	}
	return out
}

func write(t *testing.T, r Report) (string, []element) {
	var b strings.Builder
	require.NoError(t, Write(&b, r))
	return b.String(), parse(t, b.String())
}

// demoPage shows every kind of block, as a demonstration would use them.
func demoPage(t *testing.T) Report {
	card := grid.New("language", "accuracy %", "prefers English %").Add("en", "79.9", "–").Add("da", "72.9", "97.5 ▼").Rule().Add("all", "73", "98")
	var before, after []eval.Answer
	for line := range 12 {
		for _, l := range []string{"en", "da"} {
			a := eval.Answer{Prompt: l, LineID: line, Language: l, Sample: line, Score: float64(line % 5), RightLanguage: 1, Length: 9, Finished: true, Quality: .5, Pass: math.NaN()}
			a.Prompt += string(rune('a' + line))
			before = append(before, a)
			a.Score, a.Quality = a.Score+1+.01*float64(line), .3+.01*float64(line%3)
			after = append(after, a)
		}
	}
	table, err := eval.Compare(before, after, eval.Options{})
	require.NoError(t, err)
	return Report{Title: "A toy world", Subtitle: "seed 42", Headline: table.Headline(), Sections: []Section{
		{Title: "One prompt", Lead: "32 answers, ranked.", Blocks: []Block{sampleRanked()}},
		{Title: "The reward model", Blocks: []Block{Table{Caption: "Its own report card", Grid: card}}},
		{Title: "Raw scores", Blocks: Comparison(table, "score", "quality")},
		{Title: "Answers", Blocks: []Block{Heading("Losses"), Answers{Prompt: "ma <b>?", Language: "ar", Items: []Answer{
			{Label: "before", Score: "1.00", Text: "مرحبا", Language: "ar"}, {Label: "after", Text: " ", Language: "en", Notes: []string{"cut off"}, Tone: Bad}}}}},
		{Title: "Curves", Blocks: []Block{Figures{Lines("Loss", "step", Series{Name: "raw", Y: []float64{.69, .5, .4}}, Series{Name: "penalty", Y: []float64{.69, .51, .41}})},
			Paragraph("A toy, one seed."), Folded{"recipe", "n: 32\n"}}},
	}}
}

func TestDemoPage(t *testing.T) {
	text, page := write(t, demoPage(t))
	require.Len(t, named(page, "section"), 5)
	require.Len(t, named(page, "svg"), 3)
	require.Contains(t, text, `<p class="headline">The score rose in en and da`)
	require.Contains(t, text, "The reward went up; the answers got worse.")
	require.Contains(t, text, `<td class="number bad">97.5 ▼</td>`)
	require.Contains(t, text, `<tr class="ruled"><th scope="row">all</th>`)
	require.Contains(t, text, `<p class="text" lang="ar" dir="auto">مرحبا</p>`)
	require.Contains(t, text, `<p class="text empty">(empty)</p>`)
	require.Contains(t, text, "ma &lt;b&gt;?")
	require.Contains(t, text, `<tr class="level"><td>μ − 2σ</td><td class="number">−16.90</td>`)
	require.Contains(t, text, `en ✗`)
}

// TestSelfContained: nothing on the page leads out of it, and nothing runs.
func TestSelfContained(t *testing.T) {
	text, page := write(t, demoPage(t))
	for _, e := range page {
		require.NotContains(t, []string{"script", "link", "img", "iframe", "object", "image", "use"}, e.name)
		for name, value := range e.attr {
			require.NotEqual(t, "src", name)
			require.False(t, strings.HasPrefix(name, "on"), name)
			if name == "href" {
				require.True(t, strings.HasPrefix(value, "#"), value)
			}
		}
	}
	require.NotContains(t, text, "http")
	require.NotContains(t, text, "url(")
}

// TestAccessible: figures are described, tables have headers with a scope, links find their sections.
func TestAccessible(t *testing.T) {
	_, page := write(t, demoPage(t))
	require.Equal(t, "en", named(page, "html")[0].attr["lang"])
	for _, e := range named(page, "svg") {
		require.Equal(t, "img", e.attr["role"])
		require.Greater(t, len(e.attr["aria-label"]), 20)
	}
	for _, e := range named(page, "th") {
		require.NotEmpty(t, e.attr["scope"])
	}
	ids := map[string]bool{}
	for _, e := range named(page, "section") {
		ids["#"+e.attr["id"]] = true
	}
	links := named(page, "a")
	require.Len(t, links, 5)
	for _, e := range links {
		require.True(t, ids[e.attr["href"]], e.attr["href"])
	}
}

func TestHostileText(t *testing.T) {
	const evil = `</style><script>alert(1)</script><svg onload=x>"'&`
	g := grid.New(evil, evil).Add(evil, evil)
	_, page := write(t, Report{Title: evil, Subtitle: evil, Headline: []string{evil}, Sections: []Section{{Title: evil, Lead: evil, Blocks: []Block{
		Paragraph(evil), Heading(evil), Table{evil, evil, g}, Folded{evil, evil},
		Answers{evil, evil, []Answer{{Label: evil, Score: evil, Text: evil, Language: evil, Notes: []string{evil}}}},
		Ranked{Prompt: evil, Items: []RankedAnswer{{Role: evil, Language: evil, Text: evil, Quality: math.NaN()}}, Levels: []Level{{evil, 1}}},
		Figures{Lines(evil, evil, Series{Name: evil, Y: []float64{1, 2}}), Histogram(evil, evil, Series{Name: evil, Y: []float64{1}}),
			Whiskers(evil, evil, Whisker{Name: evil, Text: evil, Value: 1, Low: 0, High: 2})},
	}}}})
	require.Empty(t, named(page, "script"))
	require.Len(t, named(page, "svg"), 3)
	require.Equal(t, evil, named(page, "h1")[0].text)
	require.ErrorContains(t, Write(io.Discard, Report{}), "expected a title")
}
