#!/usr/bin/env python3
"""croco beside its peers, in one run: the sides of a work take turns, and ratios of medians are printed as a Markdown table.

    bench/ledger.py MODEL_DIR --croco bin/croco --python VENV/bin/python [--rounds 3] [--threads 2]
                    [--only linear,bf16,generate,…] [--gguf FILE] [--write docs/performance.md]

The peers are the scripts in bench/peers, run by a Python that has torch, numpy, transformers, trl and peft; where it also
has llama_cpp and --gguf is given, llama.cpp joins. bench/peers/gogemm, a Go module, has gonum and gorgonia. A side that
cannot run is left out with a note. Absolute figures of a shared machine mean little: every round runs each side once, and
a cpu_share well below 1 says that other work held the cores. --quick takes small sizes, to see the ledger itself work.
"""
import argparse, os, pathlib, platform, re, statistics, subprocess, sys

from turns import lines, note, versions
import turns

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("model")
ap.add_argument("--croco", default="bin/croco")
ap.add_argument("--python", default="python3")
ap.add_argument("--gguf")
ap.add_argument("--rounds", type=int, default=3)
ap.add_argument("--threads", type=int, default=2)
ap.add_argument("--only", default="")
ap.add_argument("--quick", action="store_true")
ap.add_argument("--write", help="page whose lines between <!-- ledger --> and <!-- /ledger --> are replaced")
a = ap.parse_args()
here = pathlib.Path(__file__).resolve().parent
peers = here / "peers"
new, batch = (8, 2) if a.quick else (64, 4)
samples = 4 if a.quick else 16
steps = ["--steps", "1"]  # after the first


def croco(work, *arguments, dtype="float32"):
    return [a.croco, "-q", "--threads", str(a.threads), "--dtype", dtype, "bench", work, "--model_name_or_path", a.model, "--repeats", "1", *map(str, arguments)]


def peer(script, *arguments):
    return [a.python, str(peers / script), a.model, "--threads", str(a.threads), *map(str, arguments)]


def llama(n):
    return [a.python, str(peers / "peer_llamacpp.py"), a.gguf or "", "--as", "bf16", "--samples", str(n), "--new-tokens", str(new), "--threads", str(a.threads), "--repeats", "1"]


def both(work, *arguments):
    return {"croco": croco(work, *arguments), "croco --dtype bfloat16": croco(work, *arguments, dtype="bfloat16")}


# A work: its name, what it is, croco's sides, and the others'. A side's rate is the first of these keys that its line has.
RATE = ["tokens_per_second", "out_tok_per_s", "tok_per_s"]
DECODE = ["decode_tok_per_s"]  # without reading the prompt
generate = ["--samples", samples, "--prompt", 64, "--new", new]
hf = ["--samples", samples, "--new-tokens", new, "--repeats", 1]
pairs = ["--batch", batch, "--prompt", 64, "--answer", new]
rows, length = samples, 200 + new
score = ["--batch", rows, "--prompt", 200, "--length", length]
WORKS = [
    ("decode", "decoding one answer of %d tokens, bf16 weights" % new, croco("generate", "--samples", 1, "--prompt", 64, "--new", new),
     {"llama.cpp bf16": llama(1), "Transformers bf16": peer("peer_hf_generate.py", "--samples", 1, "--new-tokens", new, "--repeats", 1, "--dtype", "bf16")}),
    ("generate", "%d answers of %d tokens to one prompt of 64" % (samples, new), both("generate", *generate),
     {"Transformers f32": peer("peer_hf_generate.py", *hf), "Transformers bf16": peer("peer_hf_generate.py", *hf, "--dtype", "bf16"), "llama.cpp bf16": llama(samples)}),
    ("score", "%d answers of %d tokens under one prompt of 200" % (rows, new), croco("score", *score),
     {"Transformers f32": peer("peer_hf_score.py", "--batch", rows, "--length", length, "--repeats", 1)}),
    ("score-unshared", "%d conversations of 128 tokens, nothing shared" % rows, croco("score", "--batch", rows, "--prompt", 0, "--length", 128),
     {"Transformers f32": peer("peer_hf_score.py", "--batch", rows, "--length", 128, "--repeats", 1)}),
    ("dpo", "LoRA r 16 DPO step, %d pairs of 64 + %d tokens" % (batch, new), both("dpo", *pairs, *steps),
     {"TRL f32, reference in the step": peer("peer_trl_dpo.py", *pairs, *steps), "TRL f32, reference before": peer("peer_trl_dpo.py", *pairs, *steps, "--precompute"),
      "TRL bf16, reference in the step": peer("peer_trl_dpo.py", *pairs, *steps, "--dtype", "bf16")}),
    ("full", "full fine-tuning step, %d texts of 64 + %d tokens" % (batch, new), croco("full", *pairs, *steps),
     {"PyTorch f32": peer("peer_torch_full.py", *pairs, *steps)}),
    ("load", "from the files to the first token, per second", croco("load", "--prompt", 64),
     {"Transformers f32": peer("peer_hf_load.py"), "Transformers bf16": peer("peer_hf_load.py", "--dtype", "bf16")}),
]


