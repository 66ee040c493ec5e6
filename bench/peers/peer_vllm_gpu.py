#!/usr/bin/env python3
"""Sampling speed of vLLM, N samples of one prompt: one JSON line.

    peer_vllm_gpu.py MODEL_DIR [--samples 16] [--prompt-tokens 64] [--new-tokens 64] [--dtype bfloat16] [--repeats 2]
"""
import argparse, json, os, random, time

os.environ["HF_HUB_OFFLINE"] = "1"
ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("model")
ap.add_argument("--samples", type=int, default=16)
ap.add_argument("--prompt-tokens", type=int, default=64)
ap.add_argument("--new-tokens", type=int, default=64)
ap.add_argument("--dtype", default="bfloat16")
ap.add_argument("--repeats", type=int, default=2)
a = ap.parse_args()
if __name__ == "__main__":  # vLLM starts processes that read this file again
    import vllm
    from vllm import LLM, SamplingParams

    random.seed(0)
    prompt = [random.randrange(100, 20000) for _ in range(a.prompt_tokens)]
    llm = LLM(a.model, dtype=a.dtype, max_model_len=a.prompt_tokens + a.new_tokens + 16, max_num_seqs=max(a.samples, 16),
              enable_prefix_caching=False, gpu_memory_utilization=0.5)
    params = SamplingParams(n=a.samples, temperature=0.7, max_tokens=a.new_tokens, min_tokens=a.new_tokens, ignore_eos=True)

    def run():
        t = time.perf_counter()
        out = llm.generate([{"prompt_token_ids": prompt}], params, use_tqdm=False)
        t = time.perf_counter() - t
        assert sum(len(o.token_ids) for o in out[0].outputs) == a.samples * a.new_tokens
        return t

    run()
    seconds = min(run() for _ in range(a.repeats))
    print(json.dumps({"peer": "vllm", "dtype": a.dtype, "samples": a.samples, "seconds": round(seconds, 4),
                      "out_tok_per_s": round(a.samples * a.new_tokens / seconds, 1), "versions": {"vllm": vllm.__version__}}))
