// Command gogemm times matrix products of croco, gonum and gorgonia in one process, taking turns: one JSON line, as the
// other peers print. It is a module of its own, so that croco does not depend on its peers.
//
//	go run . -sizes 64x576x1536,512x576x1536 -threads 2 -rounds 5
//
// A size MxKxN is the product (M,K)·(K,N); croco has its weight packed, as in a model, the others take it as it lies.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	"gorgonia.org/tensor"

	"croco/kernels"
	"croco/kernels/cpu"
)

// side is one library's product.
type side struct {
	name string
	run  func()
}

func main() {
	sizes := flag.String("sizes", "64x576x1536,512x576x1536", "products MxKxN")
	threads := flag.Int("threads", 2, "threads of each side")
	rounds := flag.Int("rounds", 5, "turns; the median counts")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)
	d, err := cpu.New(*threads)
	if err != nil {
		log.Fatal(err)
	}
	var rows []map[string]any
	for _, size := range strings.Split(*sizes, ",") {
		var m, k, n int
		if _, err := fmt.Sscanf(size, "%dx%dx%d", &m, &k, &n); err != nil {
			log.Fatalf("gogemm: -sizes %s: expected MxKxN: %v", size, err)
		}
		row := map[string]any{"size": size}
		for name, seconds := range measure(sides(d, m, k, n), *rounds) {
			row[name] = 2e-9 * float64(m) * float64(k) * float64(n) / seconds
		}
		rows = append(rows, row)
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"peer": "gogemm", "unit": "Gflop/s", "threads": *threads, "gemm": rows})
}

// sides are the three ways to multiply the same numbers.
func sides(d *cpu.Device, m, k, n int) []side {
	x, w, y := d.New(m, k), d.New(n, k), d.New(m, n)
	for i := range x.Host {
		x.Host[i] = float32(kernels.Uniform(1, uint64(i))) - 0.5
	}
	for i := range w.Host {
		w.Host[i] = float32(kernels.Uniform(2, uint64(i))) - 0.5
	}
	raw := make([]byte, 4*n*k)
	weight := d.NewWeight("w", n, k, kernels.F32, raw, true)
	copy(weight.Master.Host, w.Host)
	d.Refresh(weight)
	out := make([]float32, m*n)
	a := tensor.New(tensor.WithShape(m, k), tensor.WithBacking(x.Host))
	b := tensor.New(tensor.WithShape(n, k), tensor.WithBacking(w.Host))
	if err := b.T(); err != nil {
		log.Fatal(err)
	}
	return []side{
		{"croco", func() { d.Linear(y, x, weight, nil, nil) }},
		{"gonum", func() {
			gonum.Implementation{}.Sgemm(blas.NoTrans, blas.Trans, m, n, k, 1, x.Host, k, w.Host, k, 0, out, n)
		}},
		{"gorgonia", func() {
			if _, err := tensor.MatMul(a, b); err != nil {
				log.Fatal(err)
			}
		}},
	}
}

// measure is the median time of a call by side; each turn fills about a twentieth of a second.
func measure(sides []side, rounds int) map[string]float64 {
	times := map[string][]float64{}
	for round := range rounds + 1 {
		for _, s := range sides {
			begin, calls := time.Now(), 0
			for calls == 0 || time.Since(begin) < 50*time.Millisecond {
				s.run()
				calls++
			}
			if round > 0 { // the first turn packs and warms up
				times[s.name] = append(times[s.name], time.Since(begin).Seconds()/float64(calls))
			}
		}
	}
	medians := map[string]float64{}
	for name, t := range times {
		slices.Sort(t)
		medians[name] = t[len(t)/2]
	}
	return medians
}
