// The choice of the next token; kernels/reference/sample.go says what is computed. One block per row of logits.
//
// Probabilities relative to the likeliest token are counted in units of 2⁻⁴⁰. Sums of integers have no roundings, so any order
// of addition gives the same bits, that of atomics too; what is smaller than a unit has no chance of being drawn.
#include "head.cuh"

struct Draw { // as sample.go of package cuda writes it
  double uniform;
  float temperature, top_p, min_p, penalty;
  int top_k, forced;
  int history, history_end, forbidden, forbidden_end; // ranges of ids
};

// Positive floats are ordered like their bits, and up to 1 they have 30: three digits of ten.
enum { DIGIT = 10, DIGITS = 1 << DIGIT };
struct Scratch {
  float part[WARPS];
  int ids[WARPS];
  u64 sums[WARPS], histogram[DIGITS], above;
  int counts[WARPS], digit, token;
};

// What stays: everything above bits, and of what equals it, the equal lowest ids.
struct Cut { u32 bits; int equal; };

DEV u64 mass_of(u32 bits) { return (u64)(bits2f(bits) * 1099511627776.f); } // 2⁴⁰
DEV u64 warp_sum(u64 v) {
#pragma unroll
  for (int o = 16; o; o >>= 1) v += __shfl_xor_sync(0xffffffffu, v, o);
  return v;
}
template <class T> DEV T up_to_lane(T v) { // the sum of this lane and those before it
  int lane = threadIdx.x % 32;
#pragma unroll
  for (int o = 1; o < 32; o <<= 1) {
    T before = __shfl_sync(0xffffffffu, v, (lane - o) & 31);
    if (lane >= o) v += before;
  }
  return v;
}

// The digit, from the highest down, at which the histogram has reached goal, and the sum of those above it; −1 if none.
DEV void find_digit(Scratch &s, u64 goal) {
  int lane = threadIdx.x, hi = DIGITS - 1 - lane * (DIGITS / 32);
  u64 mine = 0;
  for (int i = 0; i < DIGITS / 32; i++) mine += s.histogram[hi - i];
  u64 reached = s.above + up_to_lane(mine), before = reached - mine;
  if (lane == 31 && reached < goal) s.digit = -1;
  __syncwarp();
  if (before < goal && goal <= reached) {
    for (; before + s.histogram[hi] < goal; hi--) before += s.histogram[hi];
    s.digit = hi;
    s.above = before;
  }
}

// Of what cut leaves of e, the largest values whose weights sum to goal stay; all of it where that is less than goal.
template <class F> DEV Cut select(Scratch &s, const float *e, int V, Cut cut, u64 goal, F weight) {
  u32 prefix = 0;
  if (threadIdx.x == 0) s.above = 0;
  for (int shift = 2 * DIGIT; shift >= 0; shift -= DIGIT) {
    for (int i = threadIdx.x; i < DIGITS; i += ROW) s.histogram[i] = 0;
    __syncthreads();
    auto count = [&](u32 bits, u64 w) {
      if (bits >> (shift + DIGIT) == prefix) atomicAdd(&s.histogram[bits >> shift & (DIGITS - 1)], w);
    };
    each_of(V, [&](int v) {
      u32 bits = f2bits(gld(e + v));
      if (bits > cut.bits) count(bits, weight(bits));
    });
    if (threadIdx.x == 0 && cut.equal > 0) count(cut.bits, cut.equal * weight(cut.bits));
    __syncthreads();
    if (threadIdx.x < 32) find_digit(s, goal);
    __syncthreads();
    if (s.digit < 0) return cut;
    prefix = prefix << DIGIT | s.digit;
  }
  u64 w = weight(prefix);
  return {prefix, (int)((goal - s.above + w - 1) / w)};
}

// The sum of what cut leaves, and before each warp's share of the ids, the sum and the number of equals there.
struct Share { int lo, hi; };
DEV Share share(int V, int warp) {
  int each = ((V + WARPS - 1) / WARPS + 31) & ~31;
  return {min(V, warp * each), min(V, (warp + 1) * each)};
}
DEV u64 kept_mass(Scratch &s, const float *e, int V, Cut cut) {
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, equals = 0;
  u64 sum = 0;
  Share ids = share(V, warp);
  for (int v = ids.lo + lane; v < ids.hi; v += 32) {
    u32 bits = f2bits(gld(e + v));
    if (bits > cut.bits) sum += mass_of(bits);
    if (bits == cut.bits) equals++;
  }
  sum = warp_sum(sum);
  equals = (int)warp_sum((u64)equals);
  if (lane == 0) s.sums[warp] = sum, s.counts[warp] = equals;
  __syncthreads();
  if (threadIdx.x == 0) {
    u64 before = 0;
    int seen = 0;
    for (int i = 0; i < WARPS; i++) {
      int n = s.counts[i], kept = max(0, min(n, cut.equal - seen));
      u64 mass = s.sums[i] + kept * mass_of(cut.bits);
      s.sums[i] = before, s.counts[i] = seen;
      before += mass, seen += n;
    }
    s.above = before;
  }
  __syncthreads();
  u64 total = s.above;
  __syncthreads();
  return total;
}

