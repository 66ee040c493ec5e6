//go:build gpu

package driver

import (
	"errors"
	"fmt"

	"gorgonia.org/cu"
)

// Code is an error number of the driver (CUresult).
type Code int

func (c Code) Error() string { return fmt.Sprintf("CUDA error %d", int(c)) }

// Error is a failed call of the driver.
type Error struct {
	Op     string
	Err    error
	Advice string // what to do
}

func (e *Error) Error() string {
	text := "cuda: " + e.Op + ": " + e.Err.Error()
	if said := Emulator.LastError(); said != "" {
		text += ": " + said
	}
	if e.Advice != "" {
		text += "; " + e.Advice
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// explain wraps an error of the driver with what to do about it.
func explain(op string, err error) error {
	if err == nil {
		return nil
	}
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	return &Error{Op: op, Err: err, Advice: advice(err)}
}

func advice(err error) string {
	switch code(err) {
	case int(cu.OutOfMemory):
		return "use a smaller batch (max_rows), a smaller model, or close other programs on the GPU"
	case int(cu.NoBinaryForGpu), int(cu.InvalidImage), 222: // CUDA_ERROR_UNSUPPORTED_PTX_VERSION
		return "the driver is older than the NVRTC that compiled the kernels: update the driver, or set CROCO_NVRTC to an older libnvrtc"
	case int(cu.EccUncorrectable), 46, 721, 999: // hardware faults, device unavailable, unknown
		return "the GPU was lost: look at dmesg and nvidia-smi, and start again; what was written is kept, and the run resumes"
	case 700, 719: // illegal address, launch failed
		return "a kernel went wrong: run croco verify device, and report what it prints"
	}
	return ""
}

// code is the driver's number of an error.
func code(err error) int {
	var own Code
	if errors.As(err, &own) {
		return int(own)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if n, ok := numbers[e.Error()]; ok {
			return n
		}
	}
	return 0
}

// numbers are the errors of gorgonia.org/cu, whose type is not exported, by name.
var numbers = func() map[string]int {
	m := map[string]int{}
	for _, e := range []struct {
		err error
		n   int
	}{{cu.OutOfMemory, int(cu.OutOfMemory)}, {cu.NoBinaryForGpu, int(cu.NoBinaryForGpu)}, {cu.InvalidImage, int(cu.InvalidImage)},
		{cu.EccUncorrectable, int(cu.EccUncorrectable)}, {cu.IllegalAddress, int(cu.IllegalAddress)}, {cu.LaunchFailed, int(cu.LaunchFailed)}} {
		m[e.err.Error()] = e.n
	}
	return m
}()

// OutOfMemory says whether an error is that of too little memory.
func OutOfMemory(err error) bool { return code(err) == int(cu.OutOfMemory) }
