// Command asm writes the assembly of kernels/cpu for one instruction set. Each kernel is described once, in terms of
// 16 virtual lanes, and comes out as AVX-512 (one register of 16 lanes) or AVX2 (two of 8); so both do the same
// operations in the same order. kernels/cpu/portable.go holds the Go loop that each of them must equal.
//
//	go run . -isa avx512 -pkg cpu -out ../gen_avx512_amd64.s -stubs ../gen_avx512_amd64.go
package main

import (
	"flag"
	"log"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	name := flag.String("isa", "", "avx512 or avx2")
	flag.Parse()
	switch *name {
	case "avx512":
		kernels(isa{name: *name, lanes: 16})
	case "avx2":
		kernels(isa{name: *name, lanes: 8})
		transpose8(isa{name: *name, lanes: 8}, "Transpose8", false)
		transpose8(isa{name: *name, lanes: 8}, "TransposePairs8", true)
	default:
		log.Fatalf("asm: -isa %q: expected avx512 or avx2", *name)
	}
	Generate()
}

func kernels(s isa) {
	rows, vectors := []int{8, 4, 2, 1}, []int{3, 2, 1}
	if s.lanes == 8 {
		rows, vectors = []int{4, 2, 1}, []int{3, 2}
	}
	for _, mr := range rows {
		for _, nv := range vectors {
			tile(s, mr, nv, floats)
			tile(s, mr, nv, halves)
			if s.wide() {
				tile(s, mr, nv, pairs)
			}
		}
	}
	widen(s)
	rounding(s)
	pairRows(s)
	pairHalves(s)
	elementwise(s)
	gates(s)
	reductions(s)
	sumSquares(s)
	expSum(s)
	softmaxTile(s)
}
