// Command numbers writes the prompts of recipes/smollm2.yaml and recipes/gemma3.yaml: small number questions in English,
// German, Spanish, French and Danish, parallel line by line, each with its answer. Training and held-out prompts share no
// question. The files shots_… are for base models: the question stands behind three answered ones. The files preferences_…
// are pairs of a better and a worse answer, for reward models.
//
//	go run ./recipes/numbers recipes/numbers
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"croco/internal/jsonl"
	"croco/kernels"
)

var languages = []string{"english", "german", "spanish", "french", "danish"}

// question is one kind of question: its wording in each language with the numbers a and b, and the answer.
type question struct {
	words  [5]string
	answer func(a, b int) int
	a, b   [2]int // ranges, both ends included
}

var questions = []question{
	{[5]string{"What is %d + %d?", "Was ist %d + %d?", "¿Cuánto es %d + %d?",
		"Combien font %d + %d ?", "Hvad er %d + %d?"},
		func(a, b int) int { return a + b }, [2]int{2, 20}, [2]int{2, 20}},
	{[5]string{"What is %d minus %d?", "Was ist %d minus %d?", "¿Cuánto es %d menos %d?",
		"Combien font %d moins %d ?", "Hvad er %d minus %d?"},
		func(a, b int) int { return a - b }, [2]int{10, 20}, [2]int{2, 9}},
	{[5]string{"Anna has %d apples and gets %d more. How many apples does she have?",
		"Anna hat %d Äpfel und bekommt %d dazu. Wie viele Äpfel hat sie?",
		"Ana tiene %d manzanas y recibe %d más. ¿Cuántas manzanas tiene?",
		"Anne a %d pommes et en reçoit %d de plus. Combien de pommes a-t-elle ?",
		"Anna har %d æbler og får %d til. Hvor mange æbler har hun?"},
		func(a, b int) int { return a + b }, [2]int{2, 12}, [2]int{2, 9}},
	{[5]string{"There are %d birds on a tree. %d fly away. How many birds are left?",
		"Auf einem Baum sitzen %d Vögel. %d fliegen weg. Wie viele Vögel bleiben?",
		"Hay %d pájaros en un árbol. %d se van. ¿Cuántos pájaros quedan?",
		"Il y a %d oiseaux sur un arbre. %d s'envolent. Combien d'oiseaux restent ?",
		"Der sidder %d fugle i et træ. %d flyver væk. Hvor mange fugle er der tilbage?"},
		func(a, b int) int { return a - b }, [2]int{8, 18}, [2]int{2, 7}},
	{[5]string{"Which number is larger, %d or %d?", "Welche Zahl ist größer, %d oder %d?", "¿Qué número es mayor, %d o %d?",
		"Quel nombre est le plus grand, %d ou %d ?", "Hvilket tal er størst, %d eller %d?"},
		func(a, b int) int { return max(a, b) }, [2]int{1, 49}, [2]int{50, 99}},
	{[5]string{"How many legs do %d cats and %d dogs have together?",
		"Wie viele Beine haben %d Katzen und %d Hunde zusammen?",
		"¿Cuántas patas tienen en total %d gatos y %d perros?",
		"Combien de pattes ont ensemble %d chats et %d chiens ?",
		"Hvor mange ben har %d katte og %d hunde tilsammen?"},
		func(a, b int) int { return 4 * (a + b) }, [2]int{1, 4}, [2]int{1, 4}},
	{[5]string{"A book costs %d euros and a pen costs %d euros. How much do they cost together, in euros?",
		"Ein Buch kostet %d Euro und ein Stift kostet %d Euro. Wie viel Euro kosten sie zusammen?",
		"Un libro cuesta %d euros y un bolígrafo cuesta %d euros. ¿Cuántos euros cuestan juntos?",
		"Un livre coûte %d euros et un stylo coûte %d euros. Combien d'euros coûtent-ils ensemble ?",
		"En bog koster %d euro, og en kuglepen koster %d euro. Hvor mange euro koster de tilsammen?"},
		func(a, b int) int { return a + b }, [2]int{5, 20}, [2]int{1, 4}},
	{[5]string{"Peter is %d years old. How old will he be in %d years?",
		"Peter ist %d Jahre alt. Wie alt ist er in %d Jahren?",
		"Pedro tiene %d años. ¿Cuántos años tendrá dentro de %d años?",
		"Pierre a %d ans. Quel âge aura-t-il dans %d ans ?", "Peter er %d år. Hvor gammel er han om %d år?"},
		func(a, b int) int { return a + b }, [2]int{5, 40}, [2]int{2, 10}},
}