// The lowest id at which the sum of what cut leaves, in order of id, exceeds u of the whole; 0 where nothing is left.
DEV int walk(Scratch &s, const float *e, int V, Cut cut, double u) {
  if (threadIdx.x == 0) s.token = 0;
  u64 total = kept_mass(s, e, V, cut), goal = (u64)(u * (double)total);
  if (goal >= total) goal = total - 1;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  u64 sum = s.sums[warp];
  if (sum <= goal && (warp == WARPS - 1 || goal < s.sums[warp + 1])) { // the token is in this warp's share
    int seen = s.counts[warp], chosen = V;
    Share ids = share(V, warp);
    for (int base = ids.lo; chosen == V && base < ids.hi; base += 32) {
      int v = base + lane;
      u32 bits = v < ids.hi ? f2bits(gld(e + v)) : 0;
      int equals = up_to_lane(bits == cut.bits && v < ids.hi ? 1 : 0);
      bool stays = bits > cut.bits || (bits == cut.bits && seen + equals <= cut.equal);
      u64 reached = sum + up_to_lane(stays && v < ids.hi ? mass_of(bits) : 0ull);
      chosen = reached > goal ? v : V;
#pragma unroll
      for (int o = 16; o; o >>= 1) chosen = min(chosen, __shfl_xor_sync(0xffffffffu, chosen, o));
      sum = __shfl_sync(0xffffffffu, reached, 31);
      seen += __shfl_sync(0xffffffffu, equals, 31);
    }
    if (lane == 0 && chosen < V) s.token = chosen;
  }
  __syncthreads();
  return s.token;
}

// The token of a draw, −1 where all are forbidden. e (V) is scratch.
DEV int choose(Scratch &s, float *e, const float *raw, const Draw &d, const int *ids, int V) {
  each_of(V, [&](int v) { gst(e + v, gld(raw + v)); });
  __syncthreads();
  for (int i = d.history + threadIdx.x; i < d.history_end; i += ROW) { // distinct ids
    int v = gld(ids + i);
    float z = gld(raw + v);
    gst(e + v, z > 0 ? z / d.penalty : z * d.penalty);
  }
  __syncthreads();
  for (int i = d.forbidden + threadIdx.x; i < d.forbidden_end; i += ROW) gst(e + gld(ids + i), minus_infinity());
  __syncthreads();
  float top = row_max(e, V, s.part);
  if (top == minus_infinity()) return -1;
  if (d.temperature == 0) return first_with(e, V, top, s.ids);
  each_of(V, [&](int v) {
    float p = exp_((gld(e + v) - top) / d.temperature);
    gst(e + v, p > 0 ? p : 0.f); // what is no number has no chance
  });
  __syncthreads();
  Cut cut = {0, 0};
  if (d.top_k > 0 && d.top_k < V) cut = select(s, e, V, cut, d.top_k, [](u32) { return 1ull; });
  if (d.top_p > 0 && d.top_p < 1) {
    double goal = ceil((double)d.top_p * (double)kept_mass(s, e, V, cut));
    cut = select(s, e, V, cut, (u64)goal, mass_of);
  }
  if (d.min_p > 0) { // the likeliest stays whatever min-p is
    u32 below = f2bits(fminf(d.min_p, 1.f)) - 1;
    if (below >= cut.bits) cut = {below, 0};
  }
  return walk(s, e, V, cut, d.uniform);
}

// tokens (B) and the log-probabilities logp (B) that they have under the raw logits (B,V). e (B,V) is scratch.
KERNEL(sample, ROW, int *tokens, float *logp, float *e, const float *logits, const Draw *draws, const int *ids, int V) {
  SHARED(Scratch, s);
  const float *raw = logits + (u64)blockIdx.x * V;
  const Draw &d = draws[blockIdx.x];
  Distribution all = distribution(raw, V, s.part);
  int token = d.forced >= 0 ? d.forced : choose(s, e + (u64)blockIdx.x * V, raw, d, ids, V);
  if (threadIdx.x) return;
  if (token < 0 && all.sum != all.sum) token = 0; // no logit is a number; nor is its log-probability
  gst(tokens + blockIdx.x, token);
  gst(logp + blockIdx.x, token < 0 ? 0 : logp_of(all, gld(raw + token)));
}
