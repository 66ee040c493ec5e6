//go:build gpu

package cuda

import "croco/kernels/cuda/driver"

// queue is work that the driver has not been given yet: launches, copies and fills, in order. It gets them at a wait, or
// when the list is full. A list like one before goes as a graph, in one call for all (graphs.go).
//
// After a wait the GPU has nothing to do, so the first list is short, and each after it twice as long. Since that depends on
// nothing else, a step that comes again is cut into the same lists.
type queue struct {
	nodes []driver.Node
	full  int    // nodes
	hash  uint64 // of their topology

	uploads []upload
	bytes   []byte // what the uploads copy
	inbox   []byte // pinned: what downloads copy to
	taken   int    // of the inbox
	owed    []promise

	graphs graphs
}

// upload says which of the bytes a node copies, and where to.
type upload struct {
	node, from, to int
	dst            uintptr
}

// promise is what goes from the inbox to its place in the program's memory after the next wait.
type promise struct{ dst, from []byte }

// listBytes is how much a list uploads at most; what is longer goes to the driver by itself.
const listBytes = 64 << 10

func (q *queue) init(c *driver.Context, off bool) (err error) {
	q.graphs = graphs{off: off, least: 8, most: 128, known: map[uint64]*known{}}
	q.bytes = make([]byte, 0, listBytes)
	q.full = q.graphs.longest(0)
	q.inbox, err = c.Pin(halfSize)
	return err
}

// add queues a node.
func (d *Device) add(n driver.Node) {
	q := &d.queue
	q.nodes, q.hash = append(q.nodes, n), n.Topology(q.hash)
	if len(q.nodes) >= q.full {
		d.flush()
		q.full = q.graphs.longest(q.full)
	}
}

// send queues a copy of src to the device and may forget src.
func (d *Device) send(dst uintptr, src []byte) {
	d.changed(dst)
	q := &d.queue
	if len(q.bytes)+len(src) > listBytes {
		d.flush()
	}
	switch {
	case len(src) == 0 || d.fault != nil:
	case len(src) > listBytes:
		d.sendLong(dst, src)
	default:
		from := len(q.bytes)
		q.bytes = append(q.bytes, src...)
		q.uploads = append(q.uploads, upload{len(q.nodes), from, len(q.bytes), dst})
		q.bytes = q.bytes[:(len(q.bytes)+15)&^15]
		d.add(driver.ToUpload(dst, nil))
	}
}

// promise queues a copy from the device, which is in dst after the next wait. It waits itself where the inbox is full.
func (d *Device) promise(dst []byte, src uintptr) {
	q := &d.queue
	for len(dst) > 0 && d.fault == nil {
		if q.taken == len(q.inbox) {
			d.wait()
		}
		b := q.inbox[q.taken:min(q.taken+len(dst), len(q.inbox))]
		q.taken = min(q.taken+(len(b)+15)&^15, len(q.inbox))
		q.owed = append(q.owed, promise{dst[:len(b)], b})
		d.add(driver.ToDownload(b, src))
		dst, src = dst[len(b):], src+uintptr(len(b))
	}
}

// fetch copies from the device and waits for it.
func (d *Device) fetch(dst []byte, src uintptr) {
	d.promise(dst, src)
	d.rest()
}

// rest waits between operations. Rounded copies are forgotten: a step that comes again finds memory as it was.
func (d *Device) rest() {
	d.wait()
	for len(d.rounded) > 0 {
		d.forgetRounded(0)
	}
}

// wait returns when everything is done and what was promised is in its place, unless there was a fault. Lists that nobody holds are
// forgotten: see lists.go. It may come in the middle of an operation, where memory runs out: the operands stay.
func (d *Device) wait() {
	d.flush()
	q := &d.queue
	d.keep(d.stream.Wait())
	for _, p := range q.owed {
		if d.fault == nil {
			copy(p.dst, p.from)
		}
	}
	q.owed, q.taken, q.full = q.owed[:0], 0, q.graphs.longest(0)
	d.forgetLists()
}

// flush gives the driver what is queued.
func (d *Device) flush() {
	q := &d.queue
	if len(q.nodes) > 0 && d.fault == nil {
		d.keep(d.issue())
	}
	q.nodes, q.uploads, q.bytes, q.hash = q.nodes[:0], q.uploads[:0], q.bytes[:0], 0
}

func (d *Device) issue() error {
	q := &d.queue
	if done, err := q.graphs.replay(d, q); done || err != nil {
		return err
	}
	for _, u := range q.uploads {
		memory, err := d.staging.room(u.to - u.from)
		if err != nil {
			return err
		}
		copy(memory, q.bytes[u.from:u.to])
		q.nodes[u.node] = driver.ToUpload(u.dst, memory)
	}
	return d.stream.Issue(q.nodes...)
}
