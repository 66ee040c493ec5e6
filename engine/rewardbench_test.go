package engine_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/engine"
	"croco/engine/trainer"
	"croco/eval/mrewardbench"
	"croco/internal/jsonl"
	"croco/toyworld"
)

// preference is a row of preference data as ids.
type preference struct {
	ID          string  `json:"id"`
	Language    string  `json:"language"`
	Subset      string  `json:"subset"`
	PromptIDs   []int32 `json:"prompt_ids"`
	ChosenIDs   []int32 `json:"chosen_ids"`
	RejectedIDs []int32 `json:"rejected_ids"`
}

// preferences writes pairs of the toy world, NAME_LANGUAGE.jsonl each.
func preferences(t *testing.T, name string, split toyworld.Split, tasks int, languages ...string) (files []string) {
	t.Helper()
	for _, l := range languages {
		var rows []preference
		for i, p := range toyworld.InLanguage(toyworld.PreferencePairs(toyworld.PairOptions{Language: l, Split: split, Tasks: tasks, Seed: 5, Gap: 0.3}, nil)) {
			rows = append(rows, preference{p.Task.String(), l, []string{"hep-go", "math-prm"}[i%2], p.Prompt, p.Chosen, p.Rejected})
		}
		path := filepath.Join(t.TempDir(), name+"_"+l+".jsonl")
		require.NoError(t, jsonl.WriteRows(path, rows))
		files = append(files, path)
	}
	return files
}

// tune trains a small adapter of the toy policy on preferences.
func tune(t *testing.T, kind trainer.Kind, model, file string) string {
	t.Helper()
	a := trainer.Defaults(kind)
	a.ModelNameOrPath, a.TrainFile, a.OutputDir = model, file, filepath.Join(t.TempDir(), string(kind))
	a.LearningRate, a.LoraR, a.LoraAlpha, a.MaxLength, a.NumTrainEpochs = 3e-3, 8, 16, 90, 3
	a.PerDeviceTrainBatchSize, a.SaveStrategy, a.ReportTo = 16, "no", "none"
	_, err := trainer.Run(context.Background(), trainer.Job{Kind: kind, Args: a, Device: device(t)})
	require.NoError(t, err)
	return a.OutputDir
}

// Both kinds of reward model that training on English preferences leaves prefer the better answers in Danish, too.
func TestRewardBench(t *testing.T) {
	r := toyRecipe(t, t.TempDir())
	train := preferences(t, "train", toyworld.Train, 120, "en")[0]
	o := engine.RewardBenchDefaults()
	o.ModelNameOrPath, o.Pairs = r.ModelNameOrPath, strings.Join(preferences(t, "test", toyworld.Test, 60, "en", "da"), ",")
	for kind, how := range map[string]trainer.Kind{"classifier": trainer.Reward, "implicit": trainer.DPO} {
		b := o
		b.Kind, b.Adapter, b.Out = kind, tune(t, how, r.ModelNameOrPath, train), t.TempDir()
		s, err := b.Run(context.Background(), device(t), nil)
		require.NoError(t, err)
		require.Len(t, s.Languages, 2)
		for _, l := range s.Languages {
			require.Greater(t, l.Accuracy, 0.6, "%s in %s", kind, l.Language)
			require.InDelta(t, (983*l.Subsets["math-prm"]+164*l.Subsets["hep-go"])/(983+164), *l.Score, 1e-12)
		}

		var saved mrewardbench.Summary
		raw, err := os.ReadFile(filepath.Join(b.Out, "results.json"))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(raw, &saved))
		require.Equal(t, s, saved)
		name := "policy+" + filepath.Base(b.Adapter)
		raw, err = os.ReadFile(filepath.Join(b.Out, name+"-da.json"))
		require.NoError(t, err)
		require.Contains(t, string(raw), `"num_prompts": `)

		// A file that was deleted is made again, whatever goes through the model at once.
		pairs := filepath.Join(b.Out, "pairs.jsonl")
		whole, err := os.ReadFile(pairs)
		require.NoError(t, err)
		require.NoError(t, os.Remove(pairs))
		b.MaxRows = 64
		again, err := b.Run(context.Background(), device(t), nil)
		require.NoError(t, err)
		require.Equal(t, s, again)
		raw, err = os.ReadFile(pairs)
		require.NoError(t, err)
		require.Equal(t, string(whole), string(raw))
	}
}

// A judge that says nothing of use is worth a half in every pair.
func TestAJudgeIsAsked(t *testing.T) {
	r := toyRecipe(t, t.TempDir())
	path := filepath.Join(t.TempDir(), "pairs_en.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(`{"prompt":"how many legs","chosen":"4","rejected":"5","subset":"hep-go"}
{"prompt":"how many legs","chosen":"2","rejected":"3","subset":"hep-go"}
`), 0o644))
	o := engine.RewardBenchDefaults()
	o.ModelNameOrPath, o.Pairs, o.Kind, o.Out, o.PromptFormat, o.MaxNewTokens = r.ModelNameOrPath, path, "judge", t.TempDir(), "text", 4
	o.JudgePrompt = "{prompt} {a} {b}"
	s, err := o.Run(context.Background(), device(t), nil)
	require.NoError(t, err)
	require.Equal(t, 0.5, s.Languages[0].Accuracy)
	require.Equal(t, "en", s.Languages[0].Language)
	questions, err := os.ReadFile(filepath.Join(o.Out, "questions.jsonl"))
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(string(questions), "how many legs"))
}

func TestRewardBenchRefuses(t *testing.T) {
	r := toyRecipe(t, t.TempDir())
	empty := filepath.Join(t.TempDir(), "empty.jsonl")
	require.NoError(t, os.WriteFile(empty, []byte(`{"prompt":"a"}`+"\n"), 0o644))
	o := engine.RewardBenchDefaults()
	o.ModelNameOrPath, o.Pairs, o.Out = r.ModelNameOrPath, preferences(t, "test", toyworld.Test, 2, "en")[0], t.TempDir()
	for want, change := range map[string]func(o *engine.RewardBench){
		"kind: expected one of classifier, implicit, judge":   func(o *engine.RewardBench) { o.Kind = "rm" },
		"a classifier has no reference":                       func(o *engine.RewardBench) { o.ReferenceModel = "x" },
		"a tuned language model is kind implicit":             func(o *engine.RewardBench) {},
		"are the same weights":                                func(o *engine.RewardBench) { o.Kind = "implicit" },
		"{b} is missing":                                      func(o *engine.RewardBench) { o.Kind, o.JudgePrompt = "judge", "{prompt} {a}" },
		"empty.jsonl:1: expected prompt, chosen and rejected": func(o *engine.RewardBench) { o.Pairs = empty },
	} {
		bad := o
		change(&bad)
		_, err := bad.Run(context.Background(), device(t), nil)
		require.ErrorContains(t, err, want)
	}
}
