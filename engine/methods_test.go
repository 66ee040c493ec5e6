package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/engine"
	"croco/engine/trainer"
	"croco/internal/jsonl"
	"croco/kernels"
	"croco/pairing"
	"croco/pairing/translation"
	"croco/toyworld"
)

// toyMethod is a small run of a method on the toy policy, which translates as it has learned to: "translate into german : …".
func toyMethod(t *testing.T, method, out string) engine.Recipe {
	t.Helper()
	small := toyRecipe(t, out)
	r, err := engine.DefaultsOf(method)
	require.NoError(t, err)
	n := r.Generate
	r.ModelNameOrPath, r.OutputDir, r.Score, r.Train = small.ModelNameOrPath, out, small.Score, small.Train
	r.Train.RPOAlpha, r.Train.SaveSteps = 1, 1
	r.Generate = small.Generate
	r.Generate.N, r.Generate.Temperature, r.Generate.RepetitionPenalty = min(n.N, 6), n.Temperature, 1
	template, err := json.Marshal(map[string]string{"chat_template": "{% for m in messages %}{{ '<user> ' if m.role == 'user' else '<assistant> ' }}" +
		"{{ m.content }}{{ ' <eos>' if m.role == 'assistant' else '' }}{% endfor %}{% if add_generation_prompt %} <assistant>{% endif %}"})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(r.ModelNameOrPath, "tokenizer_config.json"), template, 0o644))
	r.Prompts.Train, r.Prompts.Test = textPrompts(t, toyworld.Tune, 8), textPrompts(t, toyworld.Test, 3)
	r.Eval.N = 1
	return r
}

// textPrompts writes tasks as questions in English and Danish, without ids.
func textPrompts(t *testing.T, split toyworld.Split, n int) (files []string) {
	t.Helper()
	for _, language := range []string{"en", "da"} {
		var rows []map[string]string
		for _, task := range toyworld.Tasks(split, n, 3) {
			rows = append(rows, map[string]string{"id": task.String(), "prompt": toyworld.Text(toyworld.Prompt(task, language), language)})
		}
		files = append(files, filepath.Join(t.TempDir(), "questions_"+language+".jsonl"))
		require.NoError(t, jsonl.WriteRows(files[len(files)-1], rows))
	}
	return files
}

// toyICR tunes the policy in English on pairs of its own, then in Danish by the reward that this left.
func toyICR(t *testing.T, out string) engine.Recipe {
	r := toyMethod(t, "icr", out)
	var rows []map[string]any
	for _, task := range toyworld.Tasks(toyworld.Tune, 6, 9) {
		prompt := toyworld.Chat(toyworld.Prompt(task, "en"))
		rows = append(rows, map[string]any{"prompt_ids": prompt, "chosen_ids": append(prompt[1:5:5], toyworld.EOS), "rejected_ids": append(prompt[2:4:4], toyworld.EOS)})
	}
	r.ICR.EnglishPairs = filepath.Join(t.TempDir(), "english.jsonl")
	require.NoError(t, jsonl.WriteRows(r.ICR.EnglishPairs, rows))
	r.ICR.English = r.Train
	r.ICR.Prefix = "translate into {language} : " // words that the toy model has read
	return r
}

func toyLIDR(t *testing.T, out string) engine.Recipe {
	r := toyMethod(t, "lidr", out)
	a := &r.LIDR.Translation
	a.Format, a.Wording, a.MaxNewTokens, a.MaxRows = "instruction", "translate into {language} : {text}", 24, 1
	return r
}

func readPairs(t *testing.T, path string) []pairing.Pair {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	pairs, err := pairing.ReadPairs(f, path)
	require.NoError(t, err)
	return pairs
}

