package euroeval

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/internal/cases"
	"croco/pairing/python"
)

var metrics = []Metric{{"mcc", "Matthew's Correlation Coefficient"}, {"macro_f1", "Macro-average F1-score"}}

// TestFixturesEuroEval runs the cases of EuroEval's aggregation.
func TestFixturesEuroEval(t *testing.T) {
	cases.Each(t, "euroeval", cases.Script("scores.py"), func(t *testing.T, c cases.Case, run cases.Run) {
		out := c.Lines(t, run.Out()[0])
		for i, line := range c.Lines(t, c.Inputs[0]) {
			v, err := python.Loads(line)
			require.NoError(t, err)
			in := v.(*python.Object)
			var iterations []*python.Object
			for _, record := range in.Get("scores").([]any) {
				o := record.(*python.Object)
				for _, key := range o.Keys {
					if o.Get(key) == "NaN" { // JSON has none
						o.Set(key, math.NaN())
					}
				}
				iterations = append(iterations, o)
			}
			revision, _ := in.Get("revision").(string)
			param, _ := in.Get("param").(string)
			r, err := Options{Authors: true}.Report(Model{"org/model", revision, param}, "ds", metrics, iterations)
			require.NoError(t, err)

			var want struct {
				Aggregate map[string][2]*float64
				Total     map[string]*float64
				Log       string
			}
			cases.Decode(t, out[i], &want)
			require.Equal(t, want.Log, r.Log, "set %d", i+1)
			require.Len(t, r.Totals.Keys, len(want.Total))
			for key, x := range want.Total {
				near(t, x, r.Totals.Get(key).(float64), key)
			}
			for j, m := range metrics {
				near(t, want.Aggregate[m.Key][0], r.Intervals[j].Mean, m.Key)
				near(t, want.Aggregate[m.Key][1], r.Intervals[j].HalfWidth, m.Key)
			}
		}
	})
}

func near(t *testing.T, want *float64, got float64, where string) {
	t.Helper()
	if want == nil {
		require.True(t, math.IsNaN(got), where)
		return
	}
	require.LessOrEqual(t, math.Abs(*want-got), 1e-12*max(math.Abs(*want), 1e-3), where)
}

func iterations(t *testing.T, text string) []*python.Object {
	rows, err := python.Rows(text, "in")
	require.NoError(t, err)
	return rows
}

func TestIntervalByHand(t *testing.T) {
	require.InDelta(t, 2, Aggregate([]float64{1, 2, 3}).Mean, 1e-15)
	require.InDelta(t, 1.96/math.Sqrt(3), Aggregate([]float64{1, 2, 3}).HalfWidth, 1e-15)
	require.Zero(t, Aggregate([]float64{.5, .5}).HalfWidth)
	require.True(t, math.IsNaN(Aggregate(nil).Mean))
}

func TestWholeNumbersCount(t *testing.T) {
	in := iterations(t, `{"mcc": 1}`+"\n"+`{"mcc": 0.5}`)
	for _, c := range []struct {
		o    Options
		want []float64
	}{{Options{}, []float64{1, 0.5}}, {Options{Authors: true}, []float64{0.5}}} {
		got, err := c.o.Collect(in, metrics[0])
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	r, err := Options{}.Report(Model{ID: "m"}, "ds", metrics[:1], in)
	require.NoError(t, err)
	require.Equal(t, []string{"test_mcc", "test_mcc_half_width", "num_failed_instances"}, r.Totals.Keys)
	require.True(t, strings.HasPrefix(r.Log, "Finished benchmarking m on ds.\n- Matthew's Correlation Coefficient: 75.00% ± 49.00%"))
}

func TestMissingMetricsAreNamed(t *testing.T) {
	_, err := Options{}.Collect(iterations(t, `{"mcc": 1}`+"\n"+`{"f1": 1}`), metrics[0])
	require.EqualError(t, err, `iteration 2: expected the key mcc or test_mcc, found ["f1"]`)
	_, err = Options{}.Report(Model{}, "", metrics, iterations(t, `{"mcc": "x"}`))
	require.ErrorContains(t, err, `iteration 1: mcc: expected a number, found "x"`)
}
