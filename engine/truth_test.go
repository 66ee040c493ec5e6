package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/engine"
	"croco/eval/bestof"
	"croco/eval/grid"
	"croco/internal/jsonl"
	"croco/pairing"
	"croco/reward"
	"croco/sampler"
	"croco/toyworld"
)

// crowd lets the toy policy answer tasks in all languages, and the toy reward model score the answers.
func crowd(t *testing.T, tasks, n int) (model, completions, scores string) {
	t.Helper()
	toy := toyRecipe(t, t.TempDir())
	var prompts []sampler.Prompt
	for line, task := range toyworld.Tasks(toyworld.Tune, tasks, 11) {
		for _, l := range toyworld.Languages() {
			text, err := jsonl.Marshal(toyworld.Text(toyworld.Prompt(task, l), l))
			require.NoError(t, err)
			prompts = append(prompts, sampler.Prompt{ID: sampler.ID(task.String()), LineID: &line, Language: l, Prompt: text, PromptIDs: toyworld.Chat(toyworld.Prompt(task, l))})
		}
	}
	dir := t.TempDir()
	g := engine.GenerateDefaults()
	g.ModelNameOrPath, g.Prompts, g.Out = toy.ModelNameOrPath, filepath.Join(dir, "prompts.jsonl"), filepath.Join(dir, "completions.jsonl")
	g.N, g.MaxNewTokens, g.MaxRows = n, toyworld.Tuning.MaxNewTokens, 256
	require.NoError(t, jsonl.WriteRows(g.Prompts, prompts))
	require.NoError(t, g.Run(context.Background(), device(t), nil))
	s := toy.Score
	s.Completions, s.Out = g.Out, filepath.Join(dir, "scores.jsonl")
	s.Detect = func(r reward.Scored) (string, float32) {
		answer, _ := toyworld.Strip(r.CompletionIDs)
		return toyworld.LanguageOf(answer, r.Language), 1
	}
	require.NoError(t, s.Run(context.Background(), device(t), nil))
	return toy.ModelNameOrPath, g.Out, s.Out
}

// quality is the hidden truth about an answer.
func quality(t *testing.T, id, language string, ids []int32) toyworld.Judgement {
	task, err := toyworld.ParseTask(id)
	require.NoError(t, err)
	answer, ended := toyworld.Strip(ids)
	return toyworld.Judge(task, language, answer, ended)
}

// truthOf writes the same answers with their quality as their score.
func truthOf(t *testing.T, scores string) string {
	scored, err := jsonl.All[reward.Scored](scores)
	require.NoError(t, err)
	for i := range scored {
		scored[i].Score = quality(t, string(scored[i].ID), scored[i].Language, scored[i].CompletionIDs).Quality
	}
	path := filepath.Join(t.TempDir(), "truth.jsonl")
	require.NoError(t, jsonl.WriteRows(path, scored))
	return path
}

// What picking the best of n by an English reward model gives in each language: the table of docs/methods/rm-transfer.md.
//
//	go test ./engine -run TestBestOfByAnEnglishJudge -v
func TestBestOfByAnEnglishJudge(t *testing.T) {
	tasks, n := 12, 8
	if testing.Verbose() {
		tasks, n = 48, 16
	}
	_, _, scores := crowd(t, tasks, n)
	points, err := engine.BestOf{Scores: scores, Quality: truthOf(t, scores)}.Run()
	require.NoError(t, err)
	t.Logf("%d tasks\n%s", tasks, bestof.Table(points).Markdown())
	english := points[0]
	for _, p := range points {
		if p.Language == "en" {
			english = p
		}
	}
	require.Equal(t, n, english.N)
	require.Greater(t, english.Gain, 0.1, "the judge knows English")
}

