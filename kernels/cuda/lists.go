//go:build gpu

package cuda

import "slices"

// list is an index array on the device.
type list struct {
	host []int32
	addr uintptr
	uses int    // uploads that have not been released
	last uint64 // the time of its last upload
}

// lists are the index arrays that lie on the device. Every layer of a step wants the same positions and rows: they are
// copied once, and what is not in use stays until keptLists others have come, or until a wait. So every step begins with the same free
// memory, and puts its lists where the step before had them.
type lists struct {
	all  map[uintptr]*list
	time uint64
}

const keptLists = 32

// upload returns the address of a list in device memory. The caller releases it when it has queued the last use.
func (d *Device) upload(values []int32) uintptr {
	if len(values) == 0 || d.fault != nil {
		return 0
	}
	d.lists.time++
	for _, l := range d.lists.all {
		if slices.Equal(l.host, values) {
			l.uses, l.last = l.uses+1, d.lists.time
			return l.addr
		}
	}
	if len(d.lists.all) >= keptLists {
		d.forgetList()
	}
	l := &list{host: slices.Clone(values), addr: d.alloc(4 * len(values)), uses: 1, last: d.lists.time}
	d.send(l.addr, bytesOf(values))
	if d.fault == nil {
		d.lists.all[l.addr] = l
	}
	return l.addr
}

// forgetLists gives up those that are not in use.
func (d *Device) forgetLists() {
	for _, l := range d.lists.all {
		if l.uses == 0 {
			delete(d.lists.all, l.addr)
			d.release(l.addr)
		}
	}
}

// forgetList gives up the list that has been idle for the longest time.
func (d *Device) forgetList() {
	var oldest *list
	for _, l := range d.lists.all {
		if l.uses == 0 && (oldest == nil || l.last < oldest.last) {
			oldest = l
		}
	}
	if oldest != nil {
		delete(d.lists.all, oldest.addr)
		d.release(oldest.addr)
	}
}
