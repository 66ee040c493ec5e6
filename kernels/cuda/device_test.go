//go:build gpu

package cuda

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/cuda/driver"
	"croco/kernels/cuda/nvrtc"
	"croco/kernels/cuda/source"
	"croco/kernels/optest"
)

// open makes a device. On a machine that is supposed to have one, having none is a failure.
func open(t testing.TB, o Options) *Device {
	d, err := New(o)
	if err != nil && os.Getenv("REQUIRE_CUDA") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(driver.Emulator.Clear)
	return d
}

// onArchs runs a test as on a GPU without and with the instructions of sm_90a; on a real GPU, as it is.
func onArchs(t *testing.T, test func(t *testing.T)) {
	if !driver.Emulator.Present() {
		test(t)
		return
	}
	for _, capability := range []string{"80", "90"} {
		t.Run("sm_"+capability, func(t *testing.T) {
			t.Setenv("CROCO_EMU_CC", capability)
			test(t)
		})
	}
}

// TestKernelsCompile puts every kernel into the compiler's cache, two files at a time: other tests find it there.
func TestKernelsCompile(t *testing.T) {
	if _, err := nvrtc.Version(); err != nil && os.Getenv("REQUIRE_CUDA") == "" {
		t.Skip(err)
	}
	for _, arch := range []string{"sm_90a", "sm_80"} {
		for _, file := range source.Files() {
			if source.ForArch(file, arch) {
				t.Run(arch+"/"+file, func(t *testing.T) {
					t.Parallel()
					_, err := nvrtc.Cubin(source.Text(file), file, arch, source.Options()...)
					require.NoError(t, err)
				})
			}
		}
	}
}

// scheduled is a device whose threads take turns in another order; see ../emu. It says so to the emulated driver when a
// case begins, by allocating.
type scheduled struct {
	*Device
	schedule string
}

func (s scheduled) New(shape ...int) *kernels.Tensor {
	os.Setenv("CROCO_EMU_SCHEDULE", s.schedule)
	return s.Device.New(shape...)
}

func (s scheduled) Info() string { return "schedule " + s.schedule }

// TestOperations is the op table: every case against the reference, and bit for bit alike under four orders of threads.
// Every tensor has an allocation of its own, with inaccessible memory behind it. A case runs so often that most of it are graphs.
func TestOperations(t *testing.T) {
	onArchs(t, func(t *testing.T) {
		for _, arithmetic := range []kernels.DType{kernels.F32, kernels.BF16} {
			t.Run(arithmetic.String(), func(t *testing.T) {
				d := open(t, Options{Arithmetic: arithmetic, Guarded: true})
				d.queue.graphs.least = 1
				for _, c := range optest.Cases() {
					t.Run(c.Name(), func(t *testing.T) { operation(t, d, c) })
				}
			})
		}
	})
}

func operation(t *testing.T, d *Device, c optest.Case) {
	defer os.Setenv("CROCO_EMU_SCHEDULE", "0")
	if err := optest.Check(c, scheduled{d, "0"}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"1", "7", "8"} {
		if err := optest.Same(c, scheduled{d, "0"}, scheduled{d, s}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPromises are ways of computing that must agree bit for bit.
func TestPromises(t *testing.T) {
	onArchs(t, func(t *testing.T) {
		for _, arithmetic := range []kernels.DType{kernels.F32, kernels.BF16} {
			t.Run(arithmetic.String(), func(t *testing.T) {
				d := open(t, Options{Arithmetic: arithmetic})
				for _, p := range optest.Promises(d) {
					t.Run(p.Name, func(t *testing.T) {
						if err := p.Keep(d); err != nil {
							t.Fatal(err)
						}
					})
				}
			})
		}
	})
}
