package model

import "croco/kernels"

// queries computes q (T,H·D), k and v (T,G·D) of n1 (T,C): by three products, or by one whose columns are dealt out.
func (p *pass) queries(b *block, k *kept) (q, key, value *kernels.Tensor) {
	if b.linears[qkvProj] == nil {
		return p.linear(b, qProj, k.n1, k), p.linear(b, kProj, k.n1, k), p.linear(b, vProj, k.n1, k)
	}
	parts := p.deal(p.linear(b, qkvProj, k.n1, k), b.attn.D, b.attn.H, b.attn.G, b.attn.G)
	return parts[0], parts[1], parts[2]
}

// queriesBackward returns dn1 (T,C), added to dn where that is not nil.
func (p *pass) queriesBackward(b *block, k *kept, dn, dq, dk, dv *kernels.Tensor, needInput bool) *kernels.Tensor {
	// In the forward pass this was q = q(n1), k = k(n1), v = v(n1), so now dn1 is the sum of three; or it was
	// q, k, v = deal(qkv(n1)), so now the three gradients are joined first.
	if b.linears[qkvProj] == nil {
		dn = p.linearBackward(b, qProj, dn, dq, k.n1, k, needInput)
		dn = p.linearBackward(b, kProj, dn, dk, k.n1, k, needInput)
		return p.linearBackward(b, vProj, dn, dv, k.n1, k, needInput)
	}
	joined := p.join(b.attn.D, dq, dk, dv)
	defer p.d.Free(joined)
	return p.linearBackward(b, qkvProj, dn, joined, k.n1, k, needInput)
}

// gateAndUp computes gate and up (T,F) of n2 (T,C): by two products, or by one whose columns are dealt out.
func (p *pass) gateAndUp(b *block, k *kept) (gate, up *kernels.Tensor) {
	if b.linears[gateUpProj] == nil {
		return p.linear(b, gateProj, k.n2, k), p.linear(b, upProj, k.n2, k)
	}
	both := p.linear(b, gateUpProj, k.n2, k)
	parts := p.deal(both, both.Width()/2, 1, 1)
	return parts[0], parts[1]
}

// gateAndUpBackward returns dn2 (T,C).
func (p *pass) gateAndUpBackward(b *block, k *kept, dgate, dup *kernels.Tensor) *kernels.Tensor {
	// In the forward pass this was gate = gate(n2), up = up(n2), or gate, up = deal(gateUp(n2)).
	if b.linears[gateUpProj] == nil {
		dn := p.linearBackward(b, gateProj, nil, dgate, k.n2, k, true)
		return p.linearBackward(b, upProj, dn, dup, k.n2, k, true)
	}
	joined := p.join(dgate.Width(), dgate, dup)
	defer p.d.Free(joined)
	return p.linearBackward(b, gateUpProj, nil, joined, k.n2, k, true)
}

// deal splits the columns of x (T, Σcounts·width) into tensors (T, counts[i]·width) and frees x. A column keeps its bits.
func (p *pass) deal(x *kernels.Tensor, width int, counts ...int) (parts []*kernels.Tensor) {
	T, all, first := x.Shape[0], x.Width()/width, 0
	for _, n := range counts {
		part := p.d.New(T, n*width)
		p.d.GatherRows(part.Reshape(T*n, width), x.Reshape(T*all, width), cells(T, all, first, n))
		parts, first = append(parts, part), first+n
	}
	p.d.Free(x)
	return parts
}

// join is the reverse of deal: its gradient.
func (p *pass) join(width int, parts ...*kernels.Tensor) *kernels.Tensor {
	T, all, first := parts[0].Shape[0], 0, 0
	for _, part := range parts {
		all += part.Width() / width
	}
	x := p.d.New(T, all*width)
	for _, part := range parts {
		n := part.Width() / width
		p.d.PutRows(x.Reshape(T*all, width), part.Reshape(T*n, width), cells(T, all, first, n))
		first += n
	}
	return x
}

// cells are the places of the cells first … first+n−1 of each of T rows of all cells.
func cells(T, all, first, n int) []int32 {
	at := make([]int32, 0, T*n)
	for t := range T {
		for i := range n {
			at = append(at, int32(t*all+first+i))
		}
	}
	return at
}
