"""Maps enlarged and drawn as the report draws them."""

import numpy as np
from PIL import Image

SIDE = 224
OUTLINE = (255, 214, 0)


def enlarged(values: np.ndarray, side: int = SIDE) -> np.ndarray:
    """A map [h, w] bilinearly to [side, side] with half-pixel centres (METHOD 6.3, `align_corners=False`)."""

    def taps(length: int):
        place = np.maximum((np.arange(side, dtype=np.float32) + np.float32(0.5)) * np.float32(length / side) - np.float32(0.5), 0)
        low = np.minimum(place.astype(int), length - 1)
        high = np.minimum(low + 1, length - 1)
        return low, high, np.clip(place - low, 0, 1).astype(np.float32)

    (top, bottom, down), (left, right, along) = taps(values.shape[0]), taps(values.shape[1])
    wide = values[:, left] * (1 - along) + values[:, right] * along
    return wide[top] * (1 - down)[:, None] + wide[bottom] * down[:, None]


def heat_map(picture: np.ndarray, region: np.ndarray) -> Image.Image:
    """A picture [side, side, 3] with a region bright and outlined by two pixels, the rest dimmed and grey."""
    near = np.zeros_like(region)
    for reach in (1, 2):
        for axis in (0, 1):
            moved = np.zeros_like(region)
            before, after = [slice(None)] * 2, [slice(None)] * 2
            before[axis], after[axis] = slice(reach, None), slice(None, -reach)
            moved[tuple(before)] |= region[tuple(after)]
            moved[tuple(after)] |= region[tuple(before)]
            near |= moved
    grey = (picture.astype(np.int64).sum(axis=2) / 3 * 0.5).astype(np.uint8)
    shown = np.where(region[..., None], picture, grey[..., None])
    shown[near & ~region] = OUTLINE
    return Image.fromarray(shown.astype(np.uint8))
