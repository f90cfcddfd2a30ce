#!/usr/bin/env python3
"""Writes own/: a small network of three classes for pictures of 224×224 pixels, as the lines of docs/your-own-model.md write it (mine.onnx,
mine.pt2), a picture of that size, and what the network says of it in float64.

    python3 -m venv venv && venv/bin/pip install torch onnx onnxscript pillow
    venv/bin/python make_own.py
"""
import json
import os
import pathlib
import re
import zipfile

import numpy
import torch
from PIL import Image

here = pathlib.Path(__file__).resolve().parent
lines = (here / "../../../docs/your-own-model.md").read_text().splitlines()
notebook = [line.strip() for line in lines if re.match(r"    (model\.eval|torch\.)", line) and "state_dict" not in line]
os.makedirs(here / "own", exist_ok=True)
os.chdir(here / "own")

torch.manual_seed(0)
model = torch.nn.Sequential()
model.features = torch.nn.Sequential(
    torch.nn.Conv2d(3, 8, 5, stride=8, padding=2), torch.nn.BatchNorm2d(8), torch.nn.ReLU(),
    torch.nn.Conv2d(8, 12, 3, stride=2, padding=1), torch.nn.Hardswish())
model.head = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(12, 3))
with torch.no_grad():
    model.features[1].running_mean.uniform_(-0.2, 0.2)
    model.features[1].running_var.uniform_(0.5, 1.5)
    model.head[2].weight.mul_(20)
for line in notebook:
    exec(line)

# The program's own zip members, smaller: the example's zeros take 600 kB.
with zipfile.ZipFile("mine.pt2") as archive:
    members = {name: archive.read(name) for name in archive.namelist()}
with zipfile.ZipFile("mine.pt2", "w") as archive:
    for name, content in sorted(members.items()):
        archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)

y, x = numpy.mgrid[:224, :224]
pixels = numpy.stack([x, y, 255 - (x + y) // 2], axis=2).astype(numpy.uint8)
Image.fromarray(pixels).save("picture.png")
image = torch.from_numpy(pixels).double().permute(2, 0, 1)[None] / 255
image = (image - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[:, None, None]
with torch.no_grad():
    logits = model.double()(image)[0]
pathlib.Path("own.json").write_text(json.dumps({"logits": logits.tolist(), "shares": logits.softmax(0).tolist()}) + "\n")
