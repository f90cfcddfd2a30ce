"""Makes Revisions/: the tiny dataset and word vectors on which RevisionGuardTests pins what each stage leaves.

    python3 make_revisions.py        (numpy, Pillow)

Seven drawn JPEG files with polygons, one crowd and one word without a vector, in COCO's layout, and twelve word vectors.
"""
import json
import pathlib

import numpy as np
from PIL import Image, ImageDraw

ROOT = pathlib.Path(__file__).parent / "Revisions"
WORDS = ["cat", "dog", "car", "tree", "ball", "house", "boat", "bird", "red", "round", "small", "traffic"]
CATEGORIES = ["cat", "dog", "car", "tree", "ball", "gadget"]

random = np.random.default_rng(0)
ROOT.mkdir(exist_ok=True)
(ROOT / "annotations").mkdir(exist_ok=True)
image_id = 0
for split, count in [("train2017", 4), ("val2017", 3)]:
    (ROOT / split).mkdir(exist_ok=True)
    images, annotations = [], []
    for _ in range(count):
        image_id += 1
        width, height = (56, 44) if image_id % 2 else (40, 60)
        base = random.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
        picture = Image.fromarray(base).resize((width, height), Image.BILINEAR)
        name = f"{image_id:012d}.jpg"
        for instance in range(3):
            x, y = int(random.integers(2, width - 24)), int(random.integers(2, height - 24))
            category = int(random.integers(0, len(CATEGORIES)))
            polygon = [x, y, x + 22, y + 2, x + 18, y + 20, x + 3, y + 22]
            colour = tuple(int(c) for c in random.integers(0, 256, 3))
            ImageDraw.Draw(picture).polygon(list(zip(polygon[::2], polygon[1::2])), fill=colour)
            segmentation, crowd = [polygon], 0
            if image_id == 2 and instance == 2:
                outside = width * height - 300
                segmentation, crowd = {"size": [height, width], "counts": [100, 300, outside - 100]}, 1
            annotations.append({
                "id": 100 * image_id + instance, "image_id": image_id, "category_id": category + 1, "iscrowd": crowd, "area": 300,
                "bbox": [x, y, 22, 22], "segmentation": segmentation,
            })
        picture.save(ROOT / split / name, quality=60)
        images.append({"id": image_id, "file_name": name, "width": width, "height": height})
    categories = [{"id": index + 1, "name": name} for index, name in enumerate(CATEGORIES)]
    text = json.dumps({"images": images, "annotations": annotations, "categories": categories}, indent=1)
    (ROOT / "annotations" / f"instances_{split}.json").write_text(text + "\n")
lines = [" ".join([word] + [f"{value:.4f}" for value in random.normal(size=8)]) for word in WORDS]
(ROOT / "glove.txt").write_text("\n".join(lines) + "\n")
