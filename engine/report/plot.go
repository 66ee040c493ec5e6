package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// Series is a named list of numbers. NaN and infinities are left out.
type Series struct {
	Name string
	X    []float64 // of Lines; nil: 1, 2, 3, …
	Y    []float64
}

// plot is a drawing in the making: a rectangle of paper and the data's range that it shows. All figures are 360 units
// wide, so that their text has the size of the page's on a phone.
type plot struct {
	strings.Builder
	title                    string
	width, height            float64
	left, right, top, bottom float64 // margins
	x0, x1, y0, y1           float64 // range of the data
}

func newPlot(title string) *plot {
	return &plot{title: title, width: 360, height: 210, left: 40, right: 12, top: 10, bottom: 36}
}

// x and y are places on paper.
func (p *plot) x(v float64) float64 {
	return p.left + (v-p.x0)/(p.x1-p.x0)*(p.width-p.left-p.right)
}

func (p *plot) y(v float64) float64 {
	return p.height - p.bottom - (v-p.y0)/(p.y1-p.y0)*(p.height-p.top-p.bottom)
}

// draw adds an element; numbers are written with one decimal.
func (p *plot) draw(format string, args ...any) {
	for i, a := range args {
		switch v := a.(type) {
		case float64:
			args[i] = strconv.FormatFloat(v, 'f', 1, 64)
		case string:
			args[i] = html.EscapeString(v)
		}
	}
	fmt.Fprintf(p, format+"\n", args...)
}

func (p *plot) text(x, y float64, anchor, class, s string) {
	p.draw(`<text x="%s" y="%s" text-anchor="%s" class="%s">%s</text>`, x, y, anchor, class, s)
}

// path draws a line through points on paper.
func (p *plot) path(class string, points [][2]float64, closed bool) {
	var d strings.Builder
	for i, q := range points {
		fmt.Fprintf(&d, "%c%.1f %.1f", "ML"[min(i, 1)], q[0], q[1])
	}
	if closed {
		d.WriteByte('Z')
	}
	p.draw(`<path class="%s" d="%s"/>`, class, d.String())
}

// axisX draws numbers under the plot, and what they are.
func (p *plot) axisX(name string) {
	base := p.height - p.bottom
	p.draw(`<line class="grid" x1="%s" y1="%s" x2="%s" y2="%s"/>`, p.left, base, p.width-p.right, base)
	at, label := ticks(p.x0, p.x1, 5)
	for i := range at {
		p.text(p.x(at[i]), base+14, "middle", "", label[i])
	}
	p.text((p.left+p.width-p.right)/2, base+30, "middle", "", name)
}

// axisY draws grid lines with their numbers, followed by unit.
func (p *plot) axisY(unit string) {
	at, label := ticks(p.y0, p.y1, 4)
	for i := range at {
		y := p.y(at[i])
		p.draw(`<line class="grid" x1="%s" y1="%s" x2="%s" y2="%s"/>`, p.left, y, p.width-p.right, y)
		p.text(p.left-6, y+4, "end", "", label[i]+unit)
	}
}

// svg closes the drawing. Screen readers hear the description.
func (p *plot) svg(description string) template.HTML {
	label := html.EscapeString(p.title + ": " + description)
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, p.width, p.height, label) + "\n" + p.String() + "</svg>")
}

// ticks are about n round numbers (1, 2 or 5 times a power of ten apart) from lo to hi, with their texts.
func ticks(lo, hi float64, n int) (at []float64, label []string) {
	raw := (hi - lo) / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * power
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw*.999 {
			step = m * power
			break
		}
	}
	decimals := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+1e-9*step && len(at) < 20; i++ {
		at = append(at, i*step)
		switch {
		case i == 0:
			label = append(label, "0")
		case decimals > 3:
			label = append(label, exponential(i*step))
		default:
			label = append(label, decimal(i*step, decimals))
		}
	}
	return at, label
}

// decimal writes v with a true minus sign.
func decimal(v float64, decimals int) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return strings.Replace(s, "-", "−", 1)
}

// exponential writes v as 5e−5.
func exponential(v float64) string {
	return strings.NewReplacer("e-0", "e−", "e+0", "e", "e+", "e", "-", "−").Replace(strconv.FormatFloat(v, 'g', 3, 64))
}

// significant writes v with about three figures.
func significant(v float64) string {
	switch a := math.Abs(v); {
	case v != 0 && a < 1e-3 || a >= 1e6:
		return exponential(v)
	case a < 10:
		return decimal(v, 2)
	case a < 100:
		return decimal(v, 1)
	}
	return decimal(v, 0)
}

// span is the range of the finite values; ok says whether there is one.
func span(values []float64) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if finite(v) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	return lo, hi, lo <= hi
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// widen makes room around a range, and makes one of a single value.
func widen(lo, hi, by float64) (float64, float64) {
	if hi-lo < 1e-12*(1+math.Abs(hi)) {
		return lo - .5, hi + .5
	}
	return lo - by*(hi-lo), hi + by*(hi-lo)
}
