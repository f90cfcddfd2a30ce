#!/usr/bin/env python3
"""Writes masks.txt and coco-sample.txt: what pycocotools makes of outlines and of the real COCO sample.

    python3 make_masks.py SHARED      (SHARED holds data/coco-sample and reference/oracle.py;
                                       needs pycocotools, numpy, pillow, torch, h5py)

masks.txt, hashes being FNV-1a 64 of numpy's packbits of the mask [height, width]:
    polygon W H HASH X Y X Y …
    runs W H HASH COUNT COUNT …     string W H HASH STRING
coco-sample.txt:
    concept TOKEN …
    image ID SPLIT WIDTH HEIGHT SAMPLES HASH HASH_UNMERGED
with the hash of every sample in order: its number of concepts and the concepts (a byte each), then packbits of its
224×224 mask; the last column is the same without merging instances.
"""
import contextlib, io, os, sys
import numpy as np
from pycocotools import mask as M
from pycocotools.coco import COCO

HERE = os.path.dirname(os.path.abspath(__file__))


def fnv(data, h=0xCBF29CE484222325):
    for byte in bytes(data):
        h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


def packed(mask):
    return np.packbits(mask.astype(bool).reshape(-1)).tobytes()


rng = np.random.default_rng(3)
lines = []


def line(kind, w, h, mask, *rest):
    lines.append(f"{kind} {w} {h} {fnv(packed(mask)):016x} {' '.join(str(r) for r in rest)}".rstrip())


def polygon(w, h, xy):
    xy = [float(v) for v in xy]
    line("polygon", w, h, M.decode(M.merge(M.frPyObjects([xy], h, w))), *xy)


for i in range(150):
    w, h = (int(v) for v in rng.integers(1, 90, 2))
    k = int(rng.integers(3, 12))
    xy = rng.random((k, 2)) * [w, h]
    if i % 5 == 1: xy = xy * 2 - [w / 2, h / 2]                       # partly outside
    if i % 5 == 2: xy = np.round(xy)                                  # on whole pixels
    if i % 5 == 3: xy = np.round(xy * 5) / 5                          # on the fine grid
    if i % 5 == 4: xy = np.round(np.repeat(xy, 2, 0)[:11], 2)         # repeated points
    polygon(w, h, np.round(xy, 3).reshape(-1))
polygon(20, 20, [3, 3, 3, 3, 3, 3])                                   # a point
polygon(20, 20, [3, 3, 15, 3, 9, 3])                                  # a line
polygon(20, 20, [3, 3, 3, 15, 3, 9])
polygon(20, 20, [-50, -50, 90, -50, 90, 90, -50, 90])                 # around the image
polygon(20, 20, [30, 30, 40, 30, 40, 40])                             # beside the image
polygon(20, 20, [-30, 5, -10, 5, -10, 9])
polygon(20, 20, [0, 0, 20, 0, 20, 20, 0, 20])
polygon(20, 20, [0, 0, 19.99, 0, 19.99, 19.99, 0, 19.99])
polygon(20, 20, [2, 2, 17, 2, 17, 17, 2, 17, 2, 2, 6, 6, 6, 12, 12, 12, 12, 6, 6, 6])   # with a hole
polygon(20, 20, [2, 2, 17, 17, 17, 2, 2, 17])                         # a bow tie
polygon(1, 1, [0, 0, 1, 0, 1, 1, 0, 1])
polygon(20, 20, [2, 2, 17, 2, 17, 17, 2, 17, 5])                      # an odd number of numbers
for i in range(40):
    w, h = (int(v) for v in rng.integers(1, 60, 2))
    counts, left = [], w * h
    while left and len(counts) < 30:
        n = int(rng.integers(0, max(2, left // 3))) if i % 4 else int(rng.integers(0, left + 1))
        counts.append(min(n, left)); left -= counts[-1]
    if left: counts.append(left)
    rle = M.frPyObjects({"size": [h, w], "counts": counts}, h, w)
    line("runs", w, h, M.decode(rle), *counts)
    line("string", w, h, M.decode(rle), rle["counts"].decode())
with open(os.path.join(HERE, "masks.txt"), "w") as f:
    f.write("\n".join(lines) + "\n")
print(len(lines), "masks")

shared = sys.argv[1]
sys.path.insert(0, os.path.join(shared, "reference"))
from oracle import crop_mask
root = os.path.join(shared, "data", "coco-sample")
with open(os.path.join(shared, "data", "glove.6B.300d.sample.txt"), encoding="utf8") as f:
    known = {row.split(" ", 1)[0] for row in f}
parts = []
for split, name in ((0, "train2017"), (1, "val2017")):
    with contextlib.redirect_stdout(io.StringIO()):
        parts.append((split, COCO(os.path.join(root, "annotations", f"instances_{name}.json"))))
concepts = sorted({t for _, c in parts for cat in c.cats.values() for t in cat["name"].split(" ") if t in known})
index = {c: i for i, c in enumerate(concepts)}
lines = ["concept " + " ".join(concepts)]
for split, coco in parts:
    for i in sorted(coco.imgs):
        annotations = coco.loadAnns(sorted(coco.getAnnIds(i)))
        if not annotations: continue
        hashes, count = [], 0
        for merging in (True, False):
            samples = {}
            for k, a in enumerate(annotations):
                cats = tuple(index[t] for t in coco.cats[a["category_id"]]["name"].split(" ") if t in index)
                key = (cats, 0 if merging else k)
                if cats: samples[key] = samples.get(key, False) | crop_mask(coco.annToMask(a).astype(bool))
            if merging: count = len(samples)
            h = 0xCBF29CE484222325
            for (cats, _), mask in sorted(samples.items()):
                h = fnv(bytes([len(cats), *cats]) + packed(mask), h)
            hashes.append(f"{h:016x}")
        image = coco.imgs[i]
        lines.append(f"image {i} {split} {image['width']} {image['height']} {count} {' '.join(hashes)}")
with open(os.path.join(HERE, "coco-sample.txt"), "w") as f:
    f.write("\n".join(lines) + "\n")
print(len(lines) - 1, "images")
