#!/usr/bin/env python3
"""Ridge probes of concepts on a layer's cells by NumPy alone: probes.json. Usage: make_probes.py > probes.json"""
import json

import numpy as np

images, channels, grid, side, concepts = 24, 6, 4, 16, 3
random = np.random.default_rng(7)
boxes, shares = [], np.zeros((images, concepts, grid, grid))
for image in range(images):
    for concept in range(concepts):
        if random.random() < 0.3:
            continue
        x, y = random.integers(0, 10, 2)
        w, h = random.integers(3, 7, 2)
        mask = np.zeros((side, side))
        mask[y:y + h, x:x + w] = 1
        shares[image, concept] = mask.reshape(grid, 4, grid, 4).mean((1, 3))
        boxes.append([image, concept, int(x), int(y), int(w), int(h)])
mixing = random.normal(size=(channels, concepts))
maps = np.einsum("kc,nchw->nkhw", mixing, shares) + 0.3 * random.random((images, channels, grid, grid))
maps = maps.astype(np.float32)
cells = maps.transpose(0, 2, 3, 1).reshape(-1, channels).astype(np.float64)
covered = (shares >= 0.5).transpose(0, 2, 3, 1).reshape(-1, concepts).astype(np.float64)
centred, answers = cells - cells.mean(0), covered - covered.mean(0)
gram = centred.T @ centred
directions = np.linalg.solve(gram + 0.01 * np.trace(gram) / channels * np.eye(channels), centred.T @ answers).T
directions /= np.linalg.norm(directions, axis=1, keepdims=True)
print(json.dumps({
    "images": images, "channels": channels, "grid": grid, "side": side, "boxes": boxes,
    "maps": [round(float(x), 9) for x in maps.ravel()], "directions": directions.tolist(),
}))
