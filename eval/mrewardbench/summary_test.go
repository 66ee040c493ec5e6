package mrewardbench

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// The sections are those of Aggregate on the same subsets, which the authors' outputs hold (TestFixturesMRewardBench).
func TestSummaryIsTheAggregateOfItsSubsets(t *testing.T) {
	var items []Item
	for i, section := range Sections {
		for j, subset := range section.Subsets {
			for k := range 5 {
				v := 0.0
				if k <= (i+j)%5 {
					v = 1
				}
				items = append(items, Item{"pt", subset, v}, Item{"ar", subset, 1 - v})
			}
		}
	}
	items = append(items, Item{"pt", "translation", 0.5})
	s := Summarize("m", "classifier", items)
	require.Len(t, s.Languages, 2)
	pt := s.Languages[0]
	require.Equal(t, "pt", pt.Language)
	require.Empty(t, pt.Missing)
	require.Equal(t, 0.5, pt.Subsets["translation"])
	object := full(0, "alpacaeval-easy", 0)
	for name, v := range pt.Subsets {
		if name != "translation" {
			object.Set(name, v)
		}
	}
	want, err := Score{}.fill(namedModel(), object)
	require.NoError(t, err)
	for i, section := range Sections {
		require.InDelta(t, want.Sections[i], pt.Sections[section.Name], 1e-15)
	}
	require.InDelta(t, want.Mean, *pt.Score, 1e-15)
	require.InDelta(t, 0.5, *s.Mean.Score, 1e-12, "the two languages are each other's opposite")
	require.Contains(t, s.Table().Text(), "Chat Hard")
	raw, err := s.JSON()
	require.NoError(t, err)
	var back Summary
	require.NoError(t, json.Unmarshal(raw, &back))
	require.Equal(t, s, back)
}

func TestSummaryOfOtherData(t *testing.T) {
	s := Summarize("m", "judge", []Item{{"en", "numbers", 1}, {"en", "numbers", 0.5}, {"en", "", 0}})
	require.Nil(t, s.Languages[0].Score)
	require.Equal(t, 0.5, s.Mean.Accuracy)
	require.Equal(t, map[string]float64{"numbers": 0.75, "": 0}, s.Languages[0].Subsets)
	require.NotContains(t, s.Table().Text(), "Chat")

	s = Summarize("m", "classifier", []Item{{"en", "hep-go", 1}, {"de", "hep-go", 0}, {"de", "math-prm", 1}})
	require.Equal(t, 1.0, *s.Languages[0].Score)
	require.Contains(t, s.Languages[0].Missing, "subset alpacaeval-easy of section Chat is missing")
	require.InDelta(t, 983.0/(983+164), s.Languages[1].Sections["Reasoning"], 1e-15)
	require.Contains(t, s.Table().Text(), "–")
	require.Equal(t, []float64{1, 0, 0}, []float64{Pair{"", 2, 1}.Right(), Pair{"", 1, 1}.Right(), Pair{"", 1, 2}.Right()})
}
