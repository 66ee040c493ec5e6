//go:build gpu

package cuda

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/cuda/driver"
)

// program is a step with every kind of node: uploads, launches, fills, moves, a download. n rows of 24 columns.
func program(d *Device, r *rand.Rand, n int, scale float32) []float32 {
	const C = 24
	values, rows := make([]float32, n*C), make([]int32, n)
	for i := range values {
		values[i] = r.Float32() - 0.5
	}
	for i := range rows {
		rows[i] = int32(r.IntN(n))
	}
	x, y, z, w := d.New(n, C), d.New(n, C), d.New(n, C), d.New(C)
	defer d.Free(x, y, z, w)
	d.Write(x, values)
	d.Write(w, values[:C])
	d.GatherRows(y, x, rows)
	d.Scale(y, scale)
	d.Zero(z)
	for range 3 {
		d.Normalize(y, y, w, kernels.Norm{Eps: 1e-6})
		d.Add(z, y)
		d.ScatterRows(y, z, rows)
	}
	d.Copy(x, y)
	d.Add(x, z)
	out := make([]float32, n*C)
	d.Read(out, x)
	return out
}

// Steps with other values, rows, scales and sizes give the bits that they give when every node is issued by itself.
func TestGraphsChangeNothing(t *testing.T) {
	plain, d := open(t, Options{NoGraphs: true}), open(t, Options{})
	r := rand.New(rand.NewPCG(1, 2))
	for step := range 60 {
		n := []int{40, 40, 40, 41, 200, 40, 1200, 5}[step/4%8]
		seed, scale := r.Uint64(), r.Float32()
		want := program(plain, rand.New(rand.NewPCG(seed, 0)), n, scale)
		driver.Emulator.Reset()
		require.Equal(t, want, program(d, rand.New(rand.NewPCG(seed, 0)), n, scale), "step %d", step)
		if s := driver.Emulator.Stats(); driver.Emulator.Present() && step > 3 && step%4 > 1 {
			require.Equal(t, 1, s.GraphLaunches, "step %d", step)
			require.Zero(t, s.Launches, "step %d", step)
			require.LessOrEqual(t, s.GraphUpdates, 8, "step %d: the scale is new, and the lists of rows", step)
		}
	}
}

// Lists follow each other without a wait: the memory that a graph uploads from is not written while it may be read.
func TestGraphsKeepTheirUploads(t *testing.T) {
	d := open(t, Options{})
	x, sum := d.New(16), d.New(16)
	d.Zero(sum)
	want := make([]float32, 16)
	for step := range 10 {
		values := make([]float32, 16)
		for i := range values {
			values[i] = float32(100*step + i)
			want[i] += values[i]
		}
		d.Write(x, values)
		for range 8 {
			d.Scale(x, 1)
		}
		d.Add(sum, x)
		d.flush()
	}
	got := make([]float32, 16)
	d.Read(got, sum)
	require.NoError(t, d.Sync())
	require.Equal(t, want, got)
}

// Where arguments change for good, the graph follows; where they change every time, the list is issued node by node.
func TestGraphsFollow(t *testing.T) {
	d := open(t, Options{})
	if !driver.Emulator.Present() {
		t.Skip("only the emulated driver counts")
	}
	x := [2]*kernels.Tensor{filled(d, 64), filled(d, 64)}
	require.NoError(t, d.Sync())
	list := func(on *kernels.Tensor, scale float32) (launches, updates int) {
		driver.Emulator.Reset()
		for range 10 {
			d.Scale(on, scale)
		}
		require.NoError(t, d.Sync())
		s := driver.Emulator.Stats()
		return s.Launches, s.GraphUpdates
	}
	for i, want := range []struct{ on, launches, updates int }{{0, 10, 0}, {0, 0, 0}, {0, 0, 0}, {1, 10, 0}, {1, 0, 10}, {1, 0, 0}, {0, 10, 0}, {1, 0, 0}} {
		launches, updates := list(x[want.on], 2)
		require.Equal(t, want.launches, launches, "list %d", i)
		require.Equal(t, want.updates, updates, "list %d", i)
	}
	for i := range 4 {
		launches, _ := list(x[1], float32(i+3))
		require.Equal(t, 10, launches)
	}
}

// A list whose hash is that of another topology's graph is issued node by node.
func TestGraphsOfOtherLists(t *testing.T) {
	d := open(t, Options{})
	x, y := filled(d, 64), filled(d, 64)
	lists := [2]func(){func() { d.Copy(x, y) }, func() { d.Scale(x, 2) }}
	var hashes [2]uint64
	for i, f := range lists {
		require.NoError(t, d.Sync())
		for range 2 {
			for range 10 {
				f()
			}
			hashes[i] = d.queue.hash
			require.NoError(t, d.Sync())
		}
	}
	known := d.queue.graphs.known
	known[hashes[1]] = known[hashes[0]]
	ones, got := make([]float32, 64), make([]float32, 64)
	ones[63] = 1
	d.Write(x, ones)
	d.Write(y, ones)
	require.NoError(t, d.Sync())
	for range 2 {
		for range 10 {
			lists[1]()
		}
		require.NoError(t, d.Sync())
	}
	d.Read(got, x)
	require.Equal(t, float32(1<<20), got[63])
}

