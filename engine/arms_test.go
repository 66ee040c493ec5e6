package engine_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/engine"
	"croco/engine/trainer"
	"croco/eval/mrewardbench"
	"croco/eval/representation"
	"croco/internal/jsonl"
	"croco/pairing"
	"croco/reward"
	"croco/toyworld"
)

// small makes a toy recipe of a method in a minute's fraction: no evaluation, one epoch.
func small(t *testing.T, method string) engine.Recipe {
	t.Helper()
	toy := toyRecipe(t, filepath.Join(t.TempDir(), "out"))
	r, err := engine.DefaultsOf(method)
	require.NoError(t, err)
	r.ModelNameOrPath, r.OutputDir = toy.ModelNameOrPath, toy.OutputDir
	r.Prompts.Train, r.Generate.N, r.Generate.MaxNewTokens = toy.Prompts.Train, 6, 24
	r.Generate.PromptFormat = "text"
	r.Train = toy.Train
	r.Train.NumTrainEpochs, r.Train.SaveStrategy = 1, "no"
	if method == "croco" {
		r.Score = toy.Score
	}
	return r
}

// run runs a recipe and returns its pairs.
func run(t *testing.T, r engine.Recipe) []pairing.Pair {
	t.Helper()
	require.NoError(t, r.Run(context.Background(), device(t), engine.Hooks{}))
	_, err := os.Stat(filepath.Join(r.OutputDir, "adapter", "adapter_model.safetensors"))
	require.NoError(t, err)
	f, err := os.Open(filepath.Join(r.OutputDir, "pairs", "pairs.jsonl"))
	require.NoError(t, err)
	defer f.Close()
	pairs, err := pairing.ReadPairs(f, f.Name())
	require.NoError(t, err)
	require.NotEmpty(t, pairs)
	return pairs
}

func scoresOf(t *testing.T, r engine.Recipe) []reward.Scored {
	t.Helper()
	rows, err := jsonl.All[reward.Scored](filepath.Join(r.OutputDir, "scores", "scores.jsonl"))
	require.NoError(t, err)
	return rows
}

// In English the anchor itself is chosen: it has a cosine of 1.
func TestCMAlignRuns(t *testing.T) {
	r := small(t, "cm-align")
	r.CMAlign.ModelNameOrPath, r.CMAlign.Layer, r.CMAlign.MaxRows = r.ModelNameOrPath, 1, 64
	r.Rounds.N = 1
	for _, p := range run(t, r) {
		require.Greater(t, p.ChosenScore, p.RejectedScore)
		if p.PromptLanguage == "en" {
			require.InDelta(t, 1, p.ChosenScore, 1e-12)
		}
	}
	for _, row := range scoresOf(t, r) {
		require.True(t, row.Score >= -1 && row.Score <= 1+1e-12)
		require.Equal(t, "agreement", row.Scorer)
	}
}

func TestMAPORuns(t *testing.T) {
	r := small(t, "mapo")
	r.MAPO.ModelNameOrPath, r.MAPO.Wording, r.MAPO.PromptFormat, r.MAPO.MaxRows = r.ModelNameOrPath, "{text}", "text", 30
	for _, p := range run(t, r) {
		require.Equal(t, "da", p.PromptLanguage, "English answers make no pairs")
		require.Less(t, p.ChosenScore, 0.0)
	}
	for _, row := range scoresOf(t, r) {
		require.Equal(t, row.Language == "en", row.Score == 0)
	}
}

func TestAgreementRefuses(t *testing.T) {
	r := small(t, "cm-align")
	r.CMAlign.Pooling, r.CMAlign.SourceLanguage, r.Generate.N = "max", "xx", 1
	for _, want := range []string{"cm_align.model_name_or_path: expected", "generate.n: a pair needs two", "cm_align.source_language: language \"xx\"", "cm_align.pooling: expected mean or last"} {
		require.ErrorContains(t, r.Validate(), want)
	}
	r = small(t, "cm-align")
	r.CMAlign.ModelNameOrPath, r.Prompts.Train = r.ModelNameOrPath, r.Prompts.Train[1:]
	require.ErrorContains(t, r.Run(context.Background(), device(t), engine.Hooks{}), "and none in en (source_language)")
}

