// The forward pass of attention for sm_90a, with the contract of attention_bf16_forward.cuh: TMA or a warpgroup brings tiles of
// keys and values, wgmma multiplies.
//
// A block has one or two warpgroups of 64 rows each, and one that brings tiles, two ahead. The products of a tile are started
// in pairs: scores of this tile, sums of values of the one before; while the second runs, the softmax of the first is computed.
//
//     tensor cores   S₀      │ S₁ P₀V₀          │ S₂ P₁V₁          │ P₂V₂
//     threads           P₀   │    └─ P₁, rescale │    └─ P₂, rescale │
//
// (Shah et al., FlashAttention-3, arXiv:2407.08608, §3.2.) A row's sums are one chain in any case: over the tiles, each 16 keys at a time.
#pragma once
#include "attention_bf16_sums.cuh"
#include "attention_sm90.cuh"
#ifdef HAVE_SM90A

enum { STAGES = 2 };
// Two warpgroups of rows read a tile of a batch once. Of a cache, whose queries are few, two smaller blocks have more loads under way.
template <bool CACHE> struct Shape90 {
  static constexpr int GROUPS = CACHE ? 1 : 2, BRING = CACHE ? 56 : 40, MULTIPLY = CACHE ? 200 : 232; // BRING, MULTIPLY: registers
};
template <int W, int GROUPS> struct Forward90 {
  bf16 q[GROUPS][64 * W], k[STAGES][64 * W], v[STAGES][64 * W];
  Rows rows[GROUPS];
  u64 full_k[STAGES], full_v[STAGES], empty_k[STAGES], empty_v[STAGES];
};

#define MAPS const TensorMap *mapK, const TensorMap *mapV
#define MAPS_ARGS mapK, mapV

