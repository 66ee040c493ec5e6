package optest

import (
	"errors"
	"fmt"
	"strings"

	"croco/kernels"
)

// Verdict is one line of a verification: an operation with one dtype, or a promise. Err is the first fault, nil where there
// is none.
type Verdict struct {
	Name  string
	Cases int // 0 for a promise
	Err   error
}

// Verification is what Verify found.
type Verification struct {
	Device   string // name and Info
	Verdicts []Verdict
}

// Verify runs the table against the reference, and every promise. now, where not nil, is told what comes next.
func Verify(d kernels.Device, now func(what string)) Verification {
	if now == nil {
		now = func(string) {}
	}
	v := Verification{Device: d.Name() + ": " + d.Info()}
	at := map[string]int{}
	for _, c := range Cases() {
		op := c.Op + " " + c.DType.String()
		i, seen := at[op]
		if !seen {
			now(op)
			i = len(v.Verdicts)
			at[op], v.Verdicts = i, append(v.Verdicts, Verdict{Name: op})
		}
		verdict := &v.Verdicts[i]
		if verdict.Cases++; verdict.Err == nil {
			verdict.Err = try(func() error { return Check(c, d) })
		}
	}
	for _, p := range Promises(d) {
		now(p.Name)
		v.Verdicts = append(v.Verdicts, Verdict{Name: p.Name, Err: try(func() error { return p.Keep(d) })})
	}
	return v
}

// try turns the panic of a device that lacks an operation into an error.
func try(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			missing, ok := r.(error)
			if !ok || !errors.Is(missing, kernels.ErrNotImplemented) {
				panic(r)
			}
			err = missing
		}
	}()
	return f()
}

// OK says whether there is no fault.
func (v Verification) OK() bool {
	for _, verdict := range v.Verdicts {
		if verdict.Err != nil {
			return false
		}
	}
	return true
}

// String is the verification as a page.
func (v Verification) String() string {
	var page strings.Builder
	fmt.Fprintln(&page, v.Device)
	cases := 0
	for _, verdict := range v.Verdicts {
		mark, count := "ok   ", "bit for bit"
		if verdict.Err != nil {
			mark = "FAULT"
		}
		if verdict.Cases > 0 {
			count = fmt.Sprintf("%d cases against the reference", verdict.Cases)
			cases += verdict.Cases
		}
		fmt.Fprintf(&page, "  %s  %-52s %s\n", mark, verdict.Name, count)
		if verdict.Err != nil {
			fmt.Fprintf(&page, "         %v\n", verdict.Err)
		}
	}
	fmt.Fprintf(&page, "%d cases, %d lines\n", cases, len(v.Verdicts))
	return page.String()
}