// English preferences make the judge; the run tests it in both languages and tunes the policy by it, twice.
func TestRMTransferRuns(t *testing.T) {
	r := small(t, "rm-transfer")
	r.Reward.TrainFile = preferences(t, "train", toyworld.Train, 120, "en")[0]
	r.Reward.Pairs, r.Reward.Texts, r.Reward.Format = preferences(t, "test", toyworld.Test, 40, "en", "da"), r.Prompts.Train, "text"
	a := &r.Reward.Train
	a.LearningRate, a.LoraR, a.NumTrainEpochs, a.GradientAccumulationSteps, a.SaveStrategy, a.ReportTo = 3e-3, 8, 3, 2, "no", "none"
	r.Rounds.N = 2
	var told strings.Builder
	require.NoError(t, r.Run(context.Background(), device(t), engine.Hooks{Say: func(s string) { told.WriteString(s) }}))
	require.Contains(t, told.String(), "the reward model on held-out pairs")
	_, err := os.Stat(filepath.Join(r.OutputDir, "round-2", "adapter", "adapter_model.safetensors"))
	require.NoError(t, err)

	var bench mrewardbench.Summary
	var shift representation.Shift
	for name, into := range map[string]any{"bench/results.json": &bench, "shift.json": &shift} {
		raw, err := os.ReadFile(filepath.Join(r.OutputDir, "reward", filepath.FromSlash(name)))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(raw, into))
	}
	for _, l := range bench.Languages {
		require.Greater(t, l.Accuracy, 0.6, l.Language)
	}
	require.Equal(t, []string{"en", "da"}, shift.Languages)
	require.NotZero(t, shift.Rows[len(shift.Rows)-1].Difference)

	bad := small(t, "rm-transfer")
	bad.Score.ModelNameOrPath, bad.Reward.Pooling, bad.Reward.Train.OutputDir = "x", "max", "y"
	for _, want := range []string{"reward.train_file: expected", "score.model_name_or_path: the run trains its reward model", "reward.pooling: expected one of last, mean", "reward.train.output_dir: expected"} {
		require.ErrorContains(t, bad.Validate(), want)
	}
}

// A rater learns its pairs, and that translations of one text score alike.
func TestMuRatingRuns(t *testing.T) {
	type row struct {
		Chosen   []int32  `json:"chosen_ids"`
		Rejected []int32  `json:"rejected_ids"`
		Target   *float64 `json:"target,omitempty"`
	}
	half := 0.5
	write := func(name string, split toyworld.Split, n int) (string, string) {
		var pairs, parallel []row
		for i, task := range toyworld.Tasks(split, n, 3) {
			good, bad := toyworld.Answer(task, "en", toyworld.Good, uint64(i)), toyworld.Answer(task, "en", toyworld.Ramble, uint64(i))
			pairs = append(pairs, row{Chosen: good, Rejected: bad})
			for _, style := range []toyworld.Style{toyworld.Good, toyworld.Ramble} {
				parallel = append(parallel, row{toyworld.Answer(task, "en", style, uint64(i)), toyworld.Answer(task, "da", style, uint64(i)), &half})
			}
		}
		dir := t.TempDir()
		require.NoError(t, jsonl.WriteRows(filepath.Join(dir, name+"_en.jsonl"), pairs))
		require.NoError(t, jsonl.WriteRows(filepath.Join(dir, name+"_all.jsonl"), append(pairs, parallel...)))
		return filepath.Join(dir, name+"_en.jsonl"), filepath.Join(dir, name+"_all.jsonl")
	}
	english, all := write("train", toyworld.Train, 60)
	gap := map[string]float64{}
	for _, file := range []string{english, all} {
		r := small(t, "murating")
		toy := r.ModelNameOrPath
		r.ModelNameOrPath, r.Prompts.Train = "", nil
		r.Reward.ModelNameOrPath, r.Reward.TrainFile = toy, file
		a := &r.Reward.Train
		a.LearningRate, a.LoraR, a.NumTrainEpochs, a.GradientAccumulationSteps, a.SaveStrategy, a.ReportTo = 3e-3, 8, 4, 1, "no", "none"
		require.NoError(t, r.Run(context.Background(), device(t), engine.Hooks{}))
		gap[file] = parallelGap(t, toy, filepath.Join(r.OutputDir, "reward", "model"))
	}
	require.Less(t, gap[all], 0.5*gap[english], "the parallel pairs pull translations together")
}

