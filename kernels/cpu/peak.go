package cpu

import "time"

// Peak measures what the device could do at best, by its own threads and now: flops, the multiply-adds per second (two
// operations each, of its arithmetic) of tiles that stay in the first cache, and bytes, the bytes per second that a sum reads
// from memory.
func (d *Device) Peak() (flops, bytes float64) { return d.peakFMA(), d.peakRead() }

// peakFMA repeats the tallest tile, (rows,48) += (rows,128) · (128,48).
func (d *Device) peakFMA() float64 {
	const k, repeats = 128, 200
	rows, tile, each := d.rows[0], d.tile, 1
	if d.paired {
		tile, each = d.tilePairs, 2
	}
	work := jobFunc(func(_ *worker, lo, hi int) {
		a, b, c := aligned(rows*k), aligned(k*panelWidth), aligned(rows*panelWidth)
		for range repeats * (hi - lo) {
			tile(rows, 3, k, first(a), k, 1, first(b), panelWidth, first(c), panelWidth, fromC, first(b), 0)
		}
	})
	chunks := 4 * len(d.workers)
	return 2 * float64(each*rows*k*panelWidth*repeats*chunks) / d.best(40, chunks, work)
}

// peakRead sums memory that no cache holds: a server's third-level cache has hundreds of megabytes.
func (d *Device) peakRead() float64 {
	const chunk, chunks = 1 << 16, 1 << 11 // numbers: 512 MB in all
	x := aligned(chunks * chunk)
	for i := 0; i < len(x); i += 1024 {
		x[i] = 1 // else all pages are one page of zeros
	}
	seconds := d.best(10, chunks, jobFunc(func(_ *worker, lo, hi int) { d.sum((hi-lo)*chunk, first(x[lo*chunk:])) }))
	return 4 * float64(len(x)) / seconds
}

// best is the shortest time of a loop over chunks, of several.
func (d *Device) best(rounds, chunks int, j job) float64 {
	least := 0.0
	for range rounds {
		begin := time.Now()
		d.parallel(chunks, 1, j)
		if s := time.Since(begin).Seconds(); least == 0 || s < least {
			least = s
		}
	}
	return least
}
