"""Writes the golden files beside it: what the components of Hugging Face's tokenizers make of small texts.

    pip install tokenizers==0.22.2 && python make.py

That is the version of ../ref-*.json. 0.23.3 writes the same, but that it decodes an added token with "normalized" in
its normalized spelling ("norm" for "NoRm").

All texts and vocabularies are made here. Each file is a list of {"name", "component", "cases"}; a case is the input
and the library's output. models.json holds whole tokenizers and ids.
"""
import json
import os
import random

from tokenizers import Tokenizer

LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
WORD1 = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
WORD2 = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
ENDING = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
CASED_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
EXPRESSIONS = {
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "llama3": LLAMA3,
    "qwen2": LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}"),
    "qwen3.5": LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}").replace(r"?\p{L}+", r"?[\p{L}\p{M}]+").replace(r"[^\s\p{L}\p{N}]", r"[^\s\p{L}\p{M}\p{N}]"),
    "tekken": WORD1 + "|" + WORD2 + r"|\p{N}" + CASED_REST,
    "o200k": WORD1 + ENDING + "|" + WORD2 + ENDING + r"|\p{N}{1,3}" + CASED_REST,
    "number": r"\p{N}",
    "numbers3": r"\p{N}{1,3}",
}
PARTS = ["Hello", "world", "don't", "I'LL", "we'Ve", "it'ſ", "'s", "'Re", "'", "camelCaseHTTPServer", "ǅungla", "Größe", "ªº", "ʰx",
         "привет", "मुझे", "日本語AB漢c", "각", "é", "e\u0301", "\u0301\u0323", "12", "34567", "१२", "½", chr(0x10D40), chr(0x1C89),
         " ", "  ", "   ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "▁", "_", "/", "//", "...", "!?", "—", "👩‍👩‍👧", "\u200d", "\x00", ".", "x.y"]


def texts(seed, n, parts=PARTS):
    rnd = random.Random(seed)
    return ["".join(rnd.choice(parts) for _ in range(rnd.randint(1, 9))) for _ in range(n)]


def tokenizer(vocab=None, merges=(), model=None, **parts):
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
             "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, **(model or {})}
    model["vocab"], model["merges"] = vocab if vocab is not None else {"a": 0}, list(merges)
    whole = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None,
             "post_processor": None, "decoder": None, **parts, "model": model}
    return whole, Tokenizer.from_str(json.dumps(whole))


def write(name, data):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(x, ensure_ascii=True) for x in data) + "\n]\n")


def normalizers():
    marks = ["a", "e", "A", "\u0301", "\u0323", "\u0327", "\u0308", "\u1df7", "ä", "ộ", "Å", "각", "ㄱ", "ᄀ", "ᅡ", "ᆨ", "ﬁ", "①", "㋿", "½", "İ",
             "ΑΣ", " ", "\u212b", "क़", "\u0344", "ｶﾞ", "\U00011935\U00011930", "\U0001d15f", chr(0x10D50), "\u0334" * 33, "\u0301\u0316" * 17]
    for c in [{"type": "NFC"}, {"type": "NFD"}, {"type": "NFKC"}, {"type": "NFKD"}, {"type": "Lowercase"}, {"type": "Prepend", "prepend": "▁"},
              {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}, {"type": "Strip", "strip_left": True, "strip_right": False},
              {"type": "Strip", "strip_left": True, "strip_right": True},
              {"type": "Sequence", "normalizers": [{"type": "Lowercase"}, {"type": "Sequence", "normalizers": [{"type": "NFD"}]}]}]:
        t = tokenizer(normalizer=c)[1]
        yield {"name": c["type"], "component": c, "cases": [[s, t.normalizer.normalize_str(s)] for s in texts(1, 60, marks)]}


def pretokenizers():
    split = lambda **more: {"type": "Split", "behavior": "Isolated", "invert": False, **more}
    all = [(k, split(pattern={"Regex": v})) for k, v in EXPRESSIONS.items()]
    for b in ["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"]:
        for inv in [False, True]:
            all.append((f"{b}-{inv}", split(pattern={"String": "."}, behavior=b, invert=inv)))
            all.append((f"{b}-{inv}-numbers", split(pattern={"Regex": r"\p{N}"}, behavior=b, invert=inv)))
    level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    all += [("bytelevel-prefix", level), ("bytelevel-plain", {**level, "use_regex": False}), ("whitespace", {"type": "WhitespaceSplit"}),
            ("digits", {"type": "Digits", "individual_digits": True}), ("digits-together", {"type": "Digits", "individual_digits": False}),
            ("metaspace-always", {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}),
            ("metaspace-never", {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "split": True}),
            ("metaspace-first", {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}),
            ("metaspace-old", {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}),
            ("sequence", {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, level]})]
    for name, c in all:
        t = tokenizer(pre_tokenizer=c)[1]
        more = [".", "..", "a.b..c.", "...a", "1a22b333", "A" * 9, " " * 5]
        yield {"name": name, "component": c, "cases": [[s, [p for p, _ in t.pre_tokenizer.pre_tokenize_str(s)]] for s in texts(2, 50) + more]}


