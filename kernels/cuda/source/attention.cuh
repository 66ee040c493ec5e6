// What all attention kernels share: which rows ask, where their keys lie, what they see, and the running softmax.
//
// A row of a kernel is a (query, head) pair. The heads that read one key/value head g = blockIdx.y stand side by side: row r
// of an item is head g·perGroup + r % perGroup of its query r / perGroup. Keys come in tiles of 64 positions. Tile i of a
// path has an entry e: its positions lie in the rows e, e+1, … of k and v where e ≥ 0, else in those that a list of 64
// names from ~e on. kernels/cuda/attention_plan.go makes items, entries and lists.
//
// The tiles of a path are cut into spans, at fixed positions. Within a span the softmax runs on from tile to tile; then
// spans are added up in order. So the spans of a path may be computed side by side, and no bit tells whether they were.
#pragma once
#include "math.cuh"

enum { TILE = 64 };              // positions of a tile of keys
enum { RESUME = 1, LEAVE = 2 };
struct Item {                    // what one block does for one key/value head
  int query, lo, hi;             // rows lo … hi−1 of the queries from query on
  int tiles, from, to;           // tile i of the path, from ≤ i < to, has entry tiles[tiles + i]
  int keys;                      // the path has the positions 0 … keys−1
  int flags;                     // RESUME: goes on from the state in the slots; LEAVE: leaves it there
};
struct Query { int row, pos, slot; };   // row of q, position, first slot
struct Merge { int row, slot, spans; }; // the spans of a query lie in the slots from slot on

// Reads a struct of ints.
template <class T> DEV T fetch(const T *p) {
  T x;
#pragma unroll
  for (int i = 0; i < (int)(sizeof(T) / 4); i++) ((int *)&x)[i] = gld((const int *)p + i);
  return x;
}
// The row that holds position j of a tile with n positions; −1 beyond them.
DEV int tile_row(int entry, const int *rows, int j, int n) {
  if (j >= n) return -1;
  return entry >= 0 ? entry + j : gld(rows + ~entry + j);
}
// The first position that a query at pos sees.
DEV int first_seen(int pos, int window) { return window > 0 ? max(0, pos - window + 1) : 0; }
DEV bool sees(int pos, int key, int window) { return key <= pos && key >= first_seen(pos, window); }

// How exponentials are computed: of scores times UNIT.
struct Natural { // the polynomial of math.cuh
  static constexpr float UNIT = 1;
  DEV float exp(float x) { return exp_(x); }
};
struct Binary { // the instruction of the GPU
  static constexpr float UNIT = 1.4426950408889634f;
  DEV float exp(float x) { return exp2f(x); }
};

// A score of q·k, in the unit of E.
template <class E> DEV float score(float dot, float scale, float cap) {
  if (cap > 0) return cap * E::UNIT * tanh_(dot * scale / cap);
  return dot * (scale * E::UNIT);
}

// The running softmax of a row: the largest score so far, and the sum of exp(score − max). Sums of values weighted alike go
// with it. Empty, it changes nothing that it is added to: exp(0) is exactly 1.
struct State { float max, sum; };
DEV State empty_state() { return {bits2f(0xff800000), 0}; }
// The factor that takes sums from maximum m to maximum top ≥ m.
template <class E> DEV float carry(float m, float top) { return m == top ? 1.f : E::exp(m - top); }
// s takes up the state of the next span; its own sums are to be multiplied by *own, those of next by *other.
template <class E> DEV void add_span(State &s, State next, float *own, float *other) {
  float top = fmaxf(s.max, next.max);
  *own = carry<E>(s.max, top), *other = carry<E>(next.max, top);
  s = {top, fmaf(s.sum, *own, next.sum * *other)};
}
template <class E> DEV float log_sum(State s) { return s.max / E::UNIT + logf(s.sum); }

// For the gradient: from the product q·k, dP = dout·v, the row's log-sum-exp and Σ P·dP, the weight P and the gradient of q·k.
template <class E> DEV float weight(float dot, float dp, float lse, float delta, float scale, float cap, float *grad) {
  float s = score<E>(dot, scale, cap), p = E::exp(s - lse * E::UNIT), slope = scale;
  if (cap > 0) {
    float t = s / (cap * E::UNIT);
    slope *= 1.f - t * t;
  }
  *grad = p * (dp - delta) * slope;
  return p;
}

// A slot holds, for each head, the state and D sums.
enum { SLOT_SUMS = 2 };
DEV float *slot(float *slots, int at, int head, int H, int D) { return slots + ((long long)at * H + head) * (SLOT_SUMS + D); }

// Adds up the spans of a query: out (Tq,H·D) and lse (Tq,H) of row merge.row, head blockIdx.y.
template <class E> DEV void merge_spans(float *out, float *lse, float *slots, const Merge *merges, int H, int D) {
  Merge m = fetch(merges + blockIdx.x);
  int h = blockIdx.y;
  float *o = out + ((long long)m.row * H + h) * D;
  State s = empty_state();
  for (int i = 0; i < m.spans; i++) { // every thread runs the same states
    float *p = slot(slots, m.slot + i, h, H, D), own, other;
    add_span<E>(s, {gld(p), gld(p + 1)}, &own, &other);
    for (int c = threadIdx.x; c < D; c += blockDim.x) {
      float x = gld(p + SLOT_SUMS + c) * other;
      gst(o + c, i ? fmaf(gld(o + c), own, x) : x);
    }
  }
  for (int c = threadIdx.x; c < D; c += blockDim.x) gst(o + c, fmaf(gld(o + c), 1.f / s.sum, 0.f));
  if (lse && threadIdx.x == 0) gst(lse + (long long)m.row * H + h, log_sum<E>(s));
}

// A block of keys, as the gradients of k and v go over them: n rows of one segment within one tile, and the runs that may see
// them: runs[from … to−1].
struct Keys { int row, pos, n, from, to; };
struct Run { int row, pos, len; };
// The queries lo … hi−1 of a run see some of the keys.
DEV void seen_by(Keys keys, Run run, int window, int *lo, int *hi) {
  *lo = max(0, keys.pos - run.pos);
  *hi = window > 0 ? min(run.len, keys.pos + keys.n - 1 + window - run.pos) : run.len;
}

// delta (T,H) = Σ_d dout·out, which is Σ_j P[j]·dP[j]. A warp per head; HALF: dout as the products see it, in bfloat16.
template <bool HALF> DEV void attention_delta(float *delta, const float *dout, const float *out, u64 heads, int D) {
  u64 i = (u64)blockIdx.x * 4 + threadIdx.x / 32;
  if (i >= heads) return; // whole warps leave
  float sum = 0;
  for (int c = threadIdx.x % 32; c < D; c += 32) {
    float x = gld(dout + i * D + c);
    sum = fmaf(HALF ? bf2f(f2bf(x)) : x, gld(out + i * D + c), sum);
  }
  sum = warp_sum(sum);
  if (threadIdx.x % 32 == 0) gst(delta + i, sum);
}
