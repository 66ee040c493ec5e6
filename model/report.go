package model

import (
	"fmt"
	"math"
	"strings"
)

// Report is what a verification found.
type Report struct {
	Title  string
	Checks []*Check
	Notes  []string // warnings that fail nothing
}

// Check is one quantity: how far it was off where it was worst.
type Check struct {
	Quantity string
	Worst    float64 // largest absolute error
	Share    float64 // largest error over its limit: above 1 fails
	Limit    string  // in words
	Where    string  // of the largest share
	Count    int     // numbers compared
}

// OK reports whether the quantity is within its limit. NaN is not.
func (c Check) OK() bool { return c.Share <= 1 }

// add takes one comparison in. limit is the error allowed here.
func (c *Check) add(got, want, limit float64, where func() string) {
	err := math.Abs(got - want)
	share := err / limit
	if math.IsNaN(err) {
		err, share = math.Inf(1), math.Inf(1)
	}
	c.Count++
	c.Worst = max(c.Worst, err)
	if share > c.Share || c.Where == "" {
		c.Share, c.Where = share, where()
	}
}

// tensor compares two arrays element by element, each with limit abs + rel·|want|.
func (c *Check) tensor(name string, got, want []float32, abs, rel float64) {
	if len(got) != len(want) {
		panic(fmt.Sprintf("model: %s: %d numbers computed, %d expected", name, len(got), len(want)))
	}
	for i := range got {
		w := float64(want[i])
		c.add(float64(got[i]), w, abs+rel*math.Abs(w), func() string {
			return fmt.Sprintf("%s[%d]: %.6g, expected %.6g", name, i, got[i], w)
		})
	}
}

// OK reports whether all quantities are within their limits, and that there were any.
func (r Report) OK() bool {
	for _, c := range r.Checks {
		if !c.OK() {
			return false
		}
	}
	return len(r.Checks) > 0
}

// String is the report as a table.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintln(&b, r.Title)
	fmt.Fprintf(&b, "  %-22s %9s  %-11s %-7s  %s\n", "quantity", "compared", "worst error", "", "limit")
	for _, c := range r.Checks {
		mark := "ok"
		if !c.OK() {
			mark = "FAILED"
		}
		fmt.Fprintf(&b, "  %-22s %9d  %-11.2g %-7s  %s\n", c.Quantity, c.Count, c.Worst, mark, c.Limit)
		if !c.OK() {
			fmt.Fprintf(&b, "  %22s %s\n", "", c.Where)
		}
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  note: %s\n", n)
	}
	return b.String()
}
