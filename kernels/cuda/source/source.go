// Package source holds the CUDA C++ of croco: one text for two compilers. NVRTC makes CUBINs of it for GPUs, g++ makes
// the kernels of the emulated driver (../emu).
//
//	Files      the source files, each a module of its own
//	Text       what NVRTC gets of a file: gpu.cuh and what else it includes, then the file
//	FileOf     the file that holds a kernel
//	Parameters of a kernel
//	Options    of NVRTC
//
// gpu.cuh is what a kernel may use. Files whose names end in _sm90 exist on compute capability 9.0 alone; bad.cu and
// probe90.cu are for tests of the emulator and of new hardware.
package source

import (
	"embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

//go:embed *.cu *.cuh
var files embed.FS

// Options are those of NVRTC. A product and a sum stay two roundings unless a kernel says fmaf: what is written is what
// every compiler computes.
func Options() []string {
	return []string{"-std=c++17", "-fmad=false", "-diag-suppress=177"}
}

// Files are the names of the .cu files without suffix.
func Files() []string { return names }

var names = func() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err)
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".cu"); ok {
			names = append(names, name)
		}
	}
	return names
}()

func read(file string) string {
	text, err := files.ReadFile(file)
	if err != nil {
		panic(fmt.Sprintf("source: %v", err))
	}
	return string(text)
}

var include = regexp.MustCompile(`(?m)^#include "(\w+\.cuh)"$`)

// Text is a whole translation unit: NVRTC then needs no include path. Each header stands in it once, before its user.
func Text(name string) string {
	var text strings.Builder
	seen := map[string]bool{}
	var add func(file string)
	add = func(file string) {
		if seen[file] {
			return
		}
		seen[file] = true
		body := read(file)
		for _, m := range include.FindAllStringSubmatch(body, -1) {
			add(m[1])
		}
		body = strings.ReplaceAll(include.ReplaceAllString(body, ""), "#pragma once", "")
		fmt.Fprintf(&text, "#line 1 \"%s\"\n%s\n", file, body)
	}
	add("gpu.cuh")
	add(name + ".cu")
	return text.String()
}

// FileOf is the name of the file that holds a kernel.
func FileOf(kernel string) (string, bool) {
	f, ok := kernels[kernel]
	return f, ok
}

// Kernels are the names of all kernels.
func Kernels() []string { return slices.Sorted(maps.Keys(kernels)) }

var kernels = func() map[string]string {
	all := map[string]string{}
	kernel := regexp.MustCompile(`(?m)^KERNEL\((\w+),`)
	for _, file := range names {
		for _, m := range kernel.FindAllStringSubmatch(read(file+".cu"), -1) {
			if other, double := all[m[1]]; double {
				panic(fmt.Sprintf("source: kernel %s is in %s and in %s", m[1], other, file))
			}
			all[m[1]] = file
		}
	}
	return all
}()

var (
	comma  = regexp.MustCompile(`\s*,\s*`)
	bounds = regexp.MustCompile(`BOUNDS\([^)]*\)`)
)

// Parameters are the declarations of a kernel's parameters, in order. Macros that stand for several are put in their place.
func Parameters(kernel string) []string {
	text := strings.ReplaceAll(Text(kernels[kernel]), "\\\n", " ")
	_, list, _ := strings.Cut(text, "\nKERNEL("+kernel+",")
	list, _, _ = strings.Cut(list, ") {")
	list = bounds.ReplaceAllString(list, "threads")
	var all []string
	for _, p := range comma.Split(strings.TrimSpace(list), -1)[1:] {
		if strings.Contains(p, " ") {
			all = append(all, p)
			continue
		}
		name, _, _ := strings.Cut(p, "(") // a macro may have an argument, a type
		body := regexp.MustCompile(`(?m)^#define ` + name + `(?:\(\w+\))? +(.*)$`).FindStringSubmatch(text)
		if body == nil {
			panic(fmt.Sprintf("source: kernel %s: %q is neither a declaration nor a macro", kernel, p))
		}
		all = append(all, comma.Split(strings.TrimSpace(body[1]), -1)...)
	}
	return all
}

// ForArch says whether a file is compiled for an architecture.
func ForArch(name, arch string) bool { return !strings.HasSuffix(name, "90") || arch == "sm_90a" }

// ForTests says whether a file holds kernels that only tests launch.
func ForTests(name string) bool { return name == "bad" || name == "probe90" }
