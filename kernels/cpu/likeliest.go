package cpu

import (
	"cmp"
	"math"
	"slices"
)

// likeliest finds the largest of many probabilities without sorting them. The bits of positive floats are ordered like
// the floats, so their upper 16 bits make buckets (128 per factor of two) that are taken from the largest down;
// only the bucket in which enough is reached is sorted.
type likeliest struct {
	counts []int32
	masses []float64
	ids    []int32 // of that bucket
}

// bucketCount covers probabilities up to 1, which is that of the likeliest token.
const bucketCount = 0x3f80 + 1

func bucketOf(p float32) int { return int(math.Float32bits(p) >> 16) }

// keep sets to zero all of p, each in [0, 1], but the largest for which enough first holds, given their number and the sum
// of their masses; of equals the lower ids stay. At least one stays.
func (l *likeliest) keep(p []float32, enough func(count int, mass float64) bool) {
	if l.counts == nil {
		l.counts, l.masses = make([]int32, bucketCount), make([]float64, bucketCount)
	}
	clear(l.counts)
	clear(l.masses)
	for _, x := range p {
		b := bucketOf(x)
		l.counts[b]++
		l.masses[b] += float64(x)
	}
	b, count, mass := bucketCount-1, 0, 0.0
	for ; b > 0; b-- {
		c, m := count+int(l.counts[b]), mass+l.masses[b]
		if l.counts[b] > 0 && enough(c, m) {
			break
		}
		count, mass = c, m
	}
	l.ids = l.ids[:0]
	for i, x := range p {
		switch at := bucketOf(x); {
		case at == b:
			l.ids = append(l.ids, int32(i))
		case at < b:
			p[i] = 0
		}
	}
	slices.SortFunc(l.ids, func(i, j int32) int { return cmp.Or(cmp.Compare(p[j], p[i]), cmp.Compare(i, j)) })
	for n, i := range l.ids {
		if n+count > 0 && enough(count, mass) {
			for _, i := range l.ids[n:] {
				p[i] = 0
			}
			return
		}
		count, mass = count+1, mass+float64(p[i])
	}
}
