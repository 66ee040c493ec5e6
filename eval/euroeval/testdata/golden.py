"""Writes golden.json: metrics by their definitions, in other words than the program's.

    python golden.py > golden.json        (numpy 2.4.6)

MCC is the correlation of one-hot columns (covariances by numpy); macro F1 by precision and recall; SQuAD's normalisation with
regular expressions, as its published description has it.
"""
import collections
import json
import re
import string
import sys

import numpy as np

rng = np.random.default_rng(7)


def mcc(truth, predicted):
    labels = sorted(set(truth) | set(predicted))
    x = np.array([[p == l for l in labels] for p in predicted], dtype=float)
    y = np.array([[t == l for l in labels] for t in truth], dtype=float)
    cov = lambda a, b: float(((a - a.mean(0)) * (b - b.mean(0))).sum())
    below = np.sqrt(cov(x, x) * cov(y, y))
    return 0.0 if below == 0 else cov(x, y) / float(below)


def macro_f1(truth, predicted):
    scores = []
    for l in sorted(set(truth) | set(predicted)):
        both = sum(t == p == l for t, p in zip(truth, predicted))
        precision = both / predicted.count(l) if l in predicted else 0.0
        recall = both / truth.count(l) if l in truth else 0.0
        scores.append(0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall))
    return sum(scores) / len(scores)


def normal(text):
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def squad(answer, accepted):
    gold = [g for g in accepted if normal(g)] or [""]
    exact = max(float(normal(answer) == normal(g)) for g in gold)
    best = 0.0
    for g in gold:
        a, b = normal(answer).split(), normal(g).split()
        if not a or not b:
            best = max(best, float(a == b))
            continue
        same = sum((collections.Counter(a) & collections.Counter(b)).values())
        if same:
            best = max(best, 2 * (same / len(a)) * (same / len(b)) / (same / len(a) + same / len(b)))
    return [exact, best]


labelled = []
for n, k, p in [(40, 2, 0.8), (200, 3, 0.6), (50, 4, 0.25), (30, 2, 0.5), (12, 5, 0.9)]:
    names = [f"label {i}" for i in range(k)]
    truth = [names[i] for i in rng.integers(0, k, n)]
    predicted = [t if rng.random() < p else names[rng.integers(0, k)] for t in truth]
    labelled.append([truth, predicted])
labelled += [[["a"] * 5, ["a"] * 5], [["a", "b"] * 3, ["a"] * 6], [["a"] * 4, ["b"] * 4], [["a", "b"], ["c", "c"]]]
texts = [("The Cat's hat", ["cats hat"]), ("in 1999", ["1999", "the year 1999"]), ("", []), ("x", []), ("", ["x"]), ("a the an", ["the"]), ("Ünter den Linden!", ["unter den linden", "Ünter  den Linden"]),
         ("théâtre a", ["théâtre"]), ("éa a éan", ["éa éan"]), ("a_b the_c", ["a_b"]), ("one two two", ["two two three", "two"]), ("A.", ["..."]), ("42 a", ["42"]), ("l'an mil", ["lan mil"]), ("tha\u0301 x", ["x"])]
json.dump({"labelled": [{"truth": t, "predicted": p, "mcc": mcc(t, p), "macro_f1": macro_f1(t, p), "accuracy": float(np.mean([a == b for a, b in zip(t, p)]))} for t, p in labelled],
           "squad": [{"answer": a, "accepted": g, "scores": squad(a, g)} for a, g in texts]}, sys.stdout, ensure_ascii=False)
