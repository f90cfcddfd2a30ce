"""Writes evidence.h5: the metrics of METHOD 11 on small random data by NumPy and scikit-learn.

    pip install numpy h5py scikit-learn && python make_evidence.py
"""
import h5py
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.metrics import average_precision_score, f1_score, jaccard_score, roc_auc_score
from sklearn.metrics.pairwise import cosine_similarity

IMAGES, UNITS, CONCEPTS, SIDE = 40, 5, 6, 224
random = np.random.default_rng(22)


def rectangles():
    """[M, 6] image, concept, x0, y0, x1, y1; concept 5 occurs in no image, concept 0 in most."""
    rows = []
    for image in range(IMAGES):
        for concept in range(CONCEPTS - 1):
            for _ in range(random.integers(0, 3) if random.random() < (0.9, 0.5, 0.4, 0.2, 0.1)[concept] else 0):
                x, y = random.integers(0, SIDE - 10, 2)
                w, h = random.integers(5, 150, 2)
                rows.append((image, concept, x, y, min(x + w, SIDE), min(y + h, SIDE)))
    return np.array(rows, np.int32)


def masks(rows):
    masks = np.zeros((CONCEPTS, IMAGES, SIDE, SIDE), bool)
    for image, concept, x0, y0, x1, y1 in rows:
        masks[concept, image, y0:y1, x0:x1] = True
    return masks


def enlarged(maps):
    """Bilinear, half-pixel centres."""
    def matrix(size):
        weights = np.zeros((SIDE, size))
        for i in range(SIDE):
            place = max((i + 0.5) * size / SIDE - 0.5, 0)
            low = min(int(place), size - 1)
            weights[i, low] += 1 - (place - low)
            weights[i, min(low + 1, size - 1)] += place - low
        return weights
    rows, columns = matrix(maps.shape[-2]), matrix(maps.shape[-1])
    return np.einsum("yh,nuhw,xw->nuyx", rows, maps.astype(np.float64), columns)


def shares(masks, size):
    """[C, N, size, size] the covered share of every cell."""
    weights = np.zeros((size, SIDE))
    for cell in range(size):
        for pixel in range(SIDE):
            weights[cell, pixel] = max(0, min(pixel + 1, (cell + 1) * SIDE / size) - max(pixel, cell * SIDE / size)) * size / SIDE
    return np.einsum("ay,cnyx,bx->cnab", weights, masks.astype(np.float64), weights)


def pearson(a, b):
    return 0.0 if a.std() == 0 or b.std() == 0 else np.corrcoef(a, b)[0, 1]


def main():
    rows = rectangles()
    mask = masks(rows)
    present = mask.any((2, 3)).T.astype(np.float64)
    covered = mask.mean((2, 3)).T
    with h5py.File("evidence.h5", "w", track_order=False) as file:
        file["rectangles"] = rows
        for height, width in ((7, 7), (6, 6), (14, 14)):
            maps = np.maximum(random.normal(0, 1, (IMAGES, UNITS, height, width)), 0).astype(np.float32)
            maps[:, 1] += 0.5 * shares(mask, height)[0].astype(np.float32)
            maps[:, 2] = 0.01 * maps[:, 2] + shares(mask, height)[4].astype(np.float32)
            maps[:, UNITS - 1] = 0
            thresholds = np.quantile(maps.transpose(1, 0, 2, 3).reshape(UNITS, -1), 0.995, axis=1).astype(np.float32)
            region = enlarged(maps) > thresholds[None, :, None, None]
            share, mean = shares(mask, height), maps.mean((2, 3), dtype=np.float64)
            order = np.argsort(-mean.astype(np.float32), axis=0, kind="stable")
            highest = np.zeros((IMAGES, UNITS), int)
            for unit in range(UNITS):
                highest[order[: int(np.ceil(0.05 * IMAGES)), unit], unit] = 1
            expected = {name: np.zeros((UNITS, CONCEPTS)) for name in ("iou", "f1", "pixel-corr", "corr", "cos", "auprc", "auc", "recall")}
            for u in range(UNITS):
                for t in range(CONCEPTS):
                    active, truth = region[:, u].ravel(), mask[t].ravel()
                    expected["iou"][u, t] = jaccard_score(truth, active, zero_division=0)
                    expected["f1"][u, t] = f1_score(truth, active, zero_division=0)
                    expected["recall"][u, t] = (active & truth).sum() / max(active.sum(), 1)
                    expected["pixel-corr"][u, t] = pearson(maps[:, u].ravel().astype(np.float64), share[t].ravel())
                    expected["corr"][u, t] = pearson(mean[:, u], present[:, t])
                    expected["cos"][u, t] = cosine_similarity(mean[None, :, u], present[None, :, t])[0, 0]
                    expected["auprc"][u, t] = average_precision_score(highest[:, u], covered[:, t])
                    labels = present[:, t]
                    expected["auc"][u, t] = 0.5 if labels.min() == labels.max() else roc_auc_score(labels, mean[:, u].astype(np.float32))
            group = file.create_group(f"{height}x{width}")
            group["maps"], group["thresholds"], group["means"] = maps, thresholds, mean
            for name, values in expected.items():
                group[name] = values
            penalties = (0.1, 10.0)
            models = [Ridge(alpha=penalty).fit(present, mean) for penalty in penalties]
            group["ridge"] = np.stack([model.coef_ for model in models])
            half = np.arange(IMAGES) % 2 == 0
            model = Ridge(alpha=1.0).fit(present[half], mean[half])
            group["ridge-errors"] = ((model.predict(present[~half]) - mean[~half]) ** 2).sum(0)
            words, weights = np.array([0, 2, 3]), np.array([0.7, 2.0, -1.0])
            group["simulation"] = np.array([pearson(mean[:, u], present[:, words] @ weights) for u in range(UNITS)])


main()
