package endpoint

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"croco/eval/journal"
)

// longest waits: between two tries, and for a server that says when to come back.
const (
	longestWait  = time.Minute
	longestPause = time.Hour
)

// inARow is how many requests may be given up, one after another, before the run is.
const inARow = 3

// Missing says that some requests have no answer.
type Missing struct {
	Missing, Of int
	First       error // why the first of them has none
}

func (m *Missing) Error() string {
	return fmt.Sprintf("%d of %d answers are missing (%v); the others are kept: run the same command again to ask for the missing ones", m.Missing, m.Of, m.First)
}

func (m *Missing) Unwrap() error { return m.First }

// Ask sends the requests whose answers are not in the journal, Options.Parallel at a time, and returns the answer to each.
// keys name the requests in the journal. report, where not nil, hears how many have an answer. When ctx ends, Ask
// returns its error; when some requests have no answer after all, a *Missing.
func (e *Endpoint) Ask(ctx context.Context, requests []Request, keys []string, j *journal.Journal[Reply], report func(done int)) ([]Reply, error) {
	r := &round{endpoint: e, requests: requests, keys: keys, journal: j, replies: make([]Reply, len(requests)), report: report}
	r.gate.interval = perMinute(e.o.PerMinute)
	var todo []int
	for i, key := range keys {
		if reply, ok := j.Get(key); ok {
			r.replies[i] = reply
			r.done++
		} else {
			todo = append(todo, i)
		}
	}
	r.tell()
	r.caller = ctx
	ctx, r.stop = context.WithCancelCause(ctx)
	defer r.stop(nil)
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(e.o.Parallel, len(todo)) {
		workers.Go(func() {
			for i := range next {
				r.one(ctx, i)
			}
		})
	}
	for _, i := range todo {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	switch cause := context.Cause(ctx); {
	case r.broken != nil:
		return nil, r.broken
	case cause != nil && !errors.Is(cause, errGivenUp):
		return nil, cause
	case r.done < len(requests):
		return nil, &Missing{len(requests) - r.done, len(requests), r.first}
	}
	return r.replies, nil
}

var errGivenUp = errors.New("given up")

// round is one call of Ask.
type round struct {
	endpoint *Endpoint
	requests []Request
	keys     []string
	journal  *journal.Journal[Reply]
	report   func(done int)
	caller   context.Context // a request that is on its way ends with this one alone
	stop     context.CancelCauseFunc
	gate     gate

	mu      sync.Mutex
	replies []Reply
	done    int
	failed  int   // in a row
	first   error // why a request was given up
	broken  error // the journal cannot be written
}

func (r *round) tell() {
	if r.report != nil {
		r.report(r.done)
	}
}

// one sends a request until it is answered or given up.
func (r *round) one(ctx context.Context, i int) {
	body := r.endpoint.Body(r.requests[i])
	for try := 0; ; try++ {
		if r.gate.wait(ctx) != nil {
			return
		}
		reply, f := r.endpoint.send(r.caller, body)
		if f == nil {
			r.answered(i, reply)
			return
		}
		if r.caller.Err() != nil {
			return
		}
		pause := f.pause
		if pause == 0 {
			pause = backoff(r.endpoint.o.Wait, try)
		}
		if f.kind >= never || try >= r.endpoint.o.Retries || pause > longestPause {
			r.giveUp(f, try)
			return
		}
		if f.kind == busy {
			r.gate.rest(pause)
		} else if sleep(ctx, pause) != nil {
			return
		}
	}
}

// answered keeps an answer: first on the disk, then in the count.
func (r *round) answered(i int, reply Reply) {
	err := r.journal.Put(r.keys[i], reply)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.broken = err
		r.stop(errGivenUp)
		return
	}
	r.replies[i] = reply
	r.done++
	r.failed = 0
	r.tell()
}

// giveUp leaves a request without an answer.
func (r *round) giveUp(f *failure, tries int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first == nil {
		r.first = f.error
		if tries > 0 {
			r.first = fmt.Errorf("%w, %d times", f.error, tries+1)
		}
	}
	if f.kind != never {
		r.failed++
	}
	if f.kind == all || r.failed >= inARow {
		r.stop(errGivenUp)
	}
}

// backoff is the time before try number try+1: wait · 2^try up to a minute, of which a random half is left out.
func backoff(wait time.Duration, try int) time.Duration {
	d := min(wait<<min(try, 20), longestWait)
	return d/2 + time.Duration(rand.Float64()*float64(d)/2)
}

func perMinute(n int) time.Duration {
	if n == 0 {
		return 0
	}
	return time.Minute / time.Duration(n)
}

// gate lets requests begin: one an interval, and none while the server asks for rest.
type gate struct {
	mu       sync.Mutex
	interval time.Duration
	open     time.Time // not before
}

// rest closes the gate for so long.
func (g *gate) rest(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.open) {
		g.open = until
	}
}

// wait returns when the caller may begin.
func (g *gate) wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		left := time.Until(g.open)
		if left <= 0 {
			if g.interval > 0 {
				g.open = time.Now().Add(g.interval)
			}
			g.mu.Unlock()
			return ctx.Err()
		}
		g.mu.Unlock()
		if err := sleep(ctx, left); err != nil {
			return err
		}
	}
}

// sleep until d has passed or ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
