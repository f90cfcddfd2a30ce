#!/usr/bin/env python3
"""Writes pictures of every kind into `pictures` beside this script, and pictures.txt: what Pillow's convert("RGB") makes of them.

    python3 make_pictures.py        (needs pillow < 13 with WebP and TIFF, and numpy)

Lines of pictures.txt, hashes being FNV-1a 64 of the bytes [height, width, 3]:
    picture FILE WIDTH HEIGHT RGB
    refused FILE
    upright FILE WIDTH HEIGHT RGB       turned by ImageOps.exif_transpose
"""
import io, os, struct, zlib
import numpy as np
from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(17)
W, H = 37, 29


def fnv(data):
    h = 0xCBF29CE484222325
    for byte in bytes(data):
        h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def packed(samples, depth):
    """Rows [h, w·channels] of numbers as PNG packs them, each row after its filter byte."""
    out = b""
    for row in samples:
        if depth == 16:
            data = row.astype(">u2").tobytes()
        elif depth == 8:
            data = row.astype(np.uint8).tobytes()
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in row)
            bits += "0" * (-len(bits) % 8)
            data = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
        out += b"\0" + data
    return out


def png(samples, colour, depth, interlaced=False, extra=b"", size=None):
    """A PNG of samples [h, w, channels]."""
    h, w, c = samples.shape
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)] if interlaced else [(0, 0, 1, 1)]
    parts = [samples[y::dy, x::dx] for x, y, dx, dy in passes]
    data = b"".join(packed(p.reshape(p.shape[0], -1), depth) for p in parts if p.size)
    header = struct.pack(">IIBBBBB", *(size or (w, h)), depth, colour, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def drawn(channels, top):
    return rng.integers(0, top + 1, (H, W, channels))


def bmp(rows, bits, width, height, palette=b"", header=40, compression=0, masks=b"", colours=0):
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(rows), 2835, 2835, colours, 0) + masks
    start = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + info + palette + rows


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


palette = chunk(b"PLTE", rng.integers(0, 256, 3 * 200, dtype=np.uint8).tobytes())
short = chunk(b"PLTE", bytes([10, 20, 30, 200, 100, 50]))
files = {}
for interlaced in (False, True):
    mark = "-interlaced" if interlaced else ""
    for depth in (1, 2, 4, 8, 16):
        files[f"grey{depth}{mark}.png"] = png(drawn(1, 2**depth - 1), 0, depth, interlaced)
        if depth <= 8:
            files[f"palette{depth}{mark}.png"] = png(drawn(1, min(2**depth, 200) - 1), 3, depth, interlaced,
                palette if depth == 8 else chunk(b"PLTE", rng.integers(0, 256, 3 * 2**depth, dtype=np.uint8).tobytes()))
        if depth >= 8:
            for name, colour, channels in (("rgb", 2, 3), ("grey-alpha", 4, 2), ("rgba", 6, 4)):
                files[f"{name}{depth}{mark}.png"] = png(drawn(channels, 2**depth - 1), colour, depth, interlaced)
dim = drawn(1, 400)
files["grey16-dim.png"] = png(dim, 0, 16)
files["palette-transparent.png"] = png(drawn(1, 199), 3, 8, False, palette + chunk(b"tRNS", bytes(range(150))))
files["palette-beyond.png"] = png(drawn(1, 5), 3, 8, False, short)
files["rgb-transparent.png"] = png(drawn(3, 3), 2, 8, False, chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3)))
files["grey-transparent.png"] = png(drawn(1, 255), 0, 8, False, chunk(b"tRNS", struct.pack(">H", 7)))
files["gamma.png"] = png(drawn(3, 255), 2, 8, False, chunk(b"gAMA", struct.pack(">I", 100000)))
files["named.jpg"] = files["rgb8.png"]
files["no-end.png"] = files["rgb8.png"][:-12]

