#!/usr/bin/env python3
"""Writes tiny random models of the later families and options, and what they must compute, beside the earlier ones.

    pip install torch==2.15.0 transformers==5.24.0 safetensors==0.8.0 numpy==2.4.6
    python make.py [OUT_DIR] [--only NAME ...]

Each case becomes OUT_DIR/NAME/ with
    config.json             keys as hub checkpoints spell them (rope_theta, rope_scaling, torch_dtype)
    config.v5.json          the same config as transformers 5 saves it (rope_parameters, dtype)
    generation_config.json
    model.safetensors       (or shards and model.safetensors.index.json)
    expected.safetensors    arrays, described by
    expected.json

Weights come from PCG64 streams seeded by (case seed, tensor name), so they depend on numpy only.
The reference is transformers' eager code with EVERY float32 in it turned into float64 (rotary
tables, norms, softmax included), stored as float32. "float32_vs_reference" in expected.json tells
how far transformers' own float32 run is from it: no engine needs to be closer than that.

Where frequencies depend on the longest text seen (dynamic, longrope), each forward pass here is the first of its
process. Names of a multimodal wrapper's text model are stored as the hub has them (language_model.model. …); gradients
carry the text model's own names.
"""
import argparse, hashlib, json, math, os, sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import numpy as np
import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file
from torch.overrides import TorchFunctionMode
from transformers import (AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText,
                          AutoModelForSequenceClassification)

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
LENGTHS = (1, 7, 33, 64)
GREEDY = 24


class Float64(TorchFunctionMode):
    """Runs library code with each mention of float32 read as float64."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        swap = lambda a: torch.float64 if a is torch.float32 else a
        if func is torch.Tensor.float:
            func = torch.Tensor.double
        return func(*map(swap, args), **{k: swap(v) for k, v in (kwargs or {}).items()})


def stream(seed, name):
    h = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(h[:8], "little")))


def draw(seed, name, shape, gemma, tied):
    """One weight: unit-gain matrices, sharper q/k, norms near identity, biases of 0.1."""
    z = stream(seed, name).standard_normal(shape)
    if name.endswith("bias"):
        return 0.1 * z
    if "norm" in name:
        mean = (1.0 if "post_" in name else 0.0) if gemma else 1.0  # gemma adds 1 to the weight
        return mean + 0.15 * z
    if "embed_tokens" in name:
        return z * (1.5 / math.sqrt(shape[1]) if tied else 0.5)
    gain = 1.5 if name.startswith("lm_head") or "q_proj" in name or "k_proj" in name else 1.0
    if tied and ("o_proj" in name or "down_proj" in name):
        gain = 2.0  # else the greedy continuation repeats its input
    return gain * z / math.sqrt(shape[1])


def auto(cfg):
    arch = cfg["architectures"][0]
    if arch.endswith("ForConditionalGeneration"):
        return AutoModelForImageTextToText
    return AutoModelForSequenceClassification if arch.endswith("ForSequenceClassification") else AutoModelForCausalLM


def text_name(name):
    """The name of a tensor in the text model alone."""
    return name.replace("model.language_model.", "model.")


def hub_name(name):
    """The name of a wrapper's tensor in its file."""
    for runtime, hub in (("model.language_model.", "language_model.model."), ("model.vision_tower.", "vision_tower."),
                         ("model.multi_modal_projector.", "multi_modal_projector.")):
        if name.startswith(runtime):
            return hub + name[len(runtime):]
    return name


def first_pass(model):
    """Forgets the longest text seen."""
    for m in model.modules():
        if hasattr(m, "original_inv_freq"):
            m.inv_freq = m.original_inv_freq.clone()
            m.max_seq_len_cached = m.original_max_seq_len


