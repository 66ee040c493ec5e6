package report

import (
	"fmt"
	"math"
	"strings"

	"croco/eval"
)

// Lines draws series over steps: of few points as they are, of many as a running mean over the faint raw line. Each has
// its name and last value, smoothed as it is drawn, at its end.
func Lines(title, x string, series ...Series) Figure {
	p := newPlot(title)
	p.right = 96
	var xs, ys []float64
	for i := range series {
		series[i] = series[i].clean()
		xs, ys = append(xs, series[i].X...), append(ys, series[i].Y...)
	}
	f := Figure{Title: title}
	lo, hi, ok := span(ys)
	if !ok {
		f.Note = "No values were logged."
		return f
	}
	p.y0, p.y1 = widen(lo, hi, .04)
	lo, hi, _ = span(xs)
	p.x0, p.x1 = widen(lo, hi, 0)
	p.axisY("")
	p.axisX(x)
	var ends []float64
	var said []string
	for i, s := range series {
		if len(s.Y) == 0 {
			continue
		}
		class := fmt.Sprintf("s%d", i%3)
		last := p.curve(class, s)
		ends = append(ends, p.y(last))
		p.text(p.width-p.right+6, apart(ends)+4, "start", class, strings.TrimSpace(s.Name+" "+significant(last)))
		said = append(said, strings.TrimSpace(fmt.Sprintf("%s from %s to %s", s.Name, significant(s.Y[0]), significant(last))))
	}
	f.SVG = p.svg(strings.Join(said, ", "))
	return f
}

// curve draws one series and returns the value at its end.
func (p *plot) curve(class string, s Series) float64 {
	points := func(y []float64) [][2]float64 {
		out := make([][2]float64, len(y))
		for i := range y {
			out[i] = [2]float64{p.x(s.X[i]), p.y(y[i])}
		}
		return out
	}
	y := s.Y
	if len(y) > 40 {
		p.path(class+" raw", points(y), false)
		y = smooth(y, len(y)/20)
	}
	if len(y) == 1 {
		p.draw(`<circle class="%s" cx="%s" cy="%s" r="2.5"/>`, class, p.x(s.X[0]), p.y(y[0]))
	}
	p.path(class+" line", points(y), false)
	return y[len(y)-1]
}

// clean drops what cannot be drawn, gives a series its x, and thins more points than a figure can show.
func (s Series) clean() Series {
	out := Series{Name: s.Name}
	every := max(1, len(s.Y)/400)
	for i, y := range s.Y {
		x := float64(i + 1)
		if s.X != nil {
			x = s.X[i]
		}
		if finite(x) && finite(y) && (i%every == 0 || i == len(s.Y)-1) {
			out.X, out.Y = append(out.X, x), append(out.Y, y)
		}
	}
	return out
}

// smooth is the mean over the value and radius others to both sides, fewer at the ends.
func smooth(y []float64, radius int) []float64 {
	out := make([]float64, len(y))
	for i := range y {
		out[i] = eval.Mean(y[max(0, i-radius):min(len(y), i+radius+1)])
	}
	return out
}

// apart moves the last label's height away from the earlier ones, at least a line of text.
func apart(heights []float64) float64 {
	last := len(heights) - 1
	for range heights {
		for _, h := range heights[:last] {
			if d := heights[last] - h; math.Abs(d) < 13 {
				heights[last] = h + math.Copysign(13, d)
			}
		}
	}
	return heights[last]
}
