#!/usr/bin/env python3
"""The metrics of METHOD 11 by a straightforward NumPy program, on the artifacts of a run.

    bench/evidence.py dataset.h5 features.h5 evidence.h5

Computes what `evidence` computed, word by word of the rows that its file has, and prints how long that took and the largest
difference; ends with 1 above 1e-6. Needs numpy and h5py. Artifacts by their names: lavise-pipeline status --json EXPERIMENT.
"""
import argparse
import sys
import time

import h5py
import numpy as np

SIDE = 224


def enlargement(size):
    """[224, size] weights of a bilinear enlargement with half-pixel centres, in the 32 bits that PyTorch takes them."""
    weights = np.zeros((SIDE, size), np.float32)
    scale = np.float32(size / SIDE)
    for i in range(SIDE):
        place = max(np.float32(np.float64(scale) * (i + 0.5) - 0.5), np.float32(0))
        low = min(int(place), size - 1)
        high = min(low + 1, size - 1)
        share = np.float32(place - low)
        weights[i, low] += np.float32(1) - share
        weights[i, high] += share
    return weights


def cells(size):
    """[size, 224] the share of a cell's side that a pixel has."""
    edges = np.arange(size + 1) * SIDE / size
    pixel = np.arange(SIDE)
    covered = np.minimum(pixel + 1, edges[1:, None]) - np.maximum(pixel, edges[:-1, None])
    return np.maximum(covered, 0) * size / SIDE


def pearson(n, x, xx, y, yy, xy):
    dx, dy = n * xx - x * x, n * yy - y * y
    ok = (dx > 1e-12 * n * xx) & (dy > 1e-12 * n * yy)
    return np.where(ok, (n * xy - x * y) / np.sqrt(np.where(ok, dx * dy, 1)), 0)


class Half:
    """Everything about the units and concepts on some images."""

    def __init__(self, dataset, features, rows, units, thresholds):
        concepts = len(dataset["concepts/token"])
        image_of, offset = dataset["instances/image"][:], dataset["instances/offset"][:]
        concept, packed = dataset["instances/concepts"][:], dataset["instances/mask224"]
        height, width = features.shape[2:]
        up_rows, up_columns = enlargement(height), enlargement(width)
        in_rows, in_columns = cells(height), cells(width)
        n, u = len(rows), len(units)
        self.common, self.region = np.zeros((u, concepts)), np.zeros(u)
        self.area, self.pixels = np.zeros(concepts), np.zeros((n, concepts), np.int64)
        self.cells = n * height * width
        self.map, self.map2, self.share, self.share2 = np.zeros(u), np.zeros(u), np.zeros(concepts), np.zeros(concepts)
        self.product, self.means = np.zeros((u, concepts)), np.zeros((n, u))
        for place, row in enumerate(rows):
            maps = features[row].astype(np.float32)[units]
            masks = {}
            for sample in np.flatnonzero(image_of == row):
                mask = np.unpackbits(packed[sample]).reshape(SIDE, SIDE).astype(bool)
                for t in concept[offset[sample]:offset[sample + 1]]:
                    masks[t] = masks[t] | mask if t in masks else mask
            flat = maps.reshape(u, -1).astype(np.float64)
            self.means[place] = flat.mean(1).astype(np.float32)
            self.map += flat.sum(1)
            self.map2 += (flat**2).sum(1)
            region = (up_rows @ (maps @ up_columns.T) > thresholds[:, None, None]).reshape(u, -1)
            self.region += region.sum(1)
            for t, mask in masks.items():
                covered = mask.sum()
                if covered == 0:
                    continue
                self.pixels[place, t] = covered
                self.area[t] += covered
                self.common[:, t] += region[:, mask.ravel()].sum(1)
                share = (in_rows @ mask @ in_columns.T).ravel()
                self.share[t] += share.sum()
                self.share2[t] += (share**2).sum()
                self.product[:, t] += flat @ share

    def scores(self, metric):
        if metric == "iou":
            union = self.region[:, None] + self.area - self.common
            return np.where(union > 0, self.common / np.maximum(union, 1), 0)
        if metric == "f1":
            return 2 * self.common / np.maximum(self.region[:, None] + self.area, 1)
        if metric == "pixel-corr":
            return pearson(self.cells, self.map[:, None], self.map2[:, None], self.share, self.share2, self.product)
        shown, means = (self.pixels > 0).astype(np.float64), self.means
        if metric == "auprc":
            return self.average_precision()
        n, xy = len(means), means.T @ shown
        a, aa, c = means.sum(0)[:, None], (means**2).sum(0)[:, None], shown.sum(0)
        if metric == "cos":
            norm = np.sqrt(aa * c)
            return np.where(norm > 0, xy / np.where(norm > 0, norm, 1), 0)
        return pearson(n, a, aa, c, c, xy)

    def average_precision(self):
        n, units = self.means.shape
        result, top = np.zeros((units, self.pixels.shape[1])), int(np.ceil(0.05 * n))
        for u in range(units):
            positive = np.zeros(n, bool)
            positive[np.argsort(-self.means[:, u].astype(np.float32), kind="stable")[:top]] = True
            for t in range(self.pixels.shape[1]):
                score = self.pixels[:, t]
                order = np.argsort(-score, kind="stable")
                ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
                found = np.cumsum(positive[order])[ends]
                result[u, t] = (np.diff(found, prepend=0) / top * found / (ends + 1)).sum()
        return result

    def simulation(self, u, words, weights):
        predicted = (self.pixels[:, words] > 0) @ weights
        a, p = self.means[:, u] - self.means[:, u].mean(), predicted - predicted.mean()
        norm = np.sqrt((a**2).sum() * (p**2).sum())
        return (a * p).sum() / norm if norm > 0 else 0


