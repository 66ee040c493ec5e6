#!/usr/bin/env python3
"""Compares an adapter in PEFT with the model that croco merged it into: largest difference of logits.

    check-peft.py BASE_DIR ADAPTER_DIR MERGED_DIR     needs torch, transformers and peft
"""
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

base, adapter, merged = sys.argv[1:4]
peft = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), adapter).eval()
ours = AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32).eval()
ids = torch.arange(100, 115).unsqueeze(0)
with torch.no_grad():
    beside, worked_in = peft(ids).logits, ours(ids).logits
    with peft.disable_adapter():
        alone = peft(ids).logits
print("PEFT's adapter against croco's merged model:", (beside - worked_in).abs().max().item())
print("the adapter against its base:", (beside - alone).abs().max().item())