BASE = {"ASSUME_NO_MOVING_GC_UNSAFE_RISK_IT_WITH": "go1.26", "OMP_NUM_THREADS": str(a.threads)}


def take_turns(sides, values, rounds=a.rounds, **env):
    """{side: {what: [numbers]}} of what values reads off a side's lines; sides are commands."""
    return turns.take_turns({side: (command, {**BASE, **env}) for side, command in sides.items()}, values, rounds)


def cell(values, unit=""):
    return f"{statistics.median(values):.4g}{unit}"


def work(name, what, ours, others):
    ours = ours if isinstance(ours, dict) else {"croco": ours}
    sides = {**ours, **{k: v for k, v in others.items() if "llama" not in k or a.gguf}}

    def values(out):
        line = out[-1]
        return {"v": next(line[k] for k in (DECODE if name == "decode" else RATE) if k in line), "share": line.get("cpu_share") or 0, "mb": line["max_rss_mb"]}

    seen = take_turns(sides, values)
    mine = {side: statistics.median(seen[side]["v"]) for side in ours if side in seen}
    for side, rows in seen.items():
        ratio = "" if side in ours else " / ".join(f"{v / statistics.median(rows['v']):.2f}" for v in mine.values())
        share = f"{min(rows['share']):.2f}–{max(rows['share']):.2f}"
        peak = ""
        if name == "decode" and side == "croco" and (bandwidth := machine_peak().get("bytes")):
            size = sum(f.stat().st_size for f in pathlib.Path(a.model).glob("*.safetensors"))
            peak = f"{100 * mine[side] * size / bandwidth:.0f} % of bandwidth"
        row(what, side, cell(rows["v"]), ratio, peak, share)
    if name == "dpo":
        base = statistics.median(seen["croco"]["mb"])
        for side, rows in seen.items():
            row("peak memory of the same, MB", side, cell(rows["mb"]), "" if side in ours else f"{base / statistics.median(rows['mb']):.2f}", "", "")


def machine_peak():
    out, _ = lines([a.croco, "-q", "--threads", str(a.threads), "bench", "ops", "--json", "--only", "peak"], BASE)
    return out[0] if out else {}


SHAPES = ["64x576x1536", "512x576x1536", "512x1536x576"]


def linear(what, dtype, keys, **env):
    """Linear layers: croco's rows of bench ops beside PyTorch and NumPy in another process, gonum and gorgonia in one with croco."""
    sides = {"croco": [a.croco, "-q", "--threads", str(a.threads), "--dtype", dtype, "bench", "ops", "--json", "--only", "linear", "--seconds", "0.05"],
             "PyTorch": [a.python, str(peers / "peer_torch_gemm.py"), "--sizes", ",".join(SHAPES), "--threads", str(a.threads), "--seconds", "0.3"]}
    weight = "float32" if dtype == "float32" else "bfloat16"

    def values(out):
        found = {}
        for r in out:
            if r.get("op") == "linear" and r["dtype"] == weight:
                t, k, n = map(int, re.findall(r"=(\d+)", r["size"])[:3])
                if f"{t}x{k}x{n}" in SHAPES and "bias" not in r["size"] and "R=" not in r["size"]:
                    found[f"{t}x{k}x{n}", "croco"] = r["flops"] / r["seconds"] / 1e9
                    found[f"{t}x{k}x{n}", "peak"] = 100 * r["peak_fraction"]
            for g in r.get("gemm", []):
                for key, title in keys.items():
                    if key in g:
                        found[g["size"], title] = g[key]
        return found

    seen = take_turns(sides, values, 3 * a.rounds, **env)  # short ones, so more of them
    ours = seen.get("croco", {})
    for size in SHAPES:
        mine = statistics.median(ours[size, "croco"])
        row(f"{what}, {size}, GFLOP/s", "croco", cell(ours[size, "croco"]), "", cell(ours[size, "peak"], " % of multiply-adds"), "")
        for title in keys.values():
            if v := seen.get("PyTorch", {}).get((size, title)):
                row(f"{what}, {size}, GFLOP/s", title, cell(v), f"{mine / statistics.median(v):.2f}", "", "")


