package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"croco/internal/jsonl"
	"croco/kernels"
)

// What a reward model can be trained on and tested with: parallel pairs of answers to questions, preferences_SET_LANGUAGE,
// those for training as messages. The better answer is right and in the language of the question. The worse one has one
// fault, which is its subset.

// right are two ways to say the answer, in each language.
var right = [2][5]string{
	{"The answer is %d.", "Die Antwort ist %d.", "La respuesta es %d.", "La réponse est %d.", "Svaret er %d."},
	{"It is %d.", "Es ist %d.", "Es %d.", "C'est %d.", "Det er %d."},
}

// besides are sentences that answer nothing.
var besides = [2][5]string{
	{"The weather is nice today.", "Das Wetter ist heute schön.", "Hoy hace buen tiempo.", "Il fait beau aujourd'hui.", "Vejret er godt i dag."},
	{"I like to read books in the garden.", "Ich lese gerne Bücher im Garten.", "Me gusta leer libros en el jardín.",
		"J'aime lire des livres dans le jardin.", "Jeg kan godt lide at læse bøger i haven."},
}

// cut are answers that stop before they say anything.
var cut = [2][5]string{
	{"The answer to the question is", "Die Antwort auf die Frage ist", "La respuesta a la pregunta es", "La réponse à la question est", "Svaret på spørgsmålet er"},
	{"It is the", "Es ist die", "Es el", "C'est le", "Det er den"},
}

var faults = []string{"number", "besides", "unfinished", "language"}

// preference is a line of a file of pairs.
type preference struct {
	ID       string `json:"id"`
	LineID   int    `json:"line_id"`
	Language string `json:"language"`
	Subset   string `json:"subset"`
	Prompt   any    `json:"prompt"`
	Chosen   any    `json:"chosen"`
	Rejected any    `json:"rejected"`
}

// talk makes messages of a text.
func talk(role string, text any) []map[string]any {
	return []map[string]any{{"role": role, "content": text}}
}

// prefer makes a file of pairs per language. Faults take turns; a question has the same one in every language.
func prefer(dir, set string, lines int, seed uint64, messages bool, seen map[string]bool) error {
	files := make([][]preference, len(languages))
	asked := slices.DeleteFunc(slices.Clone(questions), func(q question) bool { return q.a[1] < 5 }) // too few of them for all sets
	for line, try := 0, uint64(0); line < lines; try++ {
		q := asked[line/len(faults)%len(asked)]
		a, b := between(q.a, kernels.Uniform(seed, 4*try)), between(q.b, kernels.Uniform(seed, 4*try+1))
		text := fmt.Sprintf(q.words[0], a, b)
		if seen[text] {
			continue
		}
		seen[text] = true
		wording, fault, answer := between([2]int{0, 1}, kernels.Uniform(seed, 4*try+2)), faults[line%len(faults)], q.answer(a, b)
		off := between([2]int{1, 9}, kernels.Uniform(seed, 4*try+3))
		if line/len(faults)%2 == 1 && off <= answer {
			off = -off
		}
		for i, l := range languages {
			p := preference{fmt.Sprintf("%s-%d", set, line), line, l, fault, fmt.Sprintf(q.words[i], a, b) + endings[i], fmt.Sprintf(right[wording][i], answer), ""}
			switch fault {
			case "number":
				p.Rejected = fmt.Sprintf(right[wording][i], answer+off)
			case "besides":
				p.Rejected = besides[wording][i]
			case "unfinished":
				p.Rejected = cut[wording][i]
			case "language": // English in German, say; English itself is answered in the others by turns
				p.Rejected = fmt.Sprintf(right[wording][0], answer)
				if i == 0 {
					p.Rejected = fmt.Sprintf(right[wording][1+line/len(faults)%4], answer)
				}
			}
			if messages {
				p.Prompt, p.Chosen, p.Rejected = talk("user", p.Prompt), talk("assistant", p.Chosen), talk("assistant", p.Rejected)
			}
			files[i] = append(files[i], p)
		}
		line++
	}
	for i, l := range languages {
		if err := jsonl.WriteRows(filepath.Join(dir, set+"_"+l+".jsonl"), files[i]); err != nil {
			return err
		}
	}
	return nil
}
