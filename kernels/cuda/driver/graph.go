//go:build gpu

package driver

/*
#include <cuda.h>
#include "node.h"
static CUDA_KERNEL_NODE_PARAMS kernel(work *w, void **params) {
	CUDA_KERNEL_NODE_PARAMS p = {0};
	p.func = (CUfunction)w->fn;
	p.gridDimX = w->grid[0], p.gridDimY = w->grid[1], p.gridDimZ = w->grid[2];
	p.blockDimX = w->threads, p.blockDimY = p.blockDimZ = 1;
	p.sharedMemBytes = w->shared;
	p.kernelParams = arguments(w, params);
	return p;
}
static CUDA_MEMCPY3D span(work w) { // of one dimension
	CUDA_MEMCPY3D p = {0};
	p.srcMemoryType = w.kind == UPLOAD ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
	p.dstMemoryType = w.kind == DOWNLOAD ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
	p.srcHost = (void *)w.src, p.dstHost = (void *)w.dst;
	p.srcDevice = w.src, p.dstDevice = w.dst;
	p.WidthInBytes = w.bytes, p.Height = p.Depth = 1;
	return p;
}
static CUDA_MEMSET_NODE_PARAMS zeros(work w) {
	CUDA_MEMSET_NODE_PARAMS p = {0};
	p.dst = w.dst, p.elementSize = 1, p.width = w.bytes, p.height = 1;
	return p;
}

// add is cuGraphAdd…Node: where after is not null, the new node waits for it.
static int add(void *f, void **node, void *graph, void *after, work w) {
	CUgraphNode *n = (CUgraphNode *)node, *dep = (CUgraphNode *)&after;
	size_t deps = after ? 1 : 0;
	if (w.kind == LAUNCH) {
		void *params[MAX_ARGS];
		CUDA_KERNEL_NODE_PARAMS p = kernel(&w, params);
		return ((CUresult (*)(CUgraphNode *, CUgraph, const CUgraphNode *, size_t, const CUDA_KERNEL_NODE_PARAMS *))f)(n, graph, dep, deps, &p);
	}
	if (w.kind == ZERO) {
		CUDA_MEMSET_NODE_PARAMS p = zeros(w);
		return ((CUresult (*)(CUgraphNode *, CUgraph, const CUgraphNode *, size_t, const CUDA_MEMSET_NODE_PARAMS *, CUcontext))f)(n, graph, dep, deps, &p, (CUcontext)w.context);
	}
	CUDA_MEMCPY3D p = span(w);
	return ((CUresult (*)(CUgraphNode *, CUgraph, const CUgraphNode *, size_t, const CUDA_MEMCPY3D *, CUcontext))f)(n, graph, dep, deps, &p, (CUcontext)w.context);
}
// set is cuGraphExec…NodeSetParams.
static int set(void *f, void *exec, void *node, work w) {
	if (w.kind == LAUNCH) {
		void *params[MAX_ARGS];
		CUDA_KERNEL_NODE_PARAMS p = kernel(&w, params);
		return ((CUresult (*)(CUgraphExec, CUgraphNode, const CUDA_KERNEL_NODE_PARAMS *))f)(exec, node, &p);
	}
	if (w.kind == ZERO) {
		CUDA_MEMSET_NODE_PARAMS p = zeros(w);
		return ((CUresult (*)(CUgraphExec, CUgraphNode, const CUDA_MEMSET_NODE_PARAMS *, CUcontext))f)(exec, node, &p, (CUcontext)w.context);
	}
	CUDA_MEMCPY3D p = span(w);
	return ((CUresult (*)(CUgraphExec, CUgraphNode, const CUDA_MEMCPY3D *, CUcontext))f)(exec, node, &p, (CUcontext)w.context);
}
static int create(void *f, void **graph) { return ((CUresult (*)(CUgraph *, unsigned))f)((CUgraph *)graph, 0); }
static int instantiate(void *f, void **exec, void *graph) { return ((CUresult (*)(CUgraphExec *, CUgraph, unsigned long long))f)((CUgraphExec *)exec, graph, 0); }
static int start(void *f, void *exec, void *stream) { return ((CUresult (*)(CUgraphExec, CUstream))f)(exec, stream); }
static int destroy(void *f, void *handle) { return ((CUresult (*)(void *))f)(handle); }
*/
import "C"

import (
	"fmt"
	"slices"
	"unsafe"
)

