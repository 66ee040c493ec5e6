package jinja

import (
	"strings"
	"unicode"
)

// Python's case mappings and classes where they differ from Go's, and what methods and filters share.

func toUpper(s string) string { return strings.ToUpper(strings.ReplaceAll(s, "ß", "SS")) }

func toLower(s string) string {
	return strings.ToLower(strings.ReplaceAll(s, "İ", "i̇"))
}

func capitalize(s string) string {
	if s == "" {
		return ""
	}
	n := runeWidth(s)
	first := strings.Map(unicode.ToTitle, s[:n])
	if first == "ß" {
		first = "Ss"
	}
	return first + toLower(s[n:])
}

// titleCase is str.title: a letter behind another is small, any other large.
func titleCase(s string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		was := inWord
		inWord = unicode.IsLetter(r)
		if was {
			return unicode.ToLower(r)
		}
		return unicode.ToTitle(r)
	}, s)
}

func swapCase(r rune) rune {
	if unicode.IsUpper(r) {
		return unicode.ToLower(r)
	}
	return unicode.ToUpper(r)
}

// isDigit knows superscripts too, as str.isdigit does.
func isDigit(r rune) bool {
	return unicode.IsDigit(r) || strings.ContainsRune("²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", r)
}

func allRunes(is func(rune) bool) method {
	return func(_ *state, self Value, _ Args) Value {
		s := textOf(self)
		return s != "" && strings.IndexFunc(s, func(r rune) bool { return !is(r) }) < 0
	}
}

// hasCase tells whether s has letters with case and all of them are of the given one.
func hasCase(s string, is func(rune) bool) bool {
	found := false
	for _, r := range s {
		if unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r) {
			if !is(r) {
				return false
			}
			found = true
		}
	}
	return found
}

// replace exchanges up to n occurrences, all if n is negative.
func (st *state) replace(s, old, new string, n int) string {
	times := strings.Count(s, old)
	if n >= 0 {
		times = min(n, times)
	}
	if len(new) > 0 && times > st.left.Bytes/len(new) {
		st.grow(st.left.Bytes + 1)
	}
	st.grow(len(s) + times*len(new))
	return strings.Replace(s, old, new, n)
}

// join puts sep between the items of v; convert takes str() of each, else they must be texts.
func (st *state) join(sep string, v Value, convert bool) string {
	var b strings.Builder
	i := 0
	for x := range st.iter(v) {
		s, ok := text(x)
		if !ok {
			if !convert {
				raise("TypeError", "sequence item %d: expected str instance, %s found", i, typeName(x))
			}
			s = st.str(x)
		}
		st.grow(len(s) + len(sep))
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(s)
		i++
	}
	return b.String()
}

func keywordsOf(d *Dict) []Keyword {
	var kw []Keyword
	for _, e := range d.entries {
		if name, ok := text(e.key); ok {
			kw = append(kw, Keyword{name, e.value})
		}
	}
	return kw
}
