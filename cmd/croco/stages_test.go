package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	models     = filepath.Join("..", "..", "model", "testdata", "models")
	tokenizers = filepath.Join("..", "..", "model", "tokenizer", "testdata")
)

// talker makes the folder of a tiny model that reads and writes text.
func talker(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for to, from := range map[string]string{"config.json": filepath.Join(models, "llama-tied", "config.json"),
		"model.safetensors":      filepath.Join(models, "llama-tied", "model.safetensors"),
		"generation_config.json": filepath.Join(models, "llama-tied", "generation_config.json"),
		"tokenizer.json":         filepath.Join(tokenizers, "tiny-bytelevel.tokenizer.json")} {
		write(t, filepath.Join(dir, to), read(t, from))
	}
	return dir
}

// prompts writes parallel prompts in two languages.
func prompts(t *testing.T) string {
	var b strings.Builder
	for i, words := range [][2]string{{"one and two", "eins und zwei"}, {"a red house", "ein rotes Haus"}, {"good morning", "guten Morgen"}, {"x", "y"}, {"the end", "das Ende"}} {
		for j, language := range []string{"en", "de"} {
			fmt.Fprintf(&b, "{\"id\": \"%s-%d\", \"line_id\": %d, \"language\": %q, \"prompt\": %q}\n", language, i, i, language, words[j])
		}
	}
	return write(t, filepath.Join(t.TempDir(), "prompts.jsonl"), b.String())
}

const short = " --n 4 --max_new_tokens 8 --seed 3 --temperature 1 "

func TestTheWholeRoad(t *testing.T) {
	dir, out := talker(t), t.TempDir()
	at := func(name string) string { return filepath.Join(out, name) }
	o := works(t, "generate --model_name_or_path "+dir+" --prompts "+prompts(t)+" --out "+at("completions.jsonl")+short)
	require.Contains(t, o.err, "generate 40/40 answers")
	require.Contains(t, o.err, "generate: 40 rows in ")

	rules := write(t, at("rules.yaml"), "- {name: no_repetition, n: 1}\n- {name: length_target, n: 20, unit: characters}\n")
	works(t, "score --rules "+rules+" --completions "+at("completions.jsonl")+" --out "+at("scores.jsonl"))
	require.Equal(t, 40, strings.Count(read(t, at("scores.jsonl")), "\n"))

	o = works(t, "pair croco --input_files "+at("scores.jsonl")+" --output-dir "+at("pairs")+" --tasks in_lang_dpo")
	require.Contains(t, o.out, "in_lang_dpo")
	pairs := filepath.Join(at("pairs"), "dpo_in_lang_en.jsonl")
	require.Positive(t, strings.Count(read(t, pairs), "\n"))

	o = works(t, "train dpo --model_name_or_path "+dir+" --train_file "+pairs+" --output_dir "+at("adapter")+
		" --max_steps 3 --per_device_train_batch_size 2 --learning_rate 1e-2 --logging_steps 1 --lora_r 4 --report_to none --run_name x")
	for _, text := range []string{"note: run_name changes nothing", "rows kept", "tokens of a sequence: shortest", "  prompt     <|begin_of_text|>",
		"  rejected ", "steps: 3", "trainable parameters: ", "memory: about ", "step 1/3 | loss 0.6931 | margin 0.000", ", computed 0",
		"PeftModel.from_pretrained", "--max-lora-rank 8", "convert_lora_to_gguf.py"} {
		require.Contains(t, o.err, text)
	}
	require.Equal(t, math.Ln2, firstLoss(t, at("adapter")), "the reference is the sampler's record")

	require.Contains(t, works(t, "verify adapter "+at("adapter")+" --model "+dir).out, "merged = unmerged")
	works(t, "merge --model_name_or_path "+dir+" --adapter "+at("adapter")+" --out "+at("merged"))
	require.Equal(t, read(t, dir, "tokenizer.json"), read(t, at("merged"), "tokenizer.json"))

	works(t, "train rm --model_name_or_path "+at("merged")+" --train_file "+pairs+" --output_dir "+at("reward")+
		" --max_steps 2 --per_device_train_batch_size 2 --use_peft false --report_to none")
	works(t, "score --model_name_or_path "+at("reward")+" --completions "+at("completions.jsonl")+" --out "+at("again.jsonl"))
	works(t, "train sft --model_name_or_path "+dir+" --train_file "+pairs+" --output_dir "+at("sft")+" --max_steps 1 --report_to none --quiet")
}

