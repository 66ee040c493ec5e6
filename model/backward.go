package model

import "croco/kernels"

// blockBackward turns dh (T,C), the gradient of a block's y, into the gradient of its x, in place, and adds to the
// gradients of what is trained. The residual stream passes dh on; each branch adds to it. Without needInput, dh comes
// back unfinished: nothing below is trained.
func (p *pass) blockBackward(b *block, k *kept, dh *kernels.Tensor, needInput bool) {
	// In the forward pass this was y = mid + postMLP(mlp(n2)), n2 = preMLP(mid), so now dmid = dh + dn2 through preMLP.
	dn := p.mlpBackward(b, k, dh)
	if !b.parallel {
		if b.preMLP.v != nil {
			p.normBackward(b.preMLP, dn, dn, k.mid)
		}
		p.d.Add(dh, dn)
		p.d.Free(dn)
		dn = nil
	}
	// In the forward pass this was mid = x + postAttn(attention(n1)), n1 = preAttn(x). In a parallel block n1 fed the MLP
	// too, so dn goes on with what the MLP left.
	dn = p.attentionBackward(b, k, dh, dn, needInput)
	if dn == nil {
		return
	}
	if b.preAttn.v != nil {
		p.normBackward(b.preAttn, dn, dn, k.x)
	}
	p.d.Add(dh, dn)
	p.d.Free(dn)
}

// mlpBackward returns dn2 (T,C).
func (p *pass) mlpBackward(b *block, k *kept, dh *kernels.Tensor) *kernels.Tensor {
	// In the forward pass this was mlpOut = down(act), act = f(gate) · up, gate = gate(n2), up = up(n2), so now
	// dact = dmlpOut · Wdown, then dgate and dup, then dn2 = dgate · Wgate + dup · Wup.
	d := p.d
	dout := p.postBackward(b.postMLP, dh, k.mlpOut)
	dact := p.linearBackward(b, downProj, nil, dout, k.act, k, true)
	if dout != dh {
		d.Free(dout)
	}
	dgate := d.New(dact.Shape...)
	d.GateBackward(dgate, dact, dact, k.gate, k.up, b.activation)
	dn := p.gateAndUpBackward(b, k, dgate, dact)
	d.Free(dgate, dact)
	return dn
}

// attentionBackward returns dn1 (T,C), added to dn where that is not nil; nil where it is not needed.
func (p *pass) attentionBackward(b *block, k *kept, dh, dn *kernels.Tensor, needInput bool) *kernels.Tensor {
	// In the forward pass this was attnOut = o(heads), heads = attend(q, k, v), so now dheads = dattnOut · Wo.
	d := p.d
	dout := p.postBackward(b.postAttn, dh, k.attnOut)
	dheads := p.linearBackward(b, oProj, nil, dout, k.heads, k, true)
	if dout != dh {
		d.Free(dout)
	}
	dq, dk, dv := d.New(k.q.Shape...), d.New(k.k.Shape...), d.New(k.v.Shape...)
	d.AttendBackward(dq, dk, dv, dheads, k.heads, k.lse, k.q, k.k, k.v, p.plan, b.attn)
	d.Free(dheads)
	// In the forward pass this was q = rotate(norm(rawQ)), so now the rotation is turned back first.
	if b.rope != nil {
		d.Rotate(dq, b.attn.H, p.positions, b.rope.Rope, true)
		d.Rotate(dk, b.attn.G, p.positions, b.rope.Rope, true)
	}
	if b.qNorm.v != nil {
		p.headNormBackward(b.qNorm, dq, k.rawQ)
		p.headNormBackward(b.kNorm, dk, k.rawK)
	}
	dn = p.queriesBackward(b, k, dn, dq, dk, dv, needInput)
	d.Free(dq, dk, dv)
	if !needInput {
		d.Free(dn)
		return nil
	}
	return dn
}

// postBackward is the gradient of what a branch computed before its last normalisation, out; dh itself where there is
// no such normalisation.
func (p *pass) postBackward(n norm, dh, out *kernels.Tensor) *kernels.Tensor {
	if n.v == nil {
		return dh
	}
	dout := p.d.New(dh.Shape...)
	p.normBackward(n, dout, dh, out)
	return dout
}

// normBackward: in the forward pass this was y = norm(x), so now dx is written and dw grows. dx may be dy.
func (p *pass) normBackward(n norm, dx, dy, x *kernels.Tensor) {
	p.d.NormalizeBackward(dx, n.grad, dy, x, n.v, n.Norm)
}

// linearBackward adds to the layer's gradients and, where needInput is set, returns dx (T,K): added to dx where that is
// not nil, else new.
func (p *pass) linearBackward(b *block, at projection, dx, dy, x *kernels.Tensor, k *kept, needInput bool) *kernels.Tensor {
	// In the forward pass this was y = bias + x · Wᵀ, so now dx = dy · W, dW += dyᵀ · x, dbias += Σ dy.
	d, l := p.d, b.linears[at]
	if l.grad != nil {
		d.LinearBackwardWeight(l.grad, dy, x)
	}
	if l.bias.grad != nil {
		d.BiasBackward(l.bias.grad, dy)
	}
	if needInput {
		accumulate := dx != nil
		if !accumulate {
			dx = d.New(dy.Shape[0], l.w.In)
		}
		d.LinearBackwardInput(dx, dy, l.w, accumulate)
	}
	if lora := p.lora(l); lora != nil {
		p.loraBackward(b, l, lora, dx, dy, x, k.u[at], needInput)
	}
	return dx
}

// loraBackward adds the adapter's part to dx, and to the gradients of A and B.
func (p *pass) loraBackward(b *block, l *linear, lora *loraPair, dx, dy, x, u *kernels.Tensor, needInput bool) {
	// In the forward pass this was y += u · Bᵀ, u = s · drop(x) · Aᵀ, so now dB += dyᵀ · u, du = s · dy · B,
	// dA += duᵀ · drop(x), dx += drop(du · A).
	d := p.d
	du := d.New(u.Shape...)
	d.LinearBackwardInput(du, dy, lora.b.w, false)
	d.Scale(du, lora.scale)
	if lora.b.grad != nil {
		d.LinearBackwardWeight(lora.b.grad, dy, u)
		dropped := p.drop(b, l, x)
		d.LinearBackwardWeight(lora.a.grad, du, dropped)
		if dropped != x {
			d.Free(dropped)
		}
	}
	switch {
	case !needInput:
	case p.dropProb() == 0:
		d.LinearBackwardInput(dx, du, lora.a.w, true)
	default:
		ddropped := d.New(dx.Shape...)
		d.LinearBackwardInput(ddropped, du, lora.a.w, false)
		d.Dropout(ddropped, ddropped, p.dropProb(), p.dropSeed(b, l))
		d.Add(dx, ddropped)
		d.Free(ddropped)
	}
	d.Free(du)
}
