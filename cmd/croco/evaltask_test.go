package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// scored are the results of a folder.
type scored struct {
	Results map[string]map[string]any
	Samples map[string]map[string]int `json:"n-samples"`
	Shots   map[string]int            `json:"n-shot"`
	Croco   struct {
		Computed int `json:"tokens_computed"`
		Stored   int `json:"tokens_in_rows"`
	}
}

func resultsOf(t *testing.T, dir string) (m scored) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(read(t, dir, "results.json")), &m))
	return m
}

func TestEvalOfGradeSchoolMaths(t *testing.T) {
	dir, data, out := talker(t), t.TempDir(), t.TempDir()
	de := write(t, filepath.Join(data, "mgsm_de.tsv"), "Wie viele Enten?\t18\nWie viele Eier?\t1,000\n")
	sw := write(t, filepath.Join(data, "mgsm_sw.jsonl"), `{"question": "Ngapi?", "answer": null, "answer_number": 3, "equation_solution": null}`+"\n")
	solved := write(t, filepath.Join(data, "train_de.jsonl"), `{"question": "Frage: Was ist 1+1?", "answer": "Schritt-für-Schritt-Antwort: Die Antwort lautet 2.", "answer_number": 2, "equation_solution": null}`+"\n")
	line := "eval --task mgsm --model_name_or_path " + dir + " --max_new_tokens 8 --temperature 1 --out "
	o := works(t, line+filepath.Join(out, "a")+" --data "+de+","+sw)
	require.Contains(t, o.out, "mgsm_native_cot_de  exact_match")
	require.Contains(t, o.out, "mgsm_native_cot_sw  exact_match")
	m := resultsOf(t, filepath.Join(out, "a"))
	require.Equal(t, 0.0, m.Results["mgsm_native_cot_de"]["exact_match,strict-match"])
	require.Equal(t, map[string]int{"original": 2, "effective": 2}, m.Samples["mgsm_native_cot_de"])
	require.Equal(t, "N/A", m.Results["mgsm_native_cot_sw"]["exact_match_stderr,flexible-extract"], "one sample has no error")

	whole, answers := read(t, out, "a", "samples_mgsm_native_cot_de.jsonl"), read(t, out, "a", "answers.jsonl")
	write(t, filepath.Join(out, "a", "answers.jsonl"), answers[:len(answers)/2])
	works(t, line+filepath.Join(out, "a")+" --data "+de+","+sw)
	require.Equal(t, whole, read(t, out, "a", "samples_mgsm_native_cot_de.jsonl"))
	require.Equal(t, answers, read(t, out, "a", "answers.jsonl"))

	works(t, line+filepath.Join(out, "b")+" --data "+de+" --fewshot_data "+solved+" --num_fewshot 1 --limit 1")
	m = resultsOf(t, filepath.Join(out, "b"))
	require.Equal(t, 1, m.Shots["mgsm_native_cot_de"])
	require.Contains(t, read(t, out, "b", "samples_mgsm_native_cot_de.jsonl"),
		`"arg_0": "Frage: Was ist 1+1?\nSchritt-für-Schritt-Antwort: Die Antwort lautet 2.\n\nFrage: Wie viele Enten?\nSchritt-für-Schritt-Antwort:"`)

	bad := write(t, filepath.Join(data, "bad_de.tsv"), "Frage?\t3\nFrage?\tdrei\n")
	for options, message := range map[string]string{
		"--data " + bad:                         "bad_de.tsv:2: expected a question, a tab and a number",
		"--data " + de + "," + de:               "is task mgsm_native_cot_de, as a file before it is",
		"--data " + filepath.Join(data, "none"): "none: no such file",
		"--data " + write(t, filepath.Join(data, "x_xx.tsv"), "q\t1\n"): "expected one of MGSM's",
	} {
		refused(t, 1, message, line+filepath.Join(out, "c")+" "+options)
	}
	for options, message := range map[string]string{
		"--task maths":                         "task: expected one of arena,",
		"--task mgsm --prompt letters":         "prompt: expected one of native_cot, en_cot, direct for task mgsm",
		"--task mgsm --num_fewshot 2":          "--fewshot_data, which is missing",
		"--task mgsm --compare a b":            "expected one of --task, --compare",
		"--task mgsm --prompt_format markdown": "prompt_format: expected text or chat",
	} {
		refused(t, 2, message, "eval --data x --model_name_or_path m --out o "+options)
	}
}

// belebele writes questions in the shape of Belebele: passages with two questions each, not beside each other.
func belebele(t *testing.T, name string, passages int) string {
	t.Helper()
	var b strings.Builder
	for number := 1; number <= 2; number++ {
		for i := range passages {
			fmt.Fprintf(&b, `{"link": "https://x/%d", "question_number": %d, "flores_passage": "passage %d %s", "question": "which %d?", "mc_answer1": "one", "mc_answer2": "two two", "mc_answer3": "three", "mc_answer4": "four", "correct_answer_num": "%d", "dialect": "deu_Latn", "ds": "2023-05-03"}`+"\n",
				i, number, i, strings.Repeat("and so on ", 20), number, 1+(i+number)%4)
		}
	}
	return write(t, filepath.Join(t.TempDir(), name), b.String())
}

