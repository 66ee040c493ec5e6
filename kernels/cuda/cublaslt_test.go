//go:build gpu

package cuda

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/cuda/driver"
	"croco/kernels/optest"
)

// fakeVendor compiles blaslt/testdata/fake.c, once for the process, since a library is opened once.
var fakeVendor = sync.OnceValues(func() (path string, err error) {
	dir, err := os.MkdirTemp("", "croco-cublaslt-*")
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "libcublasLt.so.12")
	_, err = exec.Command("gcc", "-O2", "-ffp-contract=off", "-shared", "-fPIC", "-o", path, "blaslt/testdata/fake.c", "-ldl").Output()
	return path, err
})

// withVendor makes a device whose linear layers are cuBLASLt's: on the emulated driver a fake, on a GPU the library, if it is there.
func withVendor(t *testing.T, o Options) *Device {
	if driver.Emulator.Present() {
		path, err := fakeVendor()
		require.NoError(t, err)
		t.Setenv("CROCO_CUBLASLT", path)
	}
	o.Arithmetic, o.Linear = kernels.BF16, "cublaslt"
	d, err := New(o)
	if err != nil && !driver.Emulator.Present() {
		t.Skip(err)
	}
	require.NoError(t, err)
	require.Contains(t, d.Info(), ", linear layers by cuBLASLt ")
	t.Cleanup(driver.Emulator.Clear)
	return d
}

// The op table's linear layers, with memory that an algorithm can take and with memory that only croco's own kernels can.
func TestLinearByCuBLASLt(t *testing.T) {
	onArchs(t, func(t *testing.T) {
		for _, guarded := range []bool{false, true} {
			d := withVendor(t, Options{Guarded: guarded})
			driver.Emulator.Reset()
			cases := 0
			for _, c := range optest.Cases() {
				if strings.HasPrefix(c.Op, "linear") || strings.HasPrefix(c.Op, "lora") {
					require.NoError(t, optest.Check(c, d))
					cases++
				}
			}
			require.Greater(t, cases, 10)
			require.Greater(t, len(d.vendor.plans), cases/2)
			for form, plan := range d.vendor.plans {
				require.NotNil(t, plan, "%+v", form)
			}
		}
	})
}

// Where memory is aligned, the library does all products but the gradients of weights: forwards, backwards, with bias and adapter.
func TestCuBLASLtDoesTheProducts(t *testing.T) {
	d := withVendor(t, Options{})
	if !driver.Emulator.Present() {
		t.Skip("launches are counted by the emulated driver")
	}
	driver.Emulator.Reset()
	for _, l := range []layer{{T: 3, K: 40, N: 24, R: 4}, {T: 70, K: 17, N: 9, R: 0}} {
		y, _, _ := l.compute(d)
		require.NotEmpty(t, y)
	}
	require.NoError(t, d.Sync())
	for name := range driver.Emulator.Stats().Kernels {
		require.False(t, strings.HasPrefix(name, "linear_") && !strings.Contains(name, "_tn_"), "%s: a product was not the library's", name)
	}
}

func TestPromisesWithCuBLASLt(t *testing.T) {
	d := withVendor(t, Options{})
	for _, p := range optest.Promises(d) {
		t.Run(p.Name, func(t *testing.T) { require.NoError(t, p.Keep(d)) })
	}
}

func TestLinearIsRefused(t *testing.T) {
	_, err := New(Options{Linear: "cutlass"})
	require.EqualError(t, err, `device cuda: linear "cutlass" is unknown: expected croco or cublaslt`)
	open(t, Options{}) // or skip
	_, err = New(Options{Linear: "cublaslt", Arithmetic: kernels.F32})
	require.EqualError(t, err, "device cuda: linear cublaslt: it multiplies bfloat16, found dtype float32")
}
