package report

import (
	"fmt"
	"strings"

	"croco/eval"
)

// Whisker is a difference with its interval.
type Whisker struct {
	Name             string
	Value, Low, High float64
	Text             string // what stands at its right: "+0.53 ±0.15"
	Verdict          eval.Verdict
}

// Whiskers draws differences with their intervals around a line at 0, one below the other: those whose interval leaves 0
// out in colour.
func Whiskers(title, x string, rows ...Whisker) Figure {
	const step = 24
	p := newPlot(title)
	p.left, p.right, p.top = 64, 100, 6
	p.height = p.top + p.bottom + step*float64(len(rows))
	values := []float64{0}
	for _, r := range rows {
		values = append(values, r.Value, r.Low, r.High)
	}
	lo, hi, _ := span(values)
	p.x0, p.x1 = widen(lo, hi, .04)
	p.axisX(x)
	p.draw(`<line class="zero" x1="%s" y1="%s" x2="%s" y2="%s"/>`, p.x(0), p.top, p.x(0), p.height-p.bottom)
	var said []string
	for i, r := range rows {
		y := p.top + step*(float64(i)+.5)
		p.text(p.left-10, y+4, "end", "name", r.Name)
		if !finite(r.Value) {
			p.text(p.width-p.right+10, y+4, "start", "", "–")
			continue
		}
		class := string(tone(r.Verdict))
		if finite(r.Low) && finite(r.High) {
			p.draw(`<line class="whisker %s" x1="%s" y1="%s" x2="%s" y2="%s"/>`, class, p.x(r.Low), y, p.x(r.High), y)
		}
		p.draw(`<circle class="whisker %s" cx="%s" cy="%s" r="3.5"/>`, class, p.x(r.Value), y)
		p.text(p.width-p.right+10, y+4, "start", class, r.Text)
		said = append(said, fmt.Sprintf("%s %s, %s", r.Name, r.Text, r.Verdict))
	}
	return Figure{Title: title, SVG: p.svg(strings.Join(said, "; "))}
}

func tone(v eval.Verdict) Tone {
	switch v {
	case eval.Gained:
		return Good
	case eval.Lost:
		return Bad
	}
	return Neutral
}
