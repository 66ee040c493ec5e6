//go:build gpu

package cuda

import (
	"fmt"
	"unsafe"

	"croco/kernels"
	"croco/kernels/cuda/blaslt"
)

// vendor is cuBLASLt in the place of croco's own matrix products (Options.Linear). It takes the same operands, rounded to bfloat16, and
// adds in float32 in an order that NVIDIA does not tell. A product of one layout has one algorithm for all numbers of rows, so
// the promises of exactness may hold; whether they do on a card is for croco verify exact to find. The gradient of a weight stays croco's
// own: it is a sum over rows, and the same rows in two batches must give the same bits.
type vendor struct {
	handle    *blaslt.Handle
	version   string
	plans     map[blaslt.Form]*blaslt.Plan // nil where the library has no algorithm
	workspace uintptr
}

// useVendor sets cuBLASLt up.
func (d *Device) useVendor() error {
	if d.arithmetic != kernels.BF16 {
		return fmt.Errorf("linear cublaslt: it multiplies bfloat16, found dtype %v", d.arithmetic)
	}
	version, err := blaslt.Version()
	if err != nil {
		return err
	}
	v := &vendor{version: version, plans: map[blaslt.Form]*blaslt.Plan{}}
	err = d.stream.Lend("linear layers", func(unsafe.Pointer) error {
		v.handle, err = blaslt.New()
		return err
	})
	if err == nil {
		d.vendor, v.workspace = v, d.alloc(blaslt.Workspace)
		err = d.fault
	}
	return err
}

// multiplyVendor computes a product with cuBLASLt, what continues its chains in a second pass. It does nothing and says so where the
// library has no algorithm, or the product lies in memory as its algorithm cannot take it.
func (d *Device) multiplyVendor(p product) bool {
	if d.fault != nil || p.form == "tn" {
		return false
	}
	type step struct {
		product
		plan *blaslt.Plan
	}
	var steps []step
	for q := &p; q != nil; q = q.more {
		form := blaslt.Form{N: q.N, K: q.K(), Turned: q.form == "nt", LDA: q.a.ld, LDB: q.b.ld, LDC: q.N, Bias: q.from == fromBias}
		plan := d.vendor.plan(d, form)
		if plan == nil || !form.Aligned(q.c.Addr) || q.bias != nil && !form.Aligned(q.bias.Addr) || !plan.Allows(q.M) {
			return false
		}
		steps = append(steps, step{*q, plan})
	}
	d.flush() // the library queues its work itself
	d.changed(p.c.Addr)
	d.keep(d.stream.Lend("linear layer", func(queue unsafe.Pointer) error {
		for _, s := range steps {
			var bias uintptr
			if s.from == fromBias {
				bias = s.bias.Addr
			}
			if err := s.plan.Run(queue, s.c.Addr, s.a.addr, s.b.addr, bias, s.M, s.from == fromC, d.vendor.workspace); err != nil {
				return err
			}
		}
		return nil
	}))
	return true
}

// plan finds or makes the plan of a form.
func (v *vendor) plan(d *Device, form blaslt.Form) *blaslt.Plan {
	plan, known := v.plans[form]
	if !known {
		d.stream.Lend("linear layers", func(unsafe.Pointer) (err error) {
			plan, err = v.handle.Plan(form)
			return err
		})
		v.plans[form] = plan
	}
	return plan
}
