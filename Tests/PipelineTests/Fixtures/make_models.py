#!/usr/bin/env python3
"""Writes the small model files of these tests: a network of two convolutions and a classifier of three classes, for pictures of
64×64 pixels, with its weights inside (tiny.onnx) and beside it (tiny-beside.onnx, tiny-beside.onnx.data), and what it gives.

    python3 -m venv venv && venv/bin/pip install torch onnx onnxscript numpy
    venv/bin/python make_models.py
"""
import json
import pathlib

import onnx
import torch

folder = pathlib.Path(__file__).resolve().parent / "models"
folder.mkdir(exist_ok=True)


class Tiny(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.features = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 5, stride=4, padding=2), torch.nn.BatchNorm2d(8), torch.nn.ReLU(),
            torch.nn.Conv2d(8, 12, 3, stride=2, padding=1), torch.nn.Hardswish())
        self.head = torch.nn.Linear(12, 3)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


torch.manual_seed(0)
model = Tiny().eval()
with torch.no_grad():
    model.features[1].running_mean.uniform_(-0.2, 0.2)
    model.features[1].running_var.uniform_(0.5, 1.5)
image = torch.arange(3 * 64 * 64, dtype=torch.float32).mul(0.37).frac().sub(0.5).reshape(1, 3, 64, 64)
torch.onnx.export(model, image, folder / "tiny.onnx", dynamo=False, input_names=["image"], output_names=["classes"])
whole = onnx.load(folder / "tiny.onnx")
onnx.save_model(
    whole, folder / "tiny-beside.onnx", save_as_external_data=True, all_tensors_to_one_file=True,
    location="tiny-beside.onnx.data", size_threshold=0)
double = model.double()
with torch.no_grad():
    maps = double.features(image.double())[0]
    answer = {"shape": list(maps.shape), "maps": maps.flatten().tolist(), "classes": double(image.double())[0].tolist()}
(folder / "tiny.json").write_text(json.dumps(answer))
