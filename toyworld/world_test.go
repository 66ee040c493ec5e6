package toyworld

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestVocabularyIsClosed: every word of every template and list has one token, and no token is unused.
func TestVocabularyIsClosed(t *testing.T) {
	used := map[string]bool{"answer": true, "in": true, "translate": true, "into": true}
	for _, l := range world.Languages {
		used[l.Name] = true
		for word := range l.lexicon {
			require.Contains(t, world.ids, word, l.Code)
			used[word] = true
		}
	}
	for id, word := range world.Vocabulary {
		require.Equal(t, int32(id), world.ids[word], "the token %q stands there twice", word)
		require.True(t, id < int(specials) || world.neutral[word] || used[word], "no one says %q", word)
	}
	require.Equal(t, 449, VocabularySize())
}

// TestNamesAreNoWords: a name that is a word somewhere would make foreign answers look neutral.
func TestNamesAreNoWords(t *testing.T) {
	for _, l := range world.Languages {
		for word := range world.neutral {
			require.NotContains(t, l.lexicon, word, l.Code)
		}
	}
}

func TestTextReadsAsPeopleWrite(t *testing.T) {
	for _, c := range []struct{ language, text string }{
		{"en", "3 cats: 12 legs. 2 ants: 12 legs. 12 + 12 = 24 legs."},
		{"en", "Paul has 3 apples and finds 4 more. How many apples does Paul have?"},
		{"de", "Wie viele Beine haben 3 Katzen und 2 Ameisen insgesamt?"},
		{"es", "¿Cuántas patas tienen 3 gatos y 2 hormigas en total?"},
		{"fr", "Qu'est-ce qui pèse plus, un chat ou une fourmi?"},
		{"fr", "Un chat pèse plus qu'une fourmi."},
		{"fr", "Eva a 3 œufs et en trouve 4 de plus. Combien d'œufs a Eva?"},
		{"fr", "Éléphants, chats."},
		{"da", "Hvor mange ben har 3 ænder og 2 fluer i alt?"},
	} {
		ids, err := Encode(c.text)
		require.NoError(t, err)
		require.Equal(t, c.text, Text(ids, c.language))
		spaced, err := Encode(strings.Join(spelling(ids), " "))
		require.NoError(t, err)
		require.Equal(t, ids, spaced)
	}
	_, err := Encode("3 cats and a tiger")
	require.ErrorContains(t, err, `"tiger"`)
}

// TestTasks: distinct, of the split, in their shares, the same from the same seed, and named unmistakably.
func TestTasks(t *testing.T) {
	tasks := Tasks(Train, 2000, 1)
	require.Equal(t, tasks, Tasks(Train, 2000, 1))
	kinds, seen := map[Kind]float64{}, map[string]bool{}
	for _, task := range tasks {
		require.Equal(t, Train, task.Split())
		require.False(t, seen[task.String()], task)
		seen[task.String()] = true
		kinds[task.Kind]++
		again, err := ParseTask(task.String())
		require.NoError(t, err)
		require.Equal(t, task, again)
	}
	require.InDelta(t, .20, kinds[Add]/2000, .04)
	require.InDelta(t, .15, kinds[Sort]/2000, .04)
	require.Greater(t, kinds[List], 50.)
	for _, task := range Tasks(Test, 80, 900) {
		require.Equal(t, Test, task.Split())
	}
}

func TestParseTaskRefuses(t *testing.T) {
	for id, why := range map[string]string{
		"":                        `no kind of task ""`,
		"legs-3-cat-2":            "ends where a animal",
		"legs-3-cat-2-ant-1":      `"1" follows the end`,
		"legs-9-cat-2-ant":        "2 to 5",
		"legs-3-tiger-2-ant":      `no animal "tiger"`,
		"weigh-more-cat-cat":      "twice",
		"sort-cat-dog":            "3 to 5",
		"which-8-cat-dog-pig-ant": "one to three fit",
		"list-3-8-more-ant":       "at least as many",
		"add-ben-3-apples-4":      `no name "ben"`,
		"add-paul-03-apples-4":    `found "03"`,
		"add-paul-300-apples-4":   "from 2 to 20",
	} {
		_, err := ParseTask(id)
		require.ErrorContains(t, err, why, id)
	}
}

func FuzzParseTask(f *testing.F) {
	for _, id := range []string{"legs-3-cat-2-ant", "add-anna-3-apples-4", "weigh-more-cat-dog", "sort-cat-dog-ant",
		"which-4-cat-ant-owl-dog", "list-2-4-more-cat", "legs--", "list-2-4-more-cat-cat", "which-4"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		task, err := ParseTask(id)
		if err != nil {
			return
		}
		require.Equal(t, id, task.String())
		for _, l := range Languages() {
			require.True(t, Judge(task, l, Answer(task, l, Good, 0), true).Pass)
			require.NotEmpty(t, Prompt(task, l))
		}
	})
}

func FuzzEncode(f *testing.F) {
	f.Add("3 cats: 12 legs. qu'un ¿cuántas qu'est-ce 12 + 12 = 24")
	f.Add("'' :¿.")
	f.Add("d'œufs \xff")
	f.Fuzz(func(t *testing.T, text string) {
		ids, err := Encode(text)
		if err != nil {
			return
		}
		again, err := Encode(Text(ids, ""))
		require.NoError(t, err)
		require.Equal(t, len(ids), len(again))
		for i, id := range ids {
			if id >= specials {
				require.Equal(t, id, again[i])
			}
		}
	})
}
