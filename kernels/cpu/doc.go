// Package cpu is the fast kernels.Device for processors: committed AVX-512 and AVX2 assembly, a plain Go loop beside each
// kernel, and a pool of workers that spin while a step runs.
//
//	New        a device with so many threads; CROCO_CPU=avx512|avx2|go forces the instruction set
//	isa        the table of kernels of one instruction set; portable.go holds the Go loops that the others must equal
//	tile       a product of a few rows and columns, each element one chain of fused multiply-adds: everything is made of it
//	panels     a weight packed in columns of 48, of float32 or of pairs of bfloat16
//	product    tiles over a panel, which meanwhile fetch the next one
//	narrow     rows rounded for the second arithmetic, which multiplies bfloat16: bf16.go
//	parallel   a loop whose chunks are claimed by whoever is free
//
// The assembly is generated: kernels/cpu/asm is a module of its own that holds the generator, so that its dependency on
// avo does not reach croco. `go generate` in this folder runs it. A stub's comment names the Go loop that it must equal,
// and the tests compare the two bit by bit; so the three instruction sets agree in every bit, and so do machines
// without any assembly.
package cpu

//go:generate sh -c "cd asm && go run . -isa avx512 -pkg cpu -out ../gen_avx512_amd64.s -stubs ../gen_avx512_amd64.go"
//go:generate sh -c "cd asm && go run . -isa avx2 -pkg cpu -out ../gen_avx2_amd64.s -stubs ../gen_avx2_amd64.go"
