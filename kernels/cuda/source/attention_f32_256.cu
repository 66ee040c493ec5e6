// Heads of up to 256 columns.
#include "attention_f32_back.cuh"

KERNEL(attend_f32_256, THREADS, ATTEND) {
  attend<256>(ATTEND_ARGS);
}
KERNEL(attend_back_q_f32_256, THREADS, GRADIENT_OF_Q) {
  gradient_of_q<256>(GRADIENT_OF_Q_ARGS);
}
KERNEL(attend_back_keys_f32_256, THREADS, GRADIENT_OF_KEYS) {
  gradient_of_keys<256>(GRADIENT_OF_KEYS_ARGS);
}
