#!/usr/bin/env python3
"""Speed of PyTorch on a GPU at the sizes of croco bench ops: one JSON line per operation, as croco bench ops --json writes them.

    peer_torch_gpu.py [--dtype bfloat16] [--seconds 0.2]

Linear layers at C=576, F=1536 and 1, 16 and 512 rows, and at 4096 x 4096 x 4096; attention of 9 heads of 64 over 512 rows; the
logits of 64 rows over 49152 tokens. Seconds are the median of batches of calls, between events on the GPU.
"""
import argparse, json, statistics
import torch

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--dtype", default="bfloat16", choices=["bfloat16", "float32"])
ap.add_argument("--seconds", type=float, default=0.2)
a = ap.parse_args()
dtype = getattr(torch, a.dtype)
torch.backends.cuda.matmul.allow_tf32 = False


def measure(op, size, rows, flops, f):
    for _ in range(3):
        f()
    torch.cuda.synchronize()
    times, spent = [], 0.0
    while spent < a.seconds or len(times) < 9:
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        for _ in range(10):
            f()
        end.record()
        end.synchronize()
        t = begin.elapsed_time(end) / 1e3
        spent += t
        times.append(t / 10)
    print(json.dumps({"op": op, "size": size, "dtype": a.dtype, "rows": rows, "flops": flops, "seconds": statistics.median(times)}), flush=True)


def linear(T, K, N):
    x, w = torch.randn(T, K, device="cuda", dtype=dtype), torch.randn(N, K, device="cuda", dtype=dtype)
    measure("linear", f"T={T} K={K} N={N}", T, 2 * T * K * N, lambda: torch.nn.functional.linear(x, w))


for T in (1, 16, 512):
    linear(T, 576, 1536)
    linear(T, 1536, 576)
linear(64, 576, 49152)
linear(4096, 4096, 4096)
q, k, v = (torch.randn(1, 9, 512, 64, device="cuda", dtype=dtype) for _ in range(3))
measure("attention", "H=9 T=512 D=64 causal", 512, 4 * 9 * 64 * 512 * 513 / 2,
        lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True))
