package results

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/combin"

	"croco/eval"
)

// Row compares one metric of one task in two runs, on the documents that both have.
type Row struct {
	Task, Metric, Filter string
	N                    int // pairs
	Clusters             int // groups of pairs that are independent of each other
	A, B, Difference     float64
	eval.Interval        // of the difference: 95 % bootstrap over clusters
	Test                 string
	P                    float64 // how often chance alone makes such a difference
	Holm                 float64 // the same, when as many differences are looked at as the table has
}

// MoreThanNoise says that the difference would be rare by chance, several looks considered.
func (r Row) MoreThanNoise() bool { return r.Clusters >= eval.MinPrompts && r.Holm < 0.05 }

// Compared is a comparison of two runs.
type Compared struct {
	Rows         []Row
	OnlyA, OnlyB []string // tasks of one run alone
	Unpaired     int      // samples that the other run lacks
}

// The tests.
const (
	McNemar = "McNemar" // exact, for right and wrong
	PairedT = "paired t"
)

// compareDraws of the bootstrap of differences.
const compareDraws = 10000

// Compare pairs the samples of two runs by task, filter and document (by doc_hash where that names each, else by doc_id,
// and then another document under the same doc_id is an error), and tests each metric. Where a value is 1 or 0
// throughout and documents are independent, the test is McNemar's in its exact form: of the documents that only one run
// got right, how many did each? Else it is Student's on the differences of cluster means with the error of Clustered.
// A metric of several tasks has a row over all of them.
func Compare(a, b Run) (Compared, error) {
	var c Compared
	all := map[[2]string]*pooled{}
	var order [][2]string
	for _, t := range a.Tasks {
		i := slices.IndexFunc(b.Tasks, func(o Task) bool { return o.Name == t.Name })
		if i < 0 {
			c.OnlyA = append(c.OnlyA, t.Name)
			continue
		}
		pairs, unpaired, err := pair(t, b.Tasks[i])
		if err != nil {
			return c, fmt.Errorf("task %s: %w", t.Name, err)
		}
		c.Unpaired += unpaired
		for _, metric := range t.Metrics {
			for _, filter := range t.Filters {
				r := pairs.row(metric, filter)
				if r.N == 0 {
					continue
				}
				r.Task = t.Name
				c.Rows = append(c.Rows, r)
				key := [2]string{metric, filter}
				if all[key] == nil {
					all[key], order = &pooled{}, append(order, key)
				}
				all[key].add(t.Name, pairs)
			}
		}
	}
	for _, t := range b.Tasks {
		if !slices.ContainsFunc(a.Tasks, func(o Task) bool { return o.Name == t.Name }) {
			c.OnlyB = append(c.OnlyB, t.Name)
		}
	}
	if len(c.Rows) == 0 {
		return c, fmt.Errorf("no sample stands in both runs (tasks only in A: %v, only in B: %v): expected the same tasks on the same documents", c.OnlyA, c.OnlyB)
	}
	for _, key := range order {
		if p := all[key]; p.tasks > 1 {
			r := p.pairs.row(key[0], key[1])
			r.Task = All
			c.Rows = append(c.Rows, r)
		}
	}
	holm(c.Rows)
	return c, nil
}

// All is the name of a row over all tasks that have a metric.
const All = "all"

// pooled are the pairs of several tasks. Samples of one named cluster, such as the translations of one question, stay one
// cluster; those without a name are told apart by their task.
type pooled struct {
	tasks int
	pairs pairs
}

func (p *pooled) add(task string, ps pairs) {
	p.tasks++
	for _, one := range ps {
		if one.a.Cluster == "" {
			one.a.Cluster = task + " " + one.a.cluster()
		}
		p.pairs = append(p.pairs, one)
	}
}

// pairs are the samples of both runs, side by side.
type pairs []struct{ a, b Sample }

