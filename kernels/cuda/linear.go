//go:build gpu

package cuda

import (
	"croco/kernels"
	"croco/kernels/cuda/driver"
)

// Linear: x is (T,K), W (N,K), bias (N) or nil, and y is (T,N):
//
//	y[t,n] = bias[n] + Σ_k x[t,k] · W[n,k] + Σ_r X[t,r] · B[n,r]
//
// where the last sum, of a LoRA adapter's X (T,R) and B (N,R), continues the chain of the first.
func (d *Device) Linear(y, x *kernels.Tensor, w *kernels.Weight, bias *kernels.Tensor, extra *kernels.Extra) {
	T, N := x.Shape[0], w.Out
	kernels.Shape("linear", "x", x, T, w.In)
	kernels.Shape("linear", "y", y, T, N)
	p := product{form: "nt", c: y, M: T, N: N, a: d.activations(x), b: d.weights(w)}
	if bias != nil {
		kernels.Shape("linear", "bias", bias, N)
		p.bias, p.from = bias, fromBias
	}
	if extra != nil {
		kernels.Shape("linear", "extra x", extra.X, T, extra.B.In)
		p.more = &product{form: "nt", c: y, M: T, N: N, a: d.activations(extra.X), b: d.weights(extra.B), from: fromC}
	}
	d.multiply(p)
}

// LinearBackwardInput: in the forward pass this was y[t,n] = Σ_k x[t,k] · W[n,k]. Element x[t,k] went into every output n of
// its row with factor W[n,k], so now
//
//	dx[t,k] = Σ_n dy[t,n] · W[n,k]
//
// beginning with what dx holds where accumulate is set.
func (d *Device) LinearBackwardInput(dx, dy *kernels.Tensor, w *kernels.Weight, accumulate bool) {
	T, N := dy.Shape[0], w.Out
	kernels.Shape("linear backward", "dy", dy, T, N)
	kernels.Shape("linear backward", "dx", dx, T, w.In)
	p := product{form: "nn", c: dx, M: T, N: w.In, a: d.activations(dy), b: d.weights(w)}
	if accumulate {
		p.from = fromC
	}
	d.multiply(p)
}

// LinearBackwardWeight: in the forward pass this was y[t,n] = Σ_k x[t,k] · W[n,k]. Weight W[n,k] was used by every row t with
// factor x[t,k], so now
//
//	dw[n,k] += Σ_t dy[t,n] · x[t,k]
func (d *Device) LinearBackwardWeight(dw, dy, x *kernels.Tensor) {
	T, N, K := dy.Shape[0], dy.Width(), x.Width()
	kernels.Shape("linear backward", "dy", dy, T, N)
	kernels.Shape("linear backward", "x", x, T, K)
	kernels.Shape("linear backward", "dw", dw, N, K)
	d.multiply(product{form: "tn", c: dw, M: N, N: K, a: d.activations(dy), b: d.activations(x), from: fromC})
}

// product is C (M,N) = what it begins from, + A · B, and then more of the same chain. The forms say how the operands lie:
//
//	nt   A (M,K), B (N,K)        nn   A (M,K), B (K,N)        tn   A (K,M), B (K,N)
type product struct {
	form string
	c    *kernels.Tensor
	M, N int
	a, b operand
	from int // 0: zero
	bias *kernels.Tensor
	more *product
}

// What a product begins from. The kernels have the same numbers.
const fromBias, fromC = 1, 2

// K is the length of the chains.
func (p product) K() int {
	if p.form == "tn" {
		return p.a.rows
	}
	return p.a.cols
}

// operand is a matrix (rows, cols) in device memory as a product reads it, ld elements from row to row.
type operand struct {
	addr           uintptr
	rows, cols, ld int
	half           bool // bfloat16; then ld is a multiple of 8, and rows are padded with zeros
	panels         bool // zeros fill the last panel of rows
}

