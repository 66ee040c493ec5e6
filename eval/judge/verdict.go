package judge

import (
	"strings"

	"croco/pairing/python"
)

// Verdict is which output the judge prefers, as it was shown: the first, the second, neither, or that it did not say.
type Verdict string

const (
	First  Verdict = "1"
	Second Verdict = "2"
	Tie    Verdict = "T"
	None   Verdict = "" // null in files
)

// ParseVerdict finds the last [[1]], [[2]] or [[T]] of a reply. White space may stand inside the brackets, brackets may be
// escaped with \, and t, m and M are ties too. A tie counts even where none was offered.
func ParseVerdict(reply string) Verdict {
	text := strings.NewReplacer(`\[`, "[", `\]`, "]").Replace(reply)
	for {
		i := strings.LastIndex(text, "[[")
		if i < 0 {
			return None
		}
		if v := verdictAt(text[i+2:]); v != None {
			return v
		}
		text = text[:i+1] // the next pair may share a bracket with this one
	}
}

// verdictAt reads what stands behind [[.
func verdictAt(text string) Verdict {
	text = strings.TrimLeftFunc(text, python.IsSpace)
	if text == "" || !strings.HasPrefix(strings.TrimLeftFunc(text[1:], python.IsSpace), "]]") {
		return None
	}
	switch text[0] {
	case '1':
		return First
	case '2':
		return Second
	case 't', 'T', 'm', 'M':
		return Tie
	}
	return None
}
