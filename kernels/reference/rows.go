package reference

import (
	"fmt"

	"croco/kernels"
)

// Add: y += x. Backward: both inputs get dy.
func (*Device) Add(y, x *kernels.Tensor) {
	same("add", "x", x, y)
	for i, v := range x.Host {
		y.Host[i] += v
	}
}

// Scale: y *= s. Backward: dy *= s.
func (*Device) Scale(y *kernels.Tensor, s float32) {
	for i := range y.Host {
		y.Host[i] *= s
	}
}

// Softcap: y = limit · tanh(y / limit), which keeps y within ±limit.
func (*Device) Softcap(y *kernels.Tensor, limit float32) {
	for i, v := range y.Host {
		capped, _ := softcap(float64(v), float64(limit))
		y.Host[i] = float32(capped)
	}
}

// Dropout: y[i] = x[i] / (1−p) where Uniform(seed, i) ≥ p, else 0, so that y's expectation is x. Backward: the same
// function of dy with the same seed. y may be x.
func (*Device) Dropout(y, x *kernels.Tensor, p float32, seed uint64) {
	same("dropout", "y", y, x)
	keep := float32(1 / (1 - float64(p)))
	for i, v := range x.Host {
		if kernels.Uniform(seed, uint64(i)) >= float64(p) {
			y.Host[i] = v * keep
		} else {
			y.Host[i] = 0
		}
	}
}

// GatherRows: y[i] = x[rows[i]]; x is (T,C), y (len(rows),C).
func (*Device) GatherRows(y, x *kernels.Tensor, rows []int32) {
	kernels.Shape("gather", "y", y, len(rows), x.Width())
	for i, r := range rows {
		copy(row(y, i), row(x, inside("gather", r, x.Height())))
	}
}

// ScatterRows is the gradient of GatherRows: in the forward pass this was y[i] = x[rows[i]], so now a row of x that was
// read often sums up what it gets back. In the names of this function: y (T,C) = 0, then y[rows[i]] += x[i].
func (*Device) ScatterRows(y, x *kernels.Tensor, rows []int32) {
	kernels.Shape("scatter", "x", x, len(rows), y.Width())
	clear(y.Host)
	for i, r := range rows {
		to := row(y, inside("scatter", r, y.Height()))
		for c, v := range row(x, i) {
			to[c] += v
		}
	}
}

// PutRows: y[rows[i]] = x[i]; x is (len(rows),C), y (T,C). The other rows of y stay as they are.
func (*Device) PutRows(y, x *kernels.Tensor, rows []int32) {
	kernels.Shape("put", "x", x, len(rows), y.Width())
	for i, r := range rows {
		copy(row(y, inside("put", r, y.Height())), row(x, i))
	}
}

// inside returns a row number that lies in a tensor of that height, and panics about any other.
func inside(op string, r int32, height int) int {
	if r < 0 || int(r) >= height {
		panic(fmt.Sprintf("kernels: %s: row %d of %d", op, r, height))
	}
	return int(r)
}
