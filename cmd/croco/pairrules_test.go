package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The rules of other systems on croco's own files, and what says which reward model to trust.
func TestRulesAndRewardModels(t *testing.T) {
	dir, out := talker(t), t.TempDir()
	at := func(name string) string { return filepath.Join(out, name) }
	works(t, "generate --model_name_or_path "+dir+" --prompts "+prompts(t)+" --out "+at("completions.jsonl")+short)
	rules := write(t, at("rules.yaml"), "- {name: no_repetition, n: 1}\n- {name: length_target, n: 20, unit: characters}\n")
	works(t, "score --rules "+rules+" --completions "+at("completions.jsonl")+" --out "+at("scores.jsonl"))

	o := works(t, "pair sweetspot --scores "+at("scores.jsonl")+" --out "+at("points.jsonl")+" --rejected_point min_of_5")
	require.Contains(t, o.out, "pools    10")
	o = works(t, "pair sweetspot --all --scores "+at("scores.jsonl")+" --out "+at("arms"))
	require.Equal(t, 22, strings.Count(o.err, " over "))
	refused(t, 2, "rejected_point mu-2s is not below chosen_point min", "pair sweetspot --scores "+at("scores.jsonl")+" --out "+at("p")+" --chosen_point min")

	o = works(t, "pair cm-align --model_name_or_path "+dir+" --completions "+at("completions.jsonl")+" --out "+at("agree.jsonl")+" --layer 1")
	require.Contains(t, o.err, "score by agreement: 40 rows in ")
	require.Contains(t, read(t, at("agree.scores.jsonl")), `"scorer":"agreement"`)
	require.Contains(t, o.out, "pools    10")
	works(t, "pair mapo --model_name_or_path "+dir+" --completions "+at("completions.jsonl")+" --out "+at("mapo.jsonl")+" --prompt_format text")
	require.NotContains(t, read(t, at("mapo.jsonl")), `"prompt_language": "en"`)

	pairs := write(t, at("pairs_de.jsonl"), `{"prompt": "eins", "chosen": "zwei", "rejected": "drei", "subset": "hep-go"}`+"\n")
	works(t, "train rm --model_name_or_path "+dir+" --train_file "+pairs+" --output_dir "+at("rm")+" --max_steps 1 --report_to none --quiet")
	o = works(t, "rewardbench --model_name_or_path "+dir+" --adapter "+at("rm")+" --pairs "+pairs+" --out "+at("bench"))
	require.Contains(t, o.out, "Chat Hard")
	require.Contains(t, o.err, "note: subset alpacaeval-easy of section Chat is missing")
	refused(t, 2, "kind: expected one of", "rewardbench --kind rm --model_name_or_path "+dir+" --pairs "+pairs+" --out "+at("bench"))

	o = works(t, "shift --markdown --model_name_or_path "+dir+" --other "+dir+" --other_adapter "+at("rm")+" --texts "+prompts(t)+" --out "+at("shift.json"))
	require.Contains(t, o.out, "| layer |")
	o = works(t, "best-of --scores "+at("scores.jsonl")+" --quality "+at("agree.scores.jsonl")+" --n 1,4 --out "+at("best.jsonl"))
	require.Contains(t, o.out, "wins %")
	require.Equal(t, 10, strings.Count(read(t, at("best.jsonl")), "\n"))
}
