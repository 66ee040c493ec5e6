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
	if math.IsNaN(err) {
		err = math.Inf(1)
	}
	c.Count++
	c.Worst = max(c.Worst, err)
	c.share(err/limit, where)
}

// share takes in an error over its limit.
func (c *Check) share(share float64, where func() string) {
	if math.IsNaN(share) {
		share = math.Inf(1)
	}
	if share > c.Share || c.Where == "" {
		c.Share, c.Where = share, where()
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
