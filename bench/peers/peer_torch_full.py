#!/usr/bin/env python3
"""Speed of full fine-tuning in plain PyTorch on the CPU: one JSON line.

    peer_torch_full.py MODEL_DIR [--batch 4] [--prompt 64] [--answer 64] [--steps 3] [--threads 2]

One step trains all weights in float32 on `batch` texts of fixed-length random ids: forward, the loss of the answers' tokens, backward,
clipping, AdamW. tok_per_s counts batch*(prompt+answer). The first step is left out.
"""
import argparse, json, os, resource, time

os.environ["HF_HUB_OFFLINE"] = "1"
ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("model")
ap.add_argument("--batch", type=int, default=4)
ap.add_argument("--prompt", type=int, default=64)
ap.add_argument("--answer", type=int, default=64)
ap.add_argument("--steps", type=int, default=3)
ap.add_argument("--threads", type=int, default=2)
a = ap.parse_args()
import torch, transformers
from transformers import AutoModelForCausalLM

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
torch.set_num_threads(a.threads)
torch.manual_seed(0)
model = AutoModelForCausalLM.from_pretrained(a.model, dtype=torch.float32).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
times = []
for _ in range(a.steps + 1):
    ids = torch.randint(100, 20000, (a.batch, a.prompt + a.answer)).clamp(max=model.config.vocab_size - 1)
    labels = ids.clone()
    labels[:, : a.prompt] = -100
    t, c = time.perf_counter(), time.process_time()
    model(ids, labels=labels, use_cache=False).loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    t = time.perf_counter() - t
    times.append((t, (time.process_time() - c) / t / a.threads))
s, share = min(times[1:])
print(json.dumps({
    "peer": "torch_full", "model": os.path.basename(os.path.normpath(a.model)), "dtype": "f32", "threads": a.threads, "batch": a.batch,
    "step_s": round(s, 3), "cpu_share": round(share, 2), "tok_per_s": round(a.batch * (a.prompt + a.answer) / s, 1),
    "max_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    "versions": {"torch": torch.__version__, "transformers": transformers.__version__}}))
