// What the forward kernels with bfloat16 products do beside the products: the running softmax of 64 rows and the sums of values that
// go with it, along the tiles of a span, from span to span, and to where the results lie.
#pragma once
#include "attention_bf16.cuh"

#define ATTEND                                                                                                           \
  float *out, float *lse, const bf16 *q, const void *k, const void *v, float *slots, const Item *items,                  \
      const Query *queries, const int *tiles, const int *rows, int H, int G, int D, float scale, float cap, int window, int span
#define ATTEND_ARGS out, lse, q, k, v, slots, items, queries, tiles, rows, H, G, D, scale, cap, window, span

// The part of a lane: rows row and row + 8 of the 64, the fragments of their sums.
template <int W> struct Sums {
  float acc[W / 8][4];
  State now[2], before[2]; // of the span at hand, and of those before
  bool later;              // whether there are spans before
};
// Where the results of 64 rows go: rows lo … of the item's queries. out is (Tq,H·D), lse (Tq,H).
struct Results {
  float *out, *lse, *slots;
  const Query *queries;
  Item it;
  int lo, H, perGroup, D, span;
};
DEV float *slot_of(const Results &to, const Rows &rows, int row) {
  int query = (to.lo + row) / to.perGroup;
  return slot(to.slots, gld(&to.queries[to.it.query + query].slot) + to.it.from / to.span, rows.query[row] % to.H, to.H, to.D);
}

// Begins with nothing, or RESUMEs what lies in the slots.
template <int W> DEV void begin_sums(Sums<W> &s, const Results &to, const Rows &rows, int row) {
  s.later = false;
#pragma unroll
  for (int j = 0; j < W / 8; j++)
#pragma unroll
    for (int e = 0; e < 4; e++) s.acc[j][e] = 0;
#pragma unroll
  for (int i = 0; i < 2; i++) {
    s.now[i] = empty_state();
    if ((to.it.flags & RESUME) && rows.query[row + 8 * i] >= 0) {
      const float *p = slot_of(to, rows, row + 8 * i);
      s.now[i] = {gld(p), gld(p + 1)};
    }
  }
  if (to.it.flags & RESUME)
    each_element<W / 8>(rows, row, to.D, [&](int i, int j, int e, int c) { s.acc[j][e] = gld(slot_of(to, rows, row + 8 * i) + SLOT_SUMS + c); });
}

// Products of a row with the keys of a tile, of which x(j, e) are this lane's, become weights exp(score − max), and the state goes
// on. Returns what the sums so far are to be multiplied by. key is the position of x(0, 0); all: the row sees the whole tile.
template <class X> DEV float soften(State &now, X x, int pos, int key, bool all, float scale, float cap, int window) {
  float top = now.max, sum = 0;
#pragma unroll
  for (int j = 0; j < TILE / 8; j++)
#pragma unroll
    for (int e = 0; e < 2; e++) {
      float &p = x(j, e);
      p = score<Binary>(p, scale, cap);
      if (!all && !sees(pos, key + j * 8 + e, window)) p = empty_state().max;
      top = fmaxf(top, p);
    }
  top = quad_max(top);
#pragma unroll
  for (int j = 0; j < TILE / 8; j++)
#pragma unroll
    for (int e = 0; e < 2; e++) {
      float &p = x(j, e);
      p = p == empty_state().max ? 0.f : exp2f(p - top);
      sum += p;
    }
  float f = carry<Binary>(now.max, top);
  now = {top, fmaf(now.sum, f, quad_sum(sum))};
  return f;
}

// A span ends: while others follow, out holds the sums of those before.
template <int W> DEV void turn(Sums<W> &s, Results &to, const Rows &rows, int &row) {
  forget(to.out), forget(row);
  float own[2], other[2];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    if (!s.later) s.before[i] = empty_state();
    add_span<Binary>(s.before[i], s.now[i], &own[i], &other[i]);
    s.now[i] = empty_state();
  }
  each_element<W / 8>(rows, row, to.D, [&](int i, int j, int e, int c) {
    float *o = to.out + (long long)rows.query[row + 8 * i] * to.D + c, x = s.acc[j][e] * other[i];
    gst(o, s.later ? fmaf(gld(o), own[i], x) : x);
  });
#pragma unroll
  for (int j = 0; j < W / 8; j++)
#pragma unroll
    for (int e = 0; e < 4; e++) s.acc[j][e] = 0;
  s.later = true;
}

// Divides by the sums of weights; or LEAVEs everything in the slots.
template <int W> DEV void end_sums(Sums<W> &s, Results &to, const Rows &rows, int &row) {
  forget(to.out), forget(row); // else the addresses of the end occupy registers all the time
  bool first = threadIdx.x % 4 == 0;
  if (to.it.flags & LEAVE) {
    each_element<W / 8>(rows, row, to.D, [&](int i, int j, int e, int c) { gst(slot_of(to, rows, row + 8 * i) + SLOT_SUMS + c, s.acc[j][e]); });
#pragma unroll
    for (int i = 0; i < 2; i++)
      if (first && rows.query[row + 8 * i] >= 0) {
        float *p = slot_of(to, rows, row + 8 * i);
        gst(p, s.now[i].max), gst(p + 1, s.now[i].sum);
      }
    return;
  }
  bool spans = s.later;
  if (spans) turn(s, to, rows, row);
  each_element<W / 8>(rows, row, to.D, [&](int i, int j, int e, int c) {
    float *o = to.out + (long long)rows.query[row + 8 * i] * to.D + c;
    gst(o, fmaf(spans ? gld(o) : s.acc[j][e], 1.f / (spans ? s.before[i].sum : s.now[i].sum), 0.f));
  });
#pragma unroll
  for (int i = 0; i < 2; i++)
    if (to.lse && first && rows.query[row + 8 * i] >= 0) gst(to.lse + rows.query[row + 8 * i], log_sum<Binary>(spans ? s.before[i] : s.now[i]));
}
