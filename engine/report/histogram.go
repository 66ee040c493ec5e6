package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"croco/eval"
)

// Histogram draws the distributions of series in common bins, as shares of each series, with the mean of each in words.
// Bins are as wide as Freedman and Diaconis say, 2·IQR/∛n, but between 8 and 40 of them; they begin at whole numbers
// where every value is whole.
func Histogram(title, x string, series ...Series) Figure {
	p := newPlot(title)
	p.top = 24
	var all []float64
	for i := range series {
		series[i].Y = slices.DeleteFunc(slices.Clone(series[i].Y), func(v float64) bool { return !finite(v) })
		all = append(all, series[i].Y...)
	}
	f := Figure{Title: title}
	if len(all) == 0 {
		f.Note = "There are no values."
		return f
	}
	lo, width, bins := binning(all)
	p.x0, p.x1 = lo, lo+width*float64(bins)

	shares := make([][]float64, len(series))
	for i, s := range series {
		shares[i] = make([]float64, bins)
		for _, v := range s.Y {
			b := min(int((v-lo)/width), bins-1)
			shares[i][b] += 100 / float64(len(s.Y))
		}
		p.y1 = max(p.y1, slices.Max(shares[i]))
	}
	p.y1 *= 1.05
	p.axisY(" %")
	var said []string
	label := p.left
	for i, s := range series {
		if len(s.Y) == 0 {
			continue
		}
		class := fmt.Sprintf("s%d", i%3)
		p.outline(class+" area", shares[i], width)
		text := strings.TrimSpace(s.Name + " mean " + significant(eval.Mean(s.Y)))
		p.text(label, 12, "start", class, text)
		label += 7*float64(len([]rune(text))) + 12
		said = append(said, fmt.Sprintf("%s: mean %s of %d", s.Name, significant(eval.Mean(s.Y)), len(s.Y)))
	}
	p.axisX(x)
	f.SVG = p.svg(strings.Join(said, ", "))
	return f
}

// binning chooses the first bin's edge, the width and the number of bins.
func binning(values []float64) (lo, width float64, bins int) {
	sorted := slices.Sorted(slices.Values(values))
	lo, hi := sorted[0], sorted[len(sorted)-1]
	if lo == hi {
		return lo - .5, 1, 1
	}
	whole := !slices.ContainsFunc(values, func(v float64) bool { return v != math.Trunc(v) })
	iqr := sorted[len(sorted)*3/4] - sorted[len(sorted)/4]
	width = 2 * iqr / math.Cbrt(float64(len(sorted)))
	width = min(max(width, (hi-lo)/40), (hi-lo)/8)
	if whole {
		width = max(1, math.Round(width))
		hi++
	}
	return lo, width, max(1, int(math.Ceil((hi-lo)/width-1e-9)))
}

// outline draws the steps of a histogram.
func (p *plot) outline(class string, shares []float64, width float64) {
	points := [][2]float64{{p.x(p.x0), p.y(0)}}
	for b, share := range shares {
		left := p.x0 + float64(b)*width
		points = append(points, [2]float64{p.x(left), p.y(share)}, [2]float64{p.x(left + width), p.y(share)})
	}
	p.path(class, append(points, [2]float64{p.x(p.x1), p.y(0)}), true)
}
