#!/usr/bin/env python3
"""croco beside its peers on one model, in one run: the works take turns, and ratios of medians are printed.

    bench/compare.py MODEL_DIR --croco bin/croco --python VENV/bin/python [--rounds 3] [--threads 2] [--only generate,score,dpo]

The peers are bench/peers/peer_hf_generate.py, peer_hf_score.py and peer_trl_dpo.py, run by a Python that has torch,
transformers, trl and peft. Absolute figures of a shared machine mean little, so every round runs each side once, and a
cpu_share well below 1 says that other work held the cores. Prints a Markdown table.
"""
import argparse, json, pathlib, statistics, subprocess

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("model")
ap.add_argument("--croco", default="bin/croco")
ap.add_argument("--python", default="python3")
ap.add_argument("--rounds", type=int, default=3)
ap.add_argument("--threads", type=int, default=2)
ap.add_argument("--only", default="generate,score,dpo")
a = ap.parse_args()
peers = pathlib.Path(__file__).parent / "peers"

# work → croco's arguments, {peer: (script, arguments)}; tokens per second are counted alike on both sides
WORKS = {
    "generate": ("16 answers of 64 tokens to one prompt of 64", ["--samples", "16", "--prompt", "64", "--new", "64"],
                 {"Transformers f32": ("peer_hf_generate.py", ["--repeats", "1"]),
                  "Transformers bf16": ("peer_hf_generate.py", ["--repeats", "1", "--dtype", "bf16"])}),
    "score": ("16 conversations of 128 tokens, nothing shared", ["--batch", "16", "--prompt", "0", "--length", "128"],
              {"Transformers f32": ("peer_hf_score.py", ["--batch", "16", "--length", "128", "--repeats", "1"])}),
    "dpo": ("LoRA r 16 step on 4 pairs of 64 + 64 tokens", ["--batch", "4", "--prompt", "64", "--answer", "64", "--steps", "3"],
            {"TRL f32, reference in the step": ("peer_trl_dpo.py", ["--batch", "4", "--steps", "2"]),
             "TRL f32, reference before": ("peer_trl_dpo.py", ["--batch", "4", "--steps", "2", "--precompute"])}),
}
RATE = ["tokens_per_second", "out_tok_per_s", "tok_per_s"]


def run(command):
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    row = json.loads([l for l in out.splitlines() if l.startswith("{")][-1])
    return next(row[k] for k in RATE if k in row), row.get("cpu_share")


print("| work | side | tok/s, median of", a.rounds, "| cpu share | croco ÷ peer |\n|---|---|---|---|---|")
for name in a.only.split(","):
    what, arguments, others = WORKS[name]
    sides = {"croco f32": [a.croco, "-q", "--threads", str(a.threads), "bench", name, "--model_name_or_path", a.model, "--repeats", "1", *arguments]}
    for peer, (script, extra) in others.items():
        sides[peer] = [a.python, str(peers / script), a.model, "--threads", str(a.threads), *extra]
    seen = {side: [] for side in sides}
    for _ in range(a.rounds):
        for side, command in sides.items():
            seen[side].append(run(command))
    median = {side: statistics.median(v for v, _ in rows) for side, rows in seen.items()}
    for side, rows in seen.items():
        shares = [s for _, s in rows if s is not None]
        ratio = "" if side.startswith("croco") else f"{median['croco f32'] / median[side]:.2f}"
        print(f"| {what} | {side} | {median[side]:.0f} | {min(shares):.2f}–{max(shares):.2f} | {ratio} |" if shares else f"| {what} | {side} | {median[side]:.0f} | | {ratio} |", flush=True)
