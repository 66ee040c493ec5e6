package model

import "croco/kernels"

// headNorm normalises q or k (T, heads·D) into a new tensor. The weight's shape tells how: (D) each head by itself,
// (heads·D) all together, (heads, D) each head by itself with a weight of its own.
func (p *pass) headNorm(n norm, x *kernels.Tensor) *kernels.Tensor {
	y := p.d.New(x.Shape...)
	if len(n.v.Shape) == 1 {
		D := n.v.Len()
		p.d.Normalize(y.Reshape(x.Len()/D, D), x.Reshape(x.Len()/D, D), n.v, n.Norm)
		return y
	}
	heads, T := n.v.Shape[0], x.Shape[0]
	byHead, yByHead := p.headsFirst(x, heads), p.d.New(heads*T, n.v.Width())
	for h := range heads {
		p.d.Normalize(yByHead.Rows(h*T, (h+1)*T), byHead.Rows(h*T, (h+1)*T), n.head(n.v, h), n.Norm)
	}
	p.d.PutRows(y.Reshape(T*heads, n.v.Width()), yByHead, headOrder(T, heads))
	p.d.Free(byHead, yByHead)
	return y
}

// headNormBackward turns dy (T, heads·D) in place into the gradient of x.
func (p *pass) headNormBackward(n norm, dy, x *kernels.Tensor) {
	// In the forward pass this was y = norm(x), by heads or all together, so now dx = dnorm(dy), and dw grows, the same way.
	if len(n.v.Shape) == 1 {
		D := n.v.Len()
		dy, x = dy.Reshape(x.Len()/D, D), x.Reshape(x.Len()/D, D)
		p.d.NormalizeBackward(dy, n.grad, dy, x, n.v, n.Norm)
		return
	}
	heads, T := n.v.Shape[0], x.Shape[0]
	dByHead, byHead := p.headsFirst(dy, heads), p.headsFirst(x, heads)
	for h := range heads {
		drows := dByHead.Rows(h*T, (h+1)*T)
		p.d.NormalizeBackward(drows, n.head(n.grad, h), drows, byHead.Rows(h*T, (h+1)*T), n.head(n.v, h), n.Norm)
	}
	p.d.PutRows(dy.Reshape(T*heads, n.v.Width()), dByHead, headOrder(T, heads))
	p.d.Free(dByHead, byHead)
}

// head is the part (D) of head h of a weight (heads, D) or of its gradient, nil where that is nil.
func (n norm) head(w *kernels.Tensor, h int) *kernels.Tensor {
	if w == nil {
		return nil
	}
	return w.Rows(h, h+1).Reshape(w.Width())
}

// headsFirst is x (T, heads·D) as (heads·T, D), head after head.
func (p *pass) headsFirst(x *kernels.Tensor, heads int) *kernels.Tensor {
	T, D := x.Shape[0], x.Width()/heads
	y := p.d.New(heads*T, D)
	p.d.GatherRows(y, x.Reshape(T*heads, D), headOrder(T, heads))
	return y
}

// headOrder are the places in (T·heads, D) of all rows of head 0, then of head 1, ….
func headOrder(T, heads int) []int32 {
	at := make([]int32, 0, T*heads)
	for h := range heads {
		for t := range T {
			at = append(at, int32(t*heads+h))
		}
	}
	return at
}
