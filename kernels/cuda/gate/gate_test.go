//go:build gpu

package gate

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels/cuda/driver"
	"croco/kernels/cuda/nvrtc"
	"croco/kernels/cuda/source"
)

// limits is testdata/gate.json: per kernel and architecture the measures that may not get worse.
type limits struct {
	NVRTC   string                     `json:"nvrtc"` // registers depend on the compiler's version
	Kernels map[string]map[string]seen `json:"kernels"`
	// Dynamic is the dynamic shared memory in bytes with which a kernel is launched, where it has any. Written by hand.
	Dynamic map[string]int `json:"dynamic"`
}

type seen struct {
	Registers int `json:"registers"`
	Spills    int `json:"spills,omitempty"`
	Stack     int `json:"stack,omitempty"`
	Shared    int `json:"shared,omitempty"`
	Warps     int `json:"warps"`
}

const file = "testdata/gate.json"

var update = flag.Bool("update", false, "write testdata/gate.json")

// TestGate compiles every kernel for every architecture and fails where one needs more than it did, or where fewer of its
// warps fit on a multiprocessor. Fewer is better everywhere else: then write the limits anew with -update.
func TestGate(t *testing.T) {
	if os.Getenv("REQUIRE_CUDA") == "" {
		t.Skip("make gate")
	}
	var want limits
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &want), file)
	version, err := nvrtc.Version()
	require.NoError(t, err)
	if version != want.NVRTC && !*update {
		t.Skipf("limits are those of NVRTC %s, this is %s", want.NVRTC, version)
	}
	got := measureAll(t, want.Dynamic)
	if *update {
		raw, err := json.MarshalIndent(limits{version, got, want.Dynamic}, "", " ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, append(raw, '\n'), 0o644))
		return
	}
	for name, on := range got {
		for arch, g := range on {
			w, known := want.Kernels[name][arch]
			if !known {
				t.Errorf("%s on %s has no limits: run the test with -update", name, arch)
			} else if why := worse(w, g); why != "" {
				t.Errorf("%s on %s got worse: %s", name, arch, why)
			}
		}
	}
	for name := range want.Kernels {
		require.Contains(t, got, name, "%s has limits for a kernel that is not there: run the test with -update", file)
	}
}

// worse says in what g is worse than w.
func worse(w, g seen) string {
	for _, m := range []struct {
		what    string
		was, is int
	}{{"registers", w.Registers, g.Registers}, {"bytes spilled", w.Spills, g.Spills}, {"bytes of stack", w.Stack, g.Stack},
		{"bytes of shared memory", w.Shared, g.Shared}, {"resident warps", -w.Warps, -g.Warps}} {
		if m.is > m.was {
			return fmt.Sprintf("%s %d, was %d", m.what, max(m.is, -m.is), max(m.was, -m.was))
		}
	}
	return ""
}

func TestWorse(t *testing.T) {
	w := seen{Registers: 30, Warps: 64}
	require.Empty(t, worse(w, seen{Registers: 29, Warps: 64}))
	require.Equal(t, "registers 31, was 30", worse(w, seen{Registers: 31, Warps: 64}))
	require.Equal(t, "resident warps 48, was 64", worse(w, seen{Registers: 30, Warps: 48}))
	require.Equal(t, "bytes spilled 8, was 0", worse(w, seen{Registers: 30, Warps: 64, Spills: 8}))
}

// TestWarps: figures of NVIDIA's occupancy calculator.
func TestWarps(t *testing.T) {
	a100, ada := Archs[0], Archs[1]
	require.Equal(t, 64, a100.Resident(256, Resources{Registers: 32}, 0))
	require.Equal(t, 48, a100.Resident(256, Resources{Registers: 40}, 0))
	require.Equal(t, 16, a100.Resident(256, Resources{Registers: 128, Shared: 32 << 10}, 0))
	require.Equal(t, 12, a100.Resident(128, Resources{Registers: 160, Shared: 24 << 10}, 0))
	require.Equal(t, 8, ada.Resident(256, Resources{Registers: 64}, 64<<10))
}

// measureAll compiles what is not in the cache, two files at a time.
func measureAll(t *testing.T, dynamic map[string]int) map[string]map[string]seen {
	all := map[string]map[string]seen{}
	var lock sync.Mutex
	var wait sync.WaitGroup
	slots := make(chan bool, 2)
	for _, f := range source.Files() {
		for _, arch := range Archs {
			if source.ForTests(f) || !source.ForArch(f, arch.Name) {
				continue
			}
			wait.Go(func() {
				slots <- true
				kernels, warnings, err := Measure(f, arch.Name)
				<-slots
				lock.Lock()
				defer lock.Unlock()
				if err != nil {
					t.Error(err)
				}
				for _, w := range warnings {
					t.Error(w)
				}
				for name, r := range kernels {
					if all[name] == nil {
						all[name] = map[string]seen{}
					}
					threads := driver.Emulator.Threads(name)
					all[name][arch.Name] = seen{r.Registers, r.Spills, r.Stack, r.Shared, arch.Resident(threads, r, dynamic[name])}
				}
			})
		}
	}
	wait.Wait()
	report(t, all)
	return all
}

// report prints what is worst: kernels that spill, and those of which few warps fit.
func report(t *testing.T, all map[string]map[string]seen) {
	var names []string
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, arch := range Archs {
			if g, ok := all[name][arch.Name]; ok {
				t.Logf("%-34s %-7s registers %3d  spills %4d  stack %4d  shared %6d  warps %2d of %d", name, arch.Name, g.Registers, g.Spills, g.Stack, g.Shared, g.Warps, arch.Warps)
			}
		}
	}
}
