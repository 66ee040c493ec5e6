// Command mutate breaks the CUDA kernels, one way after another, and shows whether the tests notice. Run it by make mutate,
// which builds what it needs.
//
//	mutate -emu DIR -test BINARY [-only PART] FILE…
//
// The files list the mutations:
//
//	file  rows.cu                       from here on, in kernels/cuda/source; a .go file is in kernels/cuda itself
//	build rows.cu                       the .cu file that includes it, where it is a header
//	run   TestOperations/sm_80/float32/rmsnorm
//	== no barrier before the block's sum
//	2                                   the second place where the text stands; the first if left out
//	- __syncthreads();
//	+
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const root = "kernels/cuda"

type mutation struct {
	file, build, run, name string
	nth                    int
	old, new               []string
}

func main() {
	emu := flag.String("emu", ".fixtures/emu", "folder of the emulated driver's object files")
	test := flag.String("test", "", "the test binary of kernels/cuda")
	only := flag.String("only", "", "part of the names of mutations to run")
	flag.Parse()
	caught, all := 0, 0
	for _, file := range flag.Args() {
		list, err := read(file)
		check(err)
		for _, m := range list {
			if !strings.Contains(m.build+": "+m.name, *only) {
				continue
			}
			all++
			how, err := m.try(*emu, *test)
			check(err)
			if how == "" {
				fmt.Printf("SURVIVED  %s: %s\n", m.file, m.name)
				continue
			}
			caught++
			fmt.Printf("caught    %s: %s: %s\n", m.file, m.name, how)
		}
	}
	fmt.Printf("%d of %d caught\n", caught, all)
	if caught < all {
		os.Exit(1)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// read reads a list of mutations.
func read(path string) ([]*mutation, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []*mutation
	now, m := mutation{}, &mutation{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		word, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimLeft(rest, " ")
		switch {
		case line == "" || word == "#":
		case word == "file":
			now.file, now.build = rest, rest
		case word == "build":
			now.build = rest
		case word == "run":
			now.run = rest
		case word == "==":
			copied := now
			m = &copied
			m.name, m.nth = rest, 1
			list = append(list, m)
		case word == "-":
			m.old = append(m.old, strings.TrimPrefix(line, "- "))
		case word == "+":
			m.new = append(m.new, strings.TrimPrefix(strings.TrimPrefix(line, "+"), " "))
		default:
			if m.nth, err = strconv.Atoi(line); err != nil {
				return nil, fmt.Errorf("%s:%d: expected file, build, run, ==, a number, - or +, found %q", path, n, line)
			}
		}
	}
	return list, lines.Err()
}

// report is a line of a test's output that says what was found.
var report = regexp.MustCompile(`(?m)^.*(emulated CUDA error|_test\.go:\d+: |bits differ|elements outside).*$`)

// try builds a driver with the broken kernel and runs the tests: how they noticed, or "".
func (m *mutation) try(emu, test string) (how string, err error) {
	dir, err := os.MkdirTemp("", "mutate-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if strings.HasSuffix(m.file, ".go") {
		return m.tryGo(dir, emu)
	}
	for _, folder := range []string{"source", "emu"} {
		if err := os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join(root, folder))); err != nil {
			return "", err
		}
	}
	source := filepath.Join(dir, "source", m.file)
	raw, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	broken, err := m.apply(string(raw))
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(source, []byte(broken), 0o644); err != nil {
		return "", err
	}
	object := filepath.Join(dir, "broken.o")
	if out, err := exec.Command("g++", "-O1", "-std=c++17", "-fPIC", "-w", "-march=x86-64-v3", "-ffp-contract=off", "-fno-strict-aliasing",
		"-include", filepath.Join(dir, "source", "gpu.cuh"), "-x", "c++", "-c", filepath.Join(dir, "source", m.build), "-o", object).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %s does not compile: %s", m.file, m.name, out)
	}
	objects, err := filepath.Glob(filepath.Join(emu, "*.o"))
	if err != nil {
		return "", err
	}
	args := []string{"-shared", "-Wl,-soname,libcuda.so.1", "-static-libstdc++", "-static-libgcc", "-o", filepath.Join(dir, "libcuda.so.1"), object, "-pthread"}
	for _, o := range objects {
		if filepath.Base(o) != strings.TrimSuffix(m.build, ".cu")+".o" {
			args = append(args, o)
		}
	}
	if out, err := exec.Command("g++", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %s does not link: %s", m.file, m.name, out)
	}
	return m.test(test, dir)
}

// tryGo builds the tests with the broken Go file.
func (m *mutation) tryGo(dir, emu string) (how string, err error) {
	source, err := filepath.Abs(filepath.Join(root, m.file))
	if err != nil {
		return "", err
	}
	raw, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	broken, err := m.apply(string(raw))
	if err != nil {
		return "", err
	}
	file, overlay, test := filepath.Join(dir, "broken.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "cuda.test")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {source: file}})
	if err != nil {
		return "", err
	}
	if err := errors.Join(os.WriteFile(file, []byte(broken), 0o644), os.WriteFile(overlay, list, 0o644)); err != nil {
		return "", err
	}
	if out, err := exec.Command("go", "test", "-tags", "gpu", "-c", "-overlay", overlay, "-o", test, "./"+root).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %s does not compile: %s", m.file, m.name, out)
	}
	if emu, err = filepath.Abs(emu); err != nil {
		return "", err
	}
	return m.test(test, emu)
}

// apply replaces the text at its place.
func (m *mutation) apply(text string) (string, error) {
	old, at := strings.Join(m.old, "\n"), -1
	for range m.nth {
		next := strings.Index(text[at+1:], old)
		if next < 0 || old == "" {
			return "", fmt.Errorf("%s: %s: the text stands there less than %d times: %s", m.file, m.name, m.nth, old)
		}
		at += 1 + next
	}
	return text[:at] + strings.Join(m.new, "\n") + text[at+len(old):], nil
}

// test runs the tests with the driver in dir. Tests that do not end count as having noticed.
func (m *mutation) test(binary, dir string) (how string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	binary, err = filepath.Abs(binary)
	if err != nil {
		return "", err
	}
	c := exec.CommandContext(ctx, binary, "-test.run", m.run, "-test.failfast")
	c.Dir = root
	c.Env = append(os.Environ(), "LD_LIBRARY_PATH="+dir, "REQUIRE_CUDA=1")
	out, err := c.CombinedOutput()
	if err == nil {
		if strings.Contains(string(out), "no tests to run") {
			return "", fmt.Errorf("%s: %s: no test is called %s", m.file, m.name, m.run)
		}
		return "", nil
	}
	found := strings.TrimSpace(report.FindString(string(out)))
	if ctx.Err() != nil {
		found = "the tests do not end; " + found
	}
	if len(found) > 200 {
		found = found[:200]
	}
	return found + " ", nil
}
