package optest_test

import (
	"os"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/device"
	"croco/kernels/optest"
	"croco/kernels/reference"
)

// every runs a test on each device of this binary, by its name, and in bfloat16 by name/bfloat16.
func every[Test interface{ Run(string, func(Test)) bool }](t Test, test func(t Test, d kernels.Device)) {
	for _, name := range device.Names() {
		if name == "reference" && testing.Short() { // one goroutine: nothing for the race detector
			continue
		}
		for dtype, title := range map[string]string{"float32": name, "bfloat16": name + "/bfloat16"} {
			t.Run(title, func(t Test) {
				d, err := device.Open(name, device.Options{Threads: 2, DType: dtype})
				if name == "cuda" && err != nil && os.Getenv("REQUIRE_CUDA") == "" {
					return // a binary with GPU support on a machine without a GPU
				}
				if err != nil {
					panic(err)
				}
				test(t, d)
			})
		}
	}
}

func TestDevices(t *testing.T) { every(t, optest.Run[*testing.T]) }

func TestGradients(t *testing.T) {
	skipShort(t)
	optest.RunGradients(t, reference.New())
}

func skipShort(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine, much arithmetic: without the race detector")
	}
}

func BenchmarkDevices(b *testing.B) { every(b, optest.Bench[*testing.B]) }

func TestNamesAreDistinct(t *testing.T) {
	skipShort(t)
	seen := map[string]bool{}
	for _, c := range append(optest.Cases(), optest.Workloads()...) {
		require.False(t, seen[c.Name()], "two cases are called %s", c.Name())
		seen[c.Name()] = true
	}
}

// faulty is the reference with one operation wrong, to see the table find it.
type faulty struct {
	*reference.Device
	fault string
}

func (f faulty) Name() string { return "faulty" }

func (f faulty) Add(y, x *kernels.Tensor) {
	switch f.fault {
	case "absent":
		panic(kernels.ErrNotImplemented)
	case "one bit":
		f.Device.Add(y, x)
		y.Host[len(y.Host)-1] *= 1 + 0x1p-22
	case "unwritten":
	case "too far":
		f.Device.Add(y, x)
		*(*float32)(unsafe.Add(unsafe.Pointer(&y.Host[0]), 4*len(y.Host))) = 0
	default:
		f.Device.Add(y, x)
	}
}

func (f faulty) GateBackward(dgate, dup, dy, gate, up *kernels.Tensor, act kernels.Activation) {
	f.Device.GateBackward(dgate, dup, dy, gate, up, act)
	if f.fault == "gradient" {
		f.Scale(dup, 1.01)
	}
}

func find(t *testing.T, name string) optest.Case {
	for _, c := range optest.Cases() {
		if c.Name() == name {
			return c
		}
	}
	t.Fatalf("no case %s", name)
	return optest.Case{}
}

func TestTheTableFindsFaults(t *testing.T) {
	sound := faulty{Device: reference.New()}
	add, gate := find(t, "add/T=7 C=49"), find(t, "gate silu/T=7 F=49")
	require.NoError(t, optest.Check(add, sound))
	require.NoError(t, optest.Gradient(gate, sound))
	with := func(fault string) faulty { return faulty{sound.Device, fault} }
	require.ErrorContains(t, optest.Check(add, with("one bit")), "add/T=7 C=49 on faulty: y: 1 of 343 elements outside of")
	require.ErrorContains(t, optest.Same(add, sound, with("one bit")), "bits differ at [342]")
	require.ErrorContains(t, optest.Check(add, with("unwritten")), "elements outside")
	require.ErrorContains(t, optest.Check(add, with("too far")), "wrote outside of a tensor of 343 elements")
	require.ErrorContains(t, optest.Check(gate, with("gradient")), "dup")
	require.ErrorContains(t, optest.Gradient(gate, with("gradient")), "finite differences say")
}

func TestSupport(t *testing.T) {
	absent, wrong := faulty{reference.New(), "absent"}, faulty{reference.New(), "unwritten"}
	lines := strings.Split(optest.Support(reference.New(), absent, wrong).String(), "\n")
	require.Equal(t, []string{"operation", "reference", "faulty", "faulty"}, strings.Fields(lines[0]))
	require.Contains(t, lines, "add float32             yes        no      WRONG")
	require.Contains(t, lines, "linear bfloat16         yes        yes     yes")
}

func TestVerify(t *testing.T) {
	skipShort(t)
	v := optest.Verify(faulty{reference.New(), "unwritten"}, nil)
	require.False(t, v.OK())
	require.Contains(t, v.String(), "FAULT  add float32 ")
	require.Contains(t, v.String(), "ok     gate silu float32 ")
	require.Contains(t, optest.Verify(faulty{reference.New(), "absent"}, nil).String(), "kernels: not implemented on this device")
}

func TestMeasure(t *testing.T) {
	results, err := optest.Measure(reference.New(), find(t, "linear/T=7 K=64 N=49"), time.Millisecond)
	require.NoError(t, err)
	require.Len(t, results, 3)
	require.Equal(t, "linear backward weight", results[2].Op)
	require.Equal(t, 2.0*7*64*49, results[0].FLOPs)
	require.Equal(t, 4.0*(7*64+7*49+64*49), results[0].Bytes)
	require.Greater(t, results[0].Seconds, 0.0)
}
