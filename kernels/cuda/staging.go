//go:build gpu

package cuda

import "croco/kernels/cuda/driver"

// staging is pinned host memory between the program's memory and the GPU's, in two halves: while the GPU copies from one,
// the program fills the other. Graphs have memory of their own.
type staging struct {
	stream *driver.Stream
	halves [2]half
	now    int // the half that is being filled
}

type half struct {
	memory []byte
	used   int
	copied *driver.Event // when the GPU is done with it
}

// halfSize is a trade: large enough for the index arrays of many steps, small enough to be pinned anywhere.
const halfSize = 4 << 20

func (s *staging) init(c *driver.Context, stream *driver.Stream) (err error) {
	s.stream = stream
	for i := range s.halves {
		if s.halves[i].memory, err = c.Pin(halfSize); err != nil {
			return err
		}
		if s.halves[i].copied, err = c.NewEvent(); err != nil {
			return err
		}
	}
	return nil
}

// room returns pinned memory for up to n bytes: for all of them where that is at most a quarter of a half, else for at least
// one. It turns to the other half where this one is full.
func (s *staging) room(n int) ([]byte, error) {
	h := &s.halves[s.now]
	if left := len(h.memory) - h.used; left < min(n, halfSize/4) {
		if err := s.stream.Mark(h.copied); err != nil {
			return nil, err
		}
		s.now = 1 - s.now
		h = &s.halves[s.now]
		if err := h.copied.Wait(); err != nil {
			return nil, err
		}
		h.used = 0
	}
	b := h.memory[h.used:min(h.used+n, len(h.memory))]
	h.used = min(h.used+(len(b)+15)&^15, len(h.memory))
	return b, nil
}

// sendLong copies more than a list of the queue holds, with nothing queued before it.
func (d *Device) sendLong(dst uintptr, src []byte) {
	for len(src) > 0 && d.fault == nil {
		b, err := d.staging.room(len(src))
		if d.keep(err); err != nil {
			return
		}
		copy(b, src)
		d.keep(d.stream.Issue(driver.ToUpload(dst, b)))
		dst, src = dst+uintptr(len(b)), src[len(b):]
	}
}
