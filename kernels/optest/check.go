package optest

import (
	"fmt"
	"math"
	"strings"

	"croco/kernels"
	"croco/kernels/reference"
)

// compute runs a case, forward and backward, and returns every output and gradient by name.
func compute(c Case, d kernels.Device, in Arrays) (out, grad map[string][]float32, err error) {
	s := NewScope(d, in)
	defer s.Close()
	b := c.Bind(s)
	b.Forward.Run()
	for _, step := range b.Backward {
		step.Run()
	}
	if err := d.Sync(); err != nil {
		return nil, nil, fmt.Errorf("%s on %s: %w", c.Name(), d.Name(), err)
	}
	out, grad = map[string][]float32{}, map[string][]float32{}
	for name, read := range b.Out {
		out[name] = read()
	}
	for name, read := range b.Grad {
		grad[name] = read()
	}
	if err := s.fences(); err != nil {
		return nil, nil, fmt.Errorf("%s on %s: %w", c.Name(), d.Name(), err)
	}
	return out, grad, nil
}

// Check runs a case on d and on the reference of its arithmetic and returns the first array that lies outside the tolerance.
func Check(c Case, d kernels.Device) error {
	wantOut, wantGrad, err := compute(c, reference.WithArithmetic(d.Arithmetic()), c.In)
	if err != nil {
		return err
	}
	out, grad, err := compute(c, d, c.In)
	if err != nil {
		return err
	}
	tol := c.Tol
	if d.Arithmetic() == kernels.BF16 && c.Half.Why != "" {
		tol = c.Half
	}
	for _, pair := range []struct{ got, want map[string][]float32 }{{out, wantOut}, {grad, wantGrad}} {
		for _, name := range sorted(pair.want) {
			if err := near(pair.got[name], pair.want[name], tol); err != nil {
				return fmt.Errorf("%s on %s: %s: %w", c.Name(), d.Name(), name, err)
			}
		}
	}
	return nil
}

// near lists up to five elements that lie outside the tolerance.
func near(got, want []float32, tol Tolerance) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d elements, expected %d", len(got), len(want))
	}
	var wrong []string
	count := 0
	for i, w := range want {
		diff := math.Abs(float64(got[i]) - float64(w))
		if got[i] == w || diff <= tol.Abs+tol.Rel*math.Abs(float64(w)) {
			continue // equal infinities have no difference; a NaN on either side is never near
		}
		if count++; count <= 5 {
			wrong = append(wrong, fmt.Sprintf("[%d] is %v, expected %v", i, got[i], w))
		}
	}
	if count == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d elements outside of %.2g + %.2g·|x| (%s): %s", count, len(want), tol.Abs, tol.Rel, tol.Why, strings.Join(wrong, "; "))
}

// Same runs a case on two devices and reports the first bit that differs, gradients included.
func Same(c Case, a, b kernels.Device) error {
	outA, gradA, err := compute(c, a, c.In)
	if err != nil {
		return err
	}
	outB, gradB, err := compute(c, b, c.In)
	if err != nil {
		return err
	}
	for _, pair := range []struct{ a, b map[string][]float32 }{{outA, outB}, {gradA, gradB}} {
		for _, name := range sorted(pair.a) {
			if err := identical(pair.b[name], pair.a[name]); err != nil {
				return fmt.Errorf("%s: %s of %s and of %s: %w", c.Name(), name, a.Info(), b.Info(), err)
			}
		}
	}
	return nil
}

// identical compares bits.
func identical(got, want []float32) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d elements, expected %d", len(got), len(want))
	}
	for i, w := range want {
		if math.Float32bits(got[i]) != math.Float32bits(w) {
			return fmt.Errorf("bits differ at [%d]: %v (%#x), expected %v (%#x)", i, got[i], math.Float32bits(got[i]), w, math.Float32bits(w))
		}
	}
	return nil
}
