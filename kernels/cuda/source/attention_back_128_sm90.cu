// Heads of 65 to 128 columns.
#include "attention_back_sm90.cuh"
#ifdef HAVE_SM90A

KERNEL(attend_back_q_sm90_128, THREADS, GRADIENT_OF_Q) {
  gradient_of_q_sm90<128>(GRADIENT_OF_Q_ARGS);
}
KERNEL(attend_back_keys_sm90_128, THREADS, GRADIENT_OF_KEYS) {
  gradient_of_keys_sm90<128>(GRADIENT_OF_KEYS_ARGS);
}
#endif
