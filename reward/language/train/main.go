// Command train makes model.bin, the embedded language identifier, and measures it:
//
//	reward/language/train/fetch.sh ../texts
//	go run ./reward/language/train -texts ../texts -out reward/language/model.bin     train (half a minute)
//	go run ./reward/language/train -texts ../texts -measure                           the tables of docs/language-id.md
//
// The model is multinomial logistic regression, trained by AdaGrad on random snippets of 1 to 24 words: 40 % from the
// Universal Declaration of Human Rights (without every sixth article, which measures), 40 % from the CLDR's names of
// everyday things, 20 % from the sentences of everyday.tsv, written for this purpose. The same seed gives the same file.
package main

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
)

var (
	folder    = flag.String("texts", "", "folder that fetch.sh filled")
	out       = flag.String("out", "", "write the model here")
	snippets  = flag.Int("snippets", 1_500_000, "to train on")
	seed      = flag.Uint64("seed", 1, "of the snippets")
	measuring = flag.Bool("measure", false, "print how the embedded model does on what it has not seen")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func run() error {
	all, err := load(*folder)
	switch {
	case err != nil:
		return err
	case *measuring:
		return measure(all)
	case *out == "":
		return fmt.Errorf("say -measure, or -out FILE for a new model")
	}
	m := fit(all, *snippets, rand.New(rand.NewPCG(*seed, 0)))
	return os.WriteFile(*out, m.quantise(), 0o644)
}

// snippet draws a text of class c, as it may stand in a short answer.
func snippet(t texts, r *rand.Rand) string {
	var words []string
	switch u := r.Float64(); {
	case u < .4:
		words = window(pick(t.udhr, r), 1+int(24*r.Float64()*r.Float64()), r)
	case u < .8 || len(t.everyday) == 0:
		for range 1 + r.IntN(4) {
			words = append(words, pick(t.phrases, r)...)
		}
		words = window(words, 1+r.IntN(8), r)
	default:
		words = window(pick(t.everyday, r), 1+r.IntN(14), r)
	}
	return strings.Join(words, " ")
}

func pick[T any](from []T, r *rand.Rand) T { return from[r.IntN(len(from))] }

// window is a random run of at most n words.
func window(words []string, n int, r *rand.Rand) []string {
	n = min(n, len(words))
	start := r.IntN(len(words) - n + 1)
	return words[start : start+n]
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
