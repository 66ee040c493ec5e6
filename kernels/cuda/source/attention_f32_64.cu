// Heads of up to 64 columns.
#include "attention_f32_back.cuh"

KERNEL(attend_f32_64, THREADS, ATTEND) {
  attend<64>(ATTEND_ARGS);
}
KERNEL(attend_back_q_f32_64, THREADS, GRADIENT_OF_Q) {
  gradient_of_q<64>(GRADIENT_OF_Q_ARGS);
}
KERNEL(attend_back_keys_f32_64, THREADS, GRADIENT_OF_KEYS) {
  gradient_of_keys<64>(GRADIENT_OF_KEYS_ARGS);
}
