//go:build gpu

package gate

import (
	"fmt"
	"regexp"
	"strconv"

	"croco/kernels/cuda/nvrtc"
	"croco/kernels/cuda/source"
)

// Resources are what a kernel takes. Shared is static shared memory in bytes, Spills are bytes stored and loaded.
type Resources struct {
	Registers, Spills, Stack, Shared int
}

// Arch is an architecture, with the limits of a multiprocessor from NVIDIA's occupancy tables.
type Arch struct {
	Name                  string
	Shared, Warps, Blocks int
}

// Archs are those that all kernels are compiled for.
var Archs = []Arch{
	{"sm_80", 167936, 64, 32},  // A100
	{"sm_89", 102400, 48, 24},  // L4, L40, RTX 40
	{"sm_90a", 233472, 64, 32}, // H100, H200
	{"sm_100", 233472, 64, 32}, // B200
	{"sm_120", 102400, 48, 24}, // RTX 50
}

var (
	entry = regexp.MustCompile(`Compiling entry function '(\w+)'`)
	spill = regexp.MustCompile(`(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads`)
	used  = regexp.MustCompile(`Used (\d+) registers`)
	smem  = regexp.MustCompile(`(\d+) bytes smem`)
	// what ptxas says when it cannot keep a wgmma asynchronous: correct, and slow
	slow = regexp.MustCompile(`wgmma|warpgroup|setmaxnreg`)
	line = regexp.MustCompile(`(?m)^.*$`)
)

// Measure compiles a source file and reads the compiler's report.
func Measure(file, arch string) (kernels map[string]Resources, warnings []string, err error) {
	log, err := nvrtc.Resources(source.Text(file), file, arch, source.Options()...)
	if err != nil {
		return nil, nil, err
	}
	kernels = map[string]Resources{}
	name, now := "", Resources{}
	for _, l := range line.FindAllString(log, -1) {
		if m := entry.FindStringSubmatch(l); m != nil {
			name, now = m[1], Resources{}
		}
		if slow.MatchString(l) {
			warnings = append(warnings, fmt.Sprintf("%s, %s: %s", file, arch, l))
		}
		if m := spill.FindStringSubmatch(l); m != nil {
			now.Stack, now.Spills = number(m[1]), number(m[2])+number(m[3])
		}
		if m := used.FindStringSubmatch(l); m != nil {
			now.Registers = number(m[1])
			if m := smem.FindStringSubmatch(l); m != nil {
				now.Shared = number(m[1])
			}
			kernels[name] = now
		}
	}
	return kernels, warnings, nil
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err) // digits, says the expression
	}
	return n
}

// Resident is how many warps of a kernel one multiprocessor holds, in blocks of so many threads with so many bytes of dynamic
// shared memory. Registers are given out to warps in units of 256, in four partitions; a block costs 1 KiB of shared memory
// of its own. (The rules of cuda_occupancy.h in the CUDA toolkit.)
func (a Arch) Resident(threads int, r Resources, dynamic int) int {
	up := func(n, unit int) int { return (n + unit - 1) / unit * unit }
	warps := up(threads, 32) / 32
	perPartition := 16384 / up(max(r.Registers, 1)*32, 256)
	return warps * min(perPartition*4/warps, a.Warps/warps, a.Blocks, a.Shared/up(r.Shared+dynamic+1024, 128))
}
