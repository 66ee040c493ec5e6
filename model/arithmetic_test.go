package model

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/reference"
)

// together are the limits of a device beside the reference of the same arithmetic. In bfloat16 both round the same operands, and add in
// float32 in another order: an operand that lies half way between two numbers of bfloat16 goes up on one side and down on the
// other, where the sums before it differ in their last bits. Many texts see none, and agree to 10⁻⁶. Where one is off by 2⁻⁸ of itself,
// what follows it is off by more than last bits: 0.2 % of the spread was found, a tenth of what rounding itself does. A GPU
// rounds probabilities of attention before they are divided by their sum, the reference after it: 1 % was found there.
func together(d kernels.Device) limits {
	switch {
	case d.Arithmetic() == kernels.F32:
		return limitsOf(kernels.F32)
	case d.Name() == "cpu":
		return limits{abs: 1e-5, spread: 0x1p-4, rms: 0x1p-8, entry: 0x1p-11, l2: 0x1p-5}
	}
	return limits{spread: 0x1p-3, rms: 0x1p-6, entry: 0x1p-9, l2: 0x1p-4}
}

// Every model computes on a device what it computes on the reference in the same arithmetic, forwards and backwards.
func TestFixturesModelsAgainstReference(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join(fixtures(t, "models"), "*", "expected.json"))
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	for name, dev := range devices(t) {
		if dev.Name() == "reference" {
			continue
		}
		for _, path := range cases {
			dir := filepath.Dir(path)
			t.Run(name+"/"+filepath.Base(dir)+"/reference", func(t *testing.T) {
				hidden, gradients := map[kernels.Device][][]float32{}, map[kernels.Device]map[string][]float32{}
				exact := reference.WithArithmetic(dev.Arithmetic())
				var width int
				for _, d := range []kernels.Device{exact, dev} {
					m, err := Open(dir, Options{Device: d, Trainable: All})
					require.NoError(t, err)
					defer m.Close()
					n := m.Spec.Positions
					texts := m.texts(10, min(n, 24), min(n, 41), min(n, 70))
					hidden[d], gradients[d], width = m.hiddenOf(texts), m.gradientsOf(texts), m.Spec.Width
				}
				l, check := together(dev), Check{}
				for i, want := range hidden[exact] {
					l.rows(&check, "hidden", hidden[dev][i], want, width)
				}
				require.True(t, check.OK(), check.Where)
				largest := 0.0
				for _, g := range gradients[exact] {
					for _, x := range g {
						largest = max(largest, math.Abs(float64(x)))
					}
				}
				check = Check{}
				for name, want := range gradients[exact] {
					l.gradient(&check, name, gradients[dev][name], want, largest)
				}
				require.True(t, check.OK(), check.Where)
			})
		}
	}
}