// firstLoss is the loss of the first entry of trainer_state.json.
func firstLoss(t *testing.T, dir string) float64 {
	t.Helper()
	var state struct {
		LogHistory []struct {
			Loss float64 `json:"loss"`
		} `json:"log_history"`
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, dir, "trainer_state.json")), &state))
	return state.LogHistory[0].Loss
}

func TestShardsJoinToWhatOneMachineWrites(t *testing.T) {
	dir, file, out := talker(t), prompts(t), t.TempDir()
	at := func(name string) string { return filepath.Join(out, name) }
	generate := "generate --model_name_or_path " + dir + " --prompts " + file + short
	works(t, generate+"--out "+at("whole.jsonl"))
	var shards []string
	for i := range 3 {
		shards = append([]string{at(fmt.Sprint("s", i))}, shards...)
		works(t, generate+fmt.Sprintf("--max_rows 2 --threads 1 --shard %d/3 --out %s", i, shards[0]))
	}
	join := "merge-shards --out " + at("joined.jsonl") + " "
	works(t, join+strings.Join(shards, " "))
	require.Equal(t, read(t, at("whole.jsonl")), read(t, at("joined.jsonl")))
	works(t, generate+"--out "+at("joined.jsonl")) // its manifest is that of the whole: nothing is left to do

	rules := write(t, at("rules.yaml"), "rules:\n- {name: no_repetition}\n")
	score := "score --rules " + rules + " --completions " + at("whole.jsonl") + " --out "
	works(t, score+at("scores.jsonl"))
	works(t, score+at("a")+" --shard 0/2")
	works(t, score+at("b")+" --shard 1/2")
	works(t, "merge-shards --out "+at("scores2.jsonl")+" "+at("a")+" "+at("b"))
	require.Equal(t, read(t, at("scores.jsonl")), read(t, at("scores2.jsonl")))

	works(t, generate+"--n 2 --shard 1/3 --out "+at("other"))
	for line, message := range map[string]string{
		shards[0] + " " + shards[1]:                          "shard 0/3 is missing",
		shards[1] + " " + shards[2]:                          "shard 2/3 is missing",
		strings.Join(shards, " ") + " " + shards[1]:          "are both shard 1/3",
		shards[0] + " " + at("other") + " " + shards[2]:      "made with different settings",
		strings.Join(shards, " ") + " " + at("a"):            "they are not of one run",
		at("whole.jsonl") + "x":                              "a shard stands beside its manifest",
		strings.Join(shards, " ") + " " + at("joined.jsonl"): "is one of the shards",
	} {
		refused(t, 1, message, join+line)
	}
	whole := read(t, shards[0])
	write(t, shards[0], whole[:len(whole)-3])
	refused(t, 1, "ends in the middle of a row", "merge-shards --out "+at("j2")+" "+strings.Join(shards, " "))
	write(t, shards[0], whole[:strings.Index(whole, "\n")+1])
	refused(t, 1, "rows as its manifest says, found 1", "merge-shards --out "+at("j2")+" "+strings.Join(shards, " "))
	_, err := os.Stat(at("j2"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestBadRowsAreNamed(t *testing.T) {
	dir, out := talker(t), t.TempDir()
	bad := write(t, filepath.Join(out, "bad.jsonl"), "{\"prompt\": \"a\"}\n{\"prompt\": \n")
	refused(t, 1, "bad.jsonl:2: expected one JSON object a line", "generate --model_name_or_path "+dir+" --prompts "+bad+" --out "+filepath.Join(out, "o"))
	refused(t, 1, "bad.jsonl:2: ", "train sft --model_name_or_path "+dir+" --train_file "+bad+" --output_dir "+filepath.Join(out, "t"))
	refused(t, 2, "rules.yaml: expected a list of rules", "score --out x --completions y --rules "+write(t, filepath.Join(out, "rules.yaml"), "{}"))
	refused(t, 1, "bad.jsonl:2: ", "score --out "+filepath.Join(out, "s")+" --completions "+bad+" --rules "+
		write(t, filepath.Join(out, "rules.yaml"), "- {name: not_empty}"))
}
