#!/usr/bin/env python3
"""Time from a model's files to its first token under transformers, imports not counted: one JSON line.

    peer_hf_load.py MODEL_DIR [--prompt 64] [--dtype f32|bf16] [--threads 2]
"""
import argparse, json, os, resource, time

os.environ["HF_HUB_OFFLINE"] = "1"
ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("model")
ap.add_argument("--prompt", type=int, default=64)
ap.add_argument("--dtype", choices=["f32", "bf16"], default="f32")
ap.add_argument("--threads", type=int, default=2)
a = ap.parse_args()
import torch, transformers
from transformers import AutoModelForCausalLM

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
torch.set_num_threads(a.threads)
torch.manual_seed(0)
t, c = time.perf_counter(), time.process_time()
model = AutoModelForCausalLM.from_pretrained(a.model, dtype={"f32": torch.float32, "bf16": torch.bfloat16}[a.dtype]).eval()
prompt = torch.randint(100, 20000, (1, a.prompt)).clamp(max=model.config.vocab_size - 1)
with torch.inference_mode():
    model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=True, temperature=0.7, max_new_tokens=1)
t = time.perf_counter() - t
print(json.dumps({
    "peer": "hf_load", "model": os.path.basename(os.path.normpath(a.model)), "dtype": a.dtype, "threads": a.threads, "seconds": round(t, 3),
    "cpu_share": round((time.process_time() - c) / t / a.threads, 2), "tok_per_s": round(1 / t, 3),
    "max_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    "versions": {"torch": torch.__version__, "transformers": transformers.__version__}}))
