//go:build gpu

package cuda

import "croco/kernels/cuda/driver"

// graphs are the lists that came more than once, as the driver's graphs. A list is looked up by its topology: which kernels, copies and
// fills it has, in which order. When one comes for the second time a graph is made of it; from then on the nodes whose arguments or
// grids differ are set, and one call starts them all. The order within a graph is that of the list, a chain.
type graphs struct {
	off   bool
	least int // nodes: shorter lists are not worth a graph
	most  int // topologies
	known map[uint64]*known
	time  uint64
	rooms []*room // of graphs that were given up
}

// known is a topology that was seen.
type known struct {
	graph *driver.Graph // nil at first
	room  *room         // nil where nothing is uploaded
	last  uint64        // when it came last
	list  []driver.Node // as it came last
}

// room is pinned memory that the uploads of one graph copy from, each at the same place every time.
type room struct {
	memory []byte
	copied *driver.Event // when the GPU is done with it
}

// longest is how many nodes a list may have that follows one of so many; 0 where it follows a wait.
func (g *graphs) longest(before int) int {
	if g.off {
		return 1
	}
	return min(max(32, 2*before), 256)
}

// replay queues the list as a graph; not done where it is to be issued node by node.
func (g *graphs) replay(d *Device, q *queue) (done bool, err error) {
	if g.off || len(q.nodes) < g.least {
		return false, nil
	}
	g.time++
	k := g.known[q.hash]
	if k == nil {
		err := g.forget()
		g.known[q.hash] = &known{last: g.time}
		return false, err
	}
	k.last = g.time
	if len(q.uploads) > 0 {
		if k.room == nil {
			if k.room, err = g.room(d.context); err != nil {
				return false, err
			}
		}
		if err := k.room.copied.Wait(); err != nil {
			return false, err
		}
		copy(k.room.memory, q.bytes)
		for _, u := range q.uploads {
			q.nodes[u.node] = driver.ToUpload(u.dst, k.room.memory[u.from:u.to])
		}
	}
	if k.graph == nil {
		if k.graph, err = d.context.NewGraph(q.nodes); err != nil {
			return false, err
		}
	} else if !k.graph.Fits(q.nodes) { // another topology with the same hash
		return false, nil
	}
	// To set most of the nodes takes about as long as to launch them: that is for arguments that are here to stay.
	few := len(q.nodes) / 2
	stays := k.graph.Differs(q.nodes) <= few || driver.Differ(k.list, q.nodes) <= few
	k.list = append(k.list[:0], q.nodes...)
	if !stays {
		return false, nil
	}
	if err := k.graph.Set(q.nodes); err != nil {
		return false, err
	}
	if err := d.stream.Start(k.graph); err != nil || len(q.uploads) == 0 {
		return true, err
	}
	return true, d.stream.Mark(k.room.copied)
}

// room is pinned memory for a list's uploads.
func (g *graphs) room(c *driver.Context) (r *room, err error) {
	if n := len(g.rooms); n > 0 {
		r, g.rooms = g.rooms[n-1], g.rooms[:n-1]
		return r, nil
	}
	r = &room{}
	if r.memory, err = c.Pin(listBytes); err == nil {
		r.copied, err = c.NewEvent()
	}
	return r, err
}

// forget gives up the topology that has not come for the longest time, where there are too many.
func (g *graphs) forget() error {
	if len(g.known) < g.most {
		return nil
	}
	var oldest uint64
	for hash, k := range g.known {
		if o := g.known[oldest]; o == nil || k.last < o.last {
			oldest = hash
		}
	}
	k := g.known[oldest]
	delete(g.known, oldest)
	if k.room != nil {
		g.rooms = append(g.rooms, k.room)
	}
	if k.graph == nil {
		return nil
	}
	return k.graph.Close()
}