def write_weights(case, folder):
    cfg = case["config"]
    config = AutoConfig.from_pretrained(folder)
    model = auto(cfg).from_config(config)
    gemma, tied = cfg["model_type"].startswith("gemma"), bool(config.tie_word_embeddings)
    dtype = getattr(torch, cfg["torch_dtype"])
    state = {}
    for name, p in sorted(model.named_parameters()):  # a tied lm_head is not listed
        w = draw(case["seed"], text_name(name), tuple(p.shape), gemma, tied)
        state[hub_name(name)] = torch.from_numpy(w.astype(np.float32)).to(dtype).contiguous()
    shards = case.get("shards", 1)
    if shards == 1:
        save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
        return state
    names = list(state)
    per = -(-len(names) // shards)
    index = {"metadata": {"total_size": sum(t.nbytes for t in state.values())}, "weight_map": {}}
    for i in range(shards):
        part = f"model-{i+1:05d}-of-{shards:05d}.safetensors"
        chunk = {n: state[n] for n in names[i * per:(i + 1) * per]}
        save_file(chunk, folder / part, metadata={"format": "pt"})
        index["weight_map"].update({n: part for n in chunk})
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")
    return state


def load(cfg, folder, dtype):
    m = auto(cfg).from_pretrained(folder, dtype=dtype, attn_implementation="eager")
    m.config.use_cache = m.config.get_text_config().use_cache = False
    m.register_forward_pre_hook(lambda *_: first_pass(m))
    m.model.register_forward_pre_hook(lambda *_: first_pass(m))
    return m.eval()


def to_float64(model):
    """Doubles a model, with rotary tables and embedding scales recomputed at float64."""
    model.double()
    torch.set_default_dtype(torch.float64)
    with Float64():
        for m in list(model.modules()):
            for name, child in m.named_children():
                if "RotaryEmbedding" in type(child).__name__:
                    setattr(m, name, type(child)(child.config))
            if hasattr(m, "embed_scale"):
                m.embed_scale = torch.tensor(m.scalar_embed_scale, dtype=torch.float64)
    torch.set_default_dtype(torch.float32)
    return model


def causal(model, seqs):
    """logits, final hidden states, log-probs of each sequence and the gradient of one mean NLL."""
    out = {}
    for i, ids in enumerate(seqs):
        x = torch.tensor([ids])
        with torch.no_grad():
            h = model.model(x).last_hidden_state[0]
            logits = model(x).logits[0]
        out[f"seq{i}.logits"], out[f"seq{i}.hidden"] = logits, h
        lp = torch.log_softmax(logits, -1)
        out[f"seq{i}.logprobs"] = lp[:-1].gather(1, x[0, 1:, None])[:, 0]
    model.zero_grad()
    x = torch.tensor([seqs[2]])
    loss = F.cross_entropy(model(x).logits[0, :-1], x[0, 1:])
    loss.backward()
    return out, loss.item()


def greedy(model, ids):
    ids, new, gap = list(ids), [], math.inf
    for _ in range(GREEDY):
        with torch.no_grad():
            top = model(torch.tensor([ids])).logits[0, -1].topk(2)
        gap = min(gap, (top.values[0] - top.values[1]).item())
        new.append(top.indices[0].item())
        ids.append(new[-1])
    return new, gap


def classifier(model, seqs, pad):
    """Scores alone and in one right-padded batch, and the gradient of -log sigmoid(s2 - s1)."""
    out = {}
    for i, ids in enumerate(seqs):
        x = torch.tensor([ids])
        with torch.no_grad():
            h = model.model(x).last_hidden_state
            out[f"seq{i}.hidden"] = h[0]
            out[f"seq{i}.token_scores"] = model.score(h)[0, :, 0]
            out[f"seq{i}.score"] = model(x).logits[0]
    n = max(map(len, seqs))
    x = torch.full((len(seqs), n), pad)
    mask = torch.zeros_like(x)
    for i, ids in enumerate(seqs):
        x[i, :len(ids)] = torch.tensor(ids)
        mask[i, :len(ids)] = 1
    with torch.no_grad():
        out["batch.scores"] = model(x, attention_mask=mask).logits[:, 0]
    model.zero_grad()
    loss = -F.logsigmoid(model(torch.tensor([seqs[2]])).logits[0, 0]
                         - model(torch.tensor([seqs[1]])).logits[0, 0])
    loss.backward()
    return out, loss.item()


def grads(model):
    return {text_name(n): p.grad.detach().double().clone() for n, p in model.named_parameters() if p.grad is not None}


def worst(a, b):
    return max(((a[k].double() - b[k].double()).abs().max().item() for k in a if a[k].numel()), default=0.0)


def make(case, root):
    cfg, folder = case["config"], root / case["name"]
    folder.mkdir(parents=True, exist_ok=True)
    dump = lambda f, v: (folder / f).write_text(json.dumps(v, indent=1, ensure_ascii=False) + "\n")
    dump("config.json", cfg)
    dump("generation_config.json", case["generation"])
    write_weights(case, folder)
    config = AutoConfig.from_pretrained(folder)
    dump("config.v5.json", json.loads(config.to_json_string(use_diff=True)))

    is_seq = "SequenceClassification" in cfg["architectures"][0]
    lo, hi = case.get("ids", (3, cfg.get("text_config", cfg)["vocab_size"]))
    rng = stream(case["seed"], "input_ids")
    seqs = [rng.integers(lo, hi, n).tolist() for n in LENGTHS]
    run = (lambda m: classifier(m, seqs, cfg["pad_token_id"])) if is_seq else (lambda m: causal(m, seqs))

    ref = to_float64(load(cfg, folder, torch.float32))
    with Float64():
        want, loss = run(ref)
        g = grads(ref)
        cont = [] if is_seq else [greedy(ref, s) for s in seqs]
    single = load(cfg, folder, torch.float32)
    got, loss32 = run(single)
    g32 = grads(single)
    key = "score" if is_seq else "logits"
    pick = lambda d: {k: v for k, v in d.items() if key in k}
    scale = max(v.abs().max().item() for v in g.values())
    info = {
        "seed": case["seed"], "note": case["note"], "tokenizer": case.get("tokenizer"),
        "versions": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__,
                     "numpy": np.__version__},
        "reference": "float64 throughout (see make.py), stored as float32",
        "input_ids": seqs,
        "loss": {"what": ("-log sigmoid(score(seq2) - score(seq1))" if is_seq
                          else "mean NLL of seq2[1:] given its prefix (32 terms)"), "value": loss},
        "grad_norms": {n: v.norm().item() for n, v in g.items()},
        "float32_vs_reference": {f"max_abs_{key}": worst(pick(want), pick(got)), "loss": abs(loss - loss32),
                                 "max_abs_grad": worst(g, g32), "max_abs_grad_over_largest_grad": worst(g, g32) / scale},
        f"largest_abs_{key}": max(v.abs().max().item() for v in pick(want).values()),
        "largest_abs_grad": scale,
    }
    if is_seq:
        info["padding"] = ("batch.scores: the four sequences right-padded with pad_token_id to 64, attention mask 0 on pads; "
                           "the score is read at the rightmost position whose id != pad_token_id")
    else:
        info["greedy"] = [c for c, _ in cont]
        info["greedy_smallest_gap"] = [gap for _, gap in cont]
    if cfg["torch_dtype"] == "bfloat16":
        b, _ = run(load(cfg, folder, torch.bfloat16))
        info["bfloat16_vs_reference"] = {f"max_abs_{key}": worst(pick(want), pick(b))}
    # the v5 spelling of the config must mean the same model
    v4 = (folder / "config.json").read_text()
    (folder / "config.json").write_text((folder / "config.v5.json").read_text())
    again, _ = run(load(cfg, folder, torch.float32))
    (folder / "config.json").write_text(v4)
    assert worst(pick(got), pick(again)) == 0, "config.v5.json differs"

    patterns = case.get("grads", ["embed_tokens", "layers.0.self_attn.q", "layers.0.self_attn.k", "layers.1.self_attn.o_proj",
                                  "layers.1.mlp.down_proj", "layers.1.input_layernorm", "score", "model.norm"])
    arrays = dict(want)
    arrays.update({"grad." + n: v for n, v in g.items() if patterns == "all" or any(p in n for p in patterns)})
    arrays = {k: v.detach().to(torch.float32).contiguous() for k, v in arrays.items() if v.numel()}
    info["arrays"] = {k: list(v.shape) for k, v in arrays.items()}
    save_file(arrays, folder / "expected.safetensors")
    text = json.dumps(info, indent=1, ensure_ascii=False)
    import re
    text = re.sub(r"\[\s+([-\d.e,\s]+?)\s+\]", lambda m: "[" + " ".join(m[1].split()) + "]", text)
    (folder / "expected.json").write_text(text + "\n")
    kb = sum(f.stat().st_size for f in folder.iterdir()) // 1024
    wkb = sum(f.stat().st_size for f in folder.glob("model*.safetensors")) // 1024
    e = info["float32_vs_reference"]
    print(f"{case['name']:24s} weights {wkb:4d} kB, all {kb:5d} kB, |{key}|<={info['largest_abs_'+key]:.2f}, "
          f"fp32 err {e['max_abs_'+key]:.1e}, grad err {e['max_abs_grad_over_largest_grad']:.1e}, loss {loss:.4f}, "
          f"gap {min([c[1] for c in cont], default=0):.1e}", flush=True)


