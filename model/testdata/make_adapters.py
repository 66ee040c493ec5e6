#!/usr/bin/env python3
"""Writes PEFT adapters of some models of this folder, and what they make the models compute.

    pip install torch==2.15.0 transformers==5.24.0 peft==0.21.2 safetensors==0.8.0
    python make_adapters.py [OUT_DIR]

Each case becomes OUT_DIR/lora-MODEL/ with adapter/ as PEFT saves it (B is not zero), expected.json (input_ids) and
expected.safetensors (seqI.logits in float32, the adapter on).
"""
import json, os, sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

import make

ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
CASES = {
    "phi3": ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"],
    "olmo2": ALL,
    "cohere-qknorm": ["q_proj", "k_proj", "down_proj"],
    "gemma3-vision": r"model\.language_model\.layers\..*\.(k_proj|q_proj|up_proj)",
}


def write(name, targets, root):
    folder, base = root / f"lora-{name}", Path(__file__).parent / "models" / name
    cfg = json.loads((base / "config.json").read_text())
    torch.manual_seed(5)
    config = LoraConfig(r=3, lora_alpha=6, target_modules=targets, task_type="CAUSAL_LM", init_lora_weights=False)
    model = get_peft_model(make.load(cfg, base, torch.float32), config).eval()
    for config in model.peft_config.values():
        config.base_model_name_or_path = f"../../../models/{name}"
    model.save_pretrained(folder / "adapter")
    (folder / "adapter" / "README.md").unlink(missing_ok=True)
    seqs = json.loads((base / "expected.json").read_text())["input_ids"][1:3]
    with torch.no_grad():
        logits = {f"seq{i}.logits": model(torch.tensor([s])).logits[0].contiguous() for i, s in enumerate(seqs)}
    save_file(logits, folder / "expected.safetensors")
    (folder / "expected.json").write_text(json.dumps({"input_ids": seqs}) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "training"
    for name, targets in CASES.items():
        write(name, targets, out)