// What each rule's pairs are worth in the toy world, where the truth about an answer is known: the table of
// docs/methods/sweetspot.md and cm-align.md.
//
//	go test ./engine -run TestPairsAgainstTheTruth -v
func TestPairsAgainstTheTruth(t *testing.T) {
	tasks, n := 12, 8
	if testing.Verbose() {
		tasks, n = 48, 16
	}
	model, completions, scores := crowd(t, tasks, n)
	truth := truthOf(t, scores)
	agree := func(layer int) string {
		c := engine.CMAlignDefaults()
		c.ModelNameOrPath, c.Layer, c.Completions, c.Out = model, layer, completions, filepath.Join(t.TempDir(), "agree.jsonl")
		require.NoError(t, c.Run(context.Background(), device(t), nil))
		return c.Out
	}
	translated := engine.MAPODefaults()
	translated.ModelNameOrPath, translated.Completions, translated.Out = model, completions, filepath.Join(t.TempDir(), "mapo.jsonl")
	translated.Wording, translated.PromptFormat = "<user> translate into english : {text} <assistant>", "text"
	require.NoError(t, translated.Run(context.Background(), device(t), nil))

	set := func(change func(o *pairing.Options)) pairing.Options {
		o := pairing.Defaults()
		o.MinGap = 1e-9
		change(&o)
		return o
	}
	sweet := func(high, low string) pairing.Options {
		return set(func(o *pairing.Options) { o.Rule, o.ChosenPoint, o.RejectedPoint = pairing.SweetSpotRule, high, low })
	}
	least := set(func(o *pairing.Options) { o.RejectTarget = pairing.Min })
	table, right := grid.New("pairs", "number", "better %", "worse %", "quality chosen", "rejected", "chosen in the right language %"), map[string]float64{}
	for _, arm := range []struct {
		name, scores string
		o            pairing.Options
	}{
		{"CroCo, μ−2σ", scores, pairing.Defaults()},
		{"CroCo, language penalty", scores, set(func(o *pairing.Options) { o.LanguageFilter = "penalty" })},
		{"max, min", scores, sweet("max", "min")},
		{"max, μ−2σ", scores, sweet("max", "mu-2s")},
		{"max, μ−σ", scores, sweet("max", "mu-1s")},
		{"max, μ", scores, sweet("max", "mu")},
		{"max, μ+σ", scores, sweet("max", "mu+1s")},
		{"μ+σ, μ−σ", scores, sweet("mu+1s", "mu-1s")},
		{"μ, μ−2σ", scores, sweet("mu", "mu-2s")},
		{"max, min of 5", scores, sweet("max", "min_of_5")},
		{"CM-Align, layer 1", agree(1), least},
		{"CM-Align, layer 2", agree(2), least},
		{"CM-Align, last layer", agree(-1), least},
		{"MAPO", translated.Out, least},
		{"random pairs", scores, set(func(o *pairing.Options) { o.Rule, o.MinGap = pairing.RandomRule, 0 })},
		{"true scores", scores, set(func(o *pairing.Options) { o.ScoresFile = truth })},
	} {
		out := filepath.Join(t.TempDir(), "pairs.jsonl")
		_, err := engine.Pairs(arm.scores, out, arm.o)
		require.NoError(t, err, arm.name)
		f, err := os.Open(out)
		require.NoError(t, err)
		pairs, err := pairing.ReadPairs(f, out)
		require.NoError(t, err)
		f.Close()
		var better, worse, chosen, rejected, own float64
		for _, p := range pairs {
			var id string
			err := json.Unmarshal(p.ID, &id)
			require.NoError(t, err)
			c, r := quality(t, id, p.ChosenLanguage, p.ChosenIDs), quality(t, id, p.RejectedLanguage, p.RejectedIDs)
			one := 1 / float64(len(pairs))
			chosen, rejected = chosen+one*c.Quality, rejected+one*r.Quality
			if c.Quality > r.Quality {
				better += one
			} else if c.Quality < r.Quality {
				worse += one
			}
			if c.RightLanguage {
				own += one
			}
		}
		right[arm.name] = better - worse
		percent := func(x float64) string { return fmt.Sprintf("%.0f", 100*x) }
		table.Add(arm.name, fmt.Sprint(len(pairs)), percent(better), percent(worse), fmt.Sprintf("%.2f", chosen), fmt.Sprintf("%.2f", rejected), percent(own))
	}
	t.Logf("%d tasks in %d languages, %d answers\n%s", tasks, len(toyworld.Languages()), n, table.Markdown())
	require.InDelta(t, 1, right["true scores"], 1e-9)
	require.Greater(t, right["CroCo, μ−2σ"], 0.3)
	require.InDelta(t, 0, right["random pairs"], 0.2)
}
