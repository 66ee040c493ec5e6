package mrewardbench

import "strings"

// Verdict of a generative judge.
type Verdict string

const (
	A     Verdict = "A"
	B     Verdict = "B"
	Error Verdict = "error" // counts ½
)

// ParseVerdict reads [[A]] or [[B]]. With rule "last" the last one counts; with "authors" any [[A]] does, whatever comes
// after; with "prometheus" a reply has to hold [RESULT] and end with A or B.
func ParseVerdict(reply, rule string) Verdict {
	a, b := strings.LastIndex(reply, "[[A]]"), strings.LastIndex(reply, "[[B]]")
	switch rule {
	case "last":
		switch {
		case a > b:
			return A
		case b > a:
			return B
		}
	case "authors":
		switch {
		case a >= 0:
			return A
		case b >= 0:
			return B
		}
	case "prometheus":
		if strings.Contains(reply, "[RESULT]") {
			switch reply[len(reply)-1] {
			case 'A':
				return A
			case 'B':
				return B
			}
		}
	default:
		panic("mrewardbench: unknown rule " + rule)
	}
	return Error
}

// Worth is what a verdict gives: 1 where the judge prefers the chosen answer, which stood second if swapped.
func (v Verdict) Worth(swapped bool) float64 {
	switch {
	case v == Error:
		return 0.5
	case (v == A) != swapped:
		return 1
	}
	return 0
}
