package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// job is a loop over 0 … n−1 whose chunks may run in any order and at the same time.
type job interface {
	run(w *worker, lo, hi int)
}

type jobFunc func(w *worker, lo, hi int)

func (f jobFunc) run(w *worker, lo, hi int) { f(w, lo, hi) }

// worker is what a thread of a device owns: buffers that no other thread touches.
type worker struct {
	id   int
	tile []float32 // (8,48): a tile at the edge of a matrix
	wide []float32 // a block of a bfloat16 panel, widened
	bufs [buffers][]float32

	tiles     tiles
	likeliest likeliest
}

// The buffers of a worker, by what holds them.
const (
	bufPack = iota
	bufGain
	bufCentred
	bufPairs
	bufQuery
	bufGrad
	bufScore
	bufScoreGrad
	bufKeys
	bufValues
	bufOut
	bufStage
	buffers
)

// buf is buffer i with at least n elements, aligned, with undefined contents.
func (w *worker) buf(i, n int) []float32 {
	if len(w.bufs[i]) < n {
		w.bufs[i] = aligned(n + n/4)
	}
	return w.bufs[i][:n]
}

// parallel runs j over 0 … n−1 in chunks of grain.
func (d *Device) parallel(n, grain int, j job) {
	grain = max(1, grain)
	if n <= 0 {
		return
	}
	if n <= grain || !shared.try(d.workers[:d.threads()], n, grain, j) {
		for lo := 0; lo < n; lo += grain {
			j.run(d.workers[0], lo, min(n, lo+grain))
		}
	}
}

// threads is how many workers a loop has.
func (d *Device) threads() int { return min(len(d.workers), runtime.GOMAXPROCS(0)) }

// share is the part of n chunks that worker id of so many begins with: neighbours, so that memory is read in order.
func share(id, threads, n int) (lo, hi int) { return id * n / threads, (id + 1) * n / threads }

// pool is the helpers that all devices of the process share. Waking a sleeping thread can cost most of a millisecond, so a
// helper that has nothing to do spins for a while before it parks. Nobody waits for a helper that has not begun: it
// joins a job that is open, or misses it. A device that finds the helpers with another device works alone.
type pool struct {
	owner   sync.Mutex // held by the device whose job is open
	helpers []*helper

	round atomic.Uint32 // counts jobs; helpers watch it
	// joined is the number of helpers in the open job, or closed.
	joined atomic.Int32
	open   []span // by worker: the chunks that are left of its share

	// The job; written only while joined is closed.
	workers  []*worker
	n, grain int
	job      job
}

// span is a range of chunks, the first and the end of it in one word: its owner takes from the front, others from the back.
type span struct {
	word atomic.Uint64
	_    [56]byte // a cache line for each
}

func (s *span) set(lo, hi int) { s.word.Store(uint64(lo)<<32 | uint64(hi)) }

// take claims a chunk; false where none is left.
func (s *span) take(back bool) (chunk int, ok bool) {
	for {
		w := s.word.Load()
		lo, hi := w>>32, w&(1<<32-1)
		if lo >= hi {
			return 0, false
		}
		rest := (lo+1)<<32 | hi
		if chunk = int(lo); back {
			rest, chunk = w-1, int(hi-1)
		}
		if s.word.CompareAndSwap(w, rest) {
			return chunk, true
		}
	}
}

const (
	closed   = -1
	spinTime = 3 * time.Millisecond
)

type helper struct {
	id     int // which of a job's workers it is
	parked atomic.Bool
	wake   chan struct{}
}

var shared = func() *pool {
	p := &pool{}
	p.joined.Store(closed)
	return p
}()

// try runs the job with the helpers, or answers false where another device has them.
func (p *pool) try(workers []*worker, n, grain int, j job) bool {
	threads := len(workers)
	if threads < 2 || !p.owner.TryLock() {
		return false
	}
	for len(p.helpers) < threads-1 {
		h := &helper{id: len(p.helpers) + 1, wake: make(chan struct{}, 1)}
		p.helpers = append(p.helpers, h)
		go p.help(h)
	}
	p.workers, p.n, p.grain, p.job = workers, n, grain, j
	if len(p.open) < threads {
		p.open = make([]span, threads)
	}
	for i := range workers {
		p.open[i].set(share(i, threads, (n+grain-1)/grain))
	}
	p.joined.Store(0)
	p.round.Add(1)
	for _, h := range p.helpers[:threads-1] {
		if h.parked.CompareAndSwap(true, false) {
			h.wake <- struct{}{}
		}
	}
	p.work(workers[0])
	for spins := 1; !p.joined.CompareAndSwap(0, closed); spins++ {
		pause(spins)
	}
	p.job = nil
	p.owner.Unlock()
	return true
}

// work does the share of a worker, from the front, and then helps the others with theirs, from the back.
func (p *pool) work(w *worker) {
	for i := range p.workers {
		s := &p.open[(w.id+i)%len(p.workers)]
		for c, ok := s.take(i > 0); ok; c, ok = s.take(i > 0) {
			p.job.run(w, c*p.grain, min(p.n, (c+1)*p.grain))
		}
	}
}

func (p *pool) help(h *helper) {
	seen := uint32(0)
	for {
		p.await(h, seen)
		seen = p.round.Load()
		for {
			k := p.joined.Load()
			if k == closed {
				break
			}
			if p.joined.CompareAndSwap(k, k+1) {
				if h.id < len(p.workers) {
					p.work(p.workers[h.id])
				}
				p.joined.Add(-1)
				break
			}
		}
	}
}

// await returns when a job after round seen has been opened: it spins for a while, then parks.
func (p *pool) await(h *helper, seen uint32) {
	start := time.Now()
	for spins := 1; p.round.Load() == seen; spins++ {
		pause(spins)
		if spins%256 == 0 && (raceEnabled || time.Since(start) > spinTime) {
			h.parked.Store(true)
			if p.round.Load() != seen && h.parked.CompareAndSwap(true, false) {
				return
			}
			<-h.wake
		}
	}
}

// pause lets others run now and then: the operating system's threads, and rarely also goroutines without a thread.
func pause(spins int) {
	if spins%4096 == 0 {
		runtime.Gosched()
	} else if spins%256 == 0 {
		yield()
	}
}
