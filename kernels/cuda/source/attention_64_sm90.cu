// Heads of 17 to 64 columns, forward.
#include "attention_sm90_forward.cuh"

KERNEL(attend_sm90_64, 384, ATTEND, MAPS) {
  attend90<64, false>(ATTEND_ARGS, MAPS_ARGS);
}
KERNEL(attend_cache_sm90_64, BOUNDS(256, 2), ATTEND, MAPS) {
  attend90<64, true>(ATTEND_ARGS, MAPS_ARGS);
}
