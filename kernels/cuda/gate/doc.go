// Package gate measures kernels without a GPU: what the compiler says of their registers, spills and shared memory, and how
// many warps that leaves on a multiprocessor. Its test holds the measures to limits, testdata/gate.json. Everything but
// this comment has the build tag gpu.
//
//	Measure    the resources of the kernels of a source file on an architecture
//	Archs      the architectures
//	Resident   resident warps of one multiprocessor
package gate
