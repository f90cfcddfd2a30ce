#!/usr/bin/env python3
"""Writes the JPEG files beside this script and goldens.txt: what Pillow makes of them and of generated pixels.

    python3 make_imaging.py        (needs pillow < 13 and numpy)

Pillow 13 sometimes makes the vertical pass first (its pull request 9549); METHOD 1.2 is horizontal first, as in all
earlier releases. For METHOD's own resize, which keeps the aspect ratio, both give the same bits.

Lines of goldens.txt, hashes being FNV-1a 64 of the bytes [height, width, 3]:
    jpeg NAME WIDTH HEIGHT RGB CROP224
    refused NAME
    resize W H TO_W TO_H X0 Y0 X1 Y1 RGB         of the generated image W×H
    crop W H CROP224                             of the generated image W×H
    nearest W H TO_W TO_H MASK                   of the generated mask W×H, hash of numpy's packbits
    maskcrop W H MASK
    view W H FILTER SHORTER SIDE RGB             of the generated image W×H: its shorter side to SHORTER, then the central square
"""
import io, os, struct
import numpy as np, PIL
from PIL import Image

assert int(PIL.__version__.split(".")[0]) < 13, "needs Pillow < 13 (see above)"
HERE = os.path.dirname(os.path.abspath(__file__))
lines = []


def fnv(data):
    h = 0xCBF29CE484222325
    for byte in bytes(data):
        h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