var endings = [5]string{" Answer in one short sentence.", " Antworte in einem kurzen Satz.", " Responde con una frase corta.",
	" Réponds par une phrase courte.", " Svar med en kort sætning."}

// shots are three answered questions that stand before the question where a base model is asked.
var shots = [5]string{
	"Question: What is 3 + 4?\nAnswer: It is 7.\n\nQuestion: Tom has 9 pencils and loses 2 of them. How many pencils are left?\nAnswer: He has 7 pencils left.\n\n" +
		"Question: How many wheels do 2 cars have together?\nAnswer: Together they have 8 wheels.\n\nQuestion: %s\nAnswer:",
	"Frage: Was ist 3 + 4?\nAntwort: Das ist 7.\n\nFrage: Tom hat 9 Stifte und verliert 2 davon. Wie viele Stifte bleiben?\nAntwort: Er hat noch 7 Stifte.\n\n" +
		"Frage: Wie viele Räder haben 2 Autos zusammen?\nAntwort: Zusammen haben sie 8 Räder.\n\nFrage: %s\nAntwort:",
	"Pregunta: ¿Cuánto es 3 + 4?\nRespuesta: Es 7.\n\nPregunta: Tom tiene 9 lápices y pierde 2. ¿Cuántos lápices quedan?\nRespuesta: Le quedan 7 lápices.\n\n" +
		"Pregunta: ¿Cuántas ruedas tienen en total 2 coches?\nRespuesta: En total tienen 8 ruedas.\n\nPregunta: %s\nRespuesta:",
	"Question : Combien font 3 + 4 ?\nRéponse : Cela fait 7.\n\nQuestion : Tom a 9 crayons et en perd 2. Combien de crayons restent ?\nRéponse : Il lui reste 7 crayons.\n\n" +
		"Question : Combien de roues ont ensemble 2 voitures ?\nRéponse : Ensemble elles ont 8 roues.\n\nQuestion : %s\nRéponse :",
	"Spørgsmål: Hvad er 3 + 4?\nSvar: Det er 7.\n\nSpørgsmål: Tom har 9 blyanter og mister 2 af dem. Hvor mange blyanter er der tilbage?\nSvar: Han har 7 blyanter tilbage.\n\n" +
		"Spørgsmål: Hvor mange hjul har 2 biler tilsammen?\nSvar: Tilsammen har de 8 hjul.\n\nSpørgsmål: %s\nSvar:",
}

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
	if err := errors.Join(prefer(dir, "preferences_test", 80, 3, false, seen), prefer(dir, "preferences_train", 192, 4, true, seen)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// row is a line of a prompts file.
type row struct {
	ID     string `json:"id"`
	LineID int    `json:"line_id"`
	Prompt string `json:"prompt"`
	Answer int    `json:"answer"`
}

// write makes two files per language, SET_LANGUAGE and shots_SET_LANGUAGE. seen holds the questions that have been used.
func write(dir, set string, lines int, seed uint64, seen map[string]bool) error {
	files := map[string][]row{}
	for line, try := 0, uint64(0); line < lines; try++ {
		q := questions[line%len(questions)]
		a, b := between(q.a, kernels.Uniform(seed, 2*try)), between(q.b, kernels.Uniform(seed, 2*try+1))
		text := fmt.Sprintf(q.words[0], a, b)
		if seen[text] {
			continue
		}
		seen[text] = true
		for i, l := range languages {
			text := fmt.Sprintf(q.words[i], a, b)
			for name, prompt := range map[string]string{set: text + endings[i], "shots_" + set: fmt.Sprintf(shots[i], text)} {
				name += "_" + l + ".jsonl"
				files[name] = append(files[name], row{fmt.Sprintf("%s-%d", set, line), line, prompt, q.answer(a, b)})
			}
		}
		line++
	}
	for name, rows := range files {
		if err := jsonl.WriteRows(filepath.Join(dir, name), rows); err != nil {
			return err
		}
	}
	return nil
}

func between(r [2]int, u float64) int { return r[0] + int(u*float64(r[1]-r[0]+1)) }
