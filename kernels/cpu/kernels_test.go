package cpu

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
)

// special are the values at which kernels go wrong.
var special = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 1e-40, -1e-40, 88, -88, 87.4, -87.3, 100, -104, 1e30, -1e30, 0.5, -0.3, 3e-5, 12}

func values(n int, seed uint64) []float32 {
	s := aligned(n)
	for i := range s {
		s[i] = float32(8*kernels.Uniform(seed, uint64(i)) - 4)
		if seed%2 == 1 {
			s[i] = special[(uint64(i)*7+seed)%uint64(len(special))]
		}
	}
	return s
}

// Every kernel of every instruction set against its Go loop, bit by bit, at all lengths around those of registers; what
// lies behind the last element stays as it was.
func TestKernelsEqualTheirLoops(t *testing.T) {
	table := reflect.TypeFor[isa]()
	for _, c := range supported() {
		for i := range table.NumField() {
			name := table.Field(i).Name
			if table.Field(i).Type.Kind() != reflect.Func || strings.HasPrefix(name, "tile") || strings.HasPrefix(name, "transpose") || slices.Contains([]string{"pair", "pairHalves", "widen", "softmaxTile"}, name) {
				continue
			}
			t.Run(c.key+"/"+name, func(t *testing.T) {
				for n := range 70 {
					for seed := range uint64(4) {
						got := apply(kernelOf(c.set, i), n, seed)
						want := apply(kernelOf(&portable, i), n, seed)
						require.Equal(t, want, got, "n = %d, seed %d", n, seed)
					}
				}
			})
		}
	}
}

func kernelOf(s *isa, field int) any {
	f := reflect.ValueOf(s).Elem().Field(field)
	return reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem().Interface()
}

// apply calls a kernel of any signature (n, pointers…, scalars…) and returns the bits of its result and of its arrays.
func apply(kernel any, n int, seed uint64) []string {
	f := reflect.ValueOf(kernel)
	args, arrays := []reflect.Value{reflect.ValueOf(n)}, [][]float32{}
	for i := 1; i < f.Type().NumIn(); i++ {
		switch f.Type().In(i).Kind() {
		case reflect.Pointer:
			a := values(n+20, seed+uint64(2*i))
			for k := range a {
				if i == 4 && f.Type().NumIn() == 6 && f.Type().NumOut() == 0 { // AdamW's second moment
					a[k] = float32(math.Abs(float64(a[k])))
				}
			}
			arrays = append(arrays, a)
			args = append(args, reflect.ValueOf(&a[0]))
		default:
			args = append(args, reflect.ValueOf(float32(i)*0.75))
		}
	}
	var bits []string
	for _, r := range f.Call(args) {
		bits = append(bits, fmt.Sprintf("%x", math.Float64bits(r.Convert(reflect.TypeFor[float64]()).Float())))
	}
	for _, a := range arrays {
		for _, x := range a {
			if x != x {
				x = float32(math.NaN()) // of whatever payload
			}
			bits = append(bits, fmt.Sprintf("%x", math.Float32bits(x)))
		}
	}
	return bits
}

func TestTilesEqualTheirLoop(t *testing.T) {
	a, b := values(8*40, 2), values(40*48, 4)
	half := values(20*48, 4)
	for i, x := range half {
		half[i] = pairOf(x, -x/3)
	}
	for _, c := range supported() {
		for _, mr := range c.set.rows {
			for nv := 1; nv <= 3; nv++ {
				for _, k := range []int{0, 1, 2, 39} {
					for beta := range 2 {
						for _, strides := range [][2]int{{40, 1}, {1, 8}} {
							want, got := values(8*50, 6), values(8*50, 6)
							goTile(mr, nv, k, &a[0], strides[0], strides[1], &b[0], 48, &want[0], 50, beta, &b[0], 0)
							c.set.tile(mr, nv, k, &a[0], strides[0], strides[1], &b[0], 48, &got[0], 50, beta, &b[0], 0)
							require.Equal(t, want, got)
							goTileBF16(mr, nv, k, &a[0], strides[0], strides[1], &half[0], 48, &want[0], 50, beta, &b[0], 0)
							c.set.tileBF16(mr, nv, k, &a[0], strides[0], strides[1], &half[0], 48, &got[0], 50, beta, &b[0], 0)
							require.Equal(t, want, got)
						}
					}
				}
			}
		}
	}
}

func TestSoftmaxTileEqualsItsLoop(t *testing.T) {
	for _, c := range supported() {
		want, got := []float32{float32(math.Inf(-1)), 0, 0}, []float32{float32(math.Inf(-1)), 0, 0}
		for round := range uint64(20) {
			x, y := values(64, 2*round), values(64, 2*round)
			if round%3 == 0 {
				x[5], y[5] = float32(math.Inf(-1)), float32(math.Inf(-1))
			}
			goSoftmaxTile(&x[0], 0.3, &want[0])
			c.set.softmaxTile(&y[0], 0.3, &got[0])
			require.Equal(t, x, y, c.key)
			require.Equal(t, want, got, c.key)
		}
	}
}

// fma against exact arithmetic rounded once, with sums that lie close to the middle between two float32.
func TestFMA(t *testing.T) {
	exact := func(a, b, c float32) float32 {
		p := new(big.Float).SetPrec(2000).Mul(big.NewFloat(float64(a)), big.NewFloat(float64(b)))
		f, _ := p.Add(p, big.NewFloat(float64(c))).Float32()
		return f
	}
	for i := range uint64(200000) {
		u := kernels.Mix(i, 1)
		a := math.Float32frombits(0x3f800000 | uint32(u)&0x7fffff)
		b := math.Float32frombits(0x3f800000 | uint32(u>>20)&0x7ff000)
		c := float32(math.Ldexp(float64(int32(u>>40)%4096), int(u>>60)*4-60))
		switch i % 4 {
		case 1:
			c = -a * b
		case 2:
			a, c = a*0x1p-100, c*0x1p-70
			b *= 0x1p-40
		}
		if want, got := exact(a, b, c), fma(a, b, c); want != got {
			t.Fatalf("%x·%x + %x = %x, expected %x", a, b, c, got, want)
		}
	}
	require.True(t, math.IsInf(float64(fma(3e38, 10, 1)), 1))
}

// exp and tanh stay within 2 and 3 units of the last place.
func TestExpIsClose(t *testing.T) {
	require.Equal(t, float32(1), exp(0))
	require.Zero(t, exp(float32(math.Inf(-1))))
	for i := range 200000 {
		x := float32(kernels.Uniform(3, uint64(i))*175 - 87.3)
		near(t, x, exp(x), math.Exp(float64(x)), 2)
		u := float32(math.Exp(kernels.Uniform(4, uint64(i))*20 - 15))
		near(t, u, tanh(u), math.Tanh(float64(u)), 3)
		near(t, -u, tanh(-u), -math.Tanh(float64(u)), 3)
	}
}

func near(t *testing.T, x, got float32, want float64, ulps float64) {
	t.Helper()
	if math.Abs(float64(got)-want) > ulps*math.Abs(want)*0x1p-23 {
		t.Fatalf("at %g: %g, expected %g", x, got, want)
	}
}
