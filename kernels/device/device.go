// Package device opens a device by the name that the user gives to --device.
//
//	Open    a device by name: auto, cpu, reference, and in a binary with GPU support (-tags gpu) cuda
//	Names   the devices of this binary, fastest first
package device

import (
	"fmt"
	"strings"

	"croco/kernels"
	"croco/kernels/cpu"
	"croco/kernels/reference"
)

// Options of a device.
type Options struct {
	Threads int    // of a device that computes on the host; 0: one per processor. reference always uses one
	DType   string // the arithmetic: float32, bfloat16, or auto (also ""), which is what suits the device
	// Linear is whose matrix products a GPU uses: croco, also where it is "" and the environment has no CROCO_LINEAR, or cublaslt, NVIDIA's
	// library, whose bits nobody promises.
	Linear string
	// PassedOver, where not nil, is told which device auto would have preferred, and why it cannot be used.
	PassedOver func(name string, why error)
}

// opener makes a device with the arithmetic wanted; auto is its own choice.
type opener struct {
	name string
	auto kernels.DType
	open func(o Options, arithmetic kernels.DType) (kernels.Device, error)
	// auto goes on to the next device where this one cannot be opened
	passable bool
}

// openers are the devices of this binary, fastest first.
var openers = append(gpus, []opener{
	{"cpu", kernels.F32, func(o Options, a kernels.DType) (kernels.Device, error) { return cpu.WithArithmetic(o.Threads, a) }, false},
	{"reference", kernels.F32, func(_ Options, a kernels.DType) (kernels.Device, error) { return reference.WithArithmetic(a), nil }, false},
}...)

// Names are the devices that Open knows, fastest first.
func Names() []string {
	var names []string
	for _, o := range openers {
		names = append(names, o.name)
	}
	return names
}

// Open returns the device of that name; auto is the fastest that the machine has. An unknown name or dtype is an error
// that lists the known ones.
func Open(name string, options Options) (kernels.Device, error) {
	arithmetic, auto, err := parse(options.DType)
	if err != nil {
		return nil, err
	}
	for _, o := range openers {
		if o.name != name && name != "auto" {
			continue
		}
		a := arithmetic
		if auto {
			a = o.auto
		}
		if o.name != "cuda" && options.Linear != "" && options.Linear != "croco" {
			return nil, fmt.Errorf("linear %s: device %s has croco's own alone: expected device cuda", options.Linear, o.name)
		}
		d, err := o.open(options, a)
		if err == nil || name != "auto" || !o.passable {
			return d, err
		}
		if options.PassedOver != nil {
			options.PassedOver(o.name, err)
		}
	}
	known := append([]string{"auto"}, Names()...)
	last := len(known) - 1
	expected := strings.Join(known[:last], ", ") + " or " + known[last]
	if name == "cuda" {
		return nil, fmt.Errorf("device cuda: this binary has no GPU support; use %s", expected)
	}
	return nil, fmt.Errorf("device %q is unknown: expected %s", name, expected)
}

// parse reads a dtype.
func parse(dtype string) (arithmetic kernels.DType, auto bool, err error) {
	switch dtype {
	case "", "auto":
		return kernels.F32, true, nil
	case "float32":
		return kernels.F32, false, nil
	case "bfloat16", "bf16":
		return kernels.BF16, false, nil
	}
	return 0, false, fmt.Errorf("dtype %q is unknown: expected auto, float32 or bfloat16", dtype)
}
