package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ICR by commands: two models, the scores between them, pairs; and the authors' files.
func TestICRByCommands(t *testing.T) {
	dir, out := talker(t), t.TempDir()
	at := func(name string) string { return filepath.Join(out, name) }
	asked := prompts(t)
	works(t, "generate --model_name_or_path "+dir+" --prompts "+asked+" --out "+at("completions.jsonl")+short)
	pairs := write(t, at("english.jsonl"), `{"prompt_ids": [5, 6], "chosen_ids": [7, 8], "rejected_ids": [9]}`+"\n")
	works(t, "train dpo --model_name_or_path "+dir+" --train_file "+pairs+" --output_dir "+at("tuned")+" --max_steps 2 --learning_rate 1e-2 --lora_r 4 --report_to none")

	scoring := "implicit --model_name_or_path " + dir + " --adapter " + at("tuned") + " --completions " + at("completions.jsonl") + " --out "
	o := works(t, scoring+at("scores.jsonl")+" --prompts "+asked)
	require.Contains(t, o.err, "score by likelihood: 40 rows in ")
	refused(t, 1, "variant was", scoring+at("scores.jsonl")+" --variant multilingual")
	works(t, scoring+at("same.jsonl")+" --variant multilingual")
	refused(t, 2, "--prompts is missing", scoring+at("x.jsonl"))
	refused(t, 2, "--translations is missing", scoring+at("x.jsonl")+" --prompts p --variant translated")
	refused(t, 2, "variant: expected crosslingual", scoring+at("x.jsonl")+" --prompts p --variant none")
	refused(t, 1, "are the same weights", "implicit --model_name_or_path "+dir+" --completions "+at("completions.jsonl")+" --prompts "+asked+" --out "+at("x.jsonl"))

	o = works(t, "pair icr --scores "+at("scores.jsonl")+" --out "+at("pairs.jsonl"))
	require.Contains(t, o.out, "chosen longer by")
	require.Positive(t, strings.Count(read(t, at("pairs.jsonl")), "\n"))
	require.Empty(t, works(t, "pair icr --scores "+at("scores.jsonl")+" --out "+at("pairs.jsonl")).out, "they are made")
	works(t, "train dpo --model_name_or_path "+dir+" --adapter "+at("tuned")+" --train_file "+at("pairs.jsonl")+" --output_dir "+at("again")+" --max_steps 1 --report_to none --rpo_alpha 1")

	in := filepath.Join("..", "..", "pairing", "icr", "testdata", "methods", "icr", "pairs", "in")
	var files [3][]string
	for i, kind := range []string{"prompts", "policy", "ref"} {
		for _, l := range []string{"en", "es"} {
			files[i] = append(files[i], filepath.Join(in, l+"."+kind+".jsonl"))
		}
	}
	line := fmt.Sprintf("pair icr --languages en,es --prompts %s --policy %s --reference %s --output_dir %s --compat authors",
		strings.Join(files[0], ","), strings.Join(files[1], ","), strings.Join(files[2], ","), at("authors"))
	require.Contains(t, works(t, line).out, "es: ")
	require.Equal(t, read(t, in, "..", "out", "lc", "es.pairs.jsonl"), read(t, at("authors"), "es_lc_alpha_0.194_dpo.jsonl"))
	require.Equal(t, read(t, in, "..", "out", "lc", "es.alpha_grid.jsonl"), read(t, at("authors"), "es.alpha_grid.jsonl"))
	require.FileExists(t, filepath.Join(at("authors"), "en_es_dpo.jsonl"))
	refused(t, 2, "expected --scores, or --languages", "pair icr --languages en")
	refused(t, 2, "--compat: expected authors", "pair icr --compat croco")
	refused(t, 2, "--alpha_step: expected a number", "pair icr --alpha_step -1")
}

// LIDR by commands: answers, their translations by the same model, pairs; and the authors' files.
func TestLIDRByCommands(t *testing.T) {
	dir, out := talker(t), t.TempDir()
	at := func(name string) string { return filepath.Join(out, name) }
	works(t, "generate --model_name_or_path "+dir+" --prompts "+prompts(t)+" --out "+at("completions.jsonl")+" --max_new_tokens 8 --temperature 0")
	ask := " --prompt_format text --max_new_tokens 8 --stop Z"
	line := "translate --model_name_or_path " + dir + " --completions " + at("completions.jsonl") + " --out " + at("translations.jsonl") + ask
	require.Contains(t, works(t, line+" --format tagged_lax").err, "translate answers: 10 rows")
	refused(t, 1, "format was", line+" --format instruction")

	pairing := "pair lidr --completions " + at("completions.jsonl") + " --translations " + at("translations.jsonl")
	o := works(t, pairing+" --out "+at("pairs.jsonl")+" --model_name_or_path "+dir)
	require.Contains(t, o.out, "missing   failed    empty")
	require.Contains(t, read(t, at("pairs.jsonl")), "chosen_ids")
	works(t, pairing+" --out "+at("texts.jsonl")+" --empty authors")
	require.NotContains(t, read(t, at("texts.jsonl")), "chosen_ids")
	works(t, "train dpo --model_name_or_path "+dir+" --train_file "+at("pairs.jsonl")+" --output_dir "+at("adapter")+" --max_steps 1 --report_to none")

	in := filepath.Join("..", "..", "pairing", "lidr", "testdata", "methods", "lidr", "pairs-two-way", "in")
	works(t, "pair lidr --input_dir "+in+" --instructions "+filepath.Join(in, "instructions.jsonl")+" --output_dir "+at("authors")+
		" --languages es,ru,de,fr --english_pairs last --empty authors --input authors")
	require.Equal(t, read(t, in, "..", "out", "order", "all_languages_dpo.jsonl"), read(t, at("authors"), "all_languages_dpo.jsonl"))
	refused(t, 2, "expected --completions with --translations", "pair lidr --languages es")
	refused(t, 2, "--english_pairs: expected one of all, first, last", "pair lidr --english_pairs some")
	refused(t, 2, "--compat: expected authors", "pair lidr --compat croco")
}

func TestTranslateByCommand(t *testing.T) {
	dir, out := talker(t), t.TempDir()
	source := write(t, filepath.Join(out, "questions_en.jsonl"), "{\"prompt\": \"one and two\"}\n{\"prompt\": \"a red house\"}\n")
	line := "translate --model_name_or_path " + dir + " --source " + source + " --output_dir " + filepath.Join(out, "in") + " --prompt_format text --max_new_tokens 8"
	o := works(t, line+" --languages de,Danish --format tagged_lax")
	for _, name := range []string{"questions_en", "questions_de", "questions_danish"} {
		require.Contains(t, o.err, name+".jsonl")
		_, err := os.Stat(filepath.Join(out, "in", name+".jsonl"))
		require.NoError(t, err)
	}
	refused(t, 2, "expected one of --source", "translate --model_name_or_path m")
	refused(t, 2, "languages: expected one or more", line)
	refused(t, 2, "--out is missing", "translate --model_name_or_path m --completions c")
	refused(t, 2, "--output_dir is missing", "translate --model_name_or_path m --source s")
}
