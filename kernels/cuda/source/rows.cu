// Operations on token rows: normalisation, rotary positions, and rows that move.
#include "math.cuh"

// A row has a warp, or where it is wide a block of 256 threads. Its sum is the same tree either way for a given width, and
// knows nothing of other rows.
enum { ROW_THREADS = 256, WARP_ROWS = 8 };
template <int THREADS> DEV float row_sum(float v, float *part) { // part: one value per warp, where there are several
  v = warp_sum(v);
  if (THREADS == 32) return v;
  __syncthreads(); // part may still be read from the sum before
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
  __syncthreads();
  v = 0;
#pragma unroll
  for (int i = 0; i < THREADS / 32; i++) v += part[i];
  return v;
}

struct Norm { int C, layer; float eps, offset; };
DEV float gain(const float *w, int c, Norm n) { return w ? n.offset + gld(w + c) : 1.f; }
// The mean (0 for RMSNorm) and 1 / √(mean square + eps) of a row of C elements.
template <int THREADS> DEV float moments(const float *x, Norm n, int lane, float *part, float *mean) {
  *mean = 0;
  if (n.layer) {
    float sum = 0;
    for (int c = lane; c < n.C; c += THREADS) sum += gld(x + c);
    *mean = row_sum<THREADS>(sum, part) / (float)n.C;
  }
  float sum = 0;
  for (int c = lane; c < n.C; c += THREADS) {
    float v = gld(x + c) - *mean;
    sum = fmaf(v, v, sum);
  }
  return 1.f / sqrtf(row_sum<THREADS>(sum, part) / (float)n.C + n.eps);
}

// y[c] = (x[c] − μ) · r · gain[c]
template <int THREADS> DEV void normalize(float *y, const float *x, const float *w, int T, Norm n) {
  SHARED_ARR(float, part, 8);
  int lane = threadIdx.x % THREADS;
  u64 t = (u64)blockIdx.x * (ROW_THREADS / THREADS) + threadIdx.x / THREADS;
  if (t >= (u64)T) return; // a whole warp, and then there is no barrier
  x += t * n.C, y += t * n.C;
  float mean, r = moments<THREADS>(x, n, lane, part, &mean);
  for (int c = lane; c < n.C; c += THREADS) gst(y + c, (gld(x + c) - mean) * r * gain(w, c, n));
}
KERNEL(normalize_warp, ROW_THREADS, float *y, const float *x, const float *w, int T, int C, int layer, float eps, float offset) {
  normalize<32>(y, x, w, T, {C, layer, eps, offset});
}
KERNEL(normalize_block, ROW_THREADS, float *y, const float *x, const float *w, int T, int C, int layer, float eps, float offset) {
  normalize<ROW_THREADS>(y, x, w, T, {C, layer, eps, offset});
}

// In the forward pass this was y = x̂ · gain with x̂ = (x − μ) · r, so now with g = dy · gain
//   dx = r · (g − x̂ · mean(g·x̂) − mean(g))
// whose last term is LayerNorm's alone. dx may be dy. μ and r of the row are kept for the gradient of the weight, where wanted.
template <int THREADS> DEV void normalize_back(float *dx, float *kept, const float *dy, const float *x, const float *w, int T, Norm n) {
  SHARED_ARR(float, part, 8);
  int lane = threadIdx.x % THREADS;
  u64 t = (u64)blockIdx.x * (ROW_THREADS / THREADS) + threadIdx.x / THREADS;
  if (t >= (u64)T) return;
  x += t * n.C, dx += t * n.C, dy += t * n.C;
  float mean, r = moments<THREADS>(x, n, lane, part, &mean);
  float along = 0, shift = 0;
  for (int c = lane; c < n.C; c += THREADS) {
    float g = gld(dy + c) * gain(w, c, n);
    along = fmaf(g, (gld(x + c) - mean) * r, along);
    shift += g;
  }
  along = row_sum<THREADS>(along, part) / (float)n.C;
  shift = n.layer ? row_sum<THREADS>(shift, part) / (float)n.C : 0;
  for (int c = lane; c < n.C; c += THREADS) {
    float xhat = (gld(x + c) - mean) * r;
    gst(dx + c, r * (gld(dy + c) * gain(w, c, n) - xhat * along - shift));
  }
  if (kept && lane == 0) gst(kept + 2 * t, mean), gst(kept + 2 * t + 1, r);
}
KERNEL(normalize_back_warp, ROW_THREADS, float *dx, float *kept, const float *dy, const float *x, const float *w, int T, int C,
       int layer, float eps, float offset) {
  normalize_back<32>(dx, kept, dy, x, w, T, {C, layer, eps, offset});
}
KERNEL(normalize_back_block, ROW_THREADS, float *dx, float *kept, const float *dy, const float *x, const float *w, int T, int C,
       int layer, float eps, float offset) {
  normalize_back<ROW_THREADS>(dx, kept, dy, x, w, T, {C, layer, eps, offset});
}

