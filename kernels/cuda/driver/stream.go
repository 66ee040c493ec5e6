//go:build gpu

package driver

import (
	"unsafe"

	"gorgonia.org/cu"
)

// Stream is a queue of launches and copies, done in order while the program goes on.
type Stream struct {
	c      *Context
	stream cu.Stream
	idle   bool // nothing was queued since the last Wait
	waits  int
}

// handle is the driver's own: the only field of cu.Stream.
func (s *Stream) handle() unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&s.stream)) }

// NewStream makes a queue.
func (c *Context) NewStream() (s *Stream, err error) {
	s = &Stream{c: c}
	err = c.do("stream", func() error {
		s.stream, err = cu.MakeStream(cu.NonBlocking)
		return err
	})
	return s, err
}

// Wait returns when everything in the queue is done, with the first fault.
func (s *Stream) Wait() error {
	if s.idle {
		return nil
	}
	err := s.c.do("wait for the GPU", func() error { return s.stream.Synchronize() })
	s.idle = err == nil
	s.waits++
	return err
}

// Lend calls f with the context current and the driver's own handle of the queue: for a library that queues work by itself.
func (s *Stream) Lend(what string, f func(queue unsafe.Pointer) error) error {
	s.idle = false
	return s.c.do(what, func() error { return f(s.handle()) })
}

// Event is a place in a queue.
type Event struct {
	c     *Context
	event cu.Event
	in    *Stream // that it was last marked in, after so many waits
	waits int
}

// NewEvent makes an event that has happened.
func (c *Context) NewEvent() (e *Event, err error) {
	e = &Event{c: c}
	err = c.do("event", func() error {
		e.event, err = cu.MakeEvent(cu.DisableTiming)
		return err
	})
	return e, err
}

// Mark moves the event to the end of the queue.
func (s *Stream) Mark(e *Event) error {
	s.idle = false
	e.in, e.waits = s, s.waits
	return s.c.do("event", func() error { return e.event.Record(s.stream) })
}

// Wait returns when everything before the event is done. The driver is not asked where the queue was waited for since.
func (e *Event) Wait() error {
	if e.in == nil || e.in.waits > e.waits {
		return nil
	}
	return e.c.do("wait for the GPU", func() error { return e.event.Synchronize() })
}
