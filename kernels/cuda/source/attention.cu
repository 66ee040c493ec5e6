// The parts of attention that go over single heads.
#include "attention.cuh"

KERNEL(merge_spans_f32, 128, float *out, float *lse, float *slots, const Merge *merges, int H, int D) {
  merge_spans<Natural>(out, lse, slots, merges, H, D);
}
KERNEL(merge_spans_bf16, 128, float *out, float *lse, float *slots, const Merge *merges, int H, int D) {
  merge_spans<Binary>(out, lse, slots, merges, H, D);
}
KERNEL(attention_delta_f32, 128, float *delta, const float *dout, const float *out, u64 heads, int D) {
  attention_delta<false>(delta, dout, out, heads, D);
}
KERNEL(attention_delta_bf16, 128, float *delta, const float *dout, const float *out, u64 heads, int D) {
  attention_delta<true>(delta, dout, out, heads, D);
}