ramp = np.stack(np.meshgrid(np.arange(W) * 6, np.arange(H) * 8), -1)
smooth = Image.fromarray(np.concatenate([ramp, ramp[..., :1] // 2 + 40], -1).astype(np.uint8), "RGB")
noisy = Image.fromarray(rng.integers(0, 256, (H, W, 3), dtype=np.uint8), "RGB")
clear = Image.fromarray(rng.integers(0, 256, (H, W, 4), dtype=np.uint8), "RGBA")
files["lossy.webp"] = saved(smooth, "WEBP", quality=80)
files["lossy-odd.webp"] = saved(noisy, "WEBP", quality=40)
files["lossless.webp"] = saved(noisy, "WEBP", lossless=True)
files["alpha.webp"] = saved(clear, "WEBP", lossless=True, exact=True)
files["alpha-lossy.webp"] = saved(clear, "WEBP", quality=70)
files["animated.webp"] = saved(smooth, "WEBP", save_all=True, append_images=[noisy], duration=50)
files["plain.gif"] = saved(smooth.quantize(64), "GIF", interlace=0)
files["interlaced.gif"] = saved(smooth.quantize(64), "GIF", interlace=1)
files["transparent.gif"] = saved(smooth.quantize(64), "GIF", transparency=3)
files["grey.gif"] = saved(noisy.convert("L"), "GIF")
files["two-colours.gif"] = saved(noisy.convert("1"), "GIF")
files["animated.gif"] = saved(smooth.quantize(16), "GIF", save_all=True, append_images=[noisy.quantize(16)], duration=50)


def moved(data, x, y, width, height, transparent=None):
    """The GIF with its frame at (x, y) of a canvas of another size."""
    at = data.index(b"\x2c")
    while data[at + 1:at + 5] != b"\0\0\0\0" or struct.unpack("<HH", data[at + 5:at + 9]) != (W, H):
        at = data.index(b"\x2c", at + 1)
    data = data[:at + 1] + struct.pack("<HH", x, y) + data[at + 5:]
    return data[:6] + struct.pack("<HH", width, height) + data[10:]


files["frame-inside.gif"] = moved(files["plain.gif"], 5, 3, 50, 40)
files["frame-inside-transparent.gif"] = moved(files["transparent.gif"], 5, 3, 50, 40)
files["frame-beyond.gif"] = moved(files["plain.gif"], 5, 3, 20, 20)

for mode in ("1", "L", "RGB", "P", "RGBA"):
    image = {"P": smooth.quantize(64), "RGBA": clear}.get(mode) or noisy.convert(mode)
    files[f"{mode.lower()}.bmp"] = saved(image, "BMP")


def lines(values, size, width):
    """Rows of numbers of `size` bytes, padded to four."""
    return b"".join(row.astype(f"<u{size}").tobytes().ljust((width * size + 3) // 4 * 4, b"\0") for row in values)


five = rng.integers(0, 2**16, (H, W))
deep = rng.integers(0, 2**32, (H, W))
files["bits16.bmp"] = bmp(lines(five, 2, W), 16, W, H)
files["bits16-565.bmp"] = bmp(lines(five, 2, W), 16, W, H, compression=3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F))
files["bits32.bmp"] = bmp(lines(deep, 4, W), 32, W, H)
files["bits32-masks.bmp"] = bmp(lines(deep, 4, W), 32, W, H, compression=3, masks=struct.pack("<III", 0xFF000000, 0xFF0000, 0xFF00))
files["top-down.bmp"] = bmp(lines(deep, 4, W), 32, W, -H)
nibbles = rng.integers(0, 256, (H, 19), dtype=np.uint8)
sixteen = rng.integers(0, 256, 64, dtype=np.uint8).tobytes()
files["bits4.bmp"] = bmp(lines(nibbles, 1, 19), 4, W, H, sixteen)
eight = rng.integers(0, 7, (H, W), dtype=np.uint8)
files["few-colours.bmp"] = bmp(lines(eight, 1, W), 8, W, H, sixteen[:28], colours=7)
files["os2.bmp"] = bmp(lines(eight, 1, W), 8, W, H, rng.integers(0, 256, 768, dtype=np.uint8).tobytes(), header=12)

exif = lambda n: b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes([n]) + b"\0\0\0\0\0\0"
turned = []
for n in range(1, 9):
    files[f"turned{n}.jpg"] = saved(smooth, "JPEG", exif=exif(n))
    turned.append(f"turned{n}.jpg")
files["turned6.png"] = saved(smooth, "PNG", exif=exif(6))
files["turned8.webp"] = saved(smooth, "WEBP", lossless=True, exif=exif(8))
files["turned-little.jpg"] = saved(smooth, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0\0\0\0\0")
turned += ["turned6.png", "turned8.webp", "turned-little.jpg"]

rng = np.random.default_rng(29)


def runs8(indices):
    """BI_RLE8: runs, literals, ends of lines, a delta over what is zero."""
    out = b""
    for y, row in enumerate(indices):
        x = 0
        while x < len(row):
            same = 1
            while x + same < len(row) and row[x + same] == row[x] and same < 255:
                same += 1
            if same > 1 or len(row) - x < 4:
                out += bytes([same, row[x]])
                x += same
            else:
                length = min(5, len(row) - x)
                out += bytes([0, length]) + bytes(row[x:x + length]) + b"\0" * (length % 2)
                x += length
        out += b"\0\0" if y + 1 < len(indices) else b"\0\1"
    return out


def runs4(indices):
    """BI_RLE4: runs of two alternating indices, even literals."""
    out = b""
    for row in indices:
        for x in range(0, W - 1, 6):
            part = [int(v) for v in row[x:x + 6]]
            if len(part) == 6:
                out += bytes([0, 6]) + bytes(part[i] << 4 | part[i + 1] for i in (0, 2, 4)) + b"\0"
            else:
                out += bytes([len(part), part[0] << 4 | part[1 % len(part)]])
        out += b"\0\0"
    return out + b"\0\1"


colours256 = rng.integers(0, 256, 1024, dtype=np.uint8).tobytes()
blocky = rng.integers(0, 256, (H, 9), dtype=np.uint8).repeat(5, 1)[:, :W]
files["runs8.bmp"] = bmp(runs8(blocky), 8, W, H, colours256, compression=1)
files["runs8-top-down.bmp"] = bmp(runs8(blocky), 8, W, -H, colours256, compression=1)
files["runs8-noise.bmp"] = bmp(runs8(rng.integers(0, 256, (H, W), dtype=np.uint8)), 8, W, H, colours256, compression=1)
files["runs8-short-rows.bmp"] = bmp(b"".join(bytes([9, y, 0, 0]) for y in range(H)), 8, W, H, colours256, compression=1)
files["runs8-delta.bmp"] = bmp(b"\x09\x07\0\2\x05\x03" + b"\0\2\0\xff", 8, W, H, colours256, compression=1)
files["runs8-long-runs.bmp"] = bmp(b"".join(bytes([255, y, 0, 0]) for y in range(H)), 8, W, H, colours256, compression=1)
files["runs8-greys.bmp"] = bmp(runs8(blocky), 8, W, H, b"".join(bytes([i, i, i, 0]) for i in range(256)), compression=1)
files["runs4.bmp"] = bmp(runs4(rng.integers(0, 16, (H, W))), 4, W, H, colours256[:64], compression=2)
beyond = rng.integers(0, 20, (H, W), dtype=np.uint8)
files["beyond-palette.bmp"] = bmp(lines(beyond, 1, W), 8, W, H, colours256[:28], colours=7)
files["beyond-greys.bmp"] = bmp(lines(beyond, 1, W), 8, W, H, b"".join(bytes([i, i, i, 0]) for i in range(7)), colours=7)
files["runs8-beyond.bmp"] = bmp(runs8(beyond), 8, W, H, colours256[:28], compression=1, colours=7)


def tiff(samples, photometric, bits=8, order="<", kind=1, extra=(), apart=False, tile=None, rows=None, white=None, big=False, turned=None,
         colours=None, fill=None, subsampling=None, samples_tag=True):
    """An uncompressed TIFF of samples [h, w, c], in strips of `rows` or in tiles of (w, h)."""
    h, w, c = samples.shape
    number = {(1, 8): "u1", (1, 16): "u2", (1, 32): "u4", (2, 8): "i1", (2, 16): "i2", (2, 32): "i4", (3, 32): "f4"}.get((kind, bits))

    def data(part):
        if number:
            return part.astype(order + number).tobytes()
        flat = part.reshape(part.shape[0], -1)
        out = b""
        for row in flat:
            text = "".join(format(int(v), f"0{bits}b") for v in row)
            text += "0" * (-len(text) % 8)
            out += bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))
        return out

    blocks = []
    for plane in ([samples[..., i:i + 1] for i in range(c)] if apart else [samples]):
        if tile:
            tw, th = tile
            for y in range(0, h, th):
                for x in range(0, w, tw):
                    full = np.zeros((th, tw, plane.shape[2]), plane.dtype)
                    part = plane[y:y + th, x:x + tw]
                    full[:part.shape[0], :part.shape[1]] = part
                    blocks.append(data(full))
        else:
            for y in range(0, h, rows or h):
                blocks.append(data(plane[y:y + (rows or h)]))
    if subsampling:
        blocks = [subsampling]
    if fill == 2:
        blocks = [bytes(int(f"{b:08b}"[::-1], 2) for b in block) for block in blocks]
    tags = [(256, 4, [w]), (257, 4, [h]), (258, 3, [bits] * c), (259, 3, [1]), (262, 3, [photometric])]
    if fill: tags.append((266, 3, [fill]))
    if turned: tags.append((274, 3, [turned]))
    if samples_tag: tags.append((277, 3, [c]))
    if apart: tags.append((284, 3, [2]))
    if colours is not None: tags.append((320, 3, colours))
    if extra: tags.append((338, 3, list(extra)))
    if kind != 1: tags.append((339, 3, [kind] * c))
    if subsampling: tags.append((530, 3, [2, 2]))
    header = 16 if big else 8
    at, places = header, []
    for block in blocks:
        places.append(at)
        at += len(block)
    word = 16 if big else 4
    tags += [(322, 4, [tile[0]]), (323, 4, [tile[1]]), (324, word, places), (325, 4, [len(b) for b in blocks])] if tile else [
        (273, word, places), (278, 4, [rows or h]), (279, 4, [len(b) for b in blocks])]
    tags.sort()
    codes = {3: "H", 4: "I", 16: "Q"}
    slot, entry = (8, 20) if big else (4, 12)
    after = at + (8 if big else 2) + entry * len(tags) + slot
    table, values = b"", b""
    for tag, code, items in tags:
        body = struct.pack(f"{order}{len(items)}{codes[code]}", *items)
        table += struct.pack(order + ("HHQ" if big else "HHI"), tag, code, len(items))
        if len(body) <= slot:
            table += body.ljust(slot, b"\0")
        else:
            table += struct.pack(order + ("Q" if big else "I"), after + len(values))
            values += body
    mark = b"II" if order == "<" else b"MM"
    start = mark + (struct.pack(order + "HHHQ", 43, 8, 0, at) if big else struct.pack(order + "HI", 42, at))
    return start + b"".join(blocks) + struct.pack(order + ("Q" if big else "H"), len(tags)) + table + bytes(slot) + values


for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "tiff_deflate"):
    files[f"rgb-{compression}.tif"] = saved(smooth, "TIFF", compression=compression)
    files[f"palette-{compression}.tif"] = saved(smooth.quantize(64), "TIFF", compression=compression)
files["lzw-predictor.tif"] = saved(smooth, "TIFF", compression="tiff_lzw", tiffinfo={317: 2})
files["jpeg.tif"] = saved(smooth, "TIFF", compression="jpeg", quality=80)
files["jpeg-grey.tif"] = saved(smooth.convert("L"), "TIFF", compression="jpeg", quality=80)
for compression in ("group3", "group4", "packbits", "raw"):
    files[f"bits1-{compression}.tif"] = saved(noisy.convert("1"), "TIFF", compression=compression)
files["rgba.tif"] = saved(clear, "TIFF", compression="tiff_lzw")
files["cmyk.tif"] = saved(noisy.convert("CMYK"), "TIFF", compression="tiff_lzw")
files["pages.tif"] = saved(smooth, "TIFF", save_all=True, append_images=[noisy])
files["named-tiff.png"] = files["rgb-tiff_lzw.tif"]
for order, name in (("<", "little"), (">", "big")):
    for bits in (1, 2, 4, 8):
        files[f"grey{bits}-{name}.tif"] = tiff(drawn(1, 2**bits - 1), 1, bits, order, rows=7)
        files[f"white{bits}-{name}.tif"] = tiff(drawn(1, 2**bits - 1), 0, bits, order, rows=7)
        files[f"indexed{bits}-{name}.tif"] = tiff(drawn(1, 2**bits - 1), 3, bits, order, colours=[int(v) for v in rng.integers(0, 65536, 3 * 2**bits)])
    files[f"grey16-{name}.tif"] = tiff(drawn(1, 700), 1, 16, order)
    files[f"signed16-{name}.tif"] = tiff(drawn(1, 700) - 300, 1, 16, order, kind=2)
    files[f"signed32-{name}.tif"] = tiff(drawn(1, 700) - 300, 1, 32, order, kind=2)
    files[f"float-{name}.tif"] = tiff(rng.normal(120, 120, (H, W, 1)), 1, 32, order, kind=3)
    files[f"rgb16-{name}.tif"] = tiff(drawn(3, 65535), 2, 16, order, rows=5)
    files[f"rgba16-{name}.tif"] = tiff(drawn(4, 65535), 2, 16, order, extra=(2,))
    files[f"cmyk16-{name}.tif"] = tiff(drawn(4, 65535), 5, 16, order)
files["white16-little.tif"] = tiff(drawn(1, 700), 0, 16)
files["unsigned32.tif"] = tiff(rng.integers(0, 2**32, (H, W, 1)) // 2**rng.integers(0, 30, (H, W, 1)), 1, 32)
files["grey-alpha.tif"] = tiff(drawn(2, 255), 1, 8, extra=(2,))
files["associated.tif"] = tiff(drawn(4, 255), 2, 8, extra=(1,))
files["associated16.tif"] = tiff(drawn(4, 65535), 2, 16, extra=(1,))
files["unspecified.tif"] = tiff(drawn(4, 255), 2, 8, extra=(0,))
files["five-samples.tif"] = tiff(drawn(5, 255), 2, 8, extra=(2, 0))
files["six-samples.tif"] = tiff(drawn(6, 255), 2, 8, extra=(1, 0, 0))
files["cmyk-extra.tif"] = tiff(drawn(5, 255), 5, 8, extra=(0,))
files["cmyk-plain.tif"] = tiff(drawn(4, 255), 5, 8, ">")
files["planes.tif"] = tiff(drawn(3, 255), 2, 8, apart=True, rows=9)
files["planes-big.tif"] = tiff(drawn(3, 255), 2, 8, ">", apart=True)
files["tiles.tif"] = tiff(drawn(3, 255), 2, 8, tile=(16, 16))
files["tiles-grey.tif"] = tiff(drawn(1, 255), 1, 8, tile=(32, 16))
files["bigtiff.tif"] = tiff(drawn(3, 255), 2, 8, big=True, rows=10)
files["fill-order.tif"] = tiff(drawn(1, 1), 1, 1, fill=2)
files["no-samples-tag.tif"] = tiff(drawn(1, 255), 1, 8, samples_tag=False)
for n in range(1, 9):
    files[f"turned{n}.tif"] = tiff(drawn(3, 255), 2, 8, turned=n)
    turned.append(f"turned{n}.tif")

refused = {
    "cut.tif": files["rgb16-little.tif"][:900], "header.tif": files["rgb-raw.tif"][:6],
    "complex.tif": tiff(drawn(1, 255), 1, 16, kind=1).replace(struct.pack("<HHI", 262, 3, 1) + b"\1", struct.pack("<HHI", 262, 3, 1) + b"\x08"),
    "cut-runs.bmp": files["runs8.bmp"][:1500], "cut-no-runs.bmp": bmp(b"\0\1", 8, W, H, colours256, compression=1),
    "bomb.tif": tiff(drawn(1, 1), 1, 8).replace(struct.pack("<HHII", 256, 4, 1, W), struct.pack("<HHII", 256, 4, 1, 200000)).replace(
        struct.pack("<HHII", 257, 4, 1, H), struct.pack("<HHII", 257, 4, 1, 200000)),
    "cut.png": files["rgb8.png"][:800], "header.png": files["rgb8.png"][:30], "damaged.png": files["rgb8.png"][:33] + chunk(b"IDAT", b"This was deflated once.") + chunk(b"IEND", b""),
    "cut.webp": files["lossless.webp"][:500], "header.webp": files["lossy.webp"][:14],
    "cut.gif": files["plain.gif"][:250], "header.gif": files["plain.gif"][:9], "cut.bmp": files["rgb.bmp"][:1000],
    "header.bmp": files["rgb.bmp"][:20], "bomb.png": png(drawn(1, 1), 0, 1, size=(20000, 20000)), "zeros.jpg": bytes(500),
    "page.jpg": b"<!DOCTYPE html><html><body>404</body></html>", "pointer.png": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n",
    "bomb.gif": files["plain.gif"][:6] + b"\xff\xff\xff\xff" + files["plain.gif"][10:], "bomb.bmp": bmp(b"", 1, 2**20, 2**20, b"\0" * 8),
}
out = []
Image.MAX_IMAGE_PIXELS = 89_478_485
for name, data in sorted({**files, **refused}.items()):
    with open(os.path.join(HERE, "pictures", name), "wb") as file:
        file.write(data)
    try:
        image = Image.open(io.BytesIO(data))
        upright = ImageOps.exif_transpose(image).convert("RGB") if name in turned else None
        image = image.convert("RGB")
    except Exception as error:
        assert name in refused, (name, error)
        out.append(f"refused {name}")
        continue
    assert name in files, name
    out.append(f"picture {name} {image.width} {image.height} {fnv(image.tobytes())}")
    if upright:
        out.append(f"upright {name} {upright.width} {upright.height} {fnv(upright.tobytes())}")
with open(os.path.join(HERE, "pictures.txt"), "w") as file:
    file.write("\n".join(out) + "\n")
print(len(out), "lines,", sum(map(len, files.values())), "bytes")
