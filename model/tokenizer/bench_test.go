package tokenizer

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// benchText is about a megabyte in lines: CROCO_BENCH_TEXT names a file; without it, the corpus's words in a random
// order. Few words repeat in the file of one's own, so it is the harder and the more honest of the two.
func benchText(b *testing.B) []string {
	if path := os.Getenv("CROCO_BENCH_TEXT"); path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		return strings.SplitAfter(string(data), "\n")
	}
	var corpus []struct{ Cat, Text string }
	readJSON(b, filepath.Join(fixtures(b), "corpus.json"), &corpus)
	var words, lines []string
	for _, line := range corpus {
		if strings.HasPrefix(line.Cat, "lang") || line.Cat == "code" {
			words = append(words, strings.Fields(line.Text)...)
		}
	}
	random := rand.New(rand.NewPCG(1, 1))
	for size := 0; size < 1<<20; size += len(lines[len(lines)-1]) {
		line := make([]string, 12)
		for i := range line {
			line[i] = words[random.IntN(len(words))]
		}
		lines = append(lines, strings.Join(line, " ")+"\n")
	}
	return lines
}

// The tokenizers to measure: all that are here.
func benchTokenizers() []string {
	files, _ := filepath.Glob("testdata/*.tokenizer.json")
	fetched, _ := filepath.Glob("../../.fixtures/tokenizer/*/tokenizer.json")
	return append(files, fetched...)
}

func benchName(file string) string {
	if base := filepath.Base(file); base != "tokenizer.json" {
		return strings.TrimSuffix(base, ".tokenizer.json")
	}
	return filepath.Base(filepath.Dir(file))
}

func BenchmarkEncode(b *testing.B) {
	lines := benchText(b)
	for _, file := range benchTokenizers() {
		b.Run(benchName(file), func(b *testing.B) {
			tok := open(b, file)
			size := 0
			for _, line := range lines {
				size += len(line)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				for _, line := range lines {
					tok.Encode(line, false)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	text := strings.Join(benchText(b), "")
	for _, file := range benchTokenizers() {
		b.Run(benchName(file), func(b *testing.B) {
			tok := open(b, file)
			ids := tok.Encode(text, false)
			b.SetBytes(int64(len(text)))
			b.ResetTimer()
			for range b.N {
				tok.Decode(ids, false)
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, file := range benchTokenizers() {
		b.Run(benchName(file), func(b *testing.B) {
			for range b.N {
				open(b, file)
			}
		})
	}
}