// The weight of a norm: y[c] = x̂[c] · gain[c], so dw[c] += Σ_t dy[c] · x̂[c]: first over 64 rows at a time, then over these
// sums in order. kept holds μ and r of every row.
enum { COLUMNS = 128, SPLIT = 64 };
KERNEL(normalize_weight, COLUMNS, float *sums, const float *dy, const float *x, const float *kept, int T, int C) {
  int c = blockIdx.x * COLUMNS + threadIdx.x, t0 = blockIdx.y * SPLIT;
  if (c >= C) return;
  float sum = 0;
  for (int t = t0; t < min(t0 + SPLIT, T); t++) {
    float xhat = (gld(x + (u64)t * C + c) - gld(kept + 2 * t)) * gld(kept + 2 * t + 1);
    sum = fmaf(gld(dy + (u64)t * C + c), xhat, sum);
  }
  gst(sums + (u64)blockIdx.y * C + c, sum);
}
// y[c] += x[t,c] over t in order: one chain per column, the same whether it comes in one piece or in several.
KERNEL(add_rows, COLUMNS, float *y, const float *x, int T, int C) {
  int c = blockIdx.x * COLUMNS + threadIdx.x;
  if (c >= C) return;
  float sum = gld(y + c);
#pragma unroll 8
  for (int t = 0; t < T; t++) sum += gld(x + (u64)t * C + c);
  gst(y + c, sum);
}

// x (T, heads·D): pair i of the first 2·half dimensions of each head is turned by the angle of (position, i); sign −1 turns
// back. The pair is (i, i + half), or (2i, 2i+1) where interleaved. A thread per pair.
KERNEL(rotate, ROW_THREADS, float *x, const float *cos, const float *sin, const int *positions, u64 pairs, int heads, int D, int half,
       int interleaved, float sign) {
  u64 at = (u64)blockIdx.x * ROW_THREADS + threadIdx.x;
  if (at >= pairs) return;
  u64 head = at / (u32)half; // of all heads of all rows
  int i = (int)(at - head * (u32)half);
  u64 p = (u64)gld(positions + head / (u32)heads) * (u32)half + i;
  float c = gld(cos + p), s = gld(sin + p) * sign;
  float *a = x + head * (u32)D + (interleaved ? 2 * i : i), *b = a + (interleaved ? 1 : half);
  float u = gld(a), v = gld(b);
  gst(a, fmaf(u, c, -(v * s)));
  gst(b, fmaf(v, c, u * s));
}

// y[yi[i]] = scale · x[xi[i]] for n rows of C elements; where there is no list, row i itself. A block per row and 1024 columns.
DEV int row_of(const int *list, int i) { return list ? gld(list + i) : i; }
enum { MOVED = 1024 };
template <class T, class F> DEV void move_row(float *y, const T *x, const int *yi, const int *xi, int C, int ld, F f) {
  int i = blockIdx.x;
  y += (u64)row_of(yi, i) * C, x += (u64)row_of(xi, i) * (u32)ld;
#pragma unroll
  for (int k = 0; k < MOVED; k += ROW_THREADS) {
    int c = blockIdx.y * MOVED + k + threadIdx.x;
    if (c < C) gst(y + c, f(gld(x + c)));
  }
}
KERNEL(move_rows, ROW_THREADS, float *y, const float *x, const int *yi, const int *xi, int C) {
  move_row(y, x, yi, xi, C, C, [](float v) { return v; });
}
KERNEL(embed_f32, ROW_THREADS, float *y, const float *table, const int *ids, int C, float scale) {
  move_row(y, table, nullptr, ids, C, C, [=](float v) { return scale * v; });
}
KERNEL(embed_bf16, ROW_THREADS, float *y, const bf16 *table, const int *ids, int C, int ld, float scale) {
  move_row(y, table, nullptr, ids, C, ld, [=](bf16 v) { return scale * bf2f(v); });
}
// y[ids[j]] += scale · x[order[i]] for the i of group j, starts[j] ≤ i < starts[j+1], in order. A block per group and column.
KERNEL(scatter_add, COLUMNS, float *y, const float *x, const int *ids, const int *starts, const int *order, int C, float scale) {
  int j = blockIdx.x, c = blockIdx.y * COLUMNS + threadIdx.x;
  if (c >= C) return;
  float *to = y + (u64)gld(ids + j) * C + c, sum = gld(to);
  for (int i = gld(starts + j); i < gld(starts + j + 1); i++) sum += scale * gld(x + (u64)gld(order + i) * C + c);
  gst(to, sum);
}

// Σ x² in float64: sums[b] of the elements of block b, in a fixed tree; then all of them in order.
enum { SQUARES = 1 << 14 };
DEV double block_sum(double v, double *part) {
#pragma unroll
  for (int o = 16; o; o >>= 1) v += __shfl_xor_sync(0xffffffffu, v, o);
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
  __syncthreads();
  v = 0;
#pragma unroll
  for (int i = 0; i < 8; i++) v += part[i];
  return v;
}
KERNEL(sum_squares, 256, double *sums, const float *x, u64 n) {
  SHARED_ARR(double, part, 8);
  u64 lo = (u64)blockIdx.x * SQUARES, hi = n < lo + SQUARES ? n : lo + SQUARES;
  double sum = 0;
  for (u64 i = lo + threadIdx.x; i < hi; i += 256) {
    double v = gld(x + i);
    sum += v * v;
  }
  sum = block_sum(sum, part);
  if (threadIdx.x == 0) gst(sums + blockIdx.x, sum);
}
KERNEL(sum_sums, 256, double *total, const double *sums, int n) {
  SHARED_ARR(double, part, 8);
  double sum = 0;
  for (int i = threadIdx.x; i < n; i += 256) sum += gld(sums + i);
  sum = block_sum(sum, part);
  if (threadIdx.x == 0) gst(total, sum);
}
