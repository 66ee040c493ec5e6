#!/usr/bin/env python3
"""croco on a GPU beside cuBLASLt, PyTorch, Transformers, vLLM and TRL: Markdown tables. bench/gpu.sh runs it after the checks.

    bench/gpu.py [MODEL_DIR] [--croco bin/croco] [--python VENV/bin/python] [--rounds 3] [--quick] [--peer-device cuda]

In every round each side of a work runs once, one after another; medians over rounds are printed. A side that cannot run is left out with a
note. --quick takes tiny sizes, and --peer-device cpu lets the peers run where there is no GPU: to see that measuring works.
"""
import argparse, pathlib, statistics

import turns
from turns import versions

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("model", nargs="?")
ap.add_argument("--croco", default="bin/croco")
ap.add_argument("--python", default="python3")
ap.add_argument("--rounds", type=int, default=3)
ap.add_argument("--quick", action="store_true")
ap.add_argument("--peer-device", default="cuda", choices=["cuda", "cpu"])
a = ap.parse_args()
peers = pathlib.Path(__file__).resolve().parent / "peers"
seconds = "0" if a.quick else "0.2"
notes = []


def take_turns(sides, values):
    """{side: {what: median}} of what values reads off a side's lines."""
    seen = turns.take_turns(sides, values, a.rounds, notes.append)
    return {side: {what: statistics.median(v) for what, v in rows.items()} for side, rows in seen.items()}


LT = {"CROCO_LINEAR": "cublaslt"}


def croco(*arguments, dtype="bfloat16"):
    return [a.croco, "-q", "--device", "cuda", "--dtype", dtype, "bench", *arguments]


def operations(only, dtype, sizes):
    """One table: seconds by operation and size, croco's share of the card's peak, and how many times as fast it is as the others."""
    ops = croco("ops", "--json", "--sizes", sizes, "--only", only, "--seconds", seconds, dtype=dtype)
    sides = {"croco": (ops, {}), "PyTorch": ([a.python, peers / "peer_torch_gpu.py", "--sizes", sizes, "--dtype", dtype, "--only", only,
                                               "--seconds", seconds, "--device", a.peer_device], {})}
    if only == "linear" and dtype == "bfloat16":
        sides["cuBLASLt"] = (ops, LT)
    work = {}

    def values(out):
        found = {}
        for r in out:
            key = r["op"], r["size"]
            if "flops" in r and "peak_fraction" in r:
                work[key] = r["flops"], 100 * r["peak_fraction"] * r["seconds"]
            found[key] = r["seconds"]  # a size that comes with two kinds of weights: the last counts
        return found

    seen = take_turns(sides, values)
    print(f"\n### {only}, {dtype}, sizes of a {sizes} model\n\n| operation | size | croco µs | TFLOP/s | of peak | " +
          " | ".join(f"{s} µs | croco is faster by" for s in sides if s != "croco") + " |\n|" + "---|" * (5 + 2 * (len(sides) - 1)))
    for (op, size), t in seen.get("croco", {}).items():
        flops, peak = work.get((op, size), (0, 0))
        cells = [op, size, f"{1e6 * t:.1f}", f"{flops / t / 1e12:.3g}", f"{peak / t:.1f} %" if peak else ""]
        for side in sides:
            if side != "croco":
                other = seen.get(side, {}).get((op, size))
                cells += [f"{1e6 * other:.1f}", f"{other / t:.2f}"] if other else ["", ""]
        print("| " + " | ".join(cells) + " |", flush=True)


def stage(title, sides):
    """One table: tokens per second of a stage."""
    rate = lambda out: {"v": next(out[-1][k] for k in ("tokens_per_second", "out_tok_per_s", "tok_per_s") if k in out[-1])}
    seen = take_turns(sides, rate)
    print(f"\n### {title}\n\n| side | tokens per second | croco is faster by |\n|---|---|---|")
    for side, rows in seen.items():
        ratio = f"{seen['croco']['v'] / rows['v']:.2f}" if side != "croco" and "croco" in seen else ""
        print(f"| {side} | {rows['v']:.4g} | {ratio} |", flush=True)


for sizes in ["tiny"] if a.quick else ["large", "small"]:
    for dtype in ("bfloat16", "float32"):
        operations("linear", dtype, sizes)
    operations("attention", "bfloat16", sizes)
if a.model:
    samples, prompt, new, batch, steps = (2, 8, 2, 1, 1) if a.quick else (64, 256, 256, 8, 4)
    shape = ["--samples", samples, "--prompt-tokens", prompt, "--new-tokens", new]
    ours = croco("generate", "--model_name_or_path", a.model, "--samples", samples, "--prompt", prompt, "--new", new)
    stage(f"generation: {samples} answers of {new} tokens to a prompt of {prompt}", {
        "croco": (ours, {}), "croco, linear layers by cuBLASLt": (ours, LT),
        "Transformers": ([a.python, peers / "peer_hf_generate.py", a.model, *shape, "--dtype", "bf16", "--device", a.peer_device], {}),
        "vLLM": ([a.python, peers / "peer_vllm_gpu.py", a.model, *shape], {})})
    shape = ["--batch", batch, "--prompt", prompt, "--answer", new, "--steps", steps]
    ours = croco("dpo", "--model_name_or_path", a.model, *shape)
    trl = [a.python, peers / "peer_trl_dpo.py", a.model, *shape, "--dtype", "bf16", "--device", a.peer_device]
    stage(f"LoRA DPO step, r 16: {batch} pairs of {prompt} + {new} tokens", {
        "croco": (ours, {}), "croco, linear layers by cuBLASLt": (ours, LT),
        "TRL, reference in the step": (trl, {}), "TRL, reference before": (trl + ["--precompute"], {})})
print("\nMedians of", a.rounds, "rounds in which the sides took turns. croco takes float32 activations and rounds them in the time that is told; "
      "PyTorch's operands are in the dtype from the start. PyTorch's float32 is without TF32. Versions:",
      ", ".join(f"{k} {v}" for k, v in sorted(versions.items())) or "none", end=".\n")
for n in dict.fromkeys(notes):
    print("\n*", n)
