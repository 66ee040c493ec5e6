// Package blaslt multiplies with NVIDIA's cuBLASLt, through a libcublasLt that it finds with dlopen: the peer that croco's own
// kernels are measured beside, and may be exchanged for. Everything but this comment has the build tag gpu.
//
//	Version   of the library found, or where it was looked for
//	New       a handle, in the current CUDA context
//	Plan      one algorithm for products that differ in one dimension alone
//	Run       queues a product
//
// An algorithm is chosen once, for a fixed number of rows, among those that do not split the sum, and serves all numbers of rows: so
// an element's bits do not depend on its batch as far as can be known from outside. The library does not promise it.
package blaslt
