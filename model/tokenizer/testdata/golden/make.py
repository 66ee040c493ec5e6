"""Writes the golden files beside it: what the components of Hugging Face's tokenizers make of small texts.

    pip install tokenizers==0.22.2 && python make.py

That is the version of ../ref-*.json. 0.23.3 writes the same, but that it decodes an added token with "normalized" in
its normalized spelling ("norm" for "NoRm").

All texts and vocabularies are made here. Each file is a list of {"name", "component", "cases"}; a case is the input
and the library's output. models.json and trained.json hold whole tokenizers and ids.
"""
import base64
import json
import os
import random
import struct

from tokenizers import Tokenizer, models as models_, normalizers as normalizers_, pre_tokenizers, trainers

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
    "cl100k": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
    "deepseek": "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
    "cjk": "[一-龥぀-ゟ゠-ヿ]+",
    "bloom": " ?[^(\\s|[.,!?…。，、।۔،])]+",
    "number": r"\p{N}",
    "numbers3": r"\p{N}{1,3}",
}
PARTS = ["Hello", "world", "don't", "I'LL", "we'Ve", "it'ſ", "'s", "'Re", "'", "camelCaseHTTPServer", "ǅungla", "Größe", "ªº", "ʰx",
         "привет", "मुझे", "日本語AB漢c", "각", "é", "e\u0301", "\u0301\u0323", "12", "34567", "१२", "½", chr(0x10D40), chr(0x1C89),
         " ", "  ", "   ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "▁", "_", "/", "//", "...", "(", "|", "、", "+x", "$", "ひらカタ", "(a)", "!?", "—", "👩‍👩‍👧", "\u200d", "\x00", ".", "x.y"]


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


def charsmap(**more):
    """A Precompiled normalizer with rules of our own: SentencePiece's format, a double array of the keys and their values."""
    rules = {"x": "ks", "q": "", "e\u0301": "é", "ﬁ": "fi", "\u0600": "*", "\r\n": " ", "①": "1", "½": "1/2", "a": "a", "b": "BB", "bc": "never", "A\u0301": "Á", "漢": "汉", "\U0001d15f": "note", **more}
    trie, values = {}, b""
    for key, value in rules.items():
        node = trie
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node[None] = len(values)
        values += value.encode() + b"\0"
    units, taken, todo = [0] * 4096, {0}, [(trie, 0)]
    while todo:  # children stand at base ^ byte, the value at base
        node, at = todo.pop()
        base = next(b for b in range(1, 4096) if not any(b ^ (byte or 0) in taken for byte in [None, *node]))
        taken.update(base ^ (byte or 0) for byte in [None, *node])
        units[at] |= (at ^ base) << 10 | (256 if None in node else 0)
        if None in node:
            units[base] = 1 << 31 | node[None]
        for byte, child in node.items():
            if byte is not None:
                units[base ^ byte] |= byte
                todo.append((child, base ^ byte))
    units = units[:(max(taken) | 255) + 1]  # the library reads up to there
    blob = struct.pack(f"<I{len(units)}I", 4 * len(units), *units) + values
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(blob).decode()}


def bert(**more):
    return {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True, **more}


