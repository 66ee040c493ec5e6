// Package cuda is the device for NVIDIA GPUs from compute capability 8.0. Everything but this comment has the build tag
// gpu; without it the package is empty, and croco is pure Go.
//
//	New           the device: driver, kernels (compiled by NVRTC for the GPU found, or from the cache), one stream
//	memory.go     tensors in an arena, copies through pinned staging memory
//	weight.go     weights as files hold them, and their bfloat16 operands
//	launch.go     kernels by name, with their arguments
//	queue.go      work in order, handed to the driver in lists; graphs.go: lists that come again, in one call
//	elements.go   gates, dropout, soft cap, AdamW
//	rows.go       norms, rotary positions, embedding, rows that move
//	linear.go     matrix products, cublaslt.go: the same by NVIDIA's library; head.go, sample.go: the vocabulary
//	attention.go  attention over the prompt forest
//
// The kernels are in folder source. Folder emu is a driver that runs them on the host: all tests use it where there is no
// GPU. Operations are queued and return at once; only what hands numbers to the host waits. A fault, such as too little
// memory, is kept: operations after it do nothing, and Sync returns it.
package cuda
