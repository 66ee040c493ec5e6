package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// documents calls f with README.md and every page under docs: its path from the root, and its text.
func documents(t *testing.T, f func(path, text string)) {
	t.Helper()
	pages := []string{}
	for _, pattern := range []string{"README.md", "docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		pages = append(pages, found...)
	}
	require.Greater(t, len(pages), 3)
	for _, page := range pages {
		raw, err := os.ReadFile(page)
		require.NoError(t, err)
		name, _ := filepath.Rel(root, page)
		f(filepath.ToSlash(name), string(raw))
	}
}

// fence is a block between lines of three backticks.
type fence struct {
	language string
	lines    []string
}

// fences takes the blocks out of a page; prose is what is left.
func fences(text string) (blocks []fence, prose string) {
	inside := false
	for line := range strings.Lines(text) {
		mark, isMark := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isMark && !inside:
			blocks = append(blocks, fence{language: mark})
			inside = true
		case isMark:
			inside = false
		case inside:
			last := &blocks[len(blocks)-1]
			last.lines = append(last.lines, strings.TrimSpace(line))
		default:
			prose += line
		}
	}
	return blocks, prose
}

// elision is the line of a snippet that stands for lines left out.
const elision = "…"

// missing is the first line of a snippet that the source does not hold where the snippet has it: lines stand together
// and in order, but for elisions. "" where the snippet is quoted rightly.
func missing(snippet []string, source string) string {
	lines := strings.Split(source, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	from, first := 0, ""
	for _, part := range strings.Split("\n"+strings.Join(snippet, "\n")+"\n", "\n"+elision+"\n") {
		want := strings.Split(strings.Trim(part, "\n"), "\n")
		if first = want[0]; first == "" {
			continue
		}
		at, best := -1, 0
		for i := from; i < len(lines) && at < 0; i++ {
			n := 0
			for n < len(want) && i+n < len(lines) && lines[i+n] == want[n] {
				n++
			}
			if n == len(want) {
				at = i + n
			} else if n > best {
				best = n
			}
		}
		if at < 0 {
			return want[best]
		}
		from = at
	}
	return ""
}

// A snippet names its file in its first line, // kernels/reference/norm.go, and is quoted from there.
func TestSnippetsAreQuoted(t *testing.T) {
	named, quoted := regexp.MustCompile(`^// ([\w./-]+\.(?:go|s|cuh?))$`), 0
	documents(t, func(path, text string) {
		blocks, _ := fences(text)
		for _, b := range blocks {
			if b.language != "go" && b.language != "asm" && b.language != "cuda" {
				continue
			}
			require.NotEmpty(t, b.lines, path)
			file := named.FindStringSubmatch(b.lines[0])
			if file == nil {
				t.Errorf("%s: a snippet begins with %q, expected the name of its file, such as // kernels/reference/norm.go", path, b.lines[0])
				continue
			}
			source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file[1])))
			require.NoError(t, err, path)
			if line := missing(b.lines[1:], string(source)); line != "" {
				t.Errorf("%s quotes a line that %s does not hold there: %s", path, file[1], line)
			}
			quoted++
		}
	})
	require.Greater(t, quoted, 10)
}

func TestMisquotesAreFound(t *testing.T) {
	const source = "a\n\tb\nc\nd\n"
	for _, right := range []string{"a\nb", "c", "a\n…\nd", "…\nb\nc\n…", "b\n…\nc"} {
		require.Empty(t, missing(strings.Split(right, "\n"), source), right)
	}
	for wrong, line := range map[string]string{"a\nc": "c", "x": "x", "b\n…\na": "a", "a\n…\nc\nb": "b", "d\n…\nd": "d"} {
		require.Equal(t, line, missing(strings.Split(wrong, "\n"), source), wrong)
	}
}

// Links within the repository lead somewhere, and so do names of source files.
func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	file := regexp.MustCompile("`([a-z][\\w-]*/[\\w./-]*\\.(?:go|s|sh|mjs))`")
	documents(t, func(path, text string) {
		_, prose := fences(text)
		for _, m := range link.FindAllStringSubmatch(prose, -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, ":") {
				continue // another place
			}
			to := path
			if target != "" {
				to = filepath.ToSlash(filepath.Join(filepath.Dir(path), target))
			}
			raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(to)))
			if info, e := os.Stat(filepath.Join(root, filepath.FromSlash(to))); e == nil && info.IsDir() {
				continue
			}
			if err != nil {
				t.Errorf("%s links to %s, which is not there", path, m[1])
			} else if anchor != "" && !anchors(string(raw))[anchor] {
				t.Errorf("%s links to %s, which has no such heading", path, m[1])
			}
		}
		for _, m := range file.FindAllStringSubmatch(prose, -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s names %s, which is not there", path, m[1])
			}
		}
	})
}

// anchors are the names by which GitHub knows a page's headings.
func anchors(text string) map[string]bool {
	_, prose := fences(text)
	all := map[string]bool{}
	for line := range strings.Lines(prose) {
		if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			all[strings.Map(func(r rune) rune {
				switch {
				case r == ' ':
					return '-'
				case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
					return unicode.ToLower(r)
				}
				return -1
			}, strings.TrimSpace(heading))] = true
		}
	}
	return all
}
