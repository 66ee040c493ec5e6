//go:build gpu

package cuda

import (
	"strings"

	"croco/kernels"
)

// Peak is what the GPU could do at best: flops, the dense operations per second of the device's arithmetic (tensor cores for
// bfloat16 with float32 sums, multiply-adds for float32), and bytes per second from its memory. Both follow from what the driver tells:
// multiprocessors × highest clock × operations per cycle, and memory clock × 2 transfers × bus width. Under load a card runs below its
// highest clock, and data sheets count with a lower one (H100: 1.83 of 1.98 GHz), so a share of this peak is rather
// told too low. 0 where the driver does not tell a clock.
func (d *Device) Peak() (flops, bytes float64) {
	c := d.context
	return float64(c.SMs) * c.Clock * perCycle(c.Major, c.Minor, strings.Contains(c.Name, "GeForce"), d.arithmetic), c.Bandwidth
}

// perCycle is the number of operations that a multiprocessor does in a cycle; a multiply-add is two. It depends on the compute
// capability. In bfloat16, GeForce cards have half of what cards with the same chip for work and servers have.
func perCycle(major, minor int, geforce bool, arithmetic kernels.DType) float64 {
	server := minor == 0 && major <= 10 // A100, H100, B200; their relatives in one generation are 8.6, 8.9, 10.3 …
	switch {
	case arithmetic == kernels.F32 && server && major == 8:
		return 128 // 64 units
	case arithmetic == kernels.F32:
		return 256 // 128 units
	case major == 8 && server:
		return 2048
	case major == 9:
		return 4096
	case major == 10:
		return 8192
	case geforce:
		return 512
	}
	return 1024
}
