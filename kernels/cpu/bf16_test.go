package cpu

import (
	"math"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/optest"
	"croco/kernels/reference"
)

// bf16Devices are the ways to multiply bfloat16 that this machine has: by every instruction set, and by VDPBF16PS. They all have
// the same bits.
func bf16Devices(threads int) []*Device {
	var ds []*Device
	for _, c := range supported() {
		d := newDevice(threads, c.set)
		d.bf16 = true
		ds = append(ds, d)
		if c.set.tilePairs != nil {
			d := newDevice(threads, c.set)
			d.bf16, d.paired = true, true
			ds = append(ds, d)
		}
	}
	if raceEnabled {
		return ds[:1]
	}
	return ds
}

func TestBF16Operations(t *testing.T) {
	for _, d := range bf16Devices(3) {
		if d.isa != &portable { // it is slow, and TestBF16Same holds it to the others
			t.Run(d.Info(), func(t *testing.T) { optest.Run(t, d) })
		}
	}
}

func TestBF16Same(t *testing.T) {
	if raceEnabled {
		t.Skip("numerics: without the race detector")
	}
	oracle := bf16Devices(1)[0]
	for _, d := range bf16Devices(2) {
		t.Run(d.Info(), func(t *testing.T) { optest.RunSame(t, oracle, d) })
	}
}

func TestBF16Device(t *testing.T) {
	d, err := WithArithmetic(1, kernels.BF16)
	require.NoError(t, err)
	require.Equal(t, kernels.BF16, d.Arithmetic())
	require.Contains(t, d.Info(), "bfloat16 products by ")
	_, err = WithArithmetic(1, kernels.F16)
	require.ErrorContains(t, err, "arithmetic float16")
}

// To the nearest, ties to even, as kernels/reference rounds; NaN stays NaN.
func TestRoundingToBF16(t *testing.T) {
	for bits, want := range map[uint32]uint32{
		0x3f808000: 0x3f800000, 0x3f808001: 0x3f810000, 0x3f818000: 0x3f820000, 0x3f807fff: 0x3f800000, 0x7f7fffff: 0x7f800000,
		0xff800000: 0xff800000, 0x80000000: 0x80000000, 0x00018000: 0x00020000, 0x7f800001: 0x7fc00000, 0xffffffff: 0xffff0000,
	} {
		require.Equal(t, want, math.Float32bits(toBF16(math.Float32frombits(bits))), "%#x", bits)
	}
}

// numbers spans what a tile may meet: ordinary ones, and ones around the least normal number.
func numbers(n int, seed uint64, exponent int) []float32 {
	s := aligned(n)
	for i := range s {
		u := kernels.Mix(seed, uint64(i))
		s[i] = math.Float32frombits(uint32(u)&0x807fffff | uint32(exponent+int(u>>40)%12)<<23)
	}
	return s
}

func TestBF16TilesEqualTheirLoops(t *testing.T) {
	pairs := func(x []float32) []float32 {
		for i := range x {
			x[i] = pairOf(x[i], x[(7*i+3)%len(x)])
		}
		return x
	}
	for _, c := range supported() {
		for exponent := range 2 { // products near 1, and near the least normal number
			a, b := numbers(8*40, 1, 121-60*exponent), numbers(40*48, 2, 121-60*exponent)
			if exponent == 1 {
				require.NotEqual(t, plainTile(a, b), flushedTile(a, b), "the numbers do not tell")
			}
			for _, mr := range c.set.rows {
				for nv := 1; nv <= 3; nv++ {
					for beta := range 2 {
						want, got := numbers(8*50, 3, 2), numbers(8*50, 3, 2)
						goTile(mr, nv, 39, &a[0], 40, 1, &b[0], 48, &want[0], 50, beta|flush, &b[0], 0)
						c.set.tile(mr, nv, 39, &a[0], 40, 1, &b[0], 48, &got[0], 50, beta|flush, &b[0], 0)
						require.Equal(t, want, got, c.key)
						if c.set.tilePairs == nil {
							continue
						}
						a, b := pairs(numbers(8*40, 1, 121-60*exponent)), pairs(numbers(40*48, 2, 121-60*exponent))
						goTilePairs(mr, nv, 39, &a[0], 40, 1, &b[0], 48, &want[0], 50, beta, &b[0], 0)
						c.set.tilePairs(mr, nv, 39, &a[0], 40, 1, &b[0], 48, &got[0], 50, beta, &b[0], 0)
						require.Equal(t, want, got, c.key)
					}
				}
			}
		}
	}
}

