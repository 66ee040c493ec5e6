package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// memory is the machine's memory and this process's share of it, in bytes; zeros where the system does not tell.
type memory struct{ used, free, total int64 }

// memory is that of the device in use: a GPU has its own.
func (t *console) memory() memory {
	if g, ok := t.opened.(interface{ Memory() (free, total int64) }); ok {
		free, total := g.Memory()
		return memory{free: free, total: total}
	}
	return readMemory()
}

// readMemory asks Linux's /proc.
func readMemory() memory {
	machine, process := kilobytes("/proc/meminfo"), kilobytes("/proc/self/status")
	return memory{used: process["VmRSS"], free: machine["MemAvailable"], total: machine["MemTotal"]}
}

// kilobytes reads lines like "MemTotal:  24689764 kB".
func kilobytes(path string) map[string]int64 {
	values := map[string]int64{}
	f, err := os.Open(path)
	if err != nil {
		return values
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, rest, _ := strings.Cut(lines.Text(), ":")
		if n, ok := strings.CutSuffix(strings.TrimSpace(rest), " kB"); ok {
			if v, err := strconv.ParseInt(n, 10, 64); err == nil {
				values[name] = v << 10
			}
		}
	}
	return values
}

// gib is a size for people.
func gib(n int64) string {
	if n < 1<<30 {
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}
