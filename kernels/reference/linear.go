package reference

import (
	"fmt"

	"croco/kernels"
)

// Linear: x is (T,K), W (N,K), bias (N) or nil, and y is (T,N):
//
//	y[t,n] = bias[n] + Σ_k x[t,k] · W[n,k]
//
// A LoRA adapter is a second, thin product of the same kind with X (T,R) and B (N,R), where R is small:
//
//	y[t,n] += Σ_r X[t,r] · B[n,r]
func (d *Device) Linear(y, x *kernels.Tensor, w *kernels.Weight, bias *kernels.Tensor, extra *kernels.Extra) {
	T, N := x.Shape[0], w.Out
	kernels.Shape("linear", "x", x, T, w.In)
	kernels.Shape("linear", "y", y, T, N)
	if bias != nil {
		kernels.Shape("linear", "bias", bias, N)
	}
	if extra != nil {
		kernels.Shape("linear", "extra x", extra.X, T, extra.B.In)
		kernels.Shape("linear", "extra b", values(extra.B), N, -1)
	}
	x = d.operand(x)
	W := d.operand(values(w))
	var X, B *kernels.Tensor
	if extra != nil {
		X, B = d.operand(extra.X), d.operand(values(extra.B))
	}
	for t := range T {
		for n := range N {
			sum := dot(row(x, t), row(W, n))
			if bias != nil {
				sum += float64(bias.Host[n])
			}
			if extra != nil {
				sum += dot(row(X, t), row(B, n))
			}
			row(y, t)[n] = float32(sum)
		}
	}
}

// LinearBackwardInput: in the forward pass this was y[t,n] = Σ_k x[t,k] · W[n,k]. Element x[t,k] went into every output
// n of its row with factor W[n,k], so now
//
//	dx[t,k] = Σ_n dy[t,n] · W[n,k]
func (d *Device) LinearBackwardInput(dx, dy *kernels.Tensor, w *kernels.Weight, accumulate bool) {
	T, N := dy.Shape[0], w.Out
	kernels.Shape("linear backward", "dy", dy, T, N)
	kernels.Shape("linear backward", "dx", dx, T, w.In)
	dy = d.operand(dy)
	W := d.operand(values(w))
	sum := make([]float64, w.In)
	for t := range T {
		clear(sum)
		if accumulate {
			axpy(sum, 1, row(dx, t))
		}
		for n := range N {
			axpy(sum, float64(row(dy, t)[n]), row(W, n))
		}
		store(row(dx, t), sum)
	}
}

// LinearBackwardWeight: in the forward pass this was y[t,n] = Σ_k x[t,k] · W[n,k]. Weight W[n,k] was used by every row t
// with factor x[t,k], so now
//
//	dw[n,k] += Σ_t dy[t,n] · x[t,k]
func (d *Device) LinearBackwardWeight(dw, dy, x *kernels.Tensor) {
	T, N, K := dy.Shape[0], dy.Width(), x.Width()
	kernels.Shape("linear backward", "dy", dy, T, N)
	kernels.Shape("linear backward", "x", x, T, K)
	kernels.Shape("linear backward", "dw", dw, N, K)
	dy, x = d.operand(dy), d.operand(x)
	sum := make([]float64, K)
	for n := range N {
		clear(sum)
		axpy(sum, 1, row(dw, n))
		for t := range T {
			axpy(sum, float64(row(dy, t)[n]), row(x, t))
		}
		store(row(dw, n), sum)
	}
}

// BiasBackward: in the forward pass every row t got the same bias, so now db[n] += Σ_t dy[t,n].
func (*Device) BiasBackward(db, dy *kernels.Tensor) {
	T, N := dy.Height(), dy.Width()
	kernels.Shape("bias backward", "db", db, N)
	sum := make([]float64, N)
	axpy(sum, 1, db.Host)
	for t := range T {
		axpy(sum, 1, row(dy, t))
	}
	store(db.Host, sum)
}

// Embed: table is (V,C), ids (T), and y is (T,C): y[t] = scale · table[ids[t]].
func (*Device) Embed(y *kernels.Tensor, table *kernels.Weight, ids []int32, scale float32) {
	kernels.Shape("embed", "y", y, len(ids), table.In)
	for t, id := range ids {
		if id < 0 || int(id) >= table.Out {
			panic(fmt.Sprintf("kernels: embed: id %d at row %d, the table has %d rows", id, t, table.Out))
		}
		for c, v := range row(values(table), int(id)) {
			row(y, t)[c] = scale * v
		}
	}
}

// EmbedBackward: in the forward pass this was y[t] = scale · table[ids[t]], so now dtable[ids[t]] += scale · dy[t]. Rows
// with a negative id are left out.
func (*Device) EmbedBackward(dtable, dy *kernels.Tensor, ids []int32, scale float32) {
	kernels.Shape("embed backward", "dy", dy, len(ids), dtable.Width())
	for t, id := range ids {
		if id < 0 {
			continue
		}
		for c, g := range row(dy, t) {
			row(dtable, int(id))[c] += scale * g
		}
	}
}

// store rounds float64 sums to float32.
func store(dst []float32, sum []float64) {
	for i, v := range sum {
		dst[i] = float32(v)
	}
}
