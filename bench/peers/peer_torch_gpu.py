#!/usr/bin/env python3
"""Speed of PyTorch on a GPU at the sizes of croco bench ops: one JSON line per operation, as croco bench ops --json writes them.

    peer_torch_gpu.py [--sizes large|small|tiny] [--dtype bfloat16] [--only linear] [--seconds 0.2] [--device cuda]

Linear layers with their gradients, and attention, forwards and backwards, by scaled_dot_product_attention. Operands are in the dtype
from the start; TF32 is off. Where croco has a forest of answers to one prompt, PyTorch has a batch of whole texts, as training libraries do.
Seconds are the median of batches of calls, between events on the GPU.
"""
import argparse, json, statistics, time
import torch
import torch.nn.functional as F

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--sizes", default="large", choices=["tiny", "small", "large"])
ap.add_argument("--dtype", default="bfloat16", choices=["bfloat16", "float32"])
ap.add_argument("--only", default="")
ap.add_argument("--seconds", type=float, default=0.2)
ap.add_argument("--device", default="cuda")
a = ap.parse_args()
dtype, cuda = getattr(torch, a.dtype), a.device == "cuda"
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
new = lambda *shape: torch.randn(*shape, device=a.device, dtype=dtype)


def timed(f, calls):
    """Seconds of one call."""
    if not cuda:
        t = time.perf_counter()
        for _ in range(calls):
            f()
        return (time.perf_counter() - t) / calls
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    for _ in range(calls):
        f()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) / 1e3 / calls


def measure(op, size, flops, f):
    timed(f, 3)
    calls = max(1, min(1000, int(a.seconds / 9 / max(timed(f, 1), 1e-9))))
    seconds = statistics.median(timed(f, calls) for _ in range(9))
    print(json.dumps({"op": op, "size": size, "dtype": a.dtype, "flops": flops, "seconds": seconds, "versions": {"torch": torch.__version__}}), flush=True)


def linear(T, K, N):
    x, w, dy, dw, size, flops = new(T, K), new(N, K), new(T, N), new(N, K), f"T={T} K={K} N={N}", 2 * T * K * N
    measure("linear", size, flops, lambda: F.linear(x, w))
    measure("linear backward input", size, flops, lambda: dy @ w)
    measure("linear backward weight", size, flops, lambda: dw.addmm_(dy.T, x))


def attention(size, batch, T, H, G, D):
    q, k, v = new(batch, H, T, D), new(batch, G, T, D), new(batch, G, T, D)
    forward = lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=H != G)
    pairs, size = batch * H * T * (T + 1) / 2, f"{size} H={H} G={G} D={D}"
    with torch.no_grad():
        measure("attention", size, 4 * pairs * D, forward)
    for x in (q, k, v):
        x.requires_grad_(True)
    out = forward()
    dout = torch.randn_like(out)
    measure("attention backward", size, 10 * pairs * D, lambda: torch.autograd.grad(out, (q, k, v), dout, retain_graph=True))


LINEAR = {"tiny": [(16, 64, 64)], "small": [(T, K, N) for T in (1, 16, 64, 512) for K, N in ((576, 192), (576, 1536), (1536, 576))],
          "large": [(T, 4096, 4096) for T in (1, 16, 64, 512, 2048, 4096)] + [(512, 4096, 14336)]}
ATTENTION = {"tiny": [("T=64", 1, 64, 2, 1, 64)], "small": [("512 rows in 4 answers", 4, 278, 9, 3, 64)],
             "large": [("T=2048", 1, 2048, 32, 8, 128), ("8 answers of 256 to a prompt of 1024", 8, 1280, 32, 8, 128)]}
if "linear".startswith(a.only):
    for s in LINEAR[a.sizes]:
        linear(*s)
if "attention".startswith(a.only):
    for s in ATTENTION[a.sizes]:
        attention(*s)
