"""Writes bias.json: tests and intervals of differences of shares by SciPy.

    pip install scipy && python make_bias.py
"""
import json

from scipy.stats import binomtest, false_discovery_control, fisher_exact

IMAGES = (24, 31)
ACTIVE = [(20, 3), (3, 20), (0, 0), (24, 31), (24, 0), (12, 15), (12, 16), (1, 9), (7, 2), (5, 5), (0, 31), (9, 12)]


def newcombe(a, b):
    """Newcombe 1998, method 10: the difference's interval from Wilson's of both."""
    (p, l, u), (q, m, v) = [
        (k / n, *binomtest(k, n).proportion_ci(0.95, method="wilson")) for k, n in ((a, IMAGES[0]), (b, IMAGES[1]))]
    return p - q, p - q - ((p - l) ** 2 + (v - q) ** 2) ** 0.5, p - q + ((u - p) ** 2 + (q - m) ** 2) ** 0.5


p = [fisher_exact([[a, IMAGES[0] - a], [b, IMAGES[1] - b]]).pvalue for a, b in ACTIVE]
q = false_discovery_control(p, method="bh")
rows = [dict(zip(("own", "others", "difference", "low", "high", "p", "q"), (a, b, *newcombe(a, b), p[i], float(q[i]))))
        for i, (a, b) in enumerate(ACTIVE)]
with open("bias.json", "w") as file:
    json.dump({"images": IMAGES, "rows": rows}, file, indent=1)
    file.write("\n")
