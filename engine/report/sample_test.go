package report

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/eval"
	"croco/internal/jsonl"
	"croco/pairing"
	"croco/reward"
	"croco/sampler"
)

// phrases are a prompt, a good and a bad answer in each language.
var phrases = map[string][3]string{
	"en": {"Name two animals with four legs.", "Two animals: dogs and cows.", "Owls."},
	"de": {"Nenne zwei Tiere mit vier Beinen.", "Zwei Tiere: Hunde und Kühe.", "Eulen, Eulen, Eulen."},
	"da": {"Nævn to dyr med fire ben.", "To dyr: hunde og køer.", "Owls. Ugler, dogs."},
	"gl": {"Nomea dous animais con catro patas.", "Dous animais: cans e vacas.", "Two animals: <b>dogs</b> & cows."},
}

var languages = []string{"en", "de", "da", "gl"}

// sampleScores are answers to lines × languages prompts, n each; shift moves a language's scores.
func sampleScores(random *rand.Rand, lines, n int, shift map[string]float64) (rows []reward.Scored) {
	for line := range lines {
		for _, language := range languages {
			for sample := range n {
				p := phrases[language]
				score := random.NormFloat64() + shift[language]
				text, detected := p[1], language
				if score < 0 {
					text = p[2]
				}
				if language == "gl" && score < 0 {
					detected = "en"
				}
				text = strings.Repeat(text+" ", 1+random.IntN(3))
				prompt, _ := json.Marshal(fmt.Sprintf("%s (%d)", p[0], line))
				rows = append(rows, reward.Scored{Completion: sampler.Completion{ID: sampler.ID(fmt.Sprint(line)), LineID: line, Language: language,
					Sample: sample, Prompt: prompt, Completion: text, FinishReason: [...]string{"stop", "length"}[random.IntN(12)/11]},
					Score: score, DetectedLanguage: detected, Length: len([]rune(text))})
			}
		}
	}
	return rows
}

func writeRows[T any](t *testing.T, path string, rows []T) {
	w, err := jsonl.Open(path)
	require.NoError(t, err)
	for _, r := range rows {
		require.NoError(t, w.Append(r))
	}
	require.NoError(t, w.Close())
}

func writeJSON(t *testing.T, path string, v any) {
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, jsonl.WriteFile(path, raw))
}

// sampleRun writes a whole run folder: English and Danish gain, German stays, Galician loses.
func sampleRun(t *testing.T) string {
	dir, random := t.TempDir(), rand.New(rand.NewPCG(1, 2))
	in := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	require.NoError(t, os.WriteFile(in("recipe.yaml"), []byte("model_name_or_path: models/tiny\nseed: 42\ngenerate:\n  n: 8\n"), 0o644))

	pool := sampleScores(random, 30, 8, nil)
	writeRows(t, in("scores", "scores.jsonl"), pool)
	writeJSON(t, in("completions", "manifest.json"), map[string]any{"stage": "generate", "done": true, "rows": 960, "seconds": 12.5,
		"counts": map[string]int{"new_tokens": 8640, "prompt_tokens_shared": 8400, "prompt_tokens_computed": 1200}})
	writeJSON(t, in("scores", "manifest.json"), map[string]any{"stage": "score", "done": true, "rows": 960, "seconds": 4,
		"counts": map[string]int{"too_long": 0, "tokens_stored": 18240, "tokens_computed": 9840}})
	writeJSON(t, in("pairs", "manifest.json"), map[string]any{"stage": "pair", "done": true, "rows": 120, "seconds": .1})

	raw, err := os.ReadFile(in("scores", "scores.jsonl"))
	require.NoError(t, err)
	candidates, err := pairing.ReadCandidates(strings.NewReader(string(raw)), "scores.jsonl")
	require.NoError(t, err)
	var all []pairing.Pair
	for _, scope := range []pairing.Scope{pairing.InLang, pairing.AllLang} {
		o := pairing.Defaults()
		o.Scope = scope
		made, _, err := pairing.Croco(candidates, o)
		require.NoError(t, err)
		all = append(all, made...)
	}
	var b strings.Builder
	require.NoError(t, pairing.WritePairs(&b, all))
	require.NoError(t, jsonl.WriteFile(in("pairs", "pairs.jsonl"), []byte(b.String())))

	var history []map[string]any
	for step := 1; step <= 60; step++ {
		x := float64(step) / 60
		history = append(history, map[string]any{"step": step, "epoch": x, "loss": .693 - .3*x + .05*random.NormFloat64(), "grad_norm": 1 + random.Float64(),
			"learning_rate": 1e-4 * (1 - x), "rewards/margins": 1.2*x + .1*random.NormFloat64(), "rewards/accuracies": min(1, .5+.5*x+.05*random.NormFloat64()),
			"rewards/chosen": .2 * x, "rewards/rejected": -x})
	}
	writeJSON(t, in("adapter", "trainer_state.json"), map[string]any{"log_history": history})

	before := sampleScores(random, 24, 4, nil)
	after := sampleScores(random, 24, 4, map[string]float64{"en": .6, "da": .9, "gl": -.8})
	writeRows(t, in("eval", "before.jsonl"), before)
	writeRows(t, in("eval", "after.jsonl"), after)
	writeJSON(t, in("eval", "after.jsonl.manifest.json"), map[string]any{"stage": "score", "done": false, "rows": 384, "seconds": 1})
	table, err := eval.Compare(eval.FromScored(before), eval.FromScored(after), eval.Options{})
	require.NoError(t, err)
	summary, err := table.JSON()
	require.NoError(t, err)
	require.NoError(t, jsonl.WriteFile(in("eval", "summary.json"), summary))
	return dir
}

// sampleRanked is one prompt with eight answers.
func sampleRanked() Ranked {
	r := Ranked{Prompt: "Sortér fra let til tung: hunde, ugler, fluer.", Language: "da", Levels: []Level{{"μ", -9.1}, {"μ − 2σ", -16.9}}}
	for i, text := range []string{"Fra let til tung: fluer, ugler, hunde.", "Fluer, ugler, hunde.", "Flies, owls, dogs.", "Fra let til tung: ugler, fluer, hunde.",
		"Ugler, fluer.", "Hunde.", "Flies, owls, dogs. Ugler, dogs, flies.", "3 flies: 6 ben."} {
		a := RankedAnswer{Score: -3.22 - 2.2*float64(i), Quality: 1 - float64(i)/8, Language: "da", Text: text}
		if i == 2 || i >= 6 {
			a.Language, a.Wrong = "en", true
		}
		r.Items = append(r.Items, a)
	}
	r.Items[0].Role, r.Items[6].Role = "chosen", "rejected"
	return r
}