// parallelGap is the mean distance of the scores of an answer and its translation, in units of the distance between a good
// answer and a bad one.
func parallelGap(t *testing.T, base, adapter string) float64 {
	t.Helper()
	o := engine.ScoreDefaults()
	o.ModelNameOrPath, o.Adapter, o.Completions, o.Out = base, adapter, filepath.Join(t.TempDir(), "texts.jsonl"), filepath.Join(t.TempDir(), "scores.jsonl")
	var rows []map[string]any
	for i, task := range toyworld.Tasks(toyworld.Test, 30, 4) {
		for j, text := range [][]int32{toyworld.Answer(task, "en", toyworld.Good, uint64(i)), toyworld.Answer(task, "da", toyworld.Good, uint64(i)), toyworld.Answer(task, "en", toyworld.Ramble, uint64(i))} {
			rows = append(rows, map[string]any{"id": "t", "line_id": i, "language": "en", "sample": 3*i + j, "prompt": nil, "completion": "", "completion_ids": text})
		}
	}
	require.NoError(t, jsonl.WriteRows(o.Completions, rows))
	require.NoError(t, o.Run(context.Background(), device(t), nil))
	scored, err := jsonl.All[reward.Scored](o.Out)
	require.NoError(t, err)
	across, between := 0.0, 0.0
	for i := 0; i < len(scored); i += 3 {
		across += math.Abs(scored[i].Score - scored[i+1].Score)
		between += math.Abs(scored[i].Score - scored[i+2].Score)
	}
	return across / between
}

// The arms that change the pairing alone.
func TestPairingArmsRun(t *testing.T) {
	r := small(t, "croco")
	r.Pair.Rule, r.Pair.RejectedPoint = pairing.SweetSpotRule, "min_of_5"
	for _, p := range run(t, r) {
		require.Greater(t, p.ChosenScore, p.RejectedScore)
	}

	// Max-R trains on the best answers alone.
	r = small(t, "croco")
	r.Pair.Rule = pairing.MaxRewardRule
	require.NoError(t, r.Run(context.Background(), device(t), engine.Hooks{}))
	manifest, err := engine.ReadManifest(filepath.Join(r.OutputDir, "adapter", "adapter_model.safetensors"))
	require.NoError(t, err)
	require.Equal(t, "train "+string(trainer.SFT), manifest.Stage)
	best, err := jsonl.All[pairing.SFT](filepath.Join(r.OutputDir, "pairs", "pairs.jsonl"))
	require.NoError(t, err)
	require.Len(t, best, 12)

	// Off-policy: references in place of the policy's own answers.
	given := filepath.Join(t.TempDir(), "references.jsonl")
	var rows []map[string]any
	for i, task := range toyworld.Tasks(toyworld.Tune, 6, 3) {
		for _, l := range []string{"en", "da"} {
			ids := toyworld.Answer(task, l, toyworld.Good, uint64(i))
			rows = append(rows, map[string]any{"line_id": i, "language": l, "completion": toyworld.Text(ids, l), "completion_ids": ids})
		}
	}
	require.NoError(t, jsonl.WriteRows(given, rows))
	r = small(t, "croco")
	r.Pair.ChosenFile = given
	pairs := run(t, r)
	require.Len(t, pairs, 12)
	for _, p := range pairs {
		require.Nil(t, p.ChosenLogprobs)
		require.NotNil(t, p.RejectedLogprobs)
	}

	// Controls: random labels, and scores from elsewhere.
	r = small(t, "croco")
	r.Pair.LabelNoise = 1
	for _, p := range run(t, r) {
		require.Less(t, p.ChosenScore, p.RejectedScore)
	}
	scores := filepath.Join(r.OutputDir, "scores", "scores.jsonl")
	r = small(t, "croco")
	r.Pair.ScoresFile = scores
	run(t, r)
}
