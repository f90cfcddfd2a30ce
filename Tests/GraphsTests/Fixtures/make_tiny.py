"""Writes small/tiny.pt2 and small/tiny.onnx: one convolution and a ReLU, small enough to be damaged a million times.

    venv/bin/python make_tiny.py
"""
import torch
from torch import nn

from make_small import FOLDER, save, strip

torch.manual_seed(0)
model, image = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU()).eval(), torch.ones(1, 3, 4, 4)
save(torch.export.export(model, (image,)), FOLDER / "tiny.pt2")
torch.onnx.export(model, (image,), FOLDER / "tiny.onnx", dynamo=False, opset_version=17)
strip(FOLDER / "tiny.onnx")
