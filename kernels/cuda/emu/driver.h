// What driver.cpp and graph.cpp share.
#pragma once
#include "run.h"
#include <cstdio>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

#define API extern "C" __attribute__((visibility("default"))) int
typedef unsigned u32;
typedef uint64_t devptr;
enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_IMAGE = 200, INVALID_CONTEXT = 201, INVALID_HANDLE = 400, NOT_FOUND = 500, NOT_READY = 600, ILLEGAL_ADDRESS = 700, OUT_OF_RESOURCES = 701, LAUNCH_FAILED = 719, NOT_SUPPORTED = 801, GRAPH_UPDATE_FAILURE = 910 };

namespace emu {
typedef std::function<int()> Work; // what a stream does when its turn comes
struct Stream { std::deque<Work> q; uint64_t issued = 0, done = 0; bool draining = false; };
struct Func { Kernel *k; };
struct Launch { Func *f; Dim grid, block; u32 shared; void **params; };
enum { H2D, D2H, D2D };

extern std::recursive_mutex mu;
extern thread_local void *current_ctx;
extern struct Counts { uint64_t h2d, d2h, d2d, memset_bytes, calls, launches, syncs, allocs, live, peak, graphs, graph_launches, graph_updates; } st;

int env(const char *n, int d);
int report(int code, const std::string &m);
int enqueue(Stream *s, Work f);
// Each checks its arguments and says what is to be done.
int prepare(const Launch &l, Work &w);
int prepare_copy(void *d, const void *h, size_t n, int kind, Work &w);
int prepare_fill(devptr p, u32 value, u32 size, size_t n, Work &w);
} // namespace emu

#define LOCK std::lock_guard<std::recursive_mutex> guard(emu::mu)
#define NEED_CTX if (!emu::current_ctx) return emu::report(INVALID_CONTEXT, std::string(__func__) + ": no current context on this OS thread")