// See attend. k and v have the tensor maps mapK and mapV, as matrices (rows, G·W), which a CACHE has not. A box reaches beyond the
// end of a path, into rows of others or zeros behind the last: they weigh nothing.
template <int W, bool CACHE> DEV void attend90(ATTEND, MAPS) {
  using Shape = Shape90<CACHE>;
  SHARED_DYN(char, raw);
  auto &s = *align1024<Forward90<W, Shape::GROUPS>>(raw);
  int tid = threadIdx.x, group = tid / WG, lane = tid % 32, perGroup = H / G;
  Item it = fetch(items + blockIdx.x);
  int groups = (it.hi - it.lo + ROWS - 1) / ROWS; // warpgroups that have rows
  if (tid < ROWS * Shape::GROUPS) {
    int r = it.lo + tid;
    bool ok = r < it.hi;
    Query q = fetch(queries + it.query + (ok ? r / perGroup : 0));
    Rows &part = s.rows[tid / ROWS];
    part.query[tid % ROWS] = ok ? q.row * H + (int)blockIdx.y * perGroup + r % perGroup : -1;
    part.pos[tid % ROWS] = ok ? q.pos : -1;
  }
  if (tid == 0) {
    for (int i = 0; i < STAGES; i++) { // a warp at a time: a wait for wgmma covers only its own
      mbar_init(&s.full_k[i], WG / 32), mbar_init(&s.empty_k[i], groups * WG / 32);
      mbar_init(&s.full_v[i], WG / 32), mbar_init(&s.empty_v[i], groups * WG / 32);
    }
    fence_mbar_init();
  }
  __syncthreads();
  int first = it.from;
  if (window > 0) {
    int lowest = 0x7fffffff;
    for (int r = 0; r < it.hi - it.lo; r++) lowest = min(lowest, s.rows[r / ROWS].pos[r % ROWS]);
    first = max(first, first_seen(lowest, window) / TILE);
  }

  if (group == Shape::GROUPS) {
    regs_dec<Shape::BRING>();
    if (!CACHE && tid % WG == 0) tensormap_acquire(mapK), tensormap_acquire(mapV);
    int entry = first < it.to ? gld(tiles + it.tiles + first) : 0;
    for (int i = 0; i < it.to - first; i++) {
      int tile = first + i, st = i % STAGES, phase = i / STAGES & 1, n = min(TILE, it.keys - tile * TILE);
      int next = tile + 1 < it.to ? gld(tiles + it.tiles + tile + 1) : 0;
      auto bring = [&](bf16 *dst, const void *x, const TensorMap *map, u64 *full, u64 *empty) {
        mbar_wait(empty, phase ^ 1);
        __syncwarp(); // all lanes have seen this phase before it can pass
        if (!CACHE && entry >= 0) {
          if (tid % WG == 0) copy_boxes<W>(dst, map, entry, (int)blockIdx.y * W, full);
          else if (lane == 0) mbar_arrive(full);
          return;
        }
        auto at = [&](int j) {
          int r = tile_row(entry, rows, j, n);
          return r < 0 ? -1 : r * G + (int)blockIdx.y;
        };
        if (CACHE) round_panels<W>(dst, (const float *)x, D, at);
        else copy_panels<W>(dst, (const bf16 *)x, at);
        fence_async();
        __syncwarp();
        if (lane == 0) mbar_arrive(full);
      };
      bring(s.k[st], k, mapK, &s.full_k[st], &s.empty_k[st]);
      bring(s.v[st], v, mapV, &s.full_v[st], &s.empty_v[st]);
      entry = next;
    }
    return;
  }
  if (group >= groups) return;
  regs_inc<Shape::MULTIPLY>();
  const Rows &mine = s.rows[group];
  int row = tid % WG / 32 * 16 + lane / 4;
  copy_panels<W>(s.q[group], q, [&](int r) { return mine.query[r]; });
  fence_async();
  group ? bar_sync(2, WG) : bar_sync(1, WG);
  int lowest = 0x7fffffff, highest = 0; // positions of this warp's rows
  for (int r = row - lane / 4; r < row - lane / 4 + 16 && mine.query[r] >= 0; r++) lowest = min(lowest, mine.pos[r]), highest = max(highest, mine.pos[r]);

  Results to = {out, lse, slots, queries, it, it.lo + group * ROWS, H, perGroup, D, span};
  Sums<W> sums;
  begin_sums(sums, to, mine, row);
  auto &acc = (float(&)[W / 2])sums.acc;
  float p[32]; // scores, then weights
  u32 weights[4][4];
  auto start_scores = [&](int i) {
    mbar_wait(&s.full_k[i % STAGES], i / STAGES & 1);
    queue_scores<W>(p, s.q[group], s.k[i % STAGES]);
  };
  auto start_sums = [&](int i) {
    mbar_wait(&s.full_v[i % STAGES], i / STAGES & 1);
    keep(acc);
    queue_sum<W>(acc, weights, s.v[i % STAGES]);
  };
  auto release = [&](u64 *empty) { if (lane == 0) mbar_arrive(empty); };
  auto soften_tile = [&](int tile, float (&f)[2]) {
    bool all = lowest >= tile * TILE + TILE - 1 && first_seen(highest, window) <= tile * TILE;
#pragma unroll
    for (int i = 0; i < 2; i++)
      f[i] = soften(sums.now[i], [&](int j, int e) -> float & { return p[j * 4 + 2 * i + e]; }, mine.pos[row + 8 * i],
                    tile * TILE + lane % 4 * 2, all, scale, cap, window);
  };
  auto rescale = [&](const float (&f)[2]) {
#pragma unroll
    for (int i = 0; i < W / 2; i++) acc[i] *= f[i >> 1 & 1];
    round_fragments(weights, p);
  };

  if (first < it.to) {
    float f[2];
    int i = 0, last = it.to - 1 - first;
    start_scores(0);
    wgmma_wait<0>(p);
    for (;;) { // a span begins; the scores of its first tile are there
      release(&s.empty_k[i % STAGES]);
      soften_tile(first + i, f);
      rescale(f);
      int end = min(last, i + span - 1 - (first + i) % span);
      for (i++; i <= end; i++) {
        start_scores(i);
        start_sums(i - 1);
        wgmma_wait<1>(p);
        release(&s.empty_k[i % STAGES]);
        soften_tile(first + i, f);
        wgmma_wait<0>(acc);
        release(&s.empty_v[(i - 1) % STAGES]);
        rescale(f);
      }
      if (i > last) break;
      start_scores(i);
      start_sums(i - 1);
      wgmma_wait<0>(p), keep(acc);
      release(&s.empty_v[(i - 1) % STAGES]);
      turn(sums, to, mine, row);
    }
    start_sums(last);
    wgmma_wait<0>(acc);
  }
  end_sums(sums, to, mine, row);
}
#endif