func TestICRRuns(t *testing.T) {
	r := toyICR(t, filepath.Join(t.TempDir(), "out"))
	trained := 0
	require.NoError(t, r.Run(context.Background(), device(t), engine.Hooks{Ready: func(trainer.Summary, trainer.Args) { trained++ }}))
	require.Equal(t, 3, trained, "English, and two rounds")
	for _, round := range []string{"round-1", "round-2"} {
		rows, err := jsonl.All[engine.ImplicitScored](filepath.Join(r.OutputDir, round, "scores", "scores.jsonl"))
		require.NoError(t, err)
		require.Len(t, rows, 2*8*6)
		moved := 0.0
		for _, row := range rows {
			require.InDelta(t, row.PolicyLogp-row.ReferenceLogp, row.Score, 1e-12)
			require.Negative(t, row.ReferenceLogp)
			moved += max(row.Score, -row.Score)
		}
		require.Positive(t, moved)
		for _, p := range readPairs(t, filepath.Join(r.OutputDir, round, "pairs", "pairs.jsonl")) {
			require.GreaterOrEqual(t, p.ChosenScore, p.RejectedScore)
			require.NotNil(t, p.ChosenLogprobs)
			require.NotNil(t, p.RejectedLogprobs, "both answers were given to this prompt")
		}
		require.FileExists(t, filepath.Join(r.OutputDir, round, "report.html"))
	}
	require.FileExists(t, filepath.Join(r.OutputDir, "eval", "summary.json"))
	m, err := engine.ReadManifest(filepath.Join(r.OutputDir, "round-2", "completions", "completions.jsonl"))
	require.NoError(t, err)
	require.Equal(t, "43", fmt.Sprint(m.Config["seed"]), "a round draws anew")

	before := made(t, r.OutputDir)
	require.NoError(t, r.Run(context.Background(), device(t), engine.Hooks{Ready: func(trainer.Summary, trainer.Args) { t.Error("it trained again") }}))
	require.Equal(t, before, made(t, r.OutputDir))
	other := r
	other.ICR.Variant = "multilingual"
	require.ErrorContains(t, other.Run(context.Background(), device(t), engine.Hooks{}), "holds a run of another recipe")
}

// Under the prompt that was answered, the policy's log-probability is the sampler's record, bit for bit.
func TestTheMultilingualRewardIsOfTheRecord(t *testing.T) {
	r := toyICR(t, filepath.Join(t.TempDir(), "out"))
	r.ICR.Variant, r.Rounds.N, r.Prompts.Test = "multilingual", 1, nil
	require.NoError(t, r.Run(context.Background(), device(t), engine.Hooks{}))
	rows, err := jsonl.All[engine.ImplicitScored](filepath.Join(r.OutputDir, "scores", "scores.jsonl"))
	require.NoError(t, err)
	for _, row := range rows {
		sum := 0.0
		for _, l := range row.Logprobs {
			sum += float64(l)
		}
		require.Equal(t, sum, row.PolicyLogp)
	}
}

// The prefix asks for a language that is not the source's.
func TestThePrefixIsForOtherLanguages(t *testing.T) {
	r := toyICR(t, filepath.Join(t.TempDir(), "out"))
	r.Rounds.N, r.Prompts.Test = 1, nil
	require.NoError(t, r.Run(context.Background(), device(t), engine.Hooks{}))
	o := engine.ImplicitDefaults()
	o.ModelNameOrPath, o.Adapter, o.PromptFormat = r.ModelNameOrPath, filepath.Join(r.OutputDir, "english", "adapter"), "chat"
	o.Completions, o.Prompts = filepath.Join(r.OutputDir, "completions", "completions.jsonl"), filepath.Join(r.OutputDir, "prompts", "prompts.jsonl")
	o.Prefix, o.Out = "", filepath.Join(t.TempDir(), "scores.jsonl")
	require.NoError(t, o.Run(context.Background(), device(t), nil))
	with, err := jsonl.All[engine.ImplicitScored](filepath.Join(r.OutputDir, "scores", "scores.jsonl"))
	require.NoError(t, err)
	without, err := jsonl.All[engine.ImplicitScored](o.Out)
	require.NoError(t, err)
	for i, row := range with {
		require.Equal(t, row.Language == "en", row.PolicyLogp == without[i].PolicyLogp, "row %d in %s", i, row.Language)
	}
}

