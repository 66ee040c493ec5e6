// Graphs of the CUDA driver: what a real one would refuse is refused here, what it would not notice shows. A node runs as
// soon as those that it depends on are done, the newest of them first: a dependency that was forgotten changes the order.
#include "driver.h"
#include <map>
#include <set>
#include <vector>

using namespace emu;

namespace {
enum Kind { KERNEL, COPY, FILL };
// The driver's structs, as cuda.h lays them out.
struct KernelParams { Func *f; u32 grid[3], block[3], shared; void **params, **extra; void *kern, *ctx; };
struct End { size_t x, y, z, lod; u32 type; void *host; devptr dev; void *array, *reserved; size_t pitch, height; };
struct CopyParams { End src, dst; size_t width, height, depth; };
struct FillParams { devptr dst; size_t pitch; u32 value, size; size_t width, height; };
static_assert(sizeof(KernelParams) == 72 && sizeof(CopyParams) == 200 && sizeof(FillParams) == 40);

struct Graph;
struct Node {
  Graph *graph;
  Kind kind;
  std::vector<Node *> after;
  // KERNEL
  Launch launch;
  std::vector<uint64_t> args;
  // COPY and FILL
  void *dst;
  const void *src;
  size_t n;
  int way;
  FillParams fill;
};
struct Graph { std::vector<Node *> nodes; };
struct Exec {
  std::vector<Node *> order;
  std::map<Node *, Node> nodes; // as they were when it was made, or were set since
};

std::set<Graph *> graphs;
std::set<Exec *> execs;
std::set<Node *> nodes;

int bad(const char *f, const std::string &m) { return report(INVALID_VALUE, std::string(f) + ": " + m); }

int read_kernel(Node &n, const KernelParams *p, const char *f) {
  if (!p->f || p->kern) return bad(f, "no function");
  if (!p->params && p->f->k->nparams) return bad(f, "no arguments");
  if (p->extra) return bad(f, "extra is not emulated");
  n.launch = {p->f, {p->grid[0], p->grid[1], p->grid[2]}, {p->block[0], p->block[1], p->block[2]}, p->shared, nullptr};
  n.args.assign(p->f->k->nparams, 0);
  for (int i = 0; i < p->f->k->nparams; i++) {
    if (!p->params[i]) return bad(f, std::string(p->f->k->name) + ": argument " + std::to_string(i) + " is missing");
    memcpy(&n.args[i], p->params[i], p->f->k->sizes[i]);
  }
  return OK;
}
int read_copy(Node &n, const CopyParams *p, const char *f) {
  for (const End *e : {&p->src, &p->dst})
    if (e->x || e->y || e->z || e->lod || e->type < 1 || e->type > 2) return bad(f, "not a copy from a beginning, of host or device memory");
  if (!p->width || p->height != 1 || p->depth != 1) return bad(f, "not a copy of one dimension");
  n.way = p->src.type == 1 ? H2D : p->dst.type == 1 ? D2H : D2D;
  if (n.way == H2D && p->dst.type == 1) return bad(f, "a copy from host to host");
  n.src = p->src.type == 1 ? p->src.host : (void *)p->src.dev;
  n.dst = p->dst.type == 1 ? p->dst.host : (void *)p->dst.dev;
  n.n = p->width;
  Work w; // the memory must be there already
  return prepare_copy(n.dst, n.src, n.n, n.way, w);
}
int read_fill(Node &n, const FillParams *p, const char *f) {
  if ((p->size != 1 && p->size != 2 && p->size != 4) || p->height != 1 || !p->width) return bad(f, "not a fill of one dimension");
  if (p->dst % p->size) return bad(f, "address not aligned to the elements");
  n.fill = *p;
  Work w;
  return prepare_fill(p->dst, p->value, p->size, p->width, w);
}

int add(Node **out, Graph *g, Node *const *after, size_t n, Node made, const char *f) {
  if (!graphs.count(g)) return report(INVALID_HANDLE, std::string(f) + ": not a live graph");
  for (size_t i = 0; i < n; i++) {
    if (!nodes.count(after[i]) || after[i]->graph != g) return bad(f, "a dependency is not a node of the graph");
    made.after.push_back(after[i]);
  }
  made.graph = g;
  *out = new Node(made);
  g->nodes.push_back(*out);
  nodes.insert(*out);
  return OK;
}
// The node of an executable graph that is to be set.
int at(Exec *e, Node *n, Kind kind, Node **out, const char *f) {
  if (!execs.count(e)) return report(INVALID_HANDLE, std::string(f) + ": not a live executable graph");
  if (!nodes.count(n) || !e->nodes.count(n)) return bad(f, "not a node of the graph that this one was made of");
  if (n->kind != kind) return bad(f, "the node is of another kind");
  st.calls++, st.graph_updates++;
  *out = &e->nodes[n];
  return OK;
}
int prepare(Node &n, Work &w) {
  if (n.kind == COPY) return prepare_copy(n.dst, n.src, n.n, n.way, w);
  if (n.kind == FILL) return prepare_fill(n.fill.dst, n.fill.value, n.fill.size, n.fill.width, w);
  std::vector<void *> params;
  for (auto &a : n.args) params.push_back(&a);
  Launch l = n.launch;
  l.params = params.data();
  return prepare(l, w);
}
} // namespace