// Graph is a list of nodes that one call of the driver queues. gorgonia.org/cu can make graphs but not start them, and its
// kernel nodes have no arguments.
type Graph struct {
	c           *Context
	graph, exec unsafe.Pointer
	handles     []unsafe.Pointer
	nodes       []Node
}

// NewGraph makes a graph that does the nodes one after the other, as a stream would.
func (c *Context) NewGraph(nodes []Node) (g *Graph, err error) {
	g = &Graph{c: c, handles: make([]unsafe.Pointer, len(nodes)), nodes: append([]Node(nil), nodes...)}
	err = c.do(fmt.Sprintf("graph of %d nodes", len(nodes)), func() error {
		f := &c.calls.graphs
		if e := C.create(f.create, &g.graph); e != 0 {
			return Code(e)
		}
		var after unsafe.Pointer
		for i := range g.nodes {
			w, err := g.c.work(&g.nodes[i])
			if err != nil {
				return err
			}
			if e := C.add(f.add[g.nodes[i].kind], &g.handles[i], g.graph, after, w); e != 0 {
				return explain(g.nodes[i].String(), Code(e))
			}
			after = g.handles[i]
		}
		if e := C.instantiate(f.instantiate, &g.exec, g.graph); e != 0 {
			return Code(e)
		}
		return nil
	})
	return g, err
}

// Fits says whether the graph can do a list: its nodes are of the same kinds, with the same kernels.
func (g *Graph) Fits(nodes []Node) bool {
	return slices.EqualFunc(g.nodes, nodes, func(a, b Node) bool {
		return a.kind == b.kind && a.fn == b.fn && (a.kind != Zero || a.bytes == b.bytes)
	})
}

// Differs is how many nodes Set would set.
func (g *Graph) Differs(nodes []Node) int { return Differ(g.nodes, nodes) }

// Differ counts the places where two lists have not the same.
func Differ(a, b []Node) (n int) {
	for i := range b {
		if i >= len(a) || a[i] != b[i] {
			n++
		}
	}
	return n
}

// Set makes its nodes those of a list that Fits, from the next Start on.
func (g *Graph) Set(nodes []Node) error {
	return g.c.do("graph", func() error {
		for i := range nodes {
			if nodes[i] == g.nodes[i] {
				continue
			}
			g.nodes[i] = nodes[i]
			w, err := g.c.work(&g.nodes[i])
			if err == nil {
				if e := C.set(g.c.calls.graphs.set[nodes[i].kind], g.exec, g.handles[i], w); e != 0 {
					err = Code(e)
				}
			}
			if err != nil {
				return explain("graph: "+nodes[i].String(), err)
			}
		}
		return nil
	})
}

// Start queues the graph.
func (s *Stream) Start(g *Graph) error {
	s.idle = false
	return s.c.do(fmt.Sprintf("graph of %d nodes", len(g.nodes)), func() error {
		if e := C.start(s.c.calls.graphs.start, g.exec, s.handle()); e != 0 {
			return Code(e)
		}
		return nil
	})
}

// Close gives the graph up, when what was queued of it is done.
func (g *Graph) Close() error {
	return g.c.do("graph", func() error {
		if e := C.destroy(g.c.calls.graphs.destroyExec, g.exec); e != 0 {
			return Code(e)
		}
		if e := C.destroy(g.c.calls.graphs.destroy, g.graph); e != 0 {
			return Code(e)
		}
		return nil
	})
}

// graphCalls are the driver's functions for graphs; add and set by the kind of node.
type graphCalls struct {
	create, instantiate, start, destroyExec, destroy unsafe.Pointer
	add, set                                         [Zero + 1]unsafe.Pointer
}

func (f *graphCalls) find() error {
	if err := symbols(map[string]*unsafe.Pointer{
		"cuGraphCreate": &f.create, "cuGraphInstantiateWithFlags": &f.instantiate, "cuGraphLaunch": &f.start,
		"cuGraphExecDestroy": &f.destroyExec, "cuGraphDestroy": &f.destroy,
		"cuGraphAddKernelNode_v2": &f.add[Launch], "cuGraphExecKernelNodeSetParams_v2": &f.set[Launch],
		"cuGraphAddMemsetNode": &f.add[Zero], "cuGraphExecMemsetNodeSetParams": &f.set[Zero],
		"cuGraphAddMemcpyNode": &f.add[Upload], "cuGraphExecMemcpyNodeSetParams": &f.set[Upload],
	}); err != nil {
		return err
	}
	for kind := Download; kind <= Move; kind++ {
		f.add[kind], f.set[kind] = f.add[Upload], f.set[Upload]
	}
	return nil
}
