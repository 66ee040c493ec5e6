//go:build gpu

package cuda

import "croco/kernels"

// Peak is what the GPU could do at best by its data sheet, at the clocks that the driver tells: flops, the dense
// operations per second of the device's arithmetic (tensor cores for bfloat16 with float32 sums, multiply-adds for
// float32), and bytes per second from its memory. 0 where the driver does not tell the clocks.
func (d *Device) Peak() (flops, bytes float64) {
	cycles := float64(d.context.SMs) * d.context.Clock
	return cycles * perCycle(d.context.Major, d.context.Minor, d.arithmetic), d.context.Bandwidth
}

// perCycle is the number of operations that a multiprocessor does in a cycle.
func perCycle(major, minor int, arithmetic kernels.DType) float64 {
	if arithmetic == kernels.F32 {
		if major == 8 && minor == 0 {
			return 128 // A100: 64 multiply-adds
		}
		return 256
	}
	switch {
	case major == 8 && minor == 0:
		return 2048 // A100: 312 TFLOP/s
	case major == 9:
		return 4096 // H100: 989
	case major == 10:
		return 8192 // B200: 2250
	}
	return 512 // RTX 30, 40 and 50, L4, L40
}
