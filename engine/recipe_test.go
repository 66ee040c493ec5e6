package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/recipes"
)

// What recipes/METHOD.yaml says is what croco does where a recipe of the method says nothing.
func TestTheRecipesOfThePapersAreTheDefaults(t *testing.T) {
	for name := range methods {
		t.Run(name, func(t *testing.T) {
			r, err := ReadRecipe(filepath.Join("..", "recipes", name+".yaml"), nil)
			require.NoError(t, err)
			d, err := DefaultsOf(name)
			require.NoError(t, err)
			got, err := r.Marshal()
			require.NoError(t, err)
			want, err := d.Marshal()
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
		})
	}
}

func TestMethodsByName(t *testing.T) {
	file := filepath.Join(t.TempDir(), "recipe.yaml")
	for text, want := range map[string]string{
		"method: lidar\n":                   `method: expected one of cm-align, croco, icr, `,
		"method: icr\nicr:\n  bate: 1\n":    "recipe.yaml:3: unknown key icr.bate; the nearest known one is icr.beta",
		"method: icr\nicr:\n  alpha_stp: 1": "the nearest known one is icr.alpha_step",
		"method: []\n":                      "cannot unmarshal",
	} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		_, err := ReadRecipe(file, nil)
		require.ErrorContains(t, err, want, text)
	}
	require.NoError(t, os.WriteFile(file, []byte("seed: 7\nlidr:\n  empty: authors\n"), 0o644))
	r, err := ReadRecipe(file, nil)
	require.NoError(t, err)
	require.ErrorContains(t, r.Validate(), "lidr: belongs to method lidr, and the method is croco")
	r, err = ReadRecipe(file, []string{"method=lidr", "rounds.n=0", "generate.n=2", "lidr.translation.format=tags", "rounds.prompts=all"})
	require.NoError(t, err)
	require.EqualValues(t, 7, r.Train.Seed)
	require.Zero(t, r.Pair.Seed)
	for _, want := range []string{"rounds.n: expected one round", "rounds.prompts: expected repeat or divide", "generate.n: expected 1", `lidr.translation.format: expected one of instruction, tagged, tagged_lax, translategemma, found "tags"`} {
		require.ErrorContains(t, r.Validate(), want)
	}
	require.NoError(t, os.WriteFile(file, []byte("method: icr\nseed: 7\n"), 0o644))
	r, err = ReadRecipe(file, []string{"icr.variant=other", "icr.reference=none", "icr.beta=0", "icr.english.train_file=x"})
	require.NoError(t, err)
	require.EqualValues(t, 7, r.ICR.English.Seed)
	for _, want := range []string{"icr: expected a model tuned in English", "icr.variant: expected crosslingual", "icr.reference: expected fixed", "icr.beta", "icr.english.train_file: a run decides this itself"} {
		require.ErrorContains(t, r.Validate(), want)
	}
}

func TestEveryRecipeReads(t *testing.T) {
	for _, name := range recipes.Names() {
		raw, err := recipes.Read(name)
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), "recipe.yaml")
		require.NoError(t, os.WriteFile(file, raw, 0o644))
		_, err = ReadRecipe(file, nil)
		require.NoError(t, err, name)
	}
	_, err := recipes.Read("cocoa")
	require.ErrorContains(t, err, `recipe "cocoa" is unknown: expected cm-align, croco`)
}

func TestUnknownKeysNameTheNearest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "recipe.yaml")
	for text, want := range map[string]string{
		"seeds: 1\n":                      "recipe.yaml:1: unknown key seeds; the nearest known one is seed",
		"train:\n  learning_rat: 1\n":     "recipe.yaml:2: unknown key train.learning_rat; the nearest known one is train.learning_rate",
		"pair:\n  scope: in_lang\n  q: 1": "recipe.yaml:3: unknown key pair.q;",
		"":                                "is empty",
		"seed: many\n":                    "cannot unmarshal",
		"a: [\n":                          "recipe.yaml",
	} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		_, err := ReadRecipe(file, nil)
		require.ErrorContains(t, err, want)
	}
	require.NoError(t, os.WriteFile(file, []byte("seed: 7\n"), 0o644))
	r, err := ReadRecipe(file, []string{"train.learning_rate=1e-5", "prompts.train=[a_english.jsonl,b_danish.jsonl]", "score.rules=[{name: finished}]"})
	require.NoError(t, err)
	require.Equal(t, 1e-5, r.Train.LearningRate)
	require.Len(t, r.Prompts.Train, 2)
	require.Equal(t, "finished", r.Score.Rules[0]["name"])
	require.Equal(t, uint64(7), r.Generate.Seed, "the run's seed holds for the stages")
	require.EqualValues(t, 7, r.Pair.Seed)
	_, err = ReadRecipe(file, []string{"train.beto=1"})
	require.ErrorContains(t, err, "nearest known one is train.beta")
	_, err = ReadRecipe(file, []string{"train.beta"})
	require.ErrorContains(t, err, "expected key=value")
}

func TestShards(t *testing.T) {
	covered := 0
	for i := range 3 {
		s, err := ParseShard([]string{"0/3", "1/3", "2/3"}[i])
		require.NoError(t, err)
		lo, hi := s.Range(10)
		require.Equal(t, covered, lo)
		covered = hi
	}
	require.Equal(t, 10, covered)
	for _, bad := range []string{"3/3", "-1/2", "1", "a/b", "0/0"} {
		_, err := ParseShard(bad)
		require.ErrorContains(t, err, "expected i/n")
	}
}
