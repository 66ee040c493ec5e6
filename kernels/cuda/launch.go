//go:build gpu

package cuda

import (
	"fmt"
	"strings"

	"croco/kernels"
	"croco/kernels/cuda/driver"
	"croco/kernels/cuda/nvrtc"
	"croco/kernels/cuda/source"
)

// kernel is a function on the device.
type kernel struct {
	*driver.Function
	writes []int // its parameters that are pointers, and not to what is const
}

// launch queues a kernel: so many blocks of so many threads. A grid without blocks is nothing to do.
func (d *Device) launch(name string, grid [3]int, threads, shared int, args ...driver.Arg) {
	if d.fault != nil || grid[0]*grid[1]*grid[2] == 0 {
		return
	}
	k := d.kernels[name]
	if k == nil {
		k = d.find(name)
	}
	if k == nil {
		return
	}
	d.add(k.ToLaunch(grid, threads, shared, args...))
	for _, i := range k.writes {
		d.changed(args[i].Address())
	}
}

// find looks a kernel up in the module of its source file; nil after a fault.
func (d *Device) find(name string) *kernel {
	file, ok := source.FileOf(name)
	if !ok {
		panic(fmt.Sprintf("cuda: no source file has a kernel %s", name))
	}
	module, err := d.module(file)
	if d.keep(err); err != nil {
		return nil
	}
	k := &kernel{}
	k.Function, err = module.Function(name)
	if d.keep(err); err != nil {
		return nil
	}
	parameters := source.Parameters(name)
	if len(parameters) != k.Parameters() {
		panic(fmt.Sprintf("cuda: kernel %s has %d parameters, %d in its source", name, k.Parameters(), len(parameters)))
	}
	for i, p := range parameters {
		if strings.Contains(p, "*") && !strings.HasPrefix(p, "const ") {
			k.writes = append(k.writes, i)
		}
	}
	d.kernels[name] = k
	return k
}

// module compiles a source file and loads it, where that has not been done.
func (d *Device) module(file string) (*driver.Module, error) {
	if m := d.modules[file]; m != nil {
		return m, nil
	}
	if !source.ForArch(file, d.arch) {
		panic(fmt.Sprintf("cuda: the kernels of %s.cu are not for %s", file, d.arch))
	}
	cubin, err := nvrtc.Cubin(source.Text(file), file, d.arch, source.Options()...)
	if err != nil {
		return nil, err
	}
	m, err := d.context.Load(cubin)
	if err == nil {
		d.modules[file] = m
	}
	return m, err
}

// at is the address of a tensor as an argument; nil is a null pointer.
func at(t *kernels.Tensor) driver.Arg {
	if t == nil {
		return driver.Ptr(0)
	}
	return driver.Ptr(t.Addr)
}

// count is the number of elements of a tensor as a 64-bit argument.
func count(t *kernels.Tensor) driver.Arg { return driver.Long(uint64(t.Len())) }

// flag is 1 or 0 as an int argument.
func flag(b bool) driver.Arg {
	if b {
		return driver.Int(1)
	}
	return driver.Int(0)
}

// blocks is how many pieces of a size cover n.
func blocks(n, size int) int { return (n + size - 1) / size }

// line is a grid in one dimension, plane in two. The second dimension has at most 65535 blocks.
func line(n int) [3]int     { return [3]int{n, 1, 1} }
func plane(x, y int) [3]int { return [3]int{x, y, 1} }

// same panics unless t has the shape of like.
func same(op, what string, t, like *kernels.Tensor) { kernels.Shape(op, what, t, like.Shape...) }
