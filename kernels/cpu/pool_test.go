package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every index is visited once, whatever the threads, the processors that Go may use, and whether helpers sleep.
func TestParallelVisitsEachOnce(t *testing.T) {
	for _, processors := range []int{1, 2, 4} {
		old := runtime.GOMAXPROCS(processors)
		for _, threads := range []int{1, 2, 5} {
			d := newDevice(threads, &portable)
			for round := range 200 {
				n := round * 3
				seen := make([]int32, n)
				d.parallel(n, 1+round%7, jobFunc(func(w *worker, lo, hi int) {
					for i := lo; i < hi; i++ {
						atomic.AddInt32(&seen[i], 1)
					}
				}))
				for i, s := range seen {
					require.EqualValues(t, 1, s, "index %d of %d", i, n)
				}
				if round%50 == 0 {
					time.Sleep(2 * spinTime) // helpers park
				}
			}
		}
		runtime.GOMAXPROCS(old)
	}
}

// No two threads ever use the same worker.
func TestWorkersAreExclusive(t *testing.T) {
	d := newDevice(4, &portable)
	busy := map[*worker]*atomic.Bool{}
	for _, w := range d.workers {
		busy[w] = &atomic.Bool{}
	}
	for range 300 {
		d.parallel(40, 1, jobFunc(func(w *worker, lo, hi int) {
			if !busy[w].CompareAndSwap(false, true) {
				t.Error("a worker with two threads")
			}
			runtime.Gosched()
			busy[w].Store(false)
		}))
	}
}

// Devices of several goroutines share the helpers: one gets them, the others work alone, none waits for ever.
func TestDevicesShareHelpers(t *testing.T) {
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			d := newDevice(3, &portable)
			for range 200 {
				var sum atomic.Int64
				d.parallel(100, 3, jobFunc(func(_ *worker, lo, hi int) {
					for i := lo; i < hi; i++ {
						sum.Add(int64(i))
					}
				}))
				if sum.Load() != 4950 {
					t.Error("lost indices")
				}
			}
		})
	}
	group.Wait()
}
