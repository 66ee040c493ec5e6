// Package euroeval evaluates on resampled data as EuroEval 17 does, and turns the scores into a mean and a 95 % interval.
//
//	Read        rows of a kind of data set → documents
//	Prompt      solved documents, and one to be solved
//	Resample    which documents an iteration shows and asks
//	MCC, MacroF1, Accuracy, SQuAD   the metrics of an iteration
//	Aggregate   one number per iteration → mean and half-width
//	Collect     iterations' records → the numbers of one metric
//	Report      all metrics of one data set: totals, and the lines that are logged
//
// Every iteration draws its few-shot examples and its test set anew with replacement, so that their spread is that of
// the score. With s the standard deviation of n scores (n−1 in the denominator)
//
//	mean ± 1.96 · s / √n
//
// EuroEval stores the half-width under a key that ends in _se, and leaves out scores that happen to be whole numbers (an
// exact 1 or 0) because their type is another one. Options.Authors does both; otherwise the key ends in _half_width, and
// all numbers count.
package euroeval

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"croco/pairing/python"
)

// z is the two-sided 95 % point of the normal distribution, as rounded by EuroEval.
const z = 1.96

// Interval is mean ± HalfWidth. HalfWidth is NaN for fewer than two scores, and so is Mean for none.
type Interval struct{ Mean, HalfWidth float64 }

// Aggregate n scores.
func Aggregate(scores []float64) Interval {
	n := float64(len(scores))
	if n == 0 {
		return Interval{math.NaN(), math.NaN()}
	}
	mean := python.Mean(scores)
	if n == 1 {
		return Interval{mean, math.NaN()}
	}
	squares := make([]float64, len(scores))
	for i, x := range scores {
		d := x - mean
		squares[i] = d * d
	}
	s := math.Sqrt(python.Mean(squares) * n / (n - 1))
	return Interval{mean, z * (s / math.Sqrt(n))}
}

// Metric has a key in the records, and a name for readers.
type Metric struct{ Key, Name string }

// Options of Collect and Report.
type Options struct {
	// Authors gives EuroEval's keys and its choice of numbers.
	Authors bool
}

// Collect reads a metric from each iteration's record: under its key, else under test_ and the key.
func (o Options) Collect(iterations []*python.Object, m Metric) ([]float64, error) {
	var scores []float64
	for i, record := range iterations {
		v, ok := record.Lookup(m.Key)
		if !ok {
			v, ok = record.Lookup("test_" + m.Key)
		}
		if !ok {
			return nil, fmt.Errorf("iteration %d: expected the key %s or test_%s, found %q", i+1, m.Key, m.Key, record.Keys)
		}
		switch v := v.(type) {
		case float64:
			scores = append(scores, v)
		case python.Int:
			if !o.Authors {
				x, err := python.ToFloat(v)
				if err != nil {
					return nil, fmt.Errorf("iteration %d: %s: %w", i+1, m.Key, err)
				}
				scores = append(scores, x)
			}
		default:
			return nil, fmt.Errorf("iteration %d: %s: expected a number, found %.40s", i+1, m.Key, python.Dumps(v))
		}
	}
	return scores, nil
}

// Model names what was evaluated. A revision of "" or main is not told.
type Model struct{ ID, Revision, Param string }

func (m Model) String() string {
	s := m.ID
	if m.Revision != "" && m.Revision != "main" {
		s += "@" + m.Revision
	}
	if m.Param != "" {
		s += "#" + m.Param
	}
	return s
}

// Report is a data set's outcome. Totals are in percent: test_KEY, its half-width, for each metric, and the number of
// instances that failed in all iterations.
type Report struct {
	Intervals []Interval // by metric, as fractions
	Totals    *python.Object
	Log       string
}

// Report aggregates the metrics over the iterations.
func (o Options) Report(model Model, dataset string, metrics []Metric, iterations []*python.Object) (r Report, err error) {
	suffix := "_half_width"
	if o.Authors {
		suffix = "_se"
	}
	r.Totals = python.Dict()
	lines := []string{fmt.Sprintf("Finished benchmarking %v on %s.", model, dataset)}
	for _, m := range metrics {
		scores, err := o.Collect(iterations, m)
		if err != nil {
			return r, err
		}
		i := Aggregate(scores)
		r.Intervals = append(r.Intervals, i)
		r.Totals.Set("test_"+m.Key, 100*i.Mean)
		r.Totals.Set("test_"+m.Key+suffix, 100*i.HalfWidth)
		line := fmt.Sprintf("- %s: %s", m.Name, percent(i.Mean))
		if !math.IsNaN(i.HalfWidth) {
			line += " ± " + percent(i.HalfWidth)
		}
		lines = append(lines, line)
	}
	failed := 0
	for _, record := range iterations {
		list, _ := record.Get("failed_instances").([]any)
		failed += len(list)
	}
	r.Totals.Set("num_failed_instances", float64(failed))
	r.Log = strings.Join(lines, "\n")
	return r, nil
}

// percent is two decimals, as Python formats them.
func percent(x float64) string {
	if math.IsNaN(x) {
		return "nan%"
	}
	return strconv.FormatFloat(100*x, 'f', 2, 64) + "%"
}
