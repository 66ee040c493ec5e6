//go:build gpu

package cuda

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/cuda/driver"
)

// emulated makes a device of the emulated driver, which alone sees the faults of these tests.
func emulated(t *testing.T) *Device {
	d := open(t, Options{Guarded: true})
	if !driver.Emulator.Present() {
		t.Skip("a real GPU does not look for faults")
	}
	return d
}

func filled(d *Device, n int) *kernels.Tensor {
	x := d.New(n)
	d.Write(x, make([]float32, n))
	return x
}

// TestFaultsOfKernels launches kernels that are broken on purpose (source/bad.cu). Each is reported, by name.
func TestFaultsOfKernels(t *testing.T) {
	for _, c := range []struct {
		kernel  string
		threads int
		args    func(d *Device) []driver.Arg
		report  string
	}{
		{"bad_oob", 64, func(d *Device) []driver.Arg { return []driver.Arg{at(filled(d, 128)), driver.Int(128)} }, "offset 512 of allocation"},
		{"bad_divergent", 64, one, "returned while 32 threads wait"},
		{"bad_nowait", 32, func(d *Device) []driver.Arg { return []driver.Arg{at(filled(d, 128)), at(filled(d, 128))} }, "in flight"},
		{"bad_shared_oob", 32, func(d *Device) []driver.Arg { return []driver.Arg{at(filled(d, 128)), driver.Int(1)} }, "past a shared variable"},
		{"bad_mask", 32, one, "lanes"},
		{"bad_alignment", 32, one, "not aligned to 8 bytes"},
		{"scale", 512, func(d *Device) []driver.Arg { return []driver.Arg{at(filled(d, 4)), driver.Float(1), driver.Long(4)} }, "launch bound"},
		{"add", 256, func(d *Device) []driver.Arg {
			return []driver.Arg{at(filled(d, 4)), driver.Ptr(0x1234), driver.Long(4)}
		}, "not a device pointer"},
		{"add", 256, func(d *Device) []driver.Arg {
			x := filled(d, 4)
			freed := at(x)
			d.Free(x)
			return []driver.Arg{at(filled(d, 4)), freed, driver.Long(4)}
		}, "FREED"},
	} {
		t.Run(c.kernel+" "+c.report, func(t *testing.T) {
			d := emulated(t)
			d.launch(c.kernel, line(1), c.threads, 0, c.args(d)...)
			require.ErrorContains(t, d.Sync(), c.report)
			require.ErrorContains(t, d.Sync(), c.report, "a fault stays")
			out := []float32{1}
			d.Read(out, d.New(1))
			require.True(t, math.IsNaN(float64(out[0])), "nothing may be taken for a result after a fault")
		})
	}
}

func one(d *Device) []driver.Arg { return []driver.Arg{at(filled(d, 128))} }

// A missing __syncthreads shows as other numbers under another order of threads.
func TestRacesShow(t *testing.T) {
	d, y := emulated(t), make([]float32, 64)
	seen := map[string]bool{}
	for _, schedule := range []string{"0", "1", "7", "8"} {
		t.Setenv("CROCO_EMU_SCHEDULE", schedule)
		x := filled(d, 64)
		d.launch("bad_race", line(1), 64, 0, at(x))
		d.Read(y, x)
		require.NoError(t, d.Sync())
		seen[fmt.Sprint(y)] = true
	}
	require.Greater(t, len(seen), 1)
}

// What was never written is NaN, in device memory and in shared memory.
func TestUninitialisedReadsShow(t *testing.T) {
	d, y := emulated(t), make([]float32, 32)
	x, blank := filled(d, 32), d.New(32)
	d.Add(x, blank)
	d.Read(y, x)
	require.True(t, math.IsNaN(float64(y[31])))
	x = filled(d, 32)
	d.launch("bad_uninitialised", line(1), 32, 0, at(x))
	d.Read(y, x)
	require.True(t, math.IsNaN(float64(y[31])))
	require.NoError(t, d.Sync())
}

// Copies happen when somebody waits for them, and no earlier.
func TestMissingSynchronisationShows(t *testing.T) {
	d := emulated(t)
	x := filled(d, 1)
	host, err := d.context.Pin(4)
	require.NoError(t, err)
	host[0] = 99
	d.flush()
	require.NoError(t, d.stream.Issue(driver.ToDownload(host, x.Addr)))
	require.Equal(t, byte(99), host[0])
	require.NoError(t, d.stream.Wait())
	require.Equal(t, byte(0), host[0])
}

// Arguments that are not what the kernel takes never reach the driver.
func TestWrongArgumentsPanic(t *testing.T) {
	d := open(t, Options{})
	x := filled(d, 4)
	require.PanicsWithValue(t, "cuda: kernel add takes 3 arguments, found 2", func() { d.launch("add", line(1), 256, 0, at(x), at(x)) })
	require.PanicsWithValue(t, "cuda: kernel add: argument 2 has 8 bytes, found 4 bytes", func() {
		d.launch("add", line(1), 256, 0, at(x), at(x), driver.Int(4))
	})
	require.Panics(t, func() { d.launch("no_such_kernel", line(1), 32, 0) })
	require.Panics(t, func() { d.Free(&kernels.Tensor{Shape: []int{1}, Addr: 0x1234}) })
	require.Panics(t, func() { d.Write(x, make([]float32, 5)) })
	require.NoError(t, d.Sync())
}

