package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/cpu"

	"croco/kernels"
	"croco/kernels/device"
	"croco/kernels/optest"
)

// envCmd describes the machine.
type envCmd struct{}

func (c *envCmd) Run(t *console) error {
	fmt.Fprintf(t.out, "croco      %s, %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(t.out, "processor  %s, %d usable\n", processor(), runtime.GOMAXPROCS(0))
	fmt.Fprintf(t.out, "features   %s\n", features())
	if m := readMemory(); m.total > 0 {
		fmt.Fprintf(t.out, "memory     %s, %s free\n", gib(m.total), gib(m.free))
	}
	for _, line := range device.GPUs() {
		fmt.Fprintln(t.out, line)
	}
	var devices []kernels.Device
	for _, name := range device.Names() {
		d, err := device.Open(name, device.Options{Threads: t.threads})
		if err != nil {
			fmt.Fprintf(t.out, "device     %s: none: %v\n", name, strings.TrimPrefix(err.Error(), "device "+name+": "))
			continue
		}
		devices = append(devices, d)
		fmt.Fprintf(t.out, "device     %s: %s\n", d.Name(), d.Info())
	}
	_, err := io.WriteString(t.out, "\n"+optest.Support(devices...).String())
	return err
}

// version is the module's version and the commit that the binary was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown version"
	}
	parts := []string{strings.Trim(info.Main.Version, "()")}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			parts = append(parts, fmt.Sprintf("commit %.12s", s.Value))
		case s.Key == "vcs.modified" && s.Value == "true":
			parts = append(parts, "modified")
		}
	}
	return strings.Join(parts, ", ")
}

// processor is its name, where the system tells.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "model name"); ok {
			return strings.TrimLeft(name, "\t :")
		}
	}
	return runtime.GOARCH
}

// features are those that kernels ask for.
func features() string {
	var have []string
	for _, f := range []struct {
		name string
		ok   bool
	}{{"avx2", cpu.X86.HasAVX2}, {"fma", cpu.X86.HasFMA}, {"avx512f", cpu.X86.HasAVX512F}, {"avx512bw", cpu.X86.HasAVX512BW},
		{"avx512dq", cpu.X86.HasAVX512DQ}, {"avx512vl", cpu.X86.HasAVX512VL}, {"avx512_bf16", cpu.X86.HasAVX512BF16}} {
		if f.ok {
			have = append(have, f.name)
		}
	}
	if len(have) == 0 {
		return "none that kernels use"
	}
	return strings.Join(have, " ")
}