// activations is a tensor (T, width) as an operand. In bfloat16 arithmetic it is a rounded copy: a pass over T·width values
// that is small beside the product's, and made once for products that follow each other. Then tiles come by asynchronous
// copies of half the bytes.
func (d *Device) activations(x *kernels.Tensor) operand {
	o := operand{addr: x.Addr, rows: x.Height(), cols: x.Width(), ld: x.Width()}
	if d.arithmetic == kernels.BF16 {
		o.ld, o.half = (o.cols+7)/8*8, true
		rows := o.rows
		if d.hopper() { // there are fewer tensor maps then
			rows, o.panels = blocks(rows, panel)*panel, true
		}
		o.addr = d.round(x.Addr, rows, o.ld, o.rows, o.cols)
	}
	return o
}

// weights is a weight (Out, In) as an operand.
func (d *Device) weights(w *kernels.Weight) operand {
	o := operand{rows: w.Out, cols: w.In}
	if d.arithmetic == kernels.BF16 {
		o.half = true
		o.addr, o.ld = d.operand(w)
	} else {
		o.addr, o.ld, o.half = d.values(w)
	}
	return o
}

// multiply computes a product with the kernels of the device's arithmetic.
func (d *Device) multiply(p product) {
	switch {
	case p.M == 0 || p.K() == 0: // no rows: nothing to write, or to add
	case d.arithmetic == kernels.F32:
		d.multiplyF32(p)
	case d.vendor != nil && d.multiplyVendor(p): // done
	case d.hopper():
		d.multiplySM90(p)
	default:
		d.multiplyBF16(p)
	}
}

// multiplyF32 launches source/linear.cu. What follows in a chain is a product that begins from C.
func (d *Device) multiplyF32(p product) {
	const alignedA, alignedB = 4, 8
	kernel, threads, height, width := "linear_"+p.form+"_wide", 256, 64, 128
	if p.M <= 16 || p.N <= 32 { // a matter of speed: the chains are the same
		kernel, threads, height, width = "linear_"+p.form+"_flat", 64, 16, 32
	}
	flags := p.from
	if p.a.aligned() {
		flags |= alignedA
	}
	if p.b.aligned() {
		flags |= alignedB
	}
	if p.b.half {
		kernel += "_half"
	}
	d.launch(kernel, plane(blocks(p.N, width), blocks(p.M, height)), threads, 0, at(p.c), driver.Ptr(p.a.addr), driver.Ptr(p.b.addr),
		at(p.bias), driver.Int(p.M), driver.Int(p.N), driver.Int(p.K()), driver.Int(p.a.ld), driver.Int(p.b.ld), driver.Int(flags))
	if p.more != nil {
		d.multiplyF32(*p.more)
	}
}

// multiplyBF16 launches source/linear_bf16.cu.
func (d *Device) multiplyBF16(p product) {
	kernel, threads, height, width := "wide", 256, 128, 128
	switch { // a matter of speed: the chains are the same
	case p.M <= 16:
		kernel, threads, height, width = "flat", 64, 16, 32
	case p.N <= 32:
		kernel, threads, height, width = "tall", 128, 128, 32
	}
	var more product
	if p.more != nil {
		more = *p.more
	}
	d.launch("linear_bf16_"+p.form+"_"+kernel, line(blocks(p.N, width)*blocks(p.M, height)), threads, 0,
		at(p.c), driver.Ptr(p.a.addr), driver.Ptr(p.b.addr), driver.Ptr(more.a.addr), driver.Ptr(more.b.addr), at(p.bias),
		driver.Int(p.M), driver.Int(p.N), driver.Int(p.K()), driver.Int(more.K()),
		driver.Int(p.a.ld), driver.Int(p.b.ld), driver.Int(more.a.ld), driver.Int(more.b.ld), driver.Int(p.from))
}

// aligned says whether all rows begin and end on 16 bytes, padding included.
func (o operand) aligned() bool {
	if o.half {
		return o.addr%16 == 0 && o.ld%8 == 0
	}
	return o.addr%16 == 0 && o.ld%4 == 0
}
