// Heads of up to 64 columns.
#include "attention_bf16_back.cuh"
#include "attention_bf16_forward.cuh"

KERNEL(attend_bf16_64, THREADS, ATTEND) {
  attend<64, false>(ATTEND_ARGS);
}
KERNEL(attend_cache_bf16_64, THREADS, ATTEND) {
  attend<64, true>(ATTEND_ARGS);
}
KERNEL(attend_back_q_bf16_64, THREADS, GRADIENT_OF_Q) {
  gradient_of_q<64>(GRADIENT_OF_Q_ARGS);
}
KERNEL(attend_back_keys_bf16_64, THREADS, GRADIENT_OF_KEYS) {
  gradient_of_keys<64>(GRADIENT_OF_KEYS_ARGS);
}
