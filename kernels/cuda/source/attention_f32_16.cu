// Heads of up to 16 columns.
#include "attention_f32_back.cuh"

KERNEL(attend_f32_16, THREADS, ATTEND) {
  attend<16>(ATTEND_ARGS);
}
KERNEL(attend_back_q_f32_16, THREADS, GRADIENT_OF_Q) {
  gradient_of_q<16>(GRADIENT_OF_Q_ARGS);
}
KERNEL(attend_back_keys_f32_16, THREADS, GRADIENT_OF_KEYS) {
  gradient_of_keys<16>(GRADIENT_OF_KEYS_ARGS);
}