def go_linear():
    """gonum and gorgonia, in one process with croco."""
    binary = "/tmp/croco-gogemm" if os.name == "posix" else "gogemm.exe"
    built = subprocess.run(["go", "build", "-o", binary, "."], cwd=peers / "gogemm", capture_output=True, text=True)
    if built.returncode:
        return note(f"left out: gonum and gorgonia: {built.stderr.strip().splitlines()[-1]}")
    out, why = lines([binary, "-sizes", ",".join(SHAPES), "-threads", str(a.threads), "-rounds", str(max(3, a.rounds))], BASE)
    if out is None:
        return note(f"left out: gonum and gorgonia: {why}")
    for g in out[0]["gemm"]:
        row(f"linear f32, {g['size']}, GFLOP/s, one process", "croco", f"{g['croco']:.4g}", "", "", "")
        for side in ("gonum", "gorgonia"):
            row(f"linear f32, {g['size']}, GFLOP/s, one process", side, f"{g[side]:.4g}", f"{g['croco'] / g[side]:.2f}", "", "")


table = []


def row(*cells):
    table.append("| " + " | ".join(cells) + " |")
    note(table[-1])


def processor():
    try:
        cpu = next(l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name"))
    except (OSError, StopIteration):
        cpu = platform.processor()
    return f"{cpu}, {os.cpu_count()} processors, {a.threads} threads"


def threads():
    """croco by one thread and by as many as asked for, on the works that are made of products."""
    for name, what, command in [("score", "score 16 texts of 128 tokens", ["score", "--batch", 16, "--prompt", 0, "--length", 128]),
                                ("dpo", "DPO step, 2 pairs", ["dpo", "--batch", 2, "--prompt", 64, "--answer", new, *steps])]:
        many = croco(*command)
        one = ["1" if many[i - 1] == "--threads" else x for i, x in enumerate(many)]
        seen = take_turns({"1": one, "n": many}, lambda out: {"v": out[-1]["tokens_per_second"]})
        pairs = [n / o for n, o in zip(seen["n"]["v"], seen["1"]["v"])]
        row(f"{what}: {a.threads} threads beside 1", "croco", cell(seen["n"]["v"]), f"{statistics.median(pairs):.2f} × one thread", "", "")


AVX2 = {"CROCO_CPU": "avx2", "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
LAYERS = {
    "linear": lambda: linear("linear f32", "float32", {"torch_f32": "PyTorch f32", "numpy_f32": "NumPy f32"}),
    "linear-avx2": lambda: linear("linear f32, both held to AVX2", "float32", {"torch_f32": "PyTorch f32"}, **AVX2),
    "linear-go": go_linear,
    "linear-bf16": lambda: linear("linear, --dtype bfloat16", "bfloat16", {"torch_bf16": "PyTorch bf16"}),
    "threads": threads,
}
chosen = a.only.split(",") if a.only else [*LAYERS, *(w[0] for w in WORKS)]
if unknown := set(chosen) - {*LAYERS, *(w[0] for w in WORKS)}:
    sys.exit(f"ledger: --only {','.join(sorted(unknown))}: expected some of {', '.join([*LAYERS, *(w[0] for w in WORKS)])}")
for name, measure in LAYERS.items():
    if name in chosen:
        measure()
for w in WORKS:
    if w[0] in chosen:
        work(*w)
head = [f"{processor()}; medians of {a.rounds} interleaved runs; model {pathlib.Path(a.model).name}; "
        + ", ".join(f"{k} {v}" for k, v in sorted(versions.items())) + ". Tokens per second unless said.", "",
        "| work | side | value | croco ÷ peer (/ bfloat16) | of this machine's peak | cpu share |", "|---|---|---|---|---|---|"]
text = "\n".join(head + table)
print(text)
if a.write:
    page = pathlib.Path(a.write)
    old = page.read_text()
    if "<!-- ledger -->" not in old:
        sys.exit(f"ledger: {a.write}: expected the lines <!-- ledger --> and <!-- /ledger -->")
    page.write_text(re.sub(r"<!-- ledger -->.*<!-- /ledger -->", lambda _: f"<!-- ledger -->\n{text}\n<!-- /ledger -->", old, flags=re.S))
