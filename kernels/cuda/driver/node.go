//go:build gpu

package driver

/*
#include "node.h"
static int issue(void *f, work w, void *stream) {
	void *params[MAX_ARGS];
	if (w.kind == LAUNCH)
		return ((int (*)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **, void **))f)
			((void *)w.fn, w.grid[0], w.grid[1], w.grid[2], w.threads, 1, 1, w.shared, stream, arguments(&w, params), 0);
	if (w.kind == ZERO)
		return ((int (*)(uintptr_t, unsigned char, size_t, void *))f)(w.dst, 0, w.bytes, stream);
	return ((int (*)(uintptr_t, uintptr_t, size_t, void *))f)(w.dst, w.src, w.bytes, stream);
}
*/
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"

	"croco/kernels/cuda/shim"
)

// Node is a piece of work for a stream or a graph: a launch, a copy, or a fill with zeros. Two that are == do the same.
type Node struct {
	kind Kind
	n    int32 // number of arguments

	fn      *Function
	grid    [3]int32
	threads int32
	shared  int32
	args    [maxArgs]uint64

	dst, src uintptr
	bytes    int
}

// maxArgs is more arguments than any kernel has.
const maxArgs = C.MAX_ARGS

// Kind is what a Node does.
type Kind uint8

const (
	Launch   Kind = iota // starts a kernel
	Upload               // copies from pinned host memory
	Download             // copies to pinned host memory
	Move                 // copies within the device
	Zero                 // fills with zeros
)

// ToUpload is a copy from pinned host memory to the device.
func ToUpload(dst uintptr, src []byte) Node {
	return Node{kind: Upload, dst: dst, src: uintptr(unsafe.Pointer(unsafe.SliceData(src))), bytes: len(src)}
}

// ToDownload is a copy from the device to pinned host memory, which holds it after a Wait.
func ToDownload(dst []byte, src uintptr) Node {
	return Node{kind: Download, dst: uintptr(unsafe.Pointer(unsafe.SliceData(dst))), src: src, bytes: len(dst)}
}

// ToMove is a copy of n bytes within the device.
func ToMove(dst, src uintptr, n int) Node { return Node{kind: Move, dst: dst, src: src, bytes: n} }

// ToZero is n zero bytes.
func ToZero(dst uintptr, n int) Node { return Node{kind: Zero, dst: dst, bytes: n} }

// ToLaunch is a kernel's start: grid blocks of so many threads, with so many bytes of dynamic shared memory. Wrong arguments
// are a programmer's error and panic: nothing else would notice them.
func (f *Function) ToLaunch(grid [3]int, threads, shared int, args ...Arg) Node {
	if len(args) != len(f.sizes) {
		panic(fmt.Sprintf("cuda: kernel %s takes %d arguments, found %d", f.name, len(f.sizes), len(args)))
	}
	n := Node{kind: Launch, n: int32(len(args)), fn: f, grid: [3]int32{int32(grid[0]), int32(grid[1]), int32(grid[2])}, threads: int32(threads), shared: int32(shared)}
	for i, a := range args {
		if a.size != f.sizes[i] {
			panic(fmt.Sprintf("cuda: kernel %s: argument %d has %d bytes, found %v", f.name, i, f.sizes[i], a))
		}
		n.args[i] = a.bits
	}
	return n
}

// Topology continues a hash over what an instantiated graph cannot change about the node: its kind, and which kernel it
// starts or how much it fills.
func (n *Node) Topology(hash uint64) uint64 {
	what := uint64(n.kind)
	switch n.kind {
	case Launch:
		what += uint64(n.fn.id) << 3
	case Zero:
		what += uint64(n.bytes) << 3
	}
	return (hash ^ what) * 0x9E3779B97F4A7C15
}

func (n *Node) String() string {
	switch n.kind {
	case Launch:
		return fmt.Sprintf("kernel %s, %v blocks of %d threads, %d bytes shared", n.fn.name, n.grid, n.threads, n.shared)
	case Upload:
		return "copy to the GPU"
	case Download:
		return "copy from the GPU"
	case Move:
		return "copy on the GPU"
	}
	return "zeros on the GPU"
}

// Issue queues nodes one after the other, up to the first that fails.
func (s *Stream) Issue(nodes ...Node) error {
	s.idle = false
	defer runtime.UnlockOSThread()
	if err := s.c.bind(); err != nil {
		return explain("current context", err)
	}
	for i := range nodes {
		if err := s.issue(&nodes[i]); err != nil {
			return explain(nodes[i].String(), err)
		}
	}
	return nil
}

func (s *Stream) issue(n *Node) error {
	w, err := s.c.work(n)
	if err != nil {
		return err
	}
	if e := C.issue(s.c.calls.issue[n.kind], w, s.handle()); e != 0 {
		return Code(e)
	}
	return nil
}

// work is a node as C takes it. A kernel may have the shared memory from then on.
func (c *Context) work(n *Node) (w C.work, err error) {
	w = C.work{kind: C.int(n.kind), context: C.uintptr_t(uintptr(c.context)), dst: C.uintptr_t(n.dst), src: C.uintptr_t(n.src), bytes: C.size_t(n.bytes)}
	if n.kind == Launch {
		w.fn, w.n, w.threads, w.shared = C.uintptr_t(uintptr(n.fn.handle())), C.int(n.n), C.int(n.threads), C.int(n.shared)
		for i, size := range n.grid {
			w.grid[i] = C.int(size)
		}
		for i, a := range n.args {
			w.args[i] = C.uint64_t(a)
		}
		err = n.fn.allow(int(n.shared))
	}
	return w, err
}

// calls are the functions of the driver that are called for every piece of work, by its kind; gorgonia.org/cu would allocate
// for each.
type calls struct {
	issue  [Zero + 1]unsafe.Pointer
	graphs graphCalls
}

func (c *calls) find() error {
	return symbols(map[string]*unsafe.Pointer{
		"cuLaunchKernel": &c.issue[Launch], "cuMemsetD8Async": &c.issue[Zero],
		"cuMemcpyHtoDAsync_v2": &c.issue[Upload], "cuMemcpyDtoHAsync_v2": &c.issue[Download], "cuMemcpyDtoDAsync_v2": &c.issue[Move],
	})
}

// symbols looks functions of the driver up.
func symbols(all map[string]*unsafe.Pointer) error {
	for name, to := range all {
		if *to = shim.Symbol(name); *to == nil {
			return fmt.Errorf("the driver has no %s", name)
		}
	}
	return nil
}