def thresholds(features, rows, units):
    values = np.stack([features[row].astype(np.float32)[units].reshape(len(units), -1) for row in rows], 1)
    return np.quantile(values.reshape(len(units), -1).astype(np.float64), 0.995, axis=1).astype(np.float32)


def main():
    parser = argparse.ArgumentParser()
    for name in ("dataset", "features", "evidence"):
        parser.add_argument(name)
    arguments = parser.parse_args()
    dataset, evidence = h5py.File(arguments.dataset), h5py.File(arguments.evidence)
    features, units = h5py.File(arguments.features)["features"], evidence["units"][:]
    began = time.perf_counter()
    halves = []
    for number in range(len(evidence["images"])):
        rows = evidence[f"halves/{number}"][:]
        halves.append(Half(dataset, features, rows, units, thresholds(features, rows, units)))
    if len(halves) == 1:
        halves *= 2
        sys.exit("words and scores share their images: compare a run without sharedImages")
    metrics = [name.decode() for name in evidence["metrics"][:]]
    scored = [halves[1], halves[0]]
    matrices = {m: [half.scores(m) for half in scored] for m in metrics}
    seconds, worst = time.perf_counter() - began, {}
    for row in [name.decode() for name in evidence["rows/name"][:]]:
        for metric in metrics:
            ours = evidence[f"rows/score/{row}/{metric}"][:]
            parts = []
            for direction, half in enumerate(scored):
                matrix = matrices[metric][direction]
                if row == "random":
                    parts.append(matrix.mean(1))
                    continue
                if row == "best":
                    parts.append(matrix.max(1))
                    continue
                words = evidence[f"rows/words/{row}"][direction]
                weights = evidence[f"rows/weights/{row}"][direction]
                none = np.ceil(0.05 * len(half.means)) / len(half.means) if metric == "auprc" else 0
                values = np.zeros(len(units))
                for u in range(len(units)):
                    said = words[u] >= 0
                    if metric == "simulation" and (words[u] != -1).sum() > 1:
                        values[u] = half.simulation(u, words[u][said], weights[u][said])
                    else:
                        values[u] = matrix[u, words[u][0]] if words[u][0] >= 0 else none
                parts.append(values)
            worst[metric] = max(worst.get(metric, 0), np.abs(np.mean(parts, 0) - ours).max())
    print(f"{seconds:.1f} s; largest differences: " + ", ".join(f"{m} {d:.1e}" for m, d in worst.items()))
    sys.exit(any(d > 1e-6 for d in worst.values()))


main()
