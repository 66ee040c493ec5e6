// The loss of pairs of answers, and its gradient: kernels/pairs.go says what is computed. One block per pair.
#include "gpu.cuh"

struct Step { // kernels.Step
  int op, a, b;
  double k;
};
enum { ADD, SUB, MUL, DIV, PLUS, TIMES, EXP, EXPM1, LOG, SQRT, TANH, RELU, SIGMOID, SOFTPLUS }; // kernels.Op

DEV double sigmoid(double a) { return 1 / (1 + exp(-a)); }
DEV double value(const Step &s, double a, double b) {
  switch (s.op) {
  case ADD: return a + b;
  case SUB: return a - b;
  case MUL: return a * b;
  case DIV: return a / b;
  case PLUS: return a + s.k;
  case TIMES: return a * s.k;
  case EXP: return exp(a);
  case EXPM1: return expm1(a);
  case LOG: return log(a);
  case SQRT: return sqrt(a);
  case TANH: return tanh(a);
  case RELU: return a < 0 ? 0 : a;
  case SIGMOID: return sigmoid(a);
  default: return (a > 0 ? a : 0) + log1p(exp(-fabs(a))); // SOFTPLUS
  }
}
// In the forward pass this was y = value(a, b), so now dy/da and dy/db.
struct Slopes { double a, b; };
DEV Slopes slopes(const Step &s, double a, double b, double y) {
  switch (s.op) {
  case SUB: return {1, -1};
  case MUL: return {b, a};
  case DIV: return {1 / b, -y / b};
  case TIMES: return {s.k, 0};
  case EXP: return {y, 0};
  case EXPM1: return {y + 1, 0};
  case LOG: return {1 / a, 0};
  case SQRT: return {0.5 / y, 0};
  case TANH: return {1 - y * y, 0};
  case RELU: return {a > 0 ? 1. : 0., 0};
  case SIGMOID: return {y * (1 - y), 0};
  case SOFTPLUS: return {sigmoid(a), 0};
  default: return {1, 1}; // ADD, PLUS
  }
}

// Runs the tape on the values v, of which the inputs are given; dv are the derivatives of the last value. One thread.
DEV void run(double *v, double *dv, const Step *steps, int inputs, int n) {
  for (int i = 0; i < inputs + n; i++) gst(dv + i, i < inputs + n - 1 ? 0. : 1.);
  for (int i = 0; i < n; i++) {
    Step s = steps[i];
    gst(v + inputs + i, value(s, gld(v + s.a), gld(v + s.b)));
  }
  for (int i = n - 1; i >= 0; i--) {
    Step s = steps[i];
    double dy = gld(dv + inputs + i);
    if (dy == 0) continue; // nothing depends on it, and 0 · ∞ would be no number
    Slopes d = slopes(s, gld(v + s.a), gld(v + s.b), gld(v + inputs + i));
    gst(dv + s.a, gld(dv + s.a) + dy * d.a);
    if (s.op <= DIV) gst(dv + s.b, gld(dv + s.b) + dy * d.b);
  }
}

// losses (B) and dlogp (P) from logp (P). Answer a has the picks order[start[a]] … order[start[a+1]−1], its tokens in order.
// constants are (B, inputs−4); values and slopes (B, inputs+n) are scratch.
KERNEL(pair_loss, 256, double *losses, float *dlogp, const float *logp, const Step *steps, const double *constants, const int *start,
       const int *order, double *values, double *slopes, int inputs, int n, double tail, double scale) {
  int pair = blockIdx.x, warp = threadIdx.x / 32, lane = threadIdx.x % 32, len = inputs + n;
  double *v = values + (u64)pair * len, *dv = slopes + (u64)pair * len;
  int first = gld(start + 2 * pair), middle = gld(start + 2 * pair + 1), last = gld(start + 2 * pair + 2);
  int shorter = min(middle - first, last - middle);
  auto weight = [&](int i) { return i - (i < middle ? first : middle) < shorter ? 1 : tail; };
  if (warp < 2) { // an answer: 32 numbers are loaded at a time, and added one after another
    int hi = warp ? last : middle;
    double sum = 0, weighed = 0;
    for (int base = warp ? middle : first; base < hi; base += 32) {
      float mine = base + lane < hi ? gld(logp + gld(order + base + lane)) : 0;
      for (int i = 0; i < min(32, hi - base); i++) {
        double x = __shfl_sync(0xffffffffu, mine, i);
        sum += x;
        weighed += weight(base + i) * x;
      }
    }
    if (lane == 0) gst(v + warp, sum), gst(v + 2 + warp, weighed);
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int i = 4; i < inputs; i++) gst(v + i, gld(constants + (u64)pair * (inputs - 4) + i - 4));
    run(v, dv, steps, inputs, n);
    gst(losses + pair, gld(v + len - 1));
  }
  __syncthreads();
  // In the forward pass this was v[side] += logp and v[2+side] += weight · logp, and then the mean over pairs, so now
  for (int i = first + threadIdx.x; i < last; i += 256) {
    int side = i < middle ? 0 : 1, pairs = gridDim.x;
    gst(dlogp + gld(order + i), (float)(scale * (gld(dv + side) / pairs + weight(i) * (gld(dv + 2 + side) / pairs))));
  }
}
