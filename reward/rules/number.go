package rules

import (
	"strconv"
	"strings"
	"unicode"
)

// lastNumber returns the readings of the last number in a text: usually one, two for "1.234" and "1,234", which are a
// thousand and more in one language and one and a bit in another; none where there is no number. Thousands may be
// separated by commas, points, apostrophes and (also thin or unbreakable) spaces, decimals by a comma or a point.
// Digits inside a word ("H2O") are no number; "24kg" is 24.
func lastNumber(text string) []float64 {
	var last []float64
	runes := []rune(text)
	for i := 0; i < len(runes); {
		if !digit(runes, i) {
			i++
			continue
		}
		end := i + 1
		for end < len(runes) && (digit(runes, end) || separates(runes, i, end)) {
			end++
		}
		if i == 0 || !unicode.IsLetter(runes[i-1]) {
			last = readings(runes[i:end], negative(runes, i))
		}
		i = end
	}
	return last
}

func digit(runes []rune, i int) bool { return i < len(runes) && '0' <= runes[i] && runes[i] <= '9' }

// separates reports whether the rune at i stands inside the number that began at start: a point or comma before a digit,
// or a space or apostrophe before exactly three digits and after at most three.
func separates(runes []rune, start, i int) bool {
	switch runes[i] {
	case '.', ',':
		return digit(runes, i+1)
	case ' ', '\u00a0', '\u2009', '\u202f', '\'', '’':
		before := 0
		for i-before > start && digit(runes, i-before-1) {
			before++
		}
		return before <= 3 && digit(runes, i+1) && digit(runes, i+2) && digit(runes, i+3) && !digit(runes, i+4)
	}
	return false
}

// negative reports a minus sign that is not a hyphen or a subtraction: "-5", "= −5", but not "3-5" and not "A-5".
func negative(runes []rune, i int) bool {
	if i == 0 || runes[i-1] != '-' && runes[i-1] != '−' {
		return false
	}
	return i == 1 || !unicode.IsLetter(runes[i-2]) && !unicode.IsDigit(runes[i-2]) && runes[i-2] != ')'
}

// readings are the values that digits with separators may have.
func readings(number []rune, minus bool) []float64 {
	var points, commas int
	var plain []rune // with points and commas, without the other separators
	for _, r := range number {
		switch {
		case r == '.':
			points++
		case r == ',':
			commas++
		case r < '0' || r > '9':
			continue
		}
		plain = append(plain, r)
	}
	s := string(plain)
	var texts []string
	drop := func(separator string) string { return strings.ReplaceAll(s, separator, "") }
	switch {
	case points > 0 && commas > 0: // the later one separates the decimals
		if strings.LastIndex(s, ",") > strings.LastIndex(s, ".") {
			texts = []string{strings.Replace(drop("."), ",", ".", 1)}
		} else {
			texts = []string{drop(",")}
		}
	case points == 1 || commas == 1:
		decimal := strings.Replace(s, ",", ".", 1)
		texts = []string{decimal}
		if whole, rest, _ := strings.Cut(decimal, "."); len(rest) == 3 && len(whole) <= 3 && whole != "0" {
			texts = append(texts, whole+rest)
		}
	default:
		texts = []string{strings.ReplaceAll(drop("."), ",", "")}
	}
	var values []float64
	for _, t := range texts {
		x, err := strconv.ParseFloat(t, 64)
		if err != nil {
			continue // "1.2,3,4": no number
		}
		if minus {
			x = -x
		}
		values = append(values, x)
	}
	return values
}