def base(model_type, arch, **kw):
    cfg = {"architectures": [arch], "model_type": model_type, "vocab_size": 160, "hidden_size": 32,
           "intermediate_size": 56, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
           "max_position_embeddings": 256, "rms_norm_eps": 1e-6, "hidden_act": "silu", "attention_bias": False,
           "attention_dropout": 0.0, "rope_theta": 10000.0, "tie_word_embeddings": False, "use_cache": True,
           "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "torch_dtype": "float32",
           "transformers_version": "4.57.6"}
    cfg.update(kw)
    return {k: v for k, v in cfg.items() if v is not ...}


def case(name, seed, note, config, **kw):
    gen = {"bos_token_id": config.get("bos_token_id"), "eos_token_id": config.get("eos_token_id"),
           "pad_token_id": config.get("pad_token_id"), "do_sample": True, "temperature": 0.7, "top_p": 0.9,
           "transformers_version": "4.57.6"}
    gen.update(kw.pop("generation", {}))
    return {"name": name, "seed": seed, "note": note, "config": config,
            "generation": {k: v for k, v in gen.items() if v is not None}, **kw}


ONE_LABEL = dict(id2label={"0": "LABEL_0"}, label2id={"LABEL_0": 0})
GEMMA2 = dict(head_dim=16, hidden_act=..., hidden_activation="gelu_pytorch_tanh", query_pre_attn_scalar=24, sliding_window=16,
              attn_logit_softcapping=4.0, final_logit_softcapping=6.0, bos_token_id=2, eos_token_id=1)
