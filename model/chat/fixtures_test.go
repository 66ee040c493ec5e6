package chat

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/model/chat/jinja"
)

// fixturesDir is the folder of the template fixtures: CROCO_FIXTURES, else the one beside the repository.
func fixturesDir(t *testing.T) string {
	dir := os.Getenv("CROCO_FIXTURES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "fixtures")
	}
	dir = filepath.Join(dir, "templates")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no fixtures of templates: %v", err)
	}
	return dir
}

// Every template with every conversation gives the text of Python's Jinja2, or fails with the same words.
func TestFixturesTemplates(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1721995200") // 2024-07-26 12:00 UTC
	dir := fixturesDir(t)
	read := func(name string) jinja.Value {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		v, err := jinja.Decode(data)
		require.NoError(t, err)
		return v
	}
	var expected struct {
		Results map[string]map[string]struct{ Out, Raise, Err *string }
	}
	data, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &expected))

	for _, item := range read("templates.json").(*jinja.List).Items {
		def := item.(*jinja.Dict)
		name := str(def, "name")
		tmpl, wrong := Parse(str(def, "template"))
		for _, item := range read("cases.json").(*jinja.List).Items {
			run := item.(*jinja.Dict)
			want, ok := expected.Results[name][str(run, "name")]
			if !ok {
				continue
			}
			t.Run("jinja/"+name+"/"+str(run, "name"), func(t *testing.T) {
				out, err := "", wrong
				if wrong == nil {
					out, err = tmpl.Render(variables(def, run))
				}
				var raised *jinja.Error
				switch {
				case want.Out != nil:
					require.NoError(t, err)
					require.Equal(t, *want.Out, out)
				case want.Raise != nil:
					require.True(t, errors.As(err, &raised) && raised.Raised(), "raise_exception expected, got %q, %v", out, err)
					require.Equal(t, *want.Raise, raised.Message)
				default:
					require.NotNil(t, want.Err, "no answer recorded")
					require.ErrorAs(t, err, &raised, "rendered %q", out)
					require.Equal(t, *want.Err, raised.Python())
				}
			})
		}
	}
}

// variables is what the reference rendered with: the case, its extra variables, and the model's special tokens.
func variables(def, run *jinja.Dict) *jinja.Dict {
	vars := jinja.NewDict("documents", nil, "bos_token", str(def, "bos"), "eos_token", str(def, "eos"), "pad_token", str(def, "eos"), "unk_token", "<unk>")
	for _, k := range run.Keys() {
		v, _ := run.Get(k)
		if extra, ok := v.(*jinja.Dict); ok && k == "extra" {
			for _, k := range extra.Keys() {
				v, _ := extra.Get(k)
				vars.Set(k, v)
			}
		} else if k != "name" {
			vars.Set(k, v)
		}
	}
	return vars
}
