// The language-model head beyond its matrix products. z (rows, V) are the logits of a chunk of rows; row r has the picks
// from[r] … from[r+1]−1, and tokens (P) are what they ask for. One block per row.
#include "head.cuh"

// The log-probability of each pick, and where wanted, of its row: the entropy −Σ P ln P, the mean logit, ln Σ P², and the likeliest
// token as a number. All are (P).
KERNEL(head_logp, ROW, float *logp, float *entropy, float *mean, float *collision, float *argmax, const float *z, const int *from,
       const int *tokens, int V) {
  SHARED_ARR(float, part, WARPS);
  SHARED_ARR(int, ids, WARPS);
  z += (u64)blockIdx.x * V;
  Distribution d = distribution(z, V, part);
  int lo = gld(from + blockIdx.x), hi = gld(from + blockIdx.x + 1);
  for (int i = lo + threadIdx.x; i < hi; i += ROW) gst(logp + i, logp_of(d, gld(z + gld(tokens + i))));
  auto store = [&](float *out, float v) {
    if (out)
      for (int i = lo + threadIdx.x; i < hi; i += ROW) gst(out + i, v);
  };
  if (!entropy && !mean && !collision && !argmax) return;
  int best = V;
  float sum = 0, squares = 0, below = 0; // of z, of P² and of P·(max − z), the latter two times powers of Σ exp
  each_of(V, [&](int v) {
    float x = gld(z + v), e = exp_(x - d.top);
    sum += x;
    squares = fmaf(e, e, squares);
    if (e > 0) below = fmaf(e, d.top - x, below);
    if (x == d.top && v < best) best = v;
  });
  double lse = log((double)d.sum);
  store(argmax, (float)block_min(best, ids));
  store(mean, block_sum(sum, part) / V);
  store(collision, (float)(log((double)block_sum(squares, part)) - 2 * lse));
  store(entropy, (float)(lse + (double)block_sum(below, part) / d.sum));
}

// In the forward pass this was logp[i] = z[token] − ln Σ exp z with z = cap(scale · h·wᵀ), so now z is replaced by
//
//	dz[v] = (Σ dlogp[i] of the picks of v − P[v] · Σ dlogp[i] of all) · (1 − (z[v]/cap)²) · scale
//
// own (P) is scratch: the gradient of a pick's logit, between reading the row and overwriting it.
KERNEL(head_grad, ROW, float *z, float *own, const int *from, const int *tokens, const float *dlogp, int V, float scale, float cap) {
  SHARED_ARR(float, part, WARPS);
  z += (u64)blockIdx.x * V;
  Distribution d = distribution(z, V, part);
  int lo = gld(from + blockIdx.x), hi = gld(from + blockIdx.x + 1);
  float total = 0;
  for (int i = lo; i < hi; i++) total += gld(dlogp + i);
  float share = -total / d.sum;
  auto slope = [&](float x) {
    float ratio = cap > 0 ? x / cap : 0;
    return (1 - ratio * ratio) * scale;
  };
  auto repeated = [&](int i) { // an earlier pick of the row asks for the same token
    for (int j = lo; j < i; j++)
      if (gld(tokens + j) == gld(tokens + i)) return true;
    return false;
  };
  for (int i = lo + threadIdx.x; i < hi; i += ROW) {
    int v = gld(tokens + i);
    float x = gld(z + v), g = exp_(x - d.top) * share;
    for (int j = i; j < hi; j++)
      if (gld(tokens + j) == v) g += gld(dlogp + j);
    gst(own + i, g * slope(x));
  }
  __syncthreads();
  each_of(V, [&](int v) {
    float x = gld(z + v);
    gst(z + v, exp_(x - d.top) * share * slope(x));
  });
  __syncthreads();
  for (int i = lo + threadIdx.x; i < hi; i += ROW)
    if (!repeated(i)) gst(z + gld(tokens + i), gld(own + i));
}
