"""Writes tiny-unigram, tiny-wordpiece and their references, and the reference of a published tokenizer.json.

    pip install tokenizers==0.22.2 && python make.py [NAME FILE]

A reference ref-NAME.json holds what Hugging Face's tokenizers make of every line of corpus.json. The tiny tokenizers
are trained on those lines, all text of our own.
"""
import hashlib
import json
import os
import sys

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "golden"))
from make import charsmap  # noqa: E402

CORPUS = [line["text"] for line in json.load(open(os.path.join(HERE, "corpus.json")))]
TRAIN = [text for text in CORPUS if len(text) < 2000]


def unigram():
    """The shape of XLM-R and bge-m3."""
    t = Tokenizer(models.Unigram())
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.train_from_iterator(TRAIN, trainers.UnigramTrainer(vocab_size=1200, unk_token="<unk>", special_tokens=["<s>", "<pad>", "</s>", "<unk>"], show_progress=False))
    meta = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    mask = {"id": 0, "content": "<mask>", "single_word": False, "lstrip": True, "rstrip": False, "normalized": False, "special": True}
    part = lambda name: {"SpecialToken": {"id": name, "type_id": 0}}
    whole = json.loads(t.to_str())
    mask["id"] = len(whole["model"]["vocab"])
    whole["added_tokens"].append(mask)
    spaces = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}
    whole["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "Nmt"}, {"type": "NFKC"}, charsmap(), spaces]}
    whole["pre_tokenizer"], whole["decoder"] = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, meta]}, meta
    whole["post_processor"] = {"type": "TemplateProcessing", "single": [part("<s>"), {"Sequence": {"id": "A", "type_id": 0}}, part("</s>")], "pair": [],
                               "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}, "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}}
    return whole


def wordpiece():
    """The shape of BERT without case."""
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(TRAIN, trainers.WordPieceTrainer(vocab_size=1500, limit_alphabet=300, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False))
    whole = json.loads(t.to_str())
    whole["post_processor"] = {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}
    whole["decoder"] = {"type": "WordPiece", "prefix": "##", "cleanup": True}
    return whole


def reference(name, file):
    t, data = Tokenizer.from_file(file), open(file, "rb").read()
    t.no_truncation(), t.no_padding()
    x, with_x = t.encode("x", add_special_tokens=False).ids, t.encode("x").ids
    at = next(i for i in range(len(with_x)) if with_x[i:i + len(x)] == x)
    prefix, suffix = with_x[:at], with_x[at + len(x):]
    ref = {"tokenizer": name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "prefix": prefix, "suffix": suffix, "lines": [], "dec": {}, "dec_skip": {}}
    for i, text in enumerate(CORPUS):
        ids = t.encode(text, add_special_tokens=False).ids
        assert t.encode(text).ids == prefix + ids + suffix
        joined = ",".join(map(str, ids))
        ref["lines"].append(ids if len(ids) <= 400 else {"n": len(ids), "sha256": hashlib.sha256(joined.encode()).hexdigest()})
        plain, skipped = t.decode(ids, skip_special_tokens=False), t.decode(prefix + ids + suffix)
        short = lambda s: s if len(s) <= 400 else {"n": len(s), "sha256": hashlib.sha256(s.encode()).hexdigest()}
        if plain != text:
            ref["dec"][str(i)] = short(plain)
        if skipped != plain:
            ref["dec_skip"][str(i)] = short(skipped)
    with open(os.path.join(HERE, f"ref-{name}.json"), "w") as f:
        json.dump(ref, f, separators=(",", ":"))


if len(sys.argv) == 3:
    reference(*sys.argv[1:])
else:
    for name, whole in [("tiny-unigram", unigram()), ("tiny-wordpiece", wordpiece())]:
        file = os.path.join(HERE, f"{name}.tokenizer.json")
        with open(file, "w") as f:
            json.dump(whole, f, ensure_ascii=False, separators=(",", ":"))
        reference(name, file)
