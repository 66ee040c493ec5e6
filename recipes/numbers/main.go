// Command numbers writes the prompts of recipes/smollm2.yaml: small number questions in English, German and Spanish,
// parallel line by line, each with its answer. Training and held-out prompts share no question.
//
//	go run ./recipes/numbers recipes/numbers
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"croco/kernels"
)

var languages = []string{"english", "german", "spanish"}

// question is one kind of question: its wording in each language with the numbers a and b, and the answer.
type question struct {
	words  [3]string
	answer func(a, b int) int
	a, b   [2]int // ranges, both ends included
}

var questions = []question{
	{[3]string{"What is %d + %d?", "Was ist %d + %d?", "¿Cuánto es %d + %d?"},
		func(a, b int) int { return a + b }, [2]int{2, 20}, [2]int{2, 20}},
	{[3]string{"What is %d minus %d?", "Was ist %d minus %d?", "¿Cuánto es %d menos %d?"},
		func(a, b int) int { return a - b }, [2]int{10, 20}, [2]int{2, 9}},
	{[3]string{"Anna has %d apples and gets %d more. How many apples does she have?",
		"Anna hat %d Äpfel und bekommt %d dazu. Wie viele Äpfel hat sie?",
		"Ana tiene %d manzanas y recibe %d más. ¿Cuántas manzanas tiene?"},
		func(a, b int) int { return a + b }, [2]int{2, 12}, [2]int{2, 9}},
	{[3]string{"There are %d birds on a tree. %d fly away. How many birds are left?",
		"Auf einem Baum sitzen %d Vögel. %d fliegen weg. Wie viele Vögel bleiben?",
		"Hay %d pájaros en un árbol. %d se van. ¿Cuántos pájaros quedan?"},
		func(a, b int) int { return a - b }, [2]int{8, 18}, [2]int{2, 7}},
	{[3]string{"Which number is larger, %d or %d?", "Welche Zahl ist größer, %d oder %d?", "¿Qué número es mayor, %d o %d?"},
		func(a, b int) int { return max(a, b) }, [2]int{1, 49}, [2]int{50, 99}},
	{[3]string{"How many legs do %d cats and %d dogs have together?",
		"Wie viele Beine haben %d Katzen und %d Hunde zusammen?",
		"¿Cuántas patas tienen en total %d gatos y %d perros?"},
		func(a, b int) int { return 4 * (a + b) }, [2]int{1, 4}, [2]int{1, 4}},
	{[3]string{"A book costs %d euros and a pen costs %d euros. How much do they cost together, in euros?",
		"Ein Buch kostet %d Euro und ein Stift kostet %d Euro. Wie viel Euro kosten sie zusammen?",
		"Un libro cuesta %d euros y un bolígrafo cuesta %d euros. ¿Cuántos euros cuestan juntos?"},
		func(a, b int) int { return a + b }, [2]int{5, 20}, [2]int{1, 4}},
	{[3]string{"Peter is %d years old. How old will he be in %d years?",
		"Peter ist %d Jahre alt. Wie alt ist er in %d Jahren?",
		"Pedro tiene %d años. ¿Cuántos años tendrá dentro de %d años?"},
		func(a, b int) int { return a + b }, [2]int{5, 40}, [2]int{2, 10}},
}

var endings = [3]string{" Answer in one short sentence.", " Antworte in einem kurzen Satz.", " Responde con una frase corta."}

func main() {
	dir := "recipes/numbers"
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	seen := map[string]bool{}
	for _, set := range []struct {
		name  string
		lines int
		seed  uint64
	}{{"test", 40, 1}, {"train", 64, 2}} {
		if err := write(dir, set.name, set.lines, set.seed, seen); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// write makes one file per language. seen holds the questions that have been used.
func write(dir, set string, lines int, seed uint64, seen map[string]bool) error {
	files := map[string]*os.File{}
	for _, l := range languages {
		f, err := os.Create(filepath.Join(dir, set+"_"+l+".jsonl"))
		if err != nil {
			return err
		}
		defer f.Close()
		files[l] = f
	}
	for line, try := 0, uint64(0); line < lines; try++ {
		q := questions[line%len(questions)]
		a, b := between(q.a, kernels.Uniform(seed, 2*try)), between(q.b, kernels.Uniform(seed, 2*try+1))
		text := fmt.Sprintf(q.words[0], a, b)
		if seen[text] {
			continue
		}
		seen[text] = true
		for i, l := range languages {
			row, err := json.Marshal(struct {
				ID     string `json:"id"`
				LineID int    `json:"line_id"`
				Prompt string `json:"prompt"`
				Answer int    `json:"answer"`
			}{fmt.Sprintf("%s-%d", set, line), line, fmt.Sprintf(q.words[i], a, b) + endings[i], q.answer(a, b)})
			if err != nil {
				return err
			}
			if _, err := files[l].Write(append(row, '\n')); err != nil {
				return err
			}
		}
		line++
	}
	return nil
}

func between(r [2]int, u float64) int { return r[0] + int(u*float64(r[1]-r[0]+1)) }