// Too little memory says how much was wanted and how much there was.
func TestOutOfMemory(t *testing.T) {
	d := emulated(t)
	huge := d.New(1<<20, 1<<20)
	require.Zero(t, huge.Addr)
	err := d.Sync()
	require.ErrorContains(t, err, "cuda: 4194304.0 MiB of memory, of which")
	require.ErrorContains(t, err, "smaller batch")
	d.Add(huge, huge) // does nothing
	d.Free(huge)
}

// The arena asks the driver for nothing when shapes come again.
func TestArenaKeepsMemory(t *testing.T) {
	d := open(t, Options{})
	step := func() {
		a, b, c := d.New(100, 7), d.New(3), d.New(1<<20)
		d.Free(b, a, c)
	}
	before, total := d.Memory()
	step()
	after, _ := d.Memory()
	require.Equal(t, before, after, "what was given back counts as free")
	require.Less(t, after, total+1)
	driver.Emulator.Reset()
	for range 10 {
		step()
	}
	require.Zero(t, driver.Emulator.Stats().Allocs)
	for _, n := range []int{0, 1, 255, 256, 257, 1 << 20, 1<<20 + 1, 123456789} {
		size := sizeClass(n)
		require.GreaterOrEqual(t, size, n)
		require.Zero(t, size%256)
		require.LessOrEqual(t, float64(size), max(512, 1.26*float64(n)))
	}
}

// Memory that lies idle in the arena goes back to the driver where another size needs it.
func TestArenaGivesBack(t *testing.T) {
	t.Setenv("CROCO_EMU_MEMORY", fmt.Sprint(driver.Emulator.Stats().Live>>20+64))
	d := open(t, Options{})
	if !driver.Emulator.Present() {
		t.Skip("a real GPU has more memory")
	}
	one, out := make([]float32, 1<<20), make([]float32, 1)
	one[0] = 1
	for _, n := range []int{2 << 20, 3 << 20, 5 << 20, 1 << 10, 9 << 20, 100, 2 << 20} {
		var all []*kernels.Tensor
		first, kept := d.New(1), d.New(1) // holds its slab
		d.Free(first)
		d.Write(kept, one[:1])
		for range max(1, 10<<20/n) {
			x := d.New(n)
			d.Zero(x)
			d.Write(x.Reshape(n).Rows(0, 1), one[:1])
			d.Scale(x, 2)
			all = append(all, x)
			if len(all) > 3 { // the queue may still use it
				d.Free(all[0])
				all = all[1:]
			}
		}
		d.Read(out, all[0].Rows(0, 1))
		require.NoError(t, d.Sync(), "%d", n)
		require.Equal(t, float32(2), out[0])
		d.Read(out, kept)
		require.Equal(t, float32(1), out[0])
		d.Scale(all[0], 2)
		d.Free(all...)
		d.Free(kept)
	}
}

// Long copies go through both halves of the staging memory, several times.
func TestLongCopies(t *testing.T) {
	d := open(t, Options{})
	const n = 5*halfSize/4 + 3
	want, got := make([]float32, n), make([]float32, n)
	for i := range want {
		want[i] = float32(i % 1000003)
	}
	x, y := d.New(n), d.New(n)
	d.Zero(x)
	d.Write(x, want)
	clear(want[:100]) // Write has its own copy
	d.Copy(y, x)
	d.Read(got, y)
	require.NoError(t, d.Sync())
	require.Equal(t, float32(7), got[7])
	require.Equal(t, want[100:], got[100:])
}

// A list that every layer wants is copied once; lists in use are never given up.
func TestListsStayOnTheDevice(t *testing.T) {
	d := open(t, Options{})
	if !driver.Emulator.Present() {
		t.Skip("only the emulated driver counts copies")
	}
	held := []uintptr{}
	for i := range int32(3 * keptLists) {
		held = append(held, d.upload([]int32{i, -i}))
	}
	for i := range int32(3 * keptLists) {
		got := []int32{0, 0}
		d.fetch(bytesOf(got), held[i])
		require.Equal(t, []int32{i, -i}, got)
	}
	d.release(held...)
	driver.Emulator.Reset()
	for range 10 {
		p := d.upload([]int32{7, 8, 9})
		d.release(p)
	}
	require.NoError(t, d.Sync())
	require.Equal(t, 12, driver.Emulator.Stats().H2D)
	require.LessOrEqual(t, len(d.lists.all), 3*keptLists)
	for range 3 * keptLists {
		d.forgetList()
	}
	require.Empty(t, d.lists.all)
}
