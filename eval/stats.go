package eval

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Mean of the values; NaN of none.
func Mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// SD is the standard deviation with n−1 in the denominator; NaN of fewer than two values.
func SD(values []float64) float64 {
	mean, sum := Mean(values), 0.0
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt(sum / float64(len(values)-1))
}

// TQuantile is the t > 0 with P(|T| ≤ t) = confidence, for Student's T of df degrees of freedom: two-sided, so 12.706 for
// 0.95 and 1. It inverts P(|T| > t) = I_x(df/2, 1/2) at x = df/(df+t²), I the regularised incomplete beta function.
func TQuantile(confidence, df float64) float64 {
	if !(confidence > 0 && confidence < 1) || !(df > 0) {
		panic(fmt.Sprintf("eval: t quantile of confidence %v with %v degrees of freedom", confidence, df))
	}
	x := mathext.InvRegIncBeta(df/2, .5, 1-confidence)
	return math.Sqrt(df * (1 - x) / x)
}

// Interval is what the true value lies in, with the confidence it was made for. Both ends are NaN where nothing is known.
type Interval struct{ Low, High float64 }

// unknown is the interval of too few values.
var unknown = Interval{math.NaN(), math.NaN()}

// Clustered is the t interval of the mean m of n values v that come in G clusters:
//
//	se² = G/(G−1) · Σ_g (Σ_{i∈g} (v_i − m))² / n²,    m ± t(G−1) · se
//
// Where every value is a cluster of its own this is the common interval m ± t · sd/√n. (Liang and Zeger 1986, for a
// mean.) clusters[i] names the cluster of values[i]; with fewer than two clusters the interval is unknown.
func Clustered(values []float64, clusters []string, confidence float64) Interval {
	m, se, groups := ClusteredError(values, clusters)
	if groups < 2 {
		return unknown
	}
	half := TQuantile(confidence, float64(groups-1)) * se
	return Interval{m - half, m + half}
}

// clusteredError returns the mean, its standard error and the number of clusters.
func ClusteredError(values []float64, clusters []string) (mean, se float64, groups int) {
	mean = Mean(values)
	order, members := group(clusters)
	sum := 0.0
	for _, name := range order {
		d := 0.0
		for _, i := range members[name] {
			d += values[i] - mean
		}
		sum += d * d
	}
	g, n := float64(len(order)), float64(len(values))
	return mean, math.Sqrt(g/(g-1)*sum) / n, len(order)
}

// group lists the names in the order in which they appear, with the places of each.
func group(names []string) (order []string, members map[string][]int) {
	members = map[string][]int{}
	for i, name := range names {
		if members[name] == nil {
			order = append(order, name)
		}
		members[name] = append(members[name], i)
	}
	return order, members
}

// Bootstrap is the percentile interval of the mean under resampling whole clusters, deterministic in seed. It assumes no
// shape of the distribution, and is too narrow for few clusters.
func Bootstrap(values []float64, clusters []string, confidence float64, draws int, seed uint64) Interval {
	order, members := group(clusters)
	if len(order) < 2 {
		return unknown
	}
	random := rand.New(rand.NewPCG(seed, 0))
	means := make([]float64, draws)
	for d := range means {
		sum, n := 0.0, 0
		for range order {
			for _, i := range members[order[random.IntN(len(order))]] {
				sum += values[i]
				n++
			}
		}
		means[d] = sum / float64(n)
	}
	slices.Sort(means)
	tail := (1 - confidence) / 2
	return Interval{percentile(means, tail), percentile(means, 1-tail)}
}

// percentile of sorted values, linear between neighbours.
func percentile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// Wilson is the score interval of a share p seen in n independent trials (Wilson 1927). It stays inside [0, 1] and says
// something sensible at 0 and 1. Ties counted half make it slightly too wide, never too narrow.
func Wilson(p, n, confidence float64) Interval {
	if !(n > 0) {
		return unknown
	}
	z := math.Sqrt2 * math.Erfinv(confidence)
	centre := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return Interval{max(0, centre-half), min(1, centre+half)}
}