func pair(a, b Task) (out pairs, unpaired int, err error) {
	key := func(s Sample) string { return fmt.Sprint(s.Filter, " doc_id ", s.DocID) }
	if a.hashed() && b.hashed() {
		key = func(s Sample) string { return fmt.Sprint(s.Filter, " document ", s.docHash) }
	}
	at := map[string]Sample{}
	for _, s := range b.Samples {
		if _, twice := at[key(s)]; twice {
			return nil, 0, fmt.Errorf("doc_id %d stands twice under filter %s", s.DocID, s.Filter)
		}
		at[key(s)] = s
	}
	unpaired = len(b.Samples)
	seen := map[string]bool{}
	for _, s := range a.Samples {
		if seen[key(s)] {
			return nil, 0, fmt.Errorf("doc_id %d stands twice under filter %s", s.DocID, s.Filter)
		}
		seen[key(s)] = true
		o, ok := at[key(s)]
		if !ok {
			unpaired++
			continue
		}
		unpaired--
		if s.docHash != o.docHash && s.docHash != "" && o.docHash != "" {
			return nil, 0, fmt.Errorf("doc_id %d is another document in the other run (doc_hash %.12s and %.12s): expected the same data in the same order", s.DocID, s.docHash, o.docHash)
		}
		out = append(out, struct{ a, b Sample }{s, o})
	}
	return out, unpaired, nil
}

// hashed says whether the hash of its document tells every sample of a filter from the others.
func (t Task) hashed() bool {
	seen := map[string]bool{}
	for _, s := range t.Samples {
		k := s.Filter + " " + s.docHash
		if s.docHash == "" || seen[k] {
			return false
		}
		seen[k] = true
	}
	return true
}

func (ps pairs) row(metric, filter string) Row {
	r := Row{Metric: metric, Filter: filter}
	var a, b, differences []float64
	var clusters []string
	for _, p := range ps {
		x, okA := p.a.Values[metric]
		y, okB := p.b.Values[metric]
		if okA && okB && p.a.Filter == filter {
			a, b, differences = append(a, x), append(b, y), append(differences, y-x)
			clusters = append(clusters, p.a.cluster())
		}
	}
	if r.N = len(a); r.N == 0 {
		return r
	}
	r.A, r.B, r.Difference = eval.Mean(a), eval.Mean(b), eval.Mean(differences)
	r.Interval = eval.Bootstrap(differences, clusters, .95, compareDraws, seed)
	r.Clusters = len(sortedKeys(count(clusters)))
	if r.Clusters == r.N && binary(a) && binary(b) {
		r.Test, r.P = McNemar, mcnemar(a, b)
	} else {
		r.Test, r.P = PairedT, pairedT(differences, clusters)
	}
	return r
}

func count(names []string) map[string]int {
	n := map[string]int{}
	for _, name := range names {
		n[name]++
	}
	return n
}

func binary(x []float64) bool {
	return !slices.ContainsFunc(x, func(v float64) bool { return v != 0 && v != 1 })
}

// mcnemar is the two-sided exact test: of n documents on which two runs differ, k went one way; under chance k is binomial
// with ½.
//
//	p = min(1, 2 · Σ_{i ≤ min(k, n−k)} C(n, i) / 2ⁿ)
func mcnemar(a, b []float64) float64 {
	n, k := 0, 0
	for i := range a {
		if a[i] != b[i] {
			n++
		}
		if b[i] > a[i] {
			k++
		}
	}
	sum := 0.0
	for i := range min(k, n-k) + 1 {
		sum += math.Exp(combin.LogGeneralizedBinomial(float64(n), float64(i)) - float64(n)*math.Ln2)
	}
	return min(1, 2*sum)
}

// pairedT is the two-sided p of the mean of differences that come in clusters: P(|T| ≥ |mean/se|), T of G−1 degrees of
// freedom. Differences that are all 0 have p 1, all one other number p 0.
func pairedT(differences []float64, clusters []string) float64 {
	mean, se, groups := eval.ClusteredError(differences, clusters)
	switch {
	case groups < 2 || mean == 0:
		return 1
	case se == 0:
		return 0
	}
	t, df := mean/se, float64(groups-1)
	return mathext.RegIncBeta(df/2, .5, df/(df+t*t))
}

// holm corrects for the number of rows: the smallest p counts times m, the next times m−1, and none less than one before
// it (Holm 1979).
func holm(rows []Row) {
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return rows[order[i]].P < rows[order[j]].P })
	least := 0.0
	for rank, i := range order {
		least = max(least, min(1, rows[i].P*float64(len(rows)-rank)))
		rows[i].Holm = least
	}
}