API cuGraphCreate(Graph **g, u32 flags) {
  LOCK; NEED_CTX;
  if (flags) return bad(__func__, "flags");
  st.calls++;
  graphs.insert(*g = new Graph);
  return OK;
}
API cuGraphDestroy(Graph *g) {
  LOCK;
  if (!graphs.erase(g)) return report(INVALID_HANDLE, "cuGraphDestroy: not a live graph");
  for (Node *n : g->nodes) {
    nodes.erase(n);
    delete n;
  }
  delete g;
  return OK;
}
API cuGraphAddKernelNode_v2(Node **out, Graph *g, Node *const *after, size_t n, const KernelParams *p) {
  LOCK; NEED_CTX;
  st.calls++;
  Node made{};
  made.kind = KERNEL;
  if (int e = read_kernel(made, p, __func__)) return e;
  return add(out, g, after, n, made, __func__);
}
API cuGraphAddMemcpyNode(Node **out, Graph *g, Node *const *after, size_t n, const CopyParams *p, void *ctx) {
  LOCK; NEED_CTX;
  st.calls++;
  Node made{};
  made.kind = COPY;
  if (ctx != current_ctx) return report(INVALID_CONTEXT, "cuGraphAddMemcpyNode: another context");
  if (int e = read_copy(made, p, __func__)) return e;
  return add(out, g, after, n, made, __func__);
}
API cuGraphAddMemsetNode(Node **out, Graph *g, Node *const *after, size_t n, const FillParams *p, void *ctx) {
  LOCK; NEED_CTX;
  st.calls++;
  Node made{};
  made.kind = FILL;
  if (ctx != current_ctx) return report(INVALID_CONTEXT, "cuGraphAddMemsetNode: another context");
  if (int e = read_fill(made, p, __func__)) return e;
  return add(out, g, after, n, made, __func__);
}
API cuGraphInstantiateWithFlags(Exec **e, Graph *g, unsigned long long flags) {
  LOCK; NEED_CTX;
  if (flags) return bad(__func__, "flags");
  if (!graphs.count(g)) return report(INVALID_HANDLE, "cuGraphInstantiate: not a live graph");
  st.calls++, st.graphs++;
  execs.insert(*e = new Exec);
  auto &made = (*e)->nodes;
  while (made.size() < g->nodes.size()) {
    Node *next = nullptr;
    for (Node *n : g->nodes) {
      bool ready = !made.count(n);
      for (Node *a : n->after) ready = ready && made.count(a);
      if (ready) next = n;
    }
    made[next] = *next;
    (*e)->order.push_back(next);
  }
  return OK;
}
API cuGraphExecDestroy(Exec *e) {
  LOCK;
  if (!execs.erase(e)) return report(INVALID_HANDLE, "cuGraphExecDestroy: not a live executable graph");
  delete e;
  return OK;
}
API cuGraphExecKernelNodeSetParams_v2(Exec *e, Node *n, const KernelParams *p) {
  LOCK; NEED_CTX;
  Node *to;
  if (int r = at(e, n, KERNEL, &to, __func__)) return r;
  return read_kernel(*to, p, __func__);
}
API cuGraphExecMemcpyNodeSetParams(Exec *e, Node *n, const CopyParams *p, void *ctx) {
  LOCK; NEED_CTX;
  Node *to, was;
  if (ctx != current_ctx) return report(INVALID_CONTEXT, "cuGraphExecMemcpyNodeSetParams: another context");
  if (int r = at(e, n, COPY, &to, __func__)) return r;
  was = *to;
  if (int r = read_copy(*to, p, __func__)) return r;
  return to->way == was.way ? (int)OK : report(GRAPH_UPDATE_FAILURE, "cuGraphExecMemcpyNodeSetParams: another direction");
}
API cuGraphExecMemsetNodeSetParams(Exec *e, Node *n, const FillParams *p, void *ctx) {
  LOCK; NEED_CTX;
  Node *to, was;
  if (ctx != current_ctx) return report(INVALID_CONTEXT, "cuGraphExecMemsetNodeSetParams: another context");
  if (int r = at(e, n, FILL, &to, __func__)) return r;
  was = *to;
  if (int r = read_fill(*to, p, __func__)) return r;
  if (to->fill.width != was.fill.width || to->fill.size != was.fill.size) return report(GRAPH_UPDATE_FAILURE, "cuGraphExecMemsetNodeSetParams: another size");
  return OK;
}
API cuGraphLaunch(Exec *e, Stream *s) {
  LOCK; NEED_CTX;
  if (!execs.count(e)) return report(INVALID_HANDLE, "cuGraphLaunch: not a live executable graph");
  static const bool null_run = env("CROCO_EMU_NULL", 0);
  st.calls++, st.graph_launches++;
  for (Node *n : e->order) {
    if (null_run && n->kind == KERNEL) continue;
    Work w;
    if (int r = prepare(e->nodes[n], w)) return r;
    if (int r = enqueue(s, w)) return r;
  }
  return OK;
}
