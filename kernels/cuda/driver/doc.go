// Package driver is what croco needs of the CUDA driver: a thin layer over gorgonia.org/cu, with the parts that it lacks
// called through package shim. Everything but this comment has the build tag gpu.
//
//	Open          a context on a GPU, with what it is and can do
//	Load          a module from a CUBIN; Function finds a kernel in it, and its parameters
//	Node          a launch, after a check of the number and sizes of its arguments; a copy; a fill with zeros
//	Alloc, Pin    memory of the device, and host memory that it may copy from while the program goes on
//	Stream        a queue of nodes; Event marks a place in it
//	Graph         a list of nodes that one call queues; Set changes their arguments
//	Emulator      the counters and the last report of the emulated driver (../emu)
//
// The current context of CUDA belongs to an OS thread, goroutines wander: every call ties the goroutine to its thread for
// its own duration and makes the context current where it is not yet, which costs about 0.1 µs.
package driver
