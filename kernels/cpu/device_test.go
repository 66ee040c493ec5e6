package cpu

import (
	"testing"

	"croco/kernels/optest"
)

// every runs a test on all instruction sets of the machine, with one and three threads.
func every(t *testing.T, f func(t *testing.T, d *Device)) {
	for _, c := range supported() {
		t.Run(c.key, func(t *testing.T) { f(t, newDevice(1, c.set)) })
		t.Run(c.key+" 3 threads", func(t *testing.T) { f(t, newDevice(3, c.set)) })
	}
}

func TestOperations(t *testing.T) {
	every(t, func(t *testing.T, d *Device) { optest.Run(t, d) })
}

func TestGradients(t *testing.T) {
	optest.RunGradients(t, newDevice(2, supported()[0].set))
}

// All instruction sets and all numbers of threads agree bit for bit.
func TestSame(t *testing.T) {
	oracle := newDevice(1, &portable)
	every(t, func(t *testing.T, d *Device) { optest.RunSame(t, oracle, d) })
}