def decoders():
    replace = lambda a, b: {"type": "Replace", "pattern": {"String": a}, "content": b}
    strip = lambda start, stop: {"type": "Strip", "content": " ", "start": start, "stop": stop}
    seq = lambda *d: {"type": "Sequence", "decoders": list(d)}
    fallback, fuse, level = {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    meta = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    all = [("bytelevel", level), ("llama2", seq(replace("▁", " "), fallback, fuse, strip(1, 0))), ("gemma", seq(replace("▁", " "), fallback, fuse)),
           ("strip-each", seq(replace("▁", " "), strip(1, 0))), ("fuse-replace", seq(fuse, replace("a▁", "-"))), ("fuse-end", seq(fuse, replace("▁", " "), strip(0, 2))),
           ("metaspace", meta), ("metaspace-never", {**meta, "prepend_scheme": "never"}), ("fallback-only", fallback), ("nothing", seq())]
    pieces = ["▁", "▁a", "a", "b▁", "▁▁", "Ġthe", "Ċ", "Ã", "©", "ð", "Ł", "ĺ", "Ģ", "<0xC3>", "<0xA9>", "<0xE2>", "<0x82>", "<0xAC>", "<0xFF>", "<0x41>", "<0xG1>", "é", "x y"]
    for name, c in all:
        t, rnd, cases = tokenizer(decoder=c)[1], random.Random(3), []
        for _ in range(60):
            tokens = [rnd.choice(pieces) for _ in range(rnd.randint(1, 10))]
            tokens = ["."] + tokens if name == "fuse-end" else tokens + ["."]  # the library panics where Strip leaves nothing
            cases.append([tokens, t.decoder.decode(tokens)])
        yield {"name": name, "component": c, "cases": cases}


def models():
    token = lambda id, content, **more: {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True, **more}
    letters = {c: i for i, c in enumerate(["<unk>", "▁", "a", "b", "c", "ab", "abc", "bc", "aa", "aaaa", "▁a", "▁▁", ".", "a.", "é", "A"])}
    merges = ["a a", "b c", "a b", "ab c", "aa aa", "▁ a", "▁ ▁", "a ."]
    bytes_ = {**letters, **{f"<0x{b:02X}>": 100 + b for b in range(256)}}
    some = {**letters, "<0xC3>": 50, "<0xB1>": 51, "<0xE2>": 52}
    suffix = {"a": 0, "b": 1, "a</w>": 2, "b</w>": 3, "##a": 4, "##b": 5, "ab": 6, "##b</w>": 7, "ab</w>": 8, "##a</w>": 9, "<unk>": 10}
    from_level = {c: i for i, c in enumerate("abcĠéÃ©.")}
    plain = ["a", "b", "c", "ab", "abc", "aaaaa", ".", " ", "é", "ñ", "€", "zz", "z", "A", "\n", "a" * 60, "bc" * 40]
    added = ["<s>", "</s>", "<L>", "<R>", "word", "NoRm", "norm", " <s> ", "  ", "\n<L>\n", "<R> \n ", "wordy", "é"]
    unk = {"unk_token": "<unk>"}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    template = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<e>", "type_id": 0}}],
                "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [16, 1], "tokens": ["<s>", "▁"]}, "<e>": {"id": "<e>", "ids": [0], "tokens": ["<unk>"]}}}
    tokens = [token(16, "<s>"), token(17, "<L>", lstrip=True), token(18, "<R>", rstrip=True), token(19, "word", single_word=True, special=False),
              token(20, "NoRm", normalized=True, special=False), token(21, "\n"), token(22, "  ", normalized=True, special=False), token(40, "é", special=False)]  # the model has é: 14
    for name, parts, words in [
        ("unknown", dict(vocab=letters, merges=merges, model=unk), plain),
        ("unknown-fused", dict(vocab=letters, merges=merges, model={**unk, "fuse_unk": True}), plain),
        ("unknown-dropped", dict(vocab=letters, merges=merges), plain),
        ("bytes", dict(vocab=bytes_, merges=merges, model={**unk, "byte_fallback": True, "fuse_unk": True}), plain + ["▁", "▁▁", "a▁b"]),
        ("bytes-some", dict(vocab=some, merges=merges, model={**unk, "byte_fallback": True, "fuse_unk": True}), plain),
        ("bytes-prepend", dict(vocab=bytes_, merges=merges, model={"byte_fallback": True}, normalizer={"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}), plain),
        ("glued", dict(vocab={**bytes_, "b▁": 400}, merges=["b ▁"] + merges, model={"byte_fallback": True}), plain + ["▁", "b▁a"]),
        ("ignore-merges", dict(vocab=letters, merges=["a a"], model={**unk, "ignore_merges": True}, pre_tokenizer={"type": "WhitespaceSplit"}), plain),
        ("affixes", dict(vocab=suffix, merges=["a ##b", "a ##b</w>"], model={**unk, "continuing_subword_prefix": "##", "end_of_word_suffix": "</w>"}, pre_tokenizer={"type": "WhitespaceSplit"}), ["a", "b", " ", "ab", "z"]),
        ("level-incomplete", dict(vocab=from_level, merges=[], pre_tokenizer=level), plain),
        ("added", dict(vocab=letters, merges=merges, model=unk, added_tokens=tokens, normalizer={"type": "Lowercase"}), plain + added * 2),
        ("added-prepend", dict(vocab=letters, merges=merges, model=unk, added_tokens=tokens, normalizer={"type": "Prepend", "prepend": "▁"}), plain + added * 2),
        ("metaspace-first", dict(vocab=letters, merges=merges, model=unk, added_tokens=tokens, pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}), plain + added * 2),
        ("template", dict(vocab=letters, merges=merges, model=unk, added_tokens=tokens[:1], post_processor={"type": "Sequence", "processors": [level, template]}), plain + ["<s>"]),
    ]:
        whole, t = tokenizer(**parts)
        cases = []
        for s in texts(4, 60, words):
            ids = t.encode(s, add_special_tokens=True).ids
            cases.append({"text": s, "ids": t.encode(s, add_special_tokens=False).ids, "special": ids, "decoded": t.decode(ids), "all": t.decode(ids, skip_special_tokens=False)})
        yield {"name": name, "component": whole, "cases": cases}


for name, data in [("normalizers", normalizers()), ("pretokenizers", pretokenizers()), ("decoders", decoders()), ("models", models())]:
    write(name + ".json", data)
