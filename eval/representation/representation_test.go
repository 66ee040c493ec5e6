package representation

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConcentrationByHand(t *testing.T) {
	// H Hᵀ of the last one is ((9, 12), (12, 41)) with eigenvalues 45 and 5: σ are 3√5 and √5
	for want, rows := range map[float64][][]float32{
		1:    {{1, 2, 2}, {2, 4, 4}, {-3, -6, -6}},
		0.25: {{2, 0, 0, 0}, {0, 2, 0, 0}, {0, 0, -2, 0}, {0, 0, 0, 2}},
		0.75: {{3, 0, 0}, {4, 5, 0}},
		0.5:  {{1, 0}, {0, 1}},
	} {
		require.InDelta(t, want, Concentration(rows), 1e-12)
	}
	require.True(t, math.IsNaN(Concentration([][]float32{{0, 0}, {0, 0}})))
}

// f lies in [1/L, 1], knows neither the scale nor the order of the languages, nor a rotation.
func TestConcentrationProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		n := 2 + random.IntN(6)
		rows, other := make([][]float32, n), make([][]float32, n)
		for i := range rows {
			for range 16 {
				rows[i] = append(rows[i], float32(random.NormFloat64()))
			}
			other[i] = make([]float32, 16)
		}
		f := Concentration(rows)
		require.GreaterOrEqual(t, f, 1/float64(n)-1e-12)
		require.LessOrEqual(t, f, 1.0)
		reordered := append(append([][]float32{}, rows[1:]...), rows[0])
		require.InDelta(t, f, Concentration(reordered), 1e-12)
		for i := range rows { // reversed columns, one negated, four times as long
			for c := range 16 {
				v := 4 * rows[i][15-c]
				if c == 3 {
					v = -v
				}
				other[i][c] = v
			}
		}
		require.InDelta(t, f, Concentration(other), 1e-12)
	}
}

func TestShift(t *testing.T) {
	languages := []string{"en", "de"}
	apart := [][]float32{{3, 0}, {0, 3}, {4, 0}, {0, 4}}    // f = ½ for both texts
	together := [][]float32{{3, 4}, {6, 8}, {1, 0}, {0, 1}} // 1 and ½
	a := Measure("base", languages, []int{0, 1}, [][][]float32{apart, apart})
	b := Measure("rm", languages, []int{0, 1}, [][][]float32{apart, together})
	s, err := Compare(languages, "last", a, b)
	require.NoError(t, err)
	require.Equal(t, 2, s.Texts)
	require.InDelta(t, 0, s.Rows[0].Difference, 1e-12)
	require.InDelta(t, 0.75, s.Rows[1].B, 1e-12)
	require.InDelta(t, 0.25, s.Rows[1].Difference, 1e-12)
	require.InDelta(t, 0.25-12.706*0.25, *s.Rows[1].Low, 1e-3, "t of one degree of freedom · sd/√2")
	require.Equal(t, Spread{"de", 5.5, 4.5, 1, 3.25, 5.5, 7.75, 10}, b.Layers[1].Norms[1])
	require.Contains(t, s.Table().Text(), "+0.2500 ±3.1766 ·")
	require.Contains(t, s.NormTable().Markdown(), "| de | rm | 5.50 | 4.50 | 1.00 |")
	raw, err := s.JSON()
	require.NoError(t, err)
	var back Shift
	require.NoError(t, json.Unmarshal(raw, &back))
	require.Equal(t, s, back)

	_, err = Compare(languages, "last", a, Measure("deep", languages, []int{0}, [][][]float32{apart}))
	require.ErrorContains(t, err, "expected models of one depth")
	require.Panics(t, func() { Measure("odd", languages, []int{0}, [][][]float32{apart[:3]}) })
}