def normalizers():
    marks = ["a", "e", "A", "\u0301", "\u0323", "\u0327", "\u0308", "\u1df7", "ä", "ộ", "Å", "각", "ㄱ", "ᄀ", "ᅡ", "ᆨ", "ﬁ", "①", "㋿", "½", "İ",
             "ΑΣ", " ", "\u212b", "क़", "\u0344", "ｶﾞ", "\U00011935\U00011930", "\U0001d15f", chr(0x10D50), "\u0334" * 33, "\u0301\u0316" * 17,
             "x", "q", "  ", "\u0600", "\r\n", "\n", "\x00", "\x01", "\u200d", "\ufffd", "\u00a0", "\u0093", "漢", "丟", "\ufeff", "▁", "\u0890", "\u1734", "©", "\u0e33", "\U0001f3fb"]
    for c in [{"type": "NFC"}, {"type": "NFD"}, {"type": "NFKC"}, {"type": "NFKD"}, {"type": "Lowercase"}, {"type": "Prepend", "prepend": "▁"},
              {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}, {"type": "Strip", "strip_left": True, "strip_right": False},
              {"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "StripAccents"}, {"type": "Nmt"}, charsmap(), bert(), bert(lowercase=False), bert(strip_accents=False),
              bert(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False),
              {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}, {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "},
              {"type": "Sequence", "normalizers": [charsmap(), {"type": "Strip", "strip_left": False, "strip_right": True}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}]},
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
    all += [("bytelevel-prefix", level), ("bytelevel-plain", {**level, "use_regex": False}), ("whitespace", {"type": "WhitespaceSplit"}), ("words", {"type": "Whitespace"}),
            ("bert", {"type": "BertPreTokenizer"}), ("punctuation", {"type": "Punctuation", "behavior": "Isolated"}),
            ("punctuation-contiguous", {"type": "Punctuation", "behavior": "Contiguous"}), ("delimiter", {"type": "CharDelimiterSplit", "delimiter": "▁"}),
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
           ("metaspace", meta), ("metaspace-never", {**meta, "prepend_scheme": "never"}), ("fallback-only", fallback), ("nothing", seq()),
           ("wordpiece", {"type": "WordPiece", "prefix": "##", "cleanup": True}), ("wordpiece-plain", {"type": "WordPiece", "prefix": "##", "cleanup": False}),
           ("bpe", {"type": "BPEDecoder", "suffix": "</w>"}), ("replace-spaces", seq(fuse, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "-"}))]
    pieces = ["▁", "▁a", "a", "b▁", "▁▁", "Ġthe", "Ċ", "Ã", "©", "ð", "Ł", "ĺ", "Ģ", "<0xC3>", "<0xA9>", "<0xE2>", "<0x82>", "<0xAC>", "<0xFF>", "<0x41>", "<0xG1>", "é", "x y", "##s", "##", "a</w>", "</w>", ".", "n't", "'s", "do not", "'", ",", "x '"]
    for name, c in all:
        t, rnd, cases = tokenizer(decoder=c)[1], random.Random(3), []
        for _ in range(60):
            tokens = [rnd.choice(pieces) for _ in range(rnd.randint(1, 10))]
            tokens = ["."] + tokens if name == "fuse-end" else tokens + ["."]  # the library panics where Strip leaves nothing
            cases.append([tokens, t.decoder.decode(tokens)])
        yield {"name": name, "component": c, "cases": cases}


def case(t, s):
    ids, plain, at = t.encode(s, add_special_tokens=True).ids, t.encode(s, add_special_tokens=False), [0]
    for c in s:
        at.append(at[-1] + len(c.encode()))
    return {"text": s, "ids": plain.ids, "offsets": [[at[a], at[b]] for a, b in plain.offsets], "special": ids, "decoded": t.decode(ids), "all": t.decode(ids, skip_special_tokens=False)}


def models():
    token = lambda id, content, **more: {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True, **more}
    letters = {c: i for i, c in enumerate(["<unk>", "▁", "a", "b", "c", "ab", "abc", "bc", "aa", "aaaa", "▁a", "▁▁", ".", "a.", "é", "A"])}
    merges = ["a a", "b c", "a b", "ab c", "aa aa", "▁ a", "▁ ▁", "a ."]
    bytes_ = {**letters, **{f"<0x{b:02X}>": 100 + b for b in range(256)}}
    some = {**letters, "<0xC3>": 50, "<0xB1>": 51, "<0xE2>": 52}
    suffix = {"a": 0, "b": 1, "a</w>": 2, "b</w>": 3, "##a": 4, "##b": 5, "ab": 6, "##b</w>": 7, "ab</w>": 8, "##a</w>": 9, "<unk>": 10}
    whole_level = {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
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
        ("roberta", dict(vocab=whole_level, pre_tokenizer={**level, "add_prefix_space": True}, added_tokens=[token(256, "<s>"), token(257, "</s>", lstrip=True)],
                         post_processor={"type": "RobertaProcessing", "sep": ["</s>", 257], "cls": ["<s>", 256], "trim_offsets": True, "add_prefix_space": True}, decoder=level), plain + [" ", " ", "</s>", "a"]),
        ("template", dict(vocab=letters, merges=merges, model=unk, added_tokens=tokens[:1], post_processor={"type": "Sequence", "processors": [level, template]}), plain + ["<s>"]),
    ]:
        whole, t = tokenizer(**parts)
        cases = []
        for s in texts(4, 60, words):
            cases.append(case(t, s))
        yield {"name": name, "component": whole, "cases": cases}


WORDS = """the quick brown fox jumps over lazy dogs and reads unaffable books about reading, writing and re-reading; der schnelle braune
Fuchs springt über faule Hunde und liest Bücher über das Lesen; le renard brun saute par-dessus les chiens paresseux et relit des livres;
быстрая лиса прыгает через ленивых собак и читает книги; 狐狸 跳 过 懒狗 读书; 12 345 6789 2024""".split()


def trained():
    """Tokenizers of the families of XLM-R, T5 and BERT, trained on the words above by the library itself."""
    lines = [" ".join(random.Random(i).choices(WORDS, k=12)) for i in range(200)]
    meta = lambda **more: {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True, **more}
    spaces = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}
    token = lambda id, content, **more: {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True, **more}
    unigram = Tokenizer(models_.Unigram())
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    unigram.train_from_iterator(lines, trainers.UnigramTrainer(vocab_size=260, unk_token="<unk>", special_tokens=["<unk>", "<s>", "</s>"], show_progress=False))
    unigram = json.loads(unigram.to_str())
    some_bytes = {**unigram["model"], "byte_fallback": True}
    some_bytes["vocab"] = some_bytes["vocab"] + [[f"<0x{b:02X}>", -20.5] for b in range(0x80, 0x100)] + [["zz", -40.0]]
    wordpiece = Tokenizer(models_.WordPiece(unk_token="[UNK]"))
    wordpiece.normalizer, wordpiece.pre_tokenizer = normalizers_.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    wordpiece.train_from_iterator(lines, trainers.WordPieceTrainer(vocab_size=300, special_tokens=["[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False))
    wordpiece = json.loads(wordpiece.to_str())
    roberta = {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1], "trim_offsets": False, "add_prefix_space": True}
    old = {"unk_id": 0, "vocab": unigram["model"]["vocab"]}  # as files from before 2021 spell it
    fallback = {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]}
    processed = {"post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]}, "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True}}
    for name, whole in [
        ("xlm-r", {**unigram, "normalizer": charsmap(q="Q"), "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, meta()]}, "decoder": meta(), "post_processor": roberta,
                   "added_tokens": unigram["added_tokens"] + [token(len(unigram["model"]["vocab"]), "<mask>", lstrip=True)]}),
        ("mt5", {**unigram, "model": old, "normalizer": {"type": "Sequence", "normalizers": [charsmap(q="Q"), {"type": "Strip", "strip_left": False, "strip_right": True}, spaces]},
                 "pre_tokenizer": meta(prepend_scheme="first"), "decoder": meta(prepend_scheme="first")}),
        ("unigram-bytes", {**unigram, "model": some_bytes, "pre_tokenizer": meta(split=False), "decoder": fallback}),
        ("unigram-nmt", {**unigram, "normalizer": {"type": "Nmt"}, "pre_tokenizer": meta(prepend_scheme="first", split=False), "decoder": meta(prepend_scheme="first")}),
        ("bert", {**wordpiece, **processed}),
        ("bert-cased", {**wordpiece, **processed, "normalizer": bert(lowercase=False)}),
        ("bert-short", {**wordpiece, **processed, "model": {**wordpiece["model"], "max_input_chars_per_word": 6}}),
    ]:
        t, rnd, cases = Tokenizer.from_str(json.dumps(whole)), random.Random(name), []
        odd = [" ", "  ", "\n", "▁", "\x01", "x", "q", "zz", "é", "e\u0301", "É", "ﬁ", "½", "漢", "読書", "<s>", "</s>", "<mask>", "[MASK]", "##s", "İ", "ñ", "€", "<0xC3>", "aaaa", "....", "n't", "'s", "🦊", "unread" * 20]
        for _ in range(80):
            s = "".join(rnd.choice(odd) if rnd.random() < 0.35 else rnd.choice(WORDS) + " " * rnd.choice([0, 1, 1, 1]) for _ in range(rnd.randint(1, 8)))
            cases.append(case(t, s))
        yield {"name": name, "component": whole, "cases": cases}


if __name__ == "__main__":
    for name, data in [("normalizers", normalizers()), ("pretokenizers", pretokenizers()), ("decoders", decoders()), ("models", models()), ("trained", trained())]:
        write(name + ".json", data)
