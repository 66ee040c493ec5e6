"""Writes golden.json: statistics computed in 50 digits by other means than the program's.

    python golden.py > golden.json        (numpy 2.4.6, mpmath 1.3.0)

t quantiles by halving intervals on the incomplete beta function; McNemar's test with whole numbers; the length-controlled win
rate by Newton's method on the gradient of the penalised likelihood in two unknowns (mpmath.findroot). Nothing here is
random: the data come from a linear congruence.
"""
import json
import sys
from fractions import Fraction
from math import comb

import mpmath as mp

mp.mp.dps = 50
state = 12345


def draw(n):
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return (state >> 33) % n


def p_of_t(t, df):
    return mp.betainc(mp.mpf(df) / 2, mp.mpf(1) / 2, 0, df / (df + t * t), regularized=True)


def quantile(confidence, df):
    low, high = mp.mpf(0), mp.mpf(1000)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if p_of_t(middle, df) > 1 - mp.mpf(confidence) else (low, middle)
    return low


def clustered(values, clusters):
    n, names = len(values), sorted(set(clusters))
    m = mp.fsum(values) / n
    sums = [mp.fsum(v - m for v, c in zip(values, clusters) if c == name) for name in names]
    g = len(names)
    return m, mp.sqrt(mp.mpf(g) / (g - 1) * mp.fsum(s * s for s in sums)) / n, g


out = {"quantiles": [[c, df, float(quantile(c, df))] for c in ("0.9", "0.95", "0.99") for df in (1, 2, 3, 5, 10, 29.0, 99, 804)]}

out["paired_t"] = []
for n, groups in [(7, 7), (30, 30), (60, 12), (250, 250), (9, 3)]:
    a = [mp.mpf(draw(1000)) / 1000 for _ in range(n)]
    b = [x + mp.mpf(draw(400)) / 1000 - mp.mpf("0.15") for x in a]
    clusters = [f"c{i % groups}" for i in range(n)]
    d = [y - x for x, y in zip(a, b)]
    m, se, g = clustered(d, clusters)
    half = quantile("0.95", g - 1) * se
    out["paired_t"].append({"a": [float(x) for x in a], "b": [float(x) for x in b], "clusters": clusters, "mean": float(m), "se": float(se),
                            "low": float(m - half), "high": float(m + half), "p": float(p_of_t(m / se, g - 1))})

out["mcnemar"] = []
for n, way in [(10, 3), (50, 2), (250, 2), (900, 3), (12, 1)]:
    a = [draw(2) for _ in range(n)]
    b = [1 if x == 0 and draw(way) == 0 else x if draw(5) else 0 for x in a]
    only_a, only_b = sum(x > y for x, y in zip(a, b)), sum(y > x for x, y in zip(a, b))
    k, m = min(only_a, only_b), only_a + only_b
    p = min(Fraction(1), 2 * Fraction(sum(comb(m, i) for i in range(k + 1)), 2**m))
    out["mcnemar"].append({"a": a, "b": b, "p": float(p)})

out["holm"] = {"p": [0.01, 0.04, 0.03, 0.005, 0.5, 0.03], "adjusted": []}
order = sorted(range(6), key=lambda i: (out["holm"]["p"][i], i))
least, adjusted = 0.0, [0.0] * 6
for rank, i in enumerate(order):
    least = max(least, min(1.0, out["holm"]["p"][i] * (6 - rank)))
    adjusted[i] = least
out["holm"]["adjusted"] = adjusted

out["length_control"] = []
for n in (5, 20, 80, 250, 500):
    lengths = [(200 + draw(900), 150 + draw(900)) for _ in range(n)]
    won = [[0, 0.5, 1, 1][draw(4)] if x < y else [0, 0, 0.5, 1][draw(4)] for x, y in lengths]
    d = [mp.mpf(x - y) for x, y in lengths]
    mean = mp.fsum(d) / n
    sigma = mp.sqrt(mp.fsum((v - mean) ** 2 for v in d) / n)
    x = [mp.tanh(v / sigma) for v in d]
    p = lambda th, ph: [1 / (1 + mp.exp(-(th + ph * v))) for v in x]
    gradient = lambda th, ph: [mp.fsum(q - y for q, y in zip(p(th, ph), won)), mp.fsum((q - y) * v for q, y, v in zip(p(th, ph), won, x)) + 2 * ph]
    theta, phi = mp.findroot(gradient, (0, 0))
    m = mp.fsum(won) / n
    se = mp.sqrt(mp.fsum((y - m) ** 2 for y in won) / (n - 1)) / mp.sqrt(n)
    out["length_control"].append({"won": won, "model": [x for x, _ in lengths], "other": [y for _, y in lengths], "theta": float(theta), "phi": float(phi),
                                  "win_rate": float(100 * m), "standard_error": float(100 * se), "controlled": float(100 / (1 + mp.exp(-theta)))})

out["wilson"] = []
z = mp.sqrt(2) * mp.erfinv(mp.mpf("0.95"))
for share, n in [(0.5, 250), (0.0, 12), (1.0, 7), (0.731, 900)]:
    s = mp.mpf(share)
    centre, half = (s + z * z / (2 * n)) / (1 + z * z / n), z / (1 + z * z / n) * mp.sqrt(s * (1 - s) / n + z * z / (4 * mp.mpf(n) ** 2))
    out["wilson"].append([share, n, float(centre - half), float(centre + half)])
json.dump(out, sys.stdout)
