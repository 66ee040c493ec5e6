package optest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"croco/kernels"
)

func sorted(m map[string][]float32) []string { return slices.Sorted(maps.Keys(m)) }

// Gradient compares the backward function of a case with differences of its forward function. The loss is
// L = Σ dy · y over the outputs y that have an input dy. Along a direction u in the space of one input x,
//
//	∂L/∂u = (8 (L(x+hu) − L(x−hu)) − (L(x+2hu) − L(x−2hu))) / 12h + O(h⁴)
//
// is compared with Σ dx · u, for a few single elements and for one direction through all of them.
func Gradient(c Case, d kernels.Device) error {
	_, grad, err := compute(c, d, c.In)
	if err != nil {
		return err
	}
	for _, name := range sorted(grad) {
		x := strings.TrimPrefix(name, "d")
		g := slices.Clone(grad[name])
		for i, v := range c.In[name].Data { // what was there before +=
			g[i] -= v
		}
		for _, u := range directions(len(g)) {
			want, err := slope(c, d, x, u)
			if err != nil {
				return err
			}
			got, size := 0.0, 0.0
			for i, v := range u {
				got += float64(v) * float64(g[i])
				size += math.Abs(float64(v) * float64(g[i]))
			}
			if tol := 2e-3 + 1e-3*size; !(math.Abs(got-want) <= tol) {
				return fmt.Errorf("%s on %s: %s along %s is %.6g, finite differences say %.6g", c.Name(), d.Name(), name, describe(u), got, want)
			}
		}
	}
	return nil
}

// directions are up to eight unit vectors and a vector of ±1/√n.
func directions(n int) [][]float32 {
	var all [][]float32
	for i := range min(n, 8) {
		u := make([]float32, n)
		u[(i*n+n/2)/min(n, 8)] = 1
		all = append(all, u)
	}
	u := make([]float32, n)
	for i := range u {
		u[i] = float32(1 / math.Sqrt(float64(n)))
		if kernels.Mix(1, uint64(i))%2 == 0 {
			u[i] = -u[i]
		}
	}
	return append(all, u)
}

func describe(u []float32) string {
	if i := slices.Index(u, 1); i >= 0 {
		return fmt.Sprintf("element %d", i)
	}
	return "a direction through all elements"
}

// slope is ∂L/∂u by four evaluations of the loss. h balances the error h⁴ of the formula against float32 outputs.
func slope(c Case, d kernels.Device, x string, u []float32) (float64, error) {
	const h = 1.0 / 32
	sum := 0.0
	for _, at := range []struct{ step, factor float64 }{{-2, 1}, {-1, -8}, {1, 8}, {2, -1}} {
		moved := slices.Clone(c.In[x].Data)
		for i, v := range u {
			moved[i] += float32(at.step * h * float64(v))
		}
		in := maps.Clone(c.In)
		in[x] = Array{Shape: c.In[x].Shape, Data: moved}
		loss, err := lossOf(c, d, in)
		if err != nil {
			return 0, err
		}
		sum += at.factor * loss
	}
	return sum / (12 * h), nil
}

// lossOf is Σ dy · y, in float64.
func lossOf(c Case, d kernels.Device, in Arrays) (float64, error) {
	s := NewScope(d, in)
	defer s.Close()
	b := c.Bind(s)
	b.Forward.Run()
	loss := 0.0
	for _, name := range b.Out.names() {
		dy, ok := in["d"+name]
		if !ok {
			continue
		}
		for i, v := range b.Out[name]() {
			loss += float64(v) * float64(dy.Data[i])
		}
	}
	return loss, d.Sync()
}