def noise(w, h, channels=3):
    """The generated image W×H: top bytes of a linear congruential generator."""
    s, out = (w * 65537 + h) & 0xFFFFFFFF, bytearray(w * h * channels)
    for i in range(len(out)):
        s = (s * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = s >> 24
    return np.frombuffer(bytes(out), np.uint8).reshape(h, w, channels)


def smooth(w, h, channels=3):
    y, x = np.mgrid[0:h, 0:w]
    waves = [127 + 80 * np.sin(x / (5 + c)) + 40 * np.cos(y / (3 + 2 * c)) for c in range(channels)]
    return np.stack(waves, -1).clip(0, 255).astype(np.uint8)


def crop224(image):
    return view(image, Image.BILINEAR, 256, 224)


def view(image, resampling, shorter, side):
    """As torchvision's Resize and CenterCrop of a PIL image."""
    w, h = image.size
    W, H = (shorter, int(shorter * h / w)) if w <= h else (int(shorter * w / h), shorter)
    x, y = int(round((W - side) / 2.0)), int(round((H - side) / 2.0))
    return image.resize((W, H), resampling).crop((x, y, x + side, y + side))


def saved(array, mode="RGB", **options):
    buffer = io.BytesIO()
    Image.fromarray(array if array.shape[2] > 1 else array[..., 0], mode).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def with_transform(data, transform):
    """The file with another colour transform in its Adobe marker."""
    at = data.index(b"Adobe")
    return data[:at + 11] + bytes([transform]) + data[at + 12:]


def with_sampling(data, factors):
    """The 4:2:0 file's frame header with other sampling factors for the first component."""
    at = data.index(b"\xff\xc0")
    return data[:at + 11] + bytes([factors]) + data[at + 12:]


def orientation(data):
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


files = {
    "landscape": saved(smooth(201, 117)),
    "portrait": saved(smooth(97, 211), quality=90),
    "square": saved(smooth(64, 64)),
    "wide-1": saved(smooth(150, 1)),
    "tall-1": saved(smooth(1, 150)),
    "pixel": saved(smooth(1, 1)),
    "grey": saved(smooth(83, 61, 1), "L"),
    "cmyk": saved(smooth(75, 52, 4), "CMYK"),
    "ycck": with_transform(saved(smooth(75, 52, 4), "CMYK"), 2),
    "progressive": saved(smooth(133, 99), progressive=True),
    "restart": saved(smooth(133, 99), restart_marker_blocks=2),
    "rgb-444": saved(smooth(53, 49), subsampling=0, keep_rgb=True),
    "odd-444": saved(smooth(53, 49), subsampling=0),
    "odd-422": saved(smooth(53, 49), subsampling=1),
    "odd-420": saved(smooth(53, 49), subsampling=2),
    "odd-440": with_sampling(saved(smooth(53, 49), subsampling=1), 0x12),
    "orientation": orientation(saved(smooth(61, 40))),
    "trailing": saved(smooth(40, 30)) + b"more bytes",
}
files["no-end"] = files["trailing"][:-10 - 2] + b"\xff\xd0"     # another marker where the end marker should be
refused = {
    "truncated": files["landscape"][:len(files["landscape"]) // 2],
    "truncated-progressive": files["progressive"][:-200],
    "cut-end": files["landscape"][:-2],
    "header-only": files["landscape"][:300],
    "empty": b"",
    "text": b"This is no JPEG.\n",
}
for name, data in {**files, **refused}.items():
    with open(os.path.join(HERE, name + ".jpg"), "wb") as f:
        f.write(data)
    try:
        image = Image.open(io.BytesIO(data)).convert("RGB")
    except Exception:
        assert name in refused, name
        lines.append(f"refused {name}")
        continue
    assert name in files, name
    lines.append(f"jpeg {name} {image.width} {image.height} {fnv(image.tobytes())} {fnv(crop224(image).tobytes())}")

rng = np.random.default_rng(7)
for i in range(48):
    w, h, W, H = (int(v) for v in rng.integers(1, 120, 4))
    W, H = (w if i % 6 == 0 else W), (h if i % 6 == 1 else H)
    box = (0.0, 0.0, float(w), float(h))
    if i % 3 == 1:
        box = (float(w // 3), float(h // 4), float(w), float(h))
    if i % 3 == 2:
        (x0, x1), (y0, y1) = sorted(rng.random(2) * w), sorted(rng.random(2) * h)
        box = tuple(round(float(v), 3) for v in (x0, y0, min(x1 + 0.01, w), min(y1 + 0.01, h)))
    out = Image.fromarray(noise(w, h)).resize((W, H), Image.BILINEAR, box)
    lines.append(f"resize {w} {h} {W} {H} {' '.join(map(str, box))} {fnv(out.tobytes())}")
for w, h in [(1, 1), (1, 200), (200, 1), (2, 77), (3, 1000), (255, 255), (256, 256), (224, 224), (257, 256), (256, 257),
             (320, 213), (213, 320), (300, 299), (99, 101), (511, 128), (640, 31), (31, 33)]:
    lines.append(f"crop {w} {h} {fnv(crop224(Image.fromarray(noise(w, h))).tobytes())}")


def mask_bits(image):
    return np.packbits(np.asarray(image).astype(bool).reshape(-1)).tobytes()


for i in range(30):
    w, h, W, H = (int(v) for v in rng.integers(1, 300, 4))
    if i % 2:
        W = H = (7, 14, 28, 56, 6)[i // 2 % 5]
    mask = Image.fromarray((noise(w, h, 1)[..., 0] >= 128).astype(np.uint8))
    lines.append(f"nearest {w} {h} {W} {H} {fnv(mask_bits(mask.resize((W, H), Image.NEAREST)))}")
for w, h in [(640, 480), (480, 640), (500, 333), (256, 256), (37, 51), (1, 9), (427, 640), (224, 224)]:
    W, H = (256, int(256 * h / w)) if w <= h else (int(256 * w / h), 256)
    x, y = int(round((W - 224) / 2.0)), int(round((H - 224) / 2.0))
    mask = Image.fromarray((noise(w, h, 1)[..., 0] >= 128).astype(np.uint8))
    lines.append(f"maskcrop {w} {h} {fnv(mask_bits(mask.resize((W, H), Image.NEAREST).crop((x, y, x + 224, y + 224))))}")

for w, h in [(640, 480), (480, 640), (500, 333), (256, 256), (37, 51), (1, 9), (427, 640), (224, 224), (333, 77), (3, 1000)]:
    for name, resampling in (("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)):
        # torchvision's own: of most, Inception v3, EfficientNet-B1, B3 and B7, V2-S; and crops without a border.
        for shorter, side in ((256, 224), (342, 299), (255, 240), (320, 300), (633, 600), (384, 384), (64, 64)):
            image = view(Image.fromarray(noise(w, h)), resampling, shorter, side)
            lines.append(f"view {w} {h} {name} {shorter} {side} {fnv(image.tobytes())}")

with open(os.path.join(HERE, "goldens.txt"), "w") as f:
    f.write("\n".join(lines) + "\n")
print(len(lines), "lines,", sum(map(len, files.values())) + sum(map(len, refused.values())), "bytes of JPEG")
