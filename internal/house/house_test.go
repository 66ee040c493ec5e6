// Package house holds the rules of the house as tests: imports point one way, files stay short, nothing is left unsaid.
package house

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// rooms from left to right: a package may import its own room and those to the right of it.
//
//	cmd → bench → engine → eval, dpo → pairing → reward → sampler → model → kernels
var rooms = []string{"cmd", "bench", "engine", "eval", "dpo", "pairing", "reward", "sampler", "model", "kernels"}

// leaves may be imported from everywhere and import no room but kernels. (toyworld is the demo's world, recipes are files.)
var leaves = []string{"internal", "toyworld", "recipes"}

func room(pkg string) string { return strings.SplitN(strings.TrimPrefix(pkg, "croco/"), "/", 2)[0] }

func place(list []string, r string) int {
	for i, x := range list {
		if x == r {
			return i
		}
	}
	return -1
}

// goFiles calls f with every Go file of the module, its slash-separated path from the root.
func goFiles(t *testing.T, f func(path string, src []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if d.IsDir() {
			if strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "testdata" || name == "out" || name == "bin" {
				return fs.SkipDir
			}
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && name != "." {
				return fs.SkipDir // a module of its own
			}
			return nil
		}
		if strings.HasSuffix(path, ".go") {
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			f(filepath.ToSlash(name), src)
		}
		return nil
	})
	require.NoError(t, err)
}

func TestImportsPointOneWay(t *testing.T) {
	files := 0
	goFiles(t, func(path string, src []byte) {
		if strings.HasSuffix(path, "_test.go") {
			return // tests may look anywhere
		}
		files++
		parsed, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ImportsOnly)
		require.NoError(t, err)
		from := room("croco/" + path)
		for _, spec := range parsed.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if !strings.HasPrefix(target, "croco/") {
				continue
			}
			if why := wrong(from, room(target)); why != "" {
				t.Errorf("%s imports %s: %s", path, target, why)
			}
		}
	})
	require.Greater(t, files, 50)
}

// wrong says why a room may not import another; "" if it may.
func wrong(from, to string) string {
	switch {
	case from == to, to == "internal", place(leaves, to) >= 0 && place(leaves, from) < 0:
		return ""
	case place(leaves, from) >= 0:
		if to == "kernels" {
			return ""
		}
		return "a leaf may import nothing but internal and kernels"
	case place(rooms, to) < 0:
		return "not a room of this house: see rooms and leaves"
	case place(rooms, from) < 0:
		return from + " is not a room of this house: see rooms and leaves"
	case from == "eval" && to == "dpo", place(rooms, from) > place(rooms, to):
		return "imports point from cmd to kernels: " + strings.Join(rooms, " → ")
	}
	return ""
}

func TestTheRuleCanFail(t *testing.T) {
	for _, bad := range [][2]string{{"kernels", "model"}, {"sampler", "reward"}, {"dpo", "engine"}, {"dpo", "eval"}, {"eval", "dpo"}, {"toyworld", "model"}, {"model", "attic"}} {
		require.NotEmpty(t, wrong(bad[0], bad[1]), bad)
	}
	for _, good := range [][2]string{{"cmd", "kernels"}, {"engine", "toyworld"}, {"recipes", "kernels"}, {"reward", "sampler"}} {
		require.Empty(t, wrong(good[0], good[1]), good)
	}
}

func TestFilesStayShort(t *testing.T) {
	goFiles(t, func(path string, src []byte) {
		if strings.HasPrefix(filepath.Base(path), "gen_") {
			return
		}
		if n := bytes.Count(src, []byte("\n")); n > 500 {
			t.Errorf("%s has %d lines: at most 500, split it by what it is about", path, n)
		}
	})
}

func TestEveryPackageSaysWhatItOffers(t *testing.T) {
	documented := map[string]bool{}
	goFiles(t, func(path string, src []byte) {
		dir := filepath.Dir(path)
		parsed, err := parser.ParseFile(token.NewFileSet(), path, src, parser.PackageClauseOnly|parser.ParseComments)
		require.NoError(t, err)
		documented[dir] = documented[dir] || parsed.Doc != nil
	})
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment: say what it is for, and list its verbs", dir)
		}
	}
}
