package tokenizer

import (
	"strings"
	"unicode"
)

// A finder returns the first match text[a:b] at or after i < len(text); a = b = len(text) if there is none. A match
// is never empty.
//
// The split expressions of the models are regular expressions with look-ahead, which package regexp does not have.
// There are few of them, so each is a scanner here, written from the alternatives in its comment. All alternatives
// but \s+(?!\S) are deterministic on character classes, so a scanner looks at each character a fixed number of times.
type finder func(text string, i int) (a, b int)

// expressions are the split expressions that are known, as tokenizer.json spells them.
var expressions = map[string]finder{
	// GPT-2, and the expression inside ByteLevel
	`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`: findGPT2,
	// Llama 3
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`: words{letters: letter, digits: 3}.find,
	// Qwen 2, 2.5, 3
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`: words{letters: letter, digits: 1}.find,
	// Qwen 3.5: marks belong to words
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`: words{letters: letter | mark, digits: 1}.find,
	// Mistral Nemo (Tekken)
	`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`: cased{digits: 1}.find,
	// GPT-4o (o200k), Phi-4-mini
	`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`: cased{digits: 3, contractions: true}.find,
	// cl100k as tiktoken spells it; the possessive quantifiers change nothing
	`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`: words{letters: letter, digits: 3}.find,
	// DeepSeek V3 and R1; the line breaks stand there as such
	"[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+": findDeepSeek,
	`[一-龥぀-ゟ゠-ヿ]+`: findRun(1, isCJK),
	// BLOOM
	` ?[^(\s|[.,!?…。，、।۔،])]+`: findBLOOM,
	// the parts of split sequences
	`\p{N}`:      numbers{most: 1}.find,
	`\p{N}{1,3}`: numbers{most: 3}.find,
	// what normalizers replace
	` +`:      findRun(1, isBlank),
	` {2,}`:   findRun(2, isBlank),
	`\s`:      findRune(unicode.IsSpace),
	`\s+`:     findRun(1, unicode.IsSpace),
	`\s{2,}`:  findRun(2, unicode.IsSpace),
	`[\r\n]`:  findRune(isBreak),
	`[\r\n]+`: findRun(1, isBreak),
}

// numbers is \p{N}{1,MOST}.
type numbers struct{ most int }

func (w numbers) find(text string, i int) (a, b int) {
	for i < len(text) {
		c, n := classAt(text, i)
		if c&number != 0 {
			return i, runAtMost(text, i+n, number, w.most-1)
		}
		i += n
	}
	return i, i
}

// findGPT2 scans
//
//	's|'t|'re|'ve|'m|'ll|'d  |  ?\p{L}+  |  ?\p{N}+  |  ?[^\s\p{L}\p{N}]+  |  \s+(?!\S)  |  \s+
func findGPT2(text string, i int) (a, b int) {
	if n := contraction(text[i:], false); n > 0 {
		return i, i + n
	}
	j := i
	if text[i] == ' ' {
		j++
	}
	c, n := classAt(text, j)
	switch {
	case c&letter != 0:
		return i, run(text, j+n, letter)
	case c&number != 0:
		return i, run(text, j+n, number)
	case c&(mark|other) != 0:
		return i, run(text, j+n, mark|other)
	}
	return i, spaces(text, i)
}

// words is the family of Llama 3 and Qwen:
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)  |  [^\r\n\p{L}\p{N}]?LETTERS+  |  \p{N}{1,DIGITS}  |
//	 ?[^\s LETTERS \p{N}]+[\r\n]*  |  \s*[\r\n]+  |  \s+(?!\S)  |  \s+
type words struct {
	letters class
	digits  int
}

func (w words) find(text string, i int) (a, b int) {
	if n := contraction(text[i:], true); n > 0 {
		return i, i + n
	}
	c, n := classAt(text, i)
	if c&w.letters != 0 {
		return i, run(text, i+n, w.letters)
	}
	if next, m := classAt(text, i+n); c&(newline|number) == 0 && next&w.letters != 0 {
		return i, run(text, i+n+m, w.letters)
	}
	return i, tail(text, i, w.digits, (mark|other)&^w.letters, newline)
}

// cased is the family of Tekken and o200k, which cuts "camelCase" in two. With HEAD = \p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}
// and TAIL = \p{Ll}\p{Lm}\p{Lo}\p{M}, classes that share letters without case:
//
//	[^\r\n\p{L}\p{N}]?[HEAD]*[TAIL]+CONTRACTION?  |  [^\r\n\p{L}\p{N}]?[HEAD]+[TAIL]*CONTRACTION?  |
//	\p{N}{1,DIGITS}  |   ?[^\s\p{L}\p{N}]+[\r\n/]*  |  \s*[\r\n]+  |  \s+(?!\S)  |  \s+
type cased struct {
	digits       int
	contractions bool
}

func (w cased) find(text string, i int) (a, b int) {
	c, n := classAt(text, i)
	starts := [2]int{i + n, i} // with the optional character in front, then without
	if c&(letter|number|newline) != 0 {
		starts[0] = i
	}
	for _, word := range [...]func(string, int) int{endInTail, startInHead} {
		for _, start := range starts {
			end := word(text, start)
			if end == start {
				continue
			}
			if w.contractions {
				end += contraction(text[end:], true)
			}
			return i, end
		}
	}
	return i, tail(text, i, w.digits, mark|other, newline|slash)
}

const (
	head     = upper | caseless | mark
	caseTail = lower | caseless | mark
)

// endInTail matches [HEAD]*[TAIL]+ at i and returns its end, i if it does not match. HEAD* takes all it can; where no
// TAIL follows it gives back up to the last of its characters that are also in TAIL.
func endInTail(text string, i int) int {
	end := i
	for {
		c, n := classAt(text, i)
		if c&head == 0 {
			break
		}
		i += n
		if c&caseTail != 0 {
			end = i
		}
	}
	if j := run(text, i, caseTail); j > i {
		return j
	}
	return end
}

// startInHead matches [HEAD]+[TAIL]* at i and returns its end, i if it does not match.
func startInHead(text string, i int) int {
	if j := run(text, i, head); j > i {
		return run(text, j, caseTail)
	}
	return i
}

// tail matches what the two families have in common, after words:
//
//	\p{N}{1,digits}  |   ?[symbols]+[after]*  |  \s*[\r\n]+  |  \s+(?!\S)  |  \s+
func tail(text string, i, digits int, symbols, after class) int {
	c, n := classAt(text, i)
	if c&number != 0 {
		return runAtMost(text, i+n, number, digits-1)
	}
	j := i
	if text[i] == ' ' {
		j++
	}
	if c, n := classAt(text, j); c&symbols != 0 {
		return run(text, run(text, j+n, symbols), after)
	}
	return blanks(text, i)
}

// blanks matches \s*[\r\n]+|\s+(?!\S)|\s+ at i and returns its end, i if it does not match.
func blanks(text string, i int) int {
	end := i // of the last line break in this white space
	for k := i; ; {
		c, n := classAt(text, k)
		if c&(space|newline) == 0 {
			break
		}
		k += n
		if c == newline {
			end = k
		}
	}
	if end > i {
		return end
	}
	return spaces(text, i)
}

// spaces matches \s+(?!\S)|\s+ at i: all the white space at the end of a text, else all but its last character, else
// that one.
func spaces(text string, i int) int {
	last, j := i, i
	for {
		c, n := classAt(text, j)
		if c&(space|newline) == 0 {
			break
		}
		last = j
		j += n
	}
	if j < len(text) && last > i {
		return last
	}
	return j
}

// contraction returns the length of 's, 't, 're, 've, 'm, 'll or 'd at the beginning of text, else 0. With fold, case
// does not matter, and the long ſ is an s.
func contraction(text string, fold bool) int {
	if text == "" || text[0] != '\'' {
		return 0
	}
	if fold && strings.HasPrefix(text[1:], "ſ") {
		return 1 + len("ſ")
	}
	var b [2]byte
	copy(b[:], text[1:])
	if fold {
		for i, c := range b {
			if 'A' <= c && c <= 'Z' {
				b[i] = c + 'a' - 'A'
			}
		}
	}
	switch {
	case b[0] == 's', b[0] == 't', b[0] == 'm', b[0] == 'd':
		return 2
	case b == [2]byte{'r', 'e'}, b == [2]byte{'v', 'e'}, b == [2]byte{'l', 'l'}:
		return 3
	}
	return 0
}

// run returns the end of the characters of a class from i on.
func run(text string, i int, set class) int {
	for {
		c, n := classAt(text, i)
		if c&set == 0 {
			return i
		}
		i += n
	}
}

// runAtMost is run for at most so many characters.
func runAtMost(text string, i int, set class, most int) int {
	for ; most > 0; most-- {
		c, n := classAt(text, i)
		if c&set == 0 {
			break
		}
		i += n
	}
	return i
}
