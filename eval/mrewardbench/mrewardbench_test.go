package mrewardbench

import (
	"testing"

	"github.com/stretchr/testify/require"

	"croco/pairing/python"
)

func TestATieIsNotRight(t *testing.T) {
	all, subsets := Accuracy([]Pair{{"a", 1, 1}, {"a", 2, 1}, {"b", 1, 2}})
	require.InDelta(t, 1.0/3, all, 1e-15)
	require.Equal(t, map[string]float64{"a": 0.5, "b": 0}, subsets)
}

// namedModel is a result that says whose it is.
func namedModel() *python.Object { return python.Dict("model", "m") }

// full is a result of every subset: x, but for one.
func full(x float64, other string, y float64) *python.Object {
	o := python.Dict()
	for _, s := range Sections {
		for _, name := range s.Subsets {
			o.Set(name, x)
		}
	}
	o.Set(other, y)
	return o
}

func TestGenerativeJudgesAreWeightedAsTheOthers(t *testing.T) {
	subset := full(0.5, "alpacaeval-easy", 1)
	subset.Set("model", "g")
	subset.Set("model_type", "Generative RM")
	generative := python.Dict("subset", subset, "leaderboard", python.Dict("Chat", 0.9, "Chat Hard", 0.5, "Safety", 0.5, "Reasoning", 0.5))
	classifier := python.Dict("model", "c", "extra_results", full(0.5, "alpacaeval-easy", 1))
	g, err := Aggregate(generative, "multilingual")
	require.NoError(t, err)
	c, err := Aggregate(classifier, "multilingual")
	require.NoError(t, err)
	require.Equal(t, c.Sections, g.Sections)
	require.InDelta(t, 0.5+0.5*79/296, c.Sections[0], 1e-15)
	g, err = Aggregate(generative, "authors")
	require.NoError(t, err)
	require.InDelta(t, 0.6, g.Mean, 1e-15)
	require.Equal(t, "Sequence Classifier", c.Type)
}

func TestMissingSubsetsAreSaid(t *testing.T) {
	_, err := Aggregate(python.Dict("model", "m", "extra_results", python.Dict("alpacaeval-easy", 1.0)), "multilingual")
	require.ErrorContains(t, err, "subset alpacaeval-length of section Chat is missing")
	_, err = Aggregate(python.Dict("model", "m", "extra_results", nil), "multilingual")
	require.ErrorContains(t, err, "extra_results: expected scores")
	_, err = Aggregate(python.Dict(), "english")
	require.EqualError(t, err, `weights: expected multilingual or authors, found "english"`)
}

func TestLastVerdictCounts(t *testing.T) {
	require.Equal(t, B, ParseVerdict("[[A]] no, [[B]]", "last"))
	require.Equal(t, A, ParseVerdict("[[A]] no, [[B]]", "authors"))
	require.Equal(t, A, ParseVerdict("[[B]] no, [[A]]", "last"))
	require.Equal(t, Error, ParseVerdict("", "last"))
	require.Equal(t, Error, ParseVerdict("", "prometheus"))
	require.Panics(t, func() { ParseVerdict("", "first") })
	require.Equal(t, []float64{1, 0, 0, 1, .5}, []float64{A.Worth(false), A.Worth(true), B.Worth(false), B.Worth(true), Error.Worth(true)})
}
