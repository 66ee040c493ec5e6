package python

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// FloatRepr is repr(x): the shortest digits that read back, in positional form from 1e-4 up to below 1e16, and always
// with a point or an exponent. nan and inf are what str() says; JSON says NaN and Infinity (see Dumps).
func FloatRepr(x float64) string {
	switch {
	case math.IsNaN(x):
		return "nan"
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	}
	scientific := strconv.FormatFloat(x, 'e', -1, 64) // Go pads the exponent to two digits, and so does Python
	_, exponent, _ := strings.Cut(scientific, "e")
	if e, _ := strconv.Atoi(exponent); e < -4 || e >= 16 {
		return scientific
	}
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// Round is round(x, digits) for a finite x and digits ≥ 0: the exact value of the double to so many decimals, half to
// even. round(x) without digits is an integer; Dumps(Int(strconv.FormatFloat(Round(x, 0), 'f', 0, 64))) prints it.
func Round(x float64, digits int) float64 {
	y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'f', digits, 64), 64)
	if err != nil { // 'f' of a finite double reads back
		panic(err)
	}
	return y
}

// ToFloat is float(v): numbers, booleans, and text in Python's syntax (surrounding white space, underscores between
// digits, any script's decimal digits, inf, infinity, nan). An integer beyond the range of a double is an error;
// a literal like 1e999 is not, it is inf.
func ToFloat(v any) (float64, error) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case float64:
		return v, nil
	case Int:
		x, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return 0, fmt.Errorf("integer %.20s… is too large for a float", string(v))
		}
		return x, nil
	case string:
		return textToFloat(v)
	}
	return 0, fmt.Errorf("expected a number, found %s", typeName(v))
}

func textToFloat(text string) (float64, error) {
	refuse := func() (float64, error) { return 0, fmt.Errorf("could not read %q as a number", text) }
	s := Strip(asciiDigits(text))
	body := strings.TrimLeft(s, "+-")
	if len(s)-len(body) > 1 {
		return refuse()
	}
	switch strings.ToLower(body) {
	case "inf", "infinity", "nan":
		x, _ := strconv.ParseFloat(s, 64)
		return x, nil
	}
	for i := range len(body) {
		if c := body[i]; c == '_' {
			if i == 0 || i == len(body)-1 || !digit(body[i-1]) || !digit(body[i+1]) {
				return refuse()
			}
		} else if !digit(c) && !strings.ContainsRune(".eE+-", rune(c)) {
			return refuse()
		}
	}
	x, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil && !math.IsInf(x, 0) {
		return refuse()
	}
	return x, nil
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// asciiDigits replaces the decimal digits of other scripts. Unicode lays each script's out as a run that starts at zero.
func asciiDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 || !unicode.Is(unicode.Nd, r) {
			return r
		}
		for _, run := range unicode.Nd.R16 {
			if rune(run.Lo) <= r && r <= rune(run.Hi) {
				return '0' + (r-rune(run.Lo))%10
			}
		}
		for _, run := range unicode.Nd.R32 {
			if rune(run.Lo) <= r && r <= rune(run.Hi) {
				return '0' + (r-rune(run.Lo))%10
			}
		}
		return r
	}, s)
}
