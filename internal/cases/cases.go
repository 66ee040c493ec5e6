// Package cases finds the golden cases of methods for tests: synthetic inputs, and what the authors' scripts made of them.
//
//	Each        calls a check for every run of every case of a system, as a subtest named system/case/run
//	Case.Text, Case.Lines, Case.JSON   the files of a case
//	RequireNear numbers in two JSON texts are near, all else is equal
//
// Cases lie in testdata/methods/<system>/<case>; those whose texts are not ours to copy are read from shared/fixtures
// beside the repository, where that exists. CROCO_FIXTURES names another folder, which then replaces both.
package cases

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Case is a case.json.
type Case struct {
	System, Name, Dir string // Dir is the folder of the case
	Script, Entry     string
	Inputs            []string
	Runs              []Run
}

// Run is one call of the script or the function.
type Run struct {
	Name  string
	Argv  []string
	Exit  int
	Files map[string]any
	Langs []string
	PadID int32 `json:"pad_id"`
	EosID int32 `json:"eos_id"`
}

// Arg is the value behind a flag of the command line; "" without one.
func (r Run) Arg(flag string) string {
	if i := slices.Index(r.Argv, flag); i >= 0 && i+1 < len(r.Argv) {
		return r.Argv[i+1]
	}
	return ""
}

// Args are the values behind a flag up to the next one.
func (r Run) Args(flag string) []string {
	var values []string
	for _, v := range r.Argv[slices.Index(r.Argv, flag)+1:] {
		if strings.HasPrefix(v, "--") {
			break
		}
		values = append(values, v)
	}
	return values
}

// Has says whether the command line has a flag.
func (r Run) Has(flag string) bool { return slices.Contains(r.Argv, flag) }

// Out lists the run's files in order.
func (r Run) Out() []string {
	var names []string
	for name := range r.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// roots are the folders that hold systems.
func roots(t *testing.T) []string {
	if dir := os.Getenv("CROCO_FIXTURES"); dir != "" {
		return []string{filepath.Join(dir, "methods")}
	}
	dir, err := os.Getwd()
	require.NoError(t, err)
	own := filepath.Join(dir, "testdata", "methods")
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return []string{own, filepath.Join(dir, "..", "shared", "fixtures", "methods")}
		}
		require.NotEqual(t, dir, filepath.Dir(dir), "no go.mod above the test")
		dir = filepath.Dir(dir)
	}
}

// Each runs check on every run of the system's cases that are mine. Without any case the test is skipped.
func Each(t *testing.T, system string, mine func(Case) bool, check func(*testing.T, Case, Run)) {
	seen := map[string]bool{}
	for _, root := range roots(t) {
		entries, err := os.ReadDir(filepath.Join(root, system))
		if err != nil {
			continue // an absent kind
		}
		for _, entry := range entries {
			c := Case{System: system, Name: entry.Name(), Dir: filepath.Join(root, system, entry.Name())}
			if seen[c.Name] {
				continue
			}
			c.JSON(t, "case.json", &c)
			if !mine(c) {
				continue
			}
			seen[c.Name] = true
			require.NotEmpty(t, c.Runs, c.Dir)
			for _, run := range c.Runs {
				t.Run(system+"/"+c.Name+"/"+run.Name, func(t *testing.T) { check(t, c, run) })
			}
		}
	}
	if len(seen) == 0 {
		t.Skip("no cases of " + system)
	}
}

// Script picks the cases of scripts with these names.
func Script(names ...string) func(Case) bool {
	return func(c Case) bool { return slices.Contains(names, filepath.Base(c.Script)) }
}

// Path is where a file of the case is.
func (c Case) Path(name string) string { return filepath.Join(c.Dir, filepath.FromSlash(name)) }

// Text is a file of the case.
func (c Case) Text(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(c.Path(name))
	require.NoError(t, err)
	return string(text)
}

// Lines are the lines of a file, without an empty one at its end.
func (c Case) Lines(t *testing.T, name string) []string {
	t.Helper()
	text := strings.TrimSuffix(c.Text(t, name), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// JSON reads a file into a Go value.
func (c Case) JSON(t *testing.T, name string, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(c.Text(t, name)), into), c.Path(name))
}

// Decode reads a JSON text into a Go value.
func Decode(t *testing.T, text string, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), into), text)
}

// RequireNear holds two JSON texts equal, numbers to a relative tolerance (absolute below 1).
func RequireNear(t *testing.T, want, got string, tolerance float64, where string) {
	t.Helper()
	var a, b any
	Decode(t, want, &a)
	Decode(t, got, &b)
	near(t, a, b, tolerance, where)
}

func near(t *testing.T, want, got any, tolerance float64, where string) {
	t.Helper()
	switch want := want.(type) {
	case float64:
		x, ok := got.(float64)
		require.True(t, ok && math.Abs(x-want) <= tolerance*max(1, math.Abs(want)), "%s: expected %v, found %v", where, want, got)
	case []any:
		list, ok := got.([]any)
		require.True(t, ok && len(list) == len(want), "%s: expected %v, found %v", where, want, got)
		for i, w := range want {
			near(t, w, list[i], tolerance, where+"/"+strconv.Itoa(i))
		}
	case map[string]any:
		object, ok := got.(map[string]any)
		require.True(t, ok && len(object) == len(want), "%s: expected %v, found %v", where, want, got)
		for k, w := range want {
			near(t, w, object[k], tolerance, where+"/"+k)
		}
	default:
		require.Equal(t, want, got, where)
	}
}