func TestEvalOfMultipleChoice(t *testing.T) {
	dir, out := talker(t), t.TempDir()
	file := belebele(t, "belebele_deu_Latn.jsonl", 6)
	line := "eval --task choice --model_name_or_path " + dir + " --data " + file
	o := works(t, line+" --out "+filepath.Join(out, "a"))
	require.Contains(t, o.out, "belebele_deu_Latn  acc")
	require.Contains(t, o.err, "tokens computed for ")
	a := resultsOf(t, filepath.Join(out, "a"))
	require.Less(t, a.Croco.Computed*5, a.Croco.Stored, "the passage once for its questions, the question once for its choices")

	samples := read(t, out, "a", "samples_belebele_deu_Latn.jsonl")
	works(t, line+" --batch_tokens 1 --threads 1 --out "+filepath.Join(out, "b"))
	require.Equal(t, samples, read(t, out, "b", "samples_belebele_deu_Latn.jsonl"), "no bit depends on the batch")
	require.Less(t, a.Croco.Computed, resultsOf(t, filepath.Join(out, "b")).Croco.Computed)

	known := read(t, out, "a", "likelihoods.jsonl")
	write(t, filepath.Join(out, "a", "likelihoods.jsonl"), known[:len(known)*2/3])
	works(t, line+" --out "+filepath.Join(out, "a"))
	require.Equal(t, samples, read(t, out, "a", "samples_belebele_deu_Latn.jsonl"))

	o = works(t, line+" --prompt texts --num_fewshot 1 --fewshot_data "+file+" --out "+filepath.Join(out, "texts"))
	require.Contains(t, o.out, "acc_norm")
	require.Contains(t, read(t, out, "texts", "samples_belebele_deu_Latn.jsonl"), `which 1?\nAnswer: two two\n\nP: passage 0 `)

	o = works(t, "eval --compare "+filepath.Join(out, "a")+" "+filepath.Join(out, "b"))
	require.Contains(t, o.out, "2 of 2 differences are within noise.")
	o = works(t, "eval --json --compare "+filepath.Join(out, "a")+" "+filepath.Join(out, "texts", "results.json"))
	require.Contains(t, o.out, `"test": "McNemar"`)
	refused(t, 2, "--compare: expected two runs, found 1", "eval --compare "+out)
	refused(t, 1, "expected results.json", "eval --compare "+out+" "+out)

	plain := write(t, filepath.Join(t.TempDir(), "quiz.jsonl"), `{"question": "q", "choices": ["a", "b"], "answer": "b"}`+"\n"+`{"question": "q", "choises": ["a", "b"], "answer": 0}`+"\n")
	refused(t, 1, `quiz.jsonl:2: expected the keys question, choices, answer, and maybe id, passage, language, line_id: json: unknown field "choises"`,
		"eval --task choice --model_name_or_path "+dir+" --data "+plain+" --out "+filepath.Join(out, "c"))
}

func TestEvalOfArenaPrompts(t *testing.T) {
	dir, data, out := talker(t), t.TempDir(), t.TempDir()
	arena := write(t, filepath.Join(data, "prompts.jsonl"), `{"question_id": "q1", "category": "hard", "subcategory": "math", "prompt": "Sag etwas", "language": "de"}`+"\n"+
		`{"question_id": "q2", "prompt": "Sig noget", "language": "da"}`+"\n")
	alpaca := write(t, filepath.Join(data, "fr.json"), `[{"id": "a", "dataset": "d", "instruction": "Dis"}]`)
	o := works(t, "eval --task arena --model_name_or_path "+dir+" --max_new_tokens 6 --data "+arena+" --data "+alpaca+" --out "+filepath.Join(out, "x"))
	require.Contains(t, o.out, "fr")
	o = works(t, "eval --task arena --model_name_or_path "+dir+" --max_new_tokens 6 --data "+arena+","+alpaca+" --out "+out)
	require.Contains(t, o.err, "2 answers in "+filepath.Join(out, "prompts.answers.jsonl"))
	rows := read(t, out, "prompts.answers.jsonl")
	require.Contains(t, rows, `{"question_id": "q1", "prompt": "Sag etwas", "output": "`)
	require.Contains(t, rows, `"category": "hard", "subcategory": "math", "language": "de"`)
	require.Contains(t, read(t, out, "fr.answers.jsonl"), `"dataset": "d", "language": "fr"`)

	s, _ := judging(t, nil)
	o = works(t, "judge --answers "+filepath.Join(out, "prompts.answers.jsonl")+" --reference "+filepath.Join(out, "prompts.answers.jsonl")+" --out "+filepath.Join(out, "judged")+" --endpoint "+s.URL+"/v1 --model m")
	require.Contains(t, o.out, "de ")
	_, err := os.Stat(filepath.Join(out, "judged", "da_annotations.json"))
	require.NoError(t, err)
}
