package kernels

// SumsOfSquares is SumSquares of several tensors. A device that has to be waited for, and says so by a method of this name,
// is waited for once.
func SumsOfSquares(d Device, xs []*Tensor) []float64 {
	if all, ok := d.(interface{ SumsOfSquares([]*Tensor) []float64 }); ok {
		return all.SumsOfSquares(xs)
	}
	sums := make([]float64, len(xs))
	for i, x := range xs {
		sums[i] = d.SumSquares(x)
	}
	return sums
}
