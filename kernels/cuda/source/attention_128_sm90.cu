// Heads of 65 to 128 columns, forward.
#include "attention_sm90_forward.cuh"

KERNEL(attend_sm90_128, 384, ATTEND, MAPS) {
  attend90<128, false>(ATTEND_ARGS, MAPS_ARGS);
}
KERNEL(attend_cache_sm90_128, BOUNDS(256, 2), ATTEND, MAPS) {
  attend90<128, true>(ATTEND_ARGS, MAPS_ARGS);
}