PHI3 = dict(attention_bias=..., rms_norm_eps=1e-5, resid_pdrop=0.0, embd_pdrop=0.0)
COHERE = dict(rms_norm_eps=..., layer_norm_eps=1e-5, logit_scale=0.25, rope_theta=50000.0, tie_word_embeddings=True,
              bos_token_id=5, eos_token_id=7)
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "beta_fast": 8.0, "beta_slow": 2.0,
        "mscale": 1.0, "mscale_all_dim": 0.5}

CASES = [
    case("gemma2", 201, "caps on scores and logits, four norms a block, every other layer slides by 16; scale of 24 != head_dim",
         base("gemma2", "Gemma2ForCausalLM", num_hidden_layers=3, tie_word_embeddings=True, **GEMMA2)),
    case("gemma2-seqcls", 202, "reward model, one label: no cap on the score", base(
        "gemma2", "Gemma2ForSequenceClassification", tie_word_embeddings=True, **ONE_LABEL, **GEMMA2)),
    case("phi3", 203, "fused qkv_proj and gate_up_proj, 12 of 16 dimensions turn, window 16", base(
        "phi3", "Phi3ForCausalLM", hidden_size=64, intermediate_size=40, partial_rotary_factor=0.75, sliding_window=16, **PHI3),
        grads=["layers"]),
    case("phi3-longrope", 204, "longrope: short factors up to 32 tokens, long ones for the longer texts", base(
        "phi3", "Phi3ForCausalLM", hidden_size=48, num_attention_heads=3, num_key_value_heads=3, partial_rotary_factor=0.5,
        original_max_position_embeddings=32, rope_scaling={
            "type": "longrope", "short_factor": [1.0, 1.1, 1.3, 1.6], "long_factor": [1.2, 2.0, 4.5, 8.0]}, **PHI3)),
    case("cohere", 241, "parallel block, LayerNorm, interleaved RoPE on all layers, logit_scale, as many kv heads as heads", base(
        "cohere", "CohereForCausalLM", num_key_value_heads=4, **COHERE), ids=(8, 160)),
    case("cohere-qknorm", 206, "LayerNorm of q and k with weights of its own for each head", base(
        "cohere", "CohereForCausalLM", use_qk_norm=True, **COHERE), ids=(8, 160), grads=["layers"]),
    case("olmo2", 207, "norms after attention and MLP only, q and k normalised over their whole width", base(
        "olmo2", "Olmo2ForCausalLM", num_hidden_layers=3), grads=["layers"]),
    case("smollm3", 208, "the fourth layer knows no positions", base(
        "smollm3", "SmolLM3ForCausalLM", num_hidden_layers=4, no_rope_layer_interval=4, tie_word_embeddings=True,
        mlp_bias=False, sliding_window=None, use_sliding_window=False)),
    case("smollm3-sliding", 209, "layers listed one by one; the one without positions slides; biases", base(
        "smollm3", "SmolLM3ForCausalLM", num_hidden_layers=3, no_rope_layers=[1, 0, 1], use_sliding_window=True,
        sliding_window=16, attention_bias=True, mlp_bias=True)),
    case("llama-bias-linear", 250, "biases everywhere, one kv head, linear scaling; every gradient stored", base(
        "llama", "LlamaForCausalLM", num_key_value_heads=1, attention_bias=True, mlp_bias=True,
        rope_scaling={"type": "linear", "factor": 2.5}), grads="all"),
    case("llama-yarn", 260, "yarn with mscale and its own betas; head_dim 10, five heads, as many kv heads", base(
        "llama", "LlamaForCausalLM", hidden_size=30, num_attention_heads=5, num_key_value_heads=5, head_dim=10, mlp_bias=False,
        rope_scaling=YARN)),
    case("llama-dynamic", 212, "dynamic scaling beyond 32 positions, by the length of the text", base(
        "llama", "LlamaForCausalLM", max_position_embeddings=32, mlp_bias=False, rope_scaling={"type": "dynamic", "factor": 3.0})),
    case("qwen2-window-yarn", 213, "a window from layer 1 on; yarn as Qwen's documentation sets it", base(
        "qwen2", "Qwen2ForCausalLM", num_hidden_layers=3, attention_bias=..., use_sliding_window=True, sliding_window=16,
        max_window_layers=1, rope_theta=1000000.0,
        rope_scaling={"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64})),
    case("mistral-seqcls", 214, "three labels, window 16", base(
        "mistral", "MistralForSequenceClassification", attention_bias=..., sliding_window=16,
        id2label={"0": "a", "1": "b", "2": "c"}, label2id={"a": 0, "b": 1, "c": 2})),
    case("gemma3-vision", 215, "the text model inside a multimodal one; the base of full layers scaled", {
        "architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3", "boi_token_index": 150,
        "eoi_token_index": 151, "image_token_index": 152, "mm_tokens_per_image": 4, "bos_token_id": 2, "eos_token_id": [1, 106],
        "pad_token_id": 0, "torch_dtype": "float32", "transformers_version": "4.57.6",
        "text_config": {
            "model_type": "gemma3_text", "vocab_size": 160, "hidden_size": 32, "intermediate_size": 56, "num_hidden_layers": 3,
            "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": 16,
            "sliding_window_pattern": 3, "max_position_embeddings": 256, "rope_scaling": {"rope_type": "linear", "factor": 8.0}},
        "vision_config": {
            "model_type": "siglip_vision_model", "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1,
            "num_attention_heads": 2, "image_size": 8, "patch_size": 2}}, ids=(3, 150)),
]


def main(cases, default):
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("out", nargs="?", default=default)
    ap.add_argument("--only", nargs="*")
    args = ap.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    for c in cases:
        if not args.only or c["name"] in args.only:
            make(c, Path(args.out))


if __name__ == "__main__":
    main(CASES, Path(__file__).parent / "models")
