#!/usr/bin/env python3
"""Writes types.gguf beside this script: one tensor of every type, and what the gguf package dequantises it to.

Needs numpy and gguf (pip install gguf); made with gguf 0.19.0. A tensor TYPE holds blocks of random bits with scales of
every sign and size; TYPE.values are its float32 values.
"""
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as T, GGUFWriter, dequantize

# where the float16 numbers of a block stand, by type
SCALES = {T.F16: [0], T.BF16: [], T.F32: [], T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0],
          T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208]}

ROWS, COLS = 2, 256


def main():
    rng = np.random.default_rng(20250801)
    w = GGUFWriter(Path(__file__).with_name("types.gguf"), "llama")
    w.add_uint8("test.uint8", 200)
    w.add_int8("test.int8", -100)
    w.add_uint16("test.uint16", 60000)
    w.add_int16("test.int16", -30000)
    w.add_uint32("test.uint32", 4000000000)
    w.add_int32("test.int32", -2000000000)
    w.add_uint64("test.uint64", 1 << 60)
    w.add_int64("test.int64", -(1 << 60))
    w.add_float32("test.float32", 1e-5)
    w.add_float64("test.float64", 0.1)
    w.add_bool("test.bool", True)
    w.add_string("test.string", "Grüße")
    w.add_array("test.texts", ["a", "", "▁b"])
    w.add_array("test.ints", [1, -2, 3])
    w.add_array("test.floats", [0.5, -1.25])
    for t, at in SCALES.items():
        values, size = GGML_QUANT_SIZES[t]
        blocks = rng.integers(0, 256, (ROWS * COLS // values, size), dtype=np.uint8)
        for i in at:
            blocks[:, i:i + 2] = (rng.standard_normal(len(blocks)) * 2.0 ** rng.integers(-16, 3, len(blocks))).astype("<f2").view(np.uint8).reshape(-1, 2)
        if t in (T.F32, T.BF16):
            x = rng.standard_normal(len(blocks)).astype("<f4")
            blocks = x.view(np.uint8).reshape(-1, 4)[:, 4 - size:]
        blocks = np.ascontiguousarray(blocks).reshape(ROWS, -1)
        w.add_tensor(t.name, blocks, raw_dtype=t)
        data = {T.F32: "<f4", T.F16: "<f2"}.get(t)
        w.add_tensor(t.name + ".values", dequantize(blocks.view(data) if data else blocks, t).astype(np.float32).reshape(ROWS, COLS))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


main()
