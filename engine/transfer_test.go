package engine_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/engine"
	"croco/engine/trainer"
	"croco/eval"
	"croco/eval/grid"
	"croco/internal/jsonl"
	"croco/sampler"
	"croco/toyworld"
)

// How well reward models of one language judge in the others, and how far each moves the translations of a text apart: the
// table of docs/methods/rm-transfer.md.
//
//	go test ./engine -run TestTransferOfRewardModels -v
func TestTransferOfRewardModels(t *testing.T) {
	languages, train, test := []string{"en", "da"}, 150, 60
	if testing.Verbose() {
		languages, train, test = toyworld.Languages(), 1200, 400
	}
	r := toyRecipe(t, t.TempDir())
	texts := translations(t, test, languages)
	held := strings.Join(preferences(t, "test", toyworld.Test, test, languages...), ",")
	table := grid.New(append(append([]string{"trained on"}, languages...), "mean", "f, last layer")...)
	for i, file := range preferences(t, "train", toyworld.Train, train, languages...) {
		adapter := tune(t, trainer.Reward, r.ModelNameOrPath, file)
		b := engine.RewardBenchDefaults()
		b.ModelNameOrPath, b.Adapter, b.Pairs, b.Out = r.ModelNameOrPath, adapter, held, t.TempDir()
		s, err := b.Run(context.Background(), device(t), nil)
		require.NoError(t, err)
		cells := []string{languages[i]}
		for j, l := range s.Languages {
			require.Equal(t, languages[j], l.Language)
			require.Greater(t, l.Accuracy, 0.55, "%s judged by %s", l.Language, languages[i])
			cells = append(cells, fmt.Sprintf("%.1f", 100*l.Accuracy))
		}

		o := engine.ShiftDefaults()
		o.ModelNameOrPath, o.OtherAdapter = r.ModelNameOrPath, adapter
		o.Texts = texts
		shift, err := o.Run(context.Background(), device(t))
		require.NoError(t, err)
		last := shift.Rows[len(shift.Rows)-1]
		table.Add(append(cells, fmt.Sprintf("%.1f", 100*s.Mean.Accuracy), fmt.Sprintf("%.3f → %.3f", last.A, last.B))...)
		require.NotEqual(t, last.A, last.B)
	}
	t.Logf("%d training pairs, %d to test in each language, ± %.1f\n%s", train, test, 100*eval.Wilson(0.8, float64(test), 0.95).High-80, table.Markdown())
}

// translations writes questions with their right answers, parallel in the languages.
func translations(t *testing.T, tasks int, languages []string) string {
	t.Helper()
	var rows []sampler.Prompt
	for line, task := range toyworld.Tasks(toyworld.Test, tasks, 9) {
		for _, l := range languages {
			ids := append(toyworld.Chat(toyworld.Prompt(task, l)), toyworld.Answer(task, l, toyworld.Good, 1)...)
			rows = append(rows, sampler.Prompt{ID: sampler.ID(task.String()), LineID: &line, Language: l, PromptIDs: append(ids, toyworld.EOS)})
		}
	}
	path := filepath.Join(t.TempDir(), "texts.jsonl")
	require.NoError(t, jsonl.WriteRows(path, rows))
	return path
}
