package reference

import (
	"math"

	"croco/kernels"
)

// Normalize: x and y are (…,C), w is (C) or nil; a nil w counts as ones. For each row
//
//	μ = 0                       (RMSNorm)    or the mean of x over C (LayerNorm)
//	r = 1 / √(mean (x−μ)² + eps)
//	y[c] = (x[c] − μ) · r · (Offset + w[c])
//
// RMSNorm: Zhang, Sennrich, arXiv:1910.07467, eq. 4. LayerNorm: Ba, Kiros, Hinton, arXiv:1607.06450, without the bias.
// y may be x.
func (*Device) Normalize(y, x, w *kernels.Tensor, n kernels.Norm) {
	same("normalize", "y", y, x)
	gain := gains("normalize", w, x.Width(), n)
	for t := range x.Height() {
		mean, r := moments(row(x, t), n)
		for c, v := range row(x, t) {
			row(y, t)[c] = float32((float64(v) - mean) * r * gain[c])
		}
	}
}

// NormalizeBackward: in the forward pass this was y[c] = x̂[c] · gain[c] with x̂ = (x − μ) · r and gain = Offset + w. So
// the weight gets
//
//	dw[c] += Σ_rows dy[c] · x̂[c]
//
// and with g = dy · gain the input gets
//
//	dx[c] = r · (g[c] − x̂[c] · mean(g · x̂) − mean(g))
//
// The second term is there because x moves r, the third, for LayerNorm only, because x moves μ. dx may be dy.
func (*Device) NormalizeBackward(dx, dw, dy, x, w *kernels.Tensor, n kernels.Norm) {
	C := x.Width()
	same("normalize backward", "dy", dy, x)
	same("normalize backward", "dx", dx, x)
	gain := gains("normalize backward", w, C, n)
	grad := make([]float64, C)
	if dw != nil {
		kernels.Shape("normalize backward", "dw", dw, C)
		axpy(grad, 1, dw.Host)
	}
	for t := range x.Height() {
		mean, r := moments(row(x, t), n)
		meanG, meanGX := 0.0, 0.0
		for c, v := range row(x, t) {
			g, xhat := float64(row(dy, t)[c]), (float64(v)-mean)*r
			grad[c] += g * xhat
			meanG += g * gain[c] / float64(C)
			meanGX += g * gain[c] * xhat / float64(C)
		}
		if !n.LayerNorm {
			meanG = 0
		}
		for c, v := range row(x, t) {
			g, xhat := float64(row(dy, t)[c])*gain[c], (float64(v)-mean)*r
			row(dx, t)[c] = float32(r * (g - xhat*meanGX - meanG))
		}
	}
	if dw != nil {
		store(dw.Host, grad)
	}
}

// gains are the factors Offset + w[c], or ones where there is no w.
func gains(op string, w *kernels.Tensor, C int, n kernels.Norm) []float64 {
	gain := make([]float64, C)
	for c := range gain {
		gain[c] = 1
	}
	if w != nil {
		kernels.Shape(op, "w", w, C)
		for c, v := range w.Host {
			gain[c] = float64(n.Offset) + float64(v)
		}
	}
	return gain
}

// moments are μ and r of one row.
func moments(x []float32, n kernels.Norm) (mean, r float64) {
	if n.LayerNorm {
		for _, v := range x {
			mean += float64(v)
		}
		mean /= float64(len(x))
	}
	square := 0.0
	for _, v := range x {
		square += (float64(v) - mean) * (float64(v) - mean)
	}
	return mean, 1 / math.Sqrt(square/float64(len(x))+float64(n.Eps))
}
