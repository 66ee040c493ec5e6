package model

import "croco/kernels"

// kept is what a block's forward pass leaves for its backward pass. Names are those of the formulas in block.
type kept struct {
	x, n1         *kernels.Tensor              // (T,C); the same where nothing is normalised before attention
	rawQ, rawK    *kernels.Tensor              // before QK norm, where the family has one
	q, k, v       *kernels.Tensor              // (T,H·D), (T,G·D), (T,G·D); q and k rotated
	heads         *kernels.Tensor              // (T,H·D), what attention read from the values
	lse           *kernels.Tensor              // (T,H)
	attnOut       *kernels.Tensor              // (T,C), before postAttn, where the family has one
	mid, n2       *kernels.Tensor              // (T,C); n2 is n1 in a parallel block, mid where nothing is normalised between
	gate, up, act *kernels.Tensor              // (T,F)
	mlpOut        *kernels.Tensor              // (T,C), before postMLP, where the family has one
	u             [projections]*kernels.Tensor // (T,R) of LoRA
}

// free gives everything but x back.
func (k *kept) free(d kernels.Device) {
	if k.n2 == k.n1 || k.n2 == k.mid {
		k.n2 = nil
	}
	if k.n1 == k.x {
		k.n1 = nil
	}
	d.Free(k.n1, k.rawQ, k.rawK, k.q, k.k, k.v, k.heads, k.lse, k.attnOut, k.mid, k.n2, k.gate, k.up, k.act, k.mlpOut)
	d.Free(k.u[:]...)
	*k = kept{x: k.x}
}

// block computes y (T,C) from x (T,C):
//
//	n1 = [norm] x
//	mid = x + [norm] o(attention(q(n1), k(n1), v(n1)))
//	n2 = [norm] mid, or n1 in a parallel block
//	y = mid + [norm] down(act(gate(n2)) · up(n2))
func (p *pass) block(b *block, x *kernels.Tensor) (k *kept, y *kernels.Tensor) {
	k = p.inside(b, x)
	y = k.mlpOut
	if y == nil {
		y = p.linear(b, downProj, k.act, k)
	}
	if b.postMLP.v != nil {
		k.mlpOut, y = y, p.norm(b.postMLP, y)
	}
	p.d.Add(y, k.mid)
	return k, y
}

// again is block for a backward pass, which needs everything but y itself.
func (p *pass) again(b *block, x *kernels.Tensor) *kept {
	k, down := p.inside(b, x), b.linears[downProj]
	if lora := p.lora(down); lora != nil && k.u[downProj] == nil {
		k.u[downProj] = p.loraInput(b, down, lora, k.act)
	}
	return k
}

// inside is a block up to the last product, which it computes only where something follows.
func (p *pass) inside(b *block, x *kernels.Tensor) *kept {
	k := &kept{x: x}
	k.n1 = x
	if b.preAttn.v != nil {
		k.n1 = p.norm(b.preAttn, x)
	}
	k.mid = p.attention(b, k)
	if b.postAttn.v != nil {
		k.attnOut, k.mid = k.mid, p.norm(b.postAttn, k.mid)
	}
	p.d.Add(k.mid, x)

	switch {
	case b.parallel:
		k.n2 = k.n1
	case b.preMLP.v != nil:
		k.n2 = p.norm(b.preMLP, k.mid)
	default:
		k.n2 = k.mid
	}
	k.gate, k.up = p.gateAndUp(b, k)
	k.act = p.d.New(k.gate.Shape...)
	p.d.Gate(k.act, k.gate, k.up, b.activation)
	if b.postMLP.v != nil {
		k.mlpOut = p.linear(b, downProj, k.act, k)
	}
	return k
}

// attention computes o(attend(q, k, v)) (T,C) of n1 (T,C). q and k are normalised where the family does so, then turned by their positions. With a cache, new keys and values go there first.
func (p *pass) attention(b *block, k *kept) *kernels.Tensor {
	d, T := p.d, k.n1.Shape[0]
	k.q, k.k, k.v = p.queries(b, k)
	if b.qNorm.v != nil {
		k.rawQ, k.q = k.q, p.headNorm(b.qNorm, k.q)
		k.rawK, k.k = k.k, p.headNorm(b.kNorm, k.k)
	}
	if b.rope != nil {
		d.Rotate(k.q, b.attn.H, p.positions, b.rope.Rope, false)
		d.Rotate(k.k, b.attn.G, p.positions, b.rope.Rope, false)
	}
	keys, values := k.k, k.v
	if p.cache != nil {
		keys, values = p.cache.put(b.index, k.k, k.v, p.rows)
	}
	k.heads = d.New(T, b.attn.H*b.attn.D)
	if p.keep {
		k.lse = d.New(T, b.attn.H)
	}
	d.Attend(k.heads, k.lse, k.q, keys, values, p.plan, b.attn)
	return p.linear(b, oProj, k.heads, k)
}

// norm normalises rows (T,C) into a new tensor.
func (p *pass) norm(n norm, x *kernels.Tensor) *kernels.Tensor {
	y := p.d.New(x.Shape...)
	p.d.Normalize(y, x, n.v, n.Norm)
	return y
}

// linear computes y (T,N) = bias + x (T,K) · Wᵀ, with an adapter + u · Bᵀ where u (T,R) = s · drop(x) · Aᵀ, and leaves u
// in k. It continues one chain of additions, so B = 0 changes no bit.
func (p *pass) linear(b *block, at projection, x *kernels.Tensor, k *kept) *kernels.Tensor {
	l := b.linears[at]
	y := p.d.New(x.Shape[0], l.w.Out)
	lora := p.lora(l)
	if lora == nil {
		p.d.Linear(y, x, l.w, l.bias.v, nil)
		return y
	}
	k.u[at] = p.loraInput(b, l, lora, x)
	p.d.Linear(y, x, l.w, l.bias.v, &kernels.Extra{X: k.u[at], B: lora.b.w})
	return y
}

// loraInput computes u (T,R) = s · drop(x) · Aᵀ.
func (p *pass) loraInput(b *block, l *linear, lora *loraPair, x *kernels.Tensor) *kernels.Tensor {
	u := p.d.New(x.Shape[0], lora.a.w.Out)
	dropped := p.drop(b, l, x)
	p.d.Linear(u, dropped, lora.a.w, nil, nil)
	p.d.Scale(u, lora.scale)
	if dropped != x {
		p.d.Free(dropped)
	}
	return u
}
