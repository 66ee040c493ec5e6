package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// rows writes n lines, each made from its number.
func rows(t *testing.T, name string, n int, line func(i int) string) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		b.WriteString(line(i) + "\n")
	}
	return write(t, filepath.Join(t.TempDir(), name), b.String())
}

func TestEvalOnResampledData(t *testing.T) {
	dir, out := talker(t), t.TempDir()
	for kind, line := range map[string]func(int) string{
		"classification": func(i int) string {
			return fmt.Sprintf(`{"text": "words of number %d", "label": "%s"}`, i, []string{"positive", "negative", "neutral"}[i%3])
		},
		"entailment": func(i int) string {
			return fmt.Sprintf(`{"premise": "p %d", "hypothesis": "h", "label": "%s"}`, i, []string{"entailment", "contradiction"}[i%2])
		},
		"knowledge": func(i int) string {
			return fmt.Sprintf(`{"text": "what %d?\na. one\nb. two\nc. three", "label": "%s"}`, i, []string{"a", "b", "c"}[i%3])
		},
		"qa": func(i int) string {
			return fmt.Sprintf(`{"context": "it is %d", "question": "what?", "answers": {"text": ["%d"], "answer_start": [6]}, "language": "en"}`, i, i)
		},
	} {
		test, train := rows(t, kind+"-da.jsonl", 9, line), rows(t, "train.jsonl", 20, line)
		where := filepath.Join(out, kind)
		run := "eval --task " + kind + " --model_name_or_path " + dir + " --data " + test + " --fewshot_data " + train + " --num_fewshot 3 --num_iterations 4 --max_new_tokens 4"
		o := works(t, run+" --out "+where)
		first := map[string]string{"qa": "f1", "classification": "mcc", "entailment": "mcc", "knowledge": "mcc"}[kind]
		m := resultsOf(t, where)
		row := m.Results[kind+"-da"]
		require.Contains(t, row, first+",none")
		require.Contains(t, row, first+"_half_width,none")
		require.Equal(t, map[string]int{"original": 9, "effective": 9}, m.Samples[kind+"-da"])
		require.Equal(t, 3, m.Shots[kind+"-da"])
		require.Contains(t, o.err, "Finished benchmarking "+dir+" on "+kind+"-da.")
		samples := read(t, where, "samples_"+kind+"-da.jsonl")
		require.Equal(t, 4*9, strings.Count(samples, "\n"))
		works(t, run+" --batch_tokens 64 --max_rows 3 --out "+filepath.Join(out, "again-"+kind))
		require.Equal(t, samples, read(t, out, "again-"+kind, "samples_"+kind+"-da.jsonl"))
		compared := works(t, "eval --markdown --compare "+where+" "+filepath.Join(out, "again-"+kind))
		require.Contains(t, compared.out, "| 36 in ", "a document that is drawn again is no new one")
	}
	classes := rows(t, "one.jsonl", 3, func(int) string { return `{"text": "x", "label": "y"}` })
	line := "eval --task classification --model_name_or_path " + dir + " --out " + filepath.Join(out, "x") + " --data " + classes
	refused(t, 1, `expected documents with different labels, found only ["y"]`, line)
	refused(t, 1, "iteration 1: expected 12 examples, found", line+" --fewshot_data "+classes)
	refused(t, 1, "template: expected {text} in it once, and {answer} at its end", line+" --template "+write(t, filepath.Join(out, "t"), "{text}"))
	refused(t, 1, `labels: expected label=word, found "y"`, line+" --labels y")
	refused(t, 2, `prompt: task classification has one form, found "letters"`, line+" --prompt letters")
}

func TestEvalWordsOfLabels(t *testing.T) {
	dir, out := talker(t), t.TempDir()
	data := rows(t, "scala.jsonl", 6, func(i int) string {
		return fmt.Sprintf(`{"text": "saetning %d", "label": "%s", "corruption_type": null}`, i, []string{"correct", "incorrect"}[i%2])
	})
	works(t, "eval --task classification --model_name_or_path "+dir+" --out "+out+" --data "+data+" --fewshot_data "+data+" --num_fewshot 2 --num_iterations 1 --labels correct=ja incorrect=nej --template "+
		write(t, filepath.Join(out, "t"), "Tekst: {text}\nRigtig: {answer}\n"))
	samples := read(t, out, "samples_scala.jsonl")
	require.Contains(t, samples, `\nRigtig: ja\n\nTekst: saetning `)
	require.Contains(t, samples, `\nRigtig:"`)
	require.Contains(t, read(t, out, "results.json"), `"mcc_half_width,none": "N/A"`, "one iteration has no spread")
}

func TestEvalOfInstructions(t *testing.T) {
	dir, out := talker(t), t.TempDir()
	data := rows(t, "ifeval-de.jsonl", 5, func(i int) string {
		id, params := "punctuation:no_comma", "{}"
		if i == 3 {
			id, params = "length_constraints:number_sentences", `{"num_sentences": 3, "relation": "at least"}`
		}
		return fmt.Sprintf(`{"key": %d, "prompt": "write %d", "instruction_id_list": ["%s", "startend:quotation"], "kwargs": [%s, {}], "language": "de"}`, i, i, id, params)
	})
	o := works(t, "eval --task instructions --model_name_or_path "+dir+" --out "+out+" --data "+data+" --max_new_tokens 6 --num_iterations 3")
	require.Contains(t, o.err, `1 of 5 prompts are left out, as nothing here can check "length_constraints:number_sentences"`)
	m := resultsOf(t, out)
	require.Equal(t, map[string]int{"original": 5, "effective": 4}, m.Samples["ifeval-de"])
	require.Equal(t, 0.0, m.Results["ifeval-de"]["prompt_level_strict_acc,none"])
	require.Equal(t, 0.5, m.Results["ifeval-de"]["inst_level_strict_acc,none"], "no comma, and no quotation marks")
	require.Equal(t, 0.5, m.Results["ifeval-de"]["instruction_accuracy,none"])
	require.Contains(t, o.out, "right_language")
}