// More topologies than are kept: old ones are given up, with their memory for uploads, and come again as new.
func TestGraphsAreGivenUp(t *testing.T) {
	d := open(t, Options{})
	d.queue.graphs.most = 8
	x, values := d.New(64), make([]float32, 64)
	for range 2 {
		for n := range 20 {
			for range 3 {
				want := float32(1)
				values[0] = 1
				d.Write(x, values)
				for i := range n + 8 {
					d.Scale(x, 1+float32(i%3))
					want = want * (1 + float32(i%3))
					if i%7 == 6 {
						d.Scale(x, 1.0/64)
						want /= 64
					}
				}
				got := make([]float32, 64)
				d.Read(got, x)
				require.Equal(t, math.Float32bits(want), math.Float32bits(got[0]), "%d nodes", n)
				require.LessOrEqual(t, len(d.queue.graphs.known), 8)
			}
		}
	}
	require.LessOrEqual(t, len(d.queue.graphs.rooms), 8)
	require.NoError(t, d.Sync())
}

// What the driver has to refuse, the emulated one refuses: wrong kinds, directions and sizes, and what was destroyed.
func TestFaultsOfGraphs(t *testing.T) {
	for _, c := range []struct {
		name, report string
		do           func(d *Device, g *driver.Graph, x, y uintptr) error
	}{
		{"kind", "another kind", func(d *Device, g *driver.Graph, x, y uintptr) error {
			return g.Set([]driver.Node{driver.ToZero(x, 16), driver.ToZero(x, 16)})
		}},
		{"size of a fill", "another size", func(d *Device, g *driver.Graph, x, y uintptr) error {
			return g.Set([]driver.Node{driver.ToMove(y, x, 16), driver.ToZero(x, 32)})
		}},
		{"bounds", "out of bounds", func(d *Device, g *driver.Graph, x, y uintptr) error {
			return g.Set([]driver.Node{driver.ToMove(y, x, 1024), driver.ToZero(x, 16)})
		}},
		{"direction", "another direction", func(d *Device, g *driver.Graph, x, y uintptr) error {
			return g.Set([]driver.Node{driver.ToDownload(d.queue.inbox[:16], x), driver.ToZero(x, 16)})
		}},
		{"started when closed", "not a live executable graph", func(d *Device, g *driver.Graph, x, y uintptr) error {
			require.NoError(t, g.Close())
			return d.stream.Start(g)
		}},
		{"set when closed", "not a live executable graph", func(d *Device, g *driver.Graph, x, y uintptr) error {
			require.NoError(t, g.Close())
			return g.Set([]driver.Node{driver.ToMove(x, y, 16), driver.ToZero(x, 16)})
		}},
		{"freed memory", "FREED", func(d *Device, g *driver.Graph, x, y uintptr) error {
			d.release(y)
			return d.stream.Start(g)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := emulated(t)
			x, y := d.alloc(64), d.alloc(64)
			g, err := d.context.NewGraph([]driver.Node{driver.ToMove(y, x, 16), driver.ToZero(x, 16)})
			require.NoError(t, err)
			require.NoError(t, d.stream.Start(g))
			require.NoError(t, d.Sync())
			require.ErrorContains(t, c.do(d, g, x, y), c.report)
		})
	}
}

// A kernel's fault in a graph is reported as one by itself, by name.
func TestFaultsInGraphs(t *testing.T) {
	d := emulated(t)
	d.queue.graphs.least = 1
	for i := range 3 {
		x := filled(d, 128)
		n := 64
		if i == 2 {
			n = 128 // past the end
		}
		require.NoError(t, d.Sync())
		d.launch("bad_oob", line(1), 64, 0, at(x), driver.Int(n))
		if i < 2 {
			require.NoError(t, d.Sync())
		}
	}
	require.ErrorContains(t, d.Sync(), "bad_oob")
}

// BenchmarkQueue is what the program's side of a decode step costs: 92 launches, two of them with a new argument, and a wait. The emulated
// driver does nothing with CROCO_EMU_NULL=1.
func BenchmarkQueue(b *testing.B) {
	for _, name := range []string{"node by node", "graphs"} {
		b.Run(name, func(b *testing.B) {
			d := open(b, Options{NoGraphs: name != "graphs"})
			x := filled(d, 64)
			for i := range b.N {
				for j := range 92 {
					d.Scale(x, float32(1+j/90*i))
				}
				require.NoError(b, d.Sync())
			}
		})
	}
}
