// Package device opens a device by the name that the user gives to --device.
//
//	Open    a device by name: auto, cpu, reference
//	Names   the devices of this binary, fastest first
package device

import (
	"fmt"
	"strings"

	"croco/kernels"
	"croco/kernels/cpu"
	"croco/kernels/reference"
)

// opener makes a device with so many threads; 0 is one per processor.
type opener struct {
	name string
	open func(threads int) (kernels.Device, error)
}

// openers are the devices of this binary; auto takes the first.
var openers = []opener{
	{"cpu", func(threads int) (kernels.Device, error) { return cpu.New(threads) }},
	{"reference", func(int) (kernels.Device, error) { return reference.New(), nil }},
}

// Names are the devices that Open knows, fastest first.
func Names() []string {
	var names []string
	for _, o := range openers {
		names = append(names, o.name)
	}
	return names
}

// Open returns the device of that name; auto is the fastest that the machine has. threads is for devices that compute on
// the host, 0 meaning one per processor; reference always uses one. An unknown name is an error that lists the known ones.
func Open(name string, threads int) (kernels.Device, error) {
	if name == "auto" {
		return openers[0].open(threads)
	}
	for _, o := range openers {
		if o.name == name {
			return o.open(threads)
		}
	}
	if name == "cuda" {
		return nil, fmt.Errorf("device cuda: this binary has no GPU support; use auto, %s", strings.Join(Names(), " or "))
	}
	return nil, fmt.Errorf("device %q is unknown: expected auto, %s", name, strings.Join(Names(), " or "))
}
