//go:build gpu

package device

import (
	"cmp"
	"fmt"
	"os"

	"croco/kernels"
	"croco/kernels/cuda"
	"croco/kernels/cuda/blaslt"
	"croco/kernels/cuda/driver"
	"croco/kernels/cuda/nvrtc"
)

// gpus are the devices that this binary has and the machine may lack. bfloat16 is what tensor cores multiply.
var gpus = []opener{{name: "cuda", auto: kernels.BF16, passable: true, open: func(o Options, a kernels.DType) (kernels.Device, error) {
	d, err := cuda.New(cuda.Options{Arithmetic: a, Linear: cmp.Or(o.Linear, os.Getenv("CROCO_LINEAR"))})
	if err != nil {
		return nil, err
	}
	return d, nil
}}}

// GPUs are lines for people about the driver, each GPU, and the compiler of its kernels.
func GPUs() []string {
	n, why := driver.Count()
	if n == 0 {
		return []string{"gpu        none: " + why}
	}
	var lines []string
	for i := range n {
		c, err := driver.Open(i)
		if err != nil {
			lines = append(lines, fmt.Sprintf("gpu %d      %v", i, err))
			continue
		}
		lines = append(lines, fmt.Sprintf("gpu %d      %v, %.1f GiB free", i, c, float64(c.Free())/(1<<30)))
	}
	compiler, err := nvrtc.Version()
	if err != nil {
		compiler = err.Error()
	}
	library, err := blaslt.Version()
	if err != nil {
		library = err.Error()
	} else {
		library += ", used where the environment has CROCO_LINEAR=cublaslt"
	}
	return append(lines, "nvrtc      "+compiler, "cublaslt   "+library)
}