func plainTile(a, b []float32) (c [48]float32) {
	goTile(1, 3, 2, &a[0], 40, 1, &b[0], 48, &c[0], 48, 0, &b[0], 0)
	return c
}

func flushedTile(a, b []float32) (c [48]float32) {
	goTile(1, 3, 2, &a[0], 40, 1, &b[0], 48, &c[0], 48, flush, &b[0], 0)
	return c
}

// A tile that flushes leaves the processor as it was.
func TestFlushingEnds(t *testing.T) {
	a, b, c := aligned(8), aligned(48), aligned(48)
	for _, s := range supported() {
		s.set.tile(1, 3, 1, &a[0], 1, 1, &b[0], 48, &c[0], 48, flush, &b[0], 0)
		s.set.tileBF16(1, 3, 1, &a[0], 1, 1, &b[0], 48, &c[0], 48, flush, &b[0], 0)
		tiny := float32(0x1p-140)
		require.NotZero(t, tiny*float32(len(a)))
	}
}

// What moves words: each kernel against its loop, and nothing else is written.
func TestWordsEqualTheirLoops(t *testing.T) {
	for name, run := range map[string]func(s *isa, n int, y, x []float32){
		"pair": func(s *isa, n int, y, x []float32) { s.pair(16*n, &y[0], &x[0]) },
		"pairHalves": func(s *isa, n int, y, x []float32) {
			rows := unsafe.Slice((*uint16)(unsafe.Pointer(&x[0])), 2*len(x))
			s.pairHalves(16*n, &y[0], &rows[1], &rows[3+16*n])
		},
		"widen":           func(s *isa, n int, y, x []float32) { s.widen(n, &y[0], &x[0]) },
		"transpose8":      func(s *isa, n int, y, x []float32) { s.transpose8(8*n, &x[0], 8*n+1, &y[0], 9) },
		"transposePairs8": func(s *isa, n int, y, x []float32) { s.transposePairs8(8*n, &x[0], 8*n+1, &y[0], 9) },
	} {
		for _, c := range supported() {
			for n := range 4 {
				for seed := range uint64(4) {
					x, want, got := values(400, seed), values(400, 9), values(400, 9)
					run(&portable, n, want, x)
					run(c.set, n, got, x)
					for i := range want {
						require.Equal(t, math.Float32bits(want[i]), math.Float32bits(got[i]), "%s of %s, n = %d", name, c.key, n)
					}
				}
			}
		}
	}
}

// The numbers of a product are those of the reference that rounds its operands.
func TestBF16Chain(t *testing.T) {
	d, r := bf16Devices(2)[0], reference.WithArithmetic(kernels.BF16)
	x, w := normal(d, 1, 3, 101), normal(d, 2, 5, 101)
	y, z := d.New(3, 5), r.New(3, 5)
	raw := bytesOf(w.Host, kernels.F32)
	d.Linear(y, x, d.NewWeight("w", 5, 101, kernels.F32, raw, false), nil, nil)
	r.Linear(z, x, r.NewWeight("w", 5, 101, kernels.F32, raw, false), nil, nil)
	require.InDeltaSlice(t, z.Host, y.Host, 1e-5)
	chain := float32(0)
	for i := range 101 {
		chain = fma(toBF16(x.Host[2*101+i]), toBF16(w.Host[3*101+i]), chain)
	}
	require.Equal(t, chain, y.Host[2*5+3])
}