func TestICRScoresTranslatedAnswers(t *testing.T) {
	r := toyICR(t, filepath.Join(t.TempDir(), "out"))
	r.ICR.Variant, r.Rounds.N, r.Prompts.Test = "translated", 1, nil
	r.ICR.Translation.Wording, r.ICR.Translation.MaxNewTokens, r.ICR.Translation.Format = "translate into {language} : {text}", 24, "instruction"
	require.NoError(t, r.Run(context.Background(), device(t), engine.Hooks{}))
	rows, err := jsonl.All[translation.Row](filepath.Join(r.OutputDir, "translations", "translations.jsonl"))
	require.NoError(t, err)
	require.Len(t, rows, 8*6, "Danish answers only")
	require.NotEmpty(t, readPairs(t, filepath.Join(r.OutputDir, "pairs", "pairs.jsonl")))
}

func TestLIDRRuns(t *testing.T) {
	r := toyLIDR(t, filepath.Join(t.TempDir(), "out"))
	var told strings.Builder
	require.NoError(t, r.Run(context.Background(), device(t), engine.Hooks{Say: func(s string) { told.WriteString(s) }}))
	lines := map[string]bool{}
	for _, round := range []string{"round-1", "round-2"} {
		pairs := readPairs(t, filepath.Join(r.OutputDir, round, "pairs", "pairs.jsonl"))
		require.NotEmpty(t, pairs)
		for _, p := range pairs {
			require.False(t, lines[round+"other"+string(p.ID)], "the rounds divide the prompts")
			lines[map[string]string{"round-1": "round-2", "round-2": "round-1"}[round]+"other"+string(p.ID)] = true
			own, other := p.ChosenIDs, p.RejectedIDs
			if p.PromptLanguage != "en" {
				own, other = other, own
			}
			require.Equal(t, int32(toyworld.EOS), other[len(other)-1], "a translation ends as an answer does")
			require.NotEqual(t, own, other)
			require.Equal(t, p.PromptLanguage == "en", p.ChosenLogprobs != nil)
		}
	}
	require.Contains(t, told.String(), "round 2 of 2: from")
	require.FileExists(t, filepath.Join(r.OutputDir, "eval", "after.jsonl"))
}

// Runs of every method that are stopped anywhere and started again end with the bytes of ones that were not.
func TestMethodsStoppedAnywhereAndResumed(t *testing.T) {
	for name, recipe := range map[string]func(*testing.T, string) engine.Recipe{"icr": toyICR, "lidr": toyLIDR} {
		t.Run(name, func(t *testing.T) {
			r := recipe(t, filepath.Join(t.TempDir(), "whole"))
			r.Prompts.Test = nil
			require.NoError(t, r.Run(context.Background(), device(t), engine.Hooks{}))
			want := made(t, r.OutputDir)
			r.OutputDir = filepath.Join(t.TempDir(), "stopped")
			for try := range 200 {
				ctx, cancel := context.WithCancel(context.Background())
				events, limit := 0, 3+int(kernels.Mix(7, uint64(try))%32)
				tick := func() {
					if events++; events == limit {
						cancel()
					}
				}
				err := r.Run(ctx, device(t), engine.Hooks{Progress: func(engine.Update) { tick() }, Step: func(trainer.Status) { tick() }})
				cancel()
				if err == nil {
					require.Greater(t, try, 2, "the run was never stopped")
					require.Equal(t, want, made(t, r.OutputDir))
					return
				}
				require.True(t, errors.Is(err, context.Canceled) || errors.Is(err, trainer.ErrInterrupted), "%v", err)
			}
			t.Fatal("the run never ended")
		})
	}
}
