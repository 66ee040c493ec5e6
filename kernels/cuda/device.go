//go:build gpu

package cuda

import (
	"fmt"
	"os"

	"croco/kernels"
	"croco/kernels/cuda/driver"
	"croco/kernels/cuda/nvrtc"
)

// Options of a device.
type Options struct {
	GPU        int           // the first is 0
	Arithmetic kernels.DType // F32 or BF16
	Linear     string        // whose matrix products: "croco", also "", or "cublaslt", whose bits nobody promises
	// Guarded gives every tensor a driver allocation of its own, so that the emulated driver sees every access outside of it.
	Guarded bool
	// NoGraphs hands every piece of work to the driver at once.
	NoGraphs bool
}

// Device computes on one GPU.
type Device struct {
	context    *driver.Context
	stream     *driver.Stream
	arithmetic kernels.DType
	arch       string
	kernels    map[string]*kernel
	modules    map[string]*driver.Module
	memory     arena
	tensorMaps tensorMaps
	queue      queue
	staging    staging
	lists      lists
	rounded    rounded
	attention  attention
	vendor     *vendor // nil: products are croco's own
	fault      error
}

// New takes a GPU into use. Its kernels are compiled, or found in the cache, when they are first launched. The environment
// variables CROCO_CUDA_GUARDED=1 and CROCO_CUDA_GRAPHS=off set Guarded and NoGraphs.
func New(o Options) (*Device, error) {
	if o.Arithmetic == kernels.F16 {
		return nil, fmt.Errorf("device cuda: it computes in float32 or bfloat16, found dtype float16")
	}
	if o.Linear != "" && o.Linear != "croco" && o.Linear != "cublaslt" {
		return nil, fmt.Errorf("device cuda: linear %q is unknown: expected croco or cublaslt", o.Linear)
	}
	context, err := driver.Open(o.GPU)
	if err != nil {
		return nil, fmt.Errorf("device cuda: %w", err)
	}
	d := &Device{context: context, arithmetic: o.Arithmetic, arch: context.Arch(), kernels: map[string]*kernel{}, modules: map[string]*driver.Module{}, tensorMaps: tensorMaps{made: map[matrix]uintptr{}}}
	d.lists.all = map[uintptr]*list{}
	d.memory = newArena(context, o.Guarded || os.Getenv("CROCO_CUDA_GUARDED") == "1")
	if d.stream, err = context.NewStream(); err != nil {
		return nil, err
	}
	if err := d.staging.init(context, d.stream); err != nil {
		return nil, err
	}
	if err := d.queue.init(context, o.NoGraphs || os.Getenv("CROCO_CUDA_GRAPHS") == "off"); err != nil {
		return nil, err
	}
	if _, err := nvrtc.Version(); err != nil {
		return nil, fmt.Errorf("device cuda: %w", err)
	}
	if o.Linear == "cublaslt" {
		if err := d.useVendor(); err != nil {
			return nil, fmt.Errorf("device cuda: %w", err)
		}
	}
	return d, nil
}

var _ kernels.Device = (*Device)(nil)

// Name is "cuda".
func (*Device) Name() string { return "cuda" }

// Info is the GPU, its driver, its free memory, and the arithmetic.
func (d *Device) Info() string {
	info := fmt.Sprintf("%v, %.1f GiB free, %v", d.context, float64(d.context.Free())/(1<<30), d.arithmetic)
	if d.vendor != nil {
		info += ", linear layers by cuBLASLt " + d.vendor.version
	}
	return info
}

// Arithmetic is as New was told.
func (d *Device) Arithmetic() kernels.DType { return d.arithmetic }

// hopper says whether the kernels for sm_90a can be used.
func (d *Device) hopper() bool { return d.arch == "sm_90a" }

// Sync waits, and returns the first fault there was.
func (d *Device) Sync() error {
	d.rest()
	return d.fault
}

// keep takes note of a fault; the first one counts.
func (d *Device) keep(err error) {
	if d.fault == nil && err != nil {
		d.fault = err
	}
}
