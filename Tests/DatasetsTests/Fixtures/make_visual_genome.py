#!/usr/bin/env python3
"""Writes visual-genome-excerpt.txt: METHOD 2's rules on the real excerpt, written again in Python.

    python3 make_visual_genome.py SHARED    (SHARED holds data/ and reference/oracle.py; needs numpy and the oracle's modules)

For the rules as they are ("lemma") and with the deviations firstWordOfSynset ("first") and transposedBoxMask ("transposed"),
instances counted over all data, at least 3 of them, for images taken to be 800×600:
    concepts RULE TOKEN …
    image RULE ID SAMPLES HASH
with the FNV-1a 64 of every sample in order: its concept (two bytes, big end first), then packbits of its 224×224 mask.
"""
import collections, json, os, sys
import numpy as np

shared = sys.argv[1]
sys.path.insert(0, os.path.join(shared, "reference"))
from oracle import crop_mask


def fnv(data, h):
    h = 0xCBF29CE484222325 if h is None else h
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


W, H = 800, 600
with open(os.path.join(shared, "data", "glove.6B.300d.sample.txt"), encoding="utf8") as f:
    known = {row.split(" ", 1)[0] for row in f}
data = json.load(open(os.path.join(shared, "data", "visual-genome-excerpt", "objects.json")))
lines = []
for rule in ("lemma", "first", "transposed"):
    def word(synset):
        lemma = synset.split(".")[0]
        return lemma.split("_")[0] if rule == "first" else lemma

    counts = collections.Counter(c for image in data for o in image["objects"] for c in {word(s) for s in o["synsets"]} if c in known)
    concepts = sorted(c for c, n in counts.items() if n >= 3)
    index = {c: i for i, c in enumerate(concepts)}
    lines.append(f"concepts {rule} " + " ".join(concepts))
    for image in sorted(data, key=lambda image: image["image_id"]):
        samples = {}
        for o in image["objects"]:
            mask = np.zeros((W, H) if rule == "transposed" else (H, W), bool)
            x0, y0 = max(0, o["x"]), max(0, o["y"])
            mask[y0:max(0, o["y"] + o["h"]), x0:max(0, o["x"] + o["w"])] = True
            for c in {word(s) for s in o["synsets"]}:
                if c in index: samples[index[c]] = samples.get(index[c], False) | crop_mask(mask)
        if samples:
            h = None
            for c, mask in sorted(samples.items()):
                h = fnv(bytes([c >> 8, c & 255]) + np.packbits(mask.reshape(-1)).tobytes(), h)
            lines.append(f"image {rule} {image['image_id']} {len(samples)} {h:016x}")
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "visual-genome-excerpt.txt"), "w") as f:
    f.write("\n".join(lines) + "\n")
print(len(lines), "lines")
