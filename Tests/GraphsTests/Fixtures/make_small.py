"""Writes small/*.pt2, small programs as torch.export.save writes them, small/*.onnx, the same by both exporters, and small/expected.json:
their outputs in float64.

    python3 -m venv venv && venv/bin/pip install torch onnx onnxscript
    venv/bin/python make_small.py
"""
import json
import math
import pathlib
import warnings
import zipfile

import onnx
import torch
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore")
FOLDER = pathlib.Path(__file__).resolve().parent / "small"


class Plain(nn.Module):
    """Convolution, batch norm, ReLU in place on what is read again, pooling by ceiling, residual, squeeze and excite."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.depthwise = nn.Conv2d(8, 8, (3, 5), padding="same", groups=8)
        self.norm = nn.BatchNorm2d(8, affine=False)
        self.act = nn.Hardswish(inplace=True)
        self.squeeze = nn.Conv2d(8, 4, 1)
        self.excite = nn.Conv2d(4, 8, 1)
        self.last = nn.Conv2d(8, 12, 3, dilation=2, groups=2)
        self.same = nn.Sequential(nn.Dropout2d(), nn.AdaptiveAvgPool2d((3, 3)))
        self.fc = nn.Linear(12, 5)

    def forward(self, x):
        x = self.pool(self.stem(x))
        y = self.act(self.norm(self.depthwise(x)))
        y = y * F.hardsigmoid(self.excite(F.relu6(self.squeeze(F.adaptive_avg_pool2d(y, 1)))))
        y += x
        F.relu_(y)
        y = self.same(self.last(F.avg_pool2d(y, 2, 1, count_include_pad=False)))
        y.clamp_(-1, 2)
        return self.fc(F.dropout(y.mean([2, 3]), training=self.training))


class Shuffled(nn.Module):
    """Slices, concatenation, the shuffle of channels, paddings, uneven adaptive pooling, layer norm over the last axis."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect")
        self.b = nn.Conv2d(3, 4, 3, padding=1, padding_mode="replicate")
        self.norm = nn.LayerNorm(8, eps=1e-6)
        self.mix = nn.Linear(8, 6)
        self.scale = nn.Parameter(torch.rand(6, 1, 1))
        self.register_buffer("shift", torch.rand(1, 6, 1, 1), persistent=False)

    def forward(self, x):
        x = torch.cat([self.a(x), F.leaky_relu(self.b(x), 0.2)], 1)
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        left, right = x.chunk(2, 1)
        x = torch.cat([F.silu(left), torch.tanh(right[:, ::2]), F.elu(right[:, 1::2])], 1)
        x = F.gelu(self.mix(self.norm(x.permute(0, 2, 3, 1)))).permute(0, 3, 1, 2)
        x = F.pad(x, (1, 0, 2, 1), value=0.5) * self.scale - self.shift
        x = F.adaptive_avg_pool2d(x, (5, 4)) / 2 + 1
        return torch.sqrt(x.abs()).flatten(1).softmax(-1)


class Attentive(nn.Module):
    """A class token, a table of positions, attention as torch.nn has it."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 16, 8, stride=8)
        self.token = nn.Parameter(torch.rand(1, 1, 16))
        self.positions = nn.Parameter(torch.rand(1, 17, 16))
        self.norm = nn.LayerNorm(16)
        self.attention = nn.MultiheadAttention(16, 4, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16))

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.positions
        y = self.norm(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return (x + self.mlp(x))[:, 0]


class Windows(nn.Module):
    """Windows of every kind: long, dilated, with groups of many widths, on channels that fill no block."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 20, 3, padding=1)
        self.long = nn.Conv2d(20, 24, (1, 7), padding=(0, 3))
        self.high = nn.Conv2d(24, 40, (5, 1), stride=(2, 1), padding=(2, 0))
        self.wide = nn.Conv2d(40, 40, 3, padding=2, dilation=2, groups=5)
        self.pairs = nn.Conv2d(40, 60, 3, padding=1, groups=20)
        self.big = nn.Conv2d(60, 60, 7, padding=3, groups=60)
        self.multiplied = nn.Conv2d(60, 120, 3, stride=2, padding=1, groups=60)
        self.winograd = nn.Conv2d(120, 33, 3, padding=1)
        self.five = nn.Conv2d(33, 50, 5, padding=2)
        self.norm = nn.BatchNorm2d(50)
        self.last = nn.Conv2d(50, 7, 1, stride=2)

    def forward(self, x):
        x = F.silu(self.high(F.relu(self.long(F.relu6(self.stem(x))))))
        x = F.gelu(self.pairs(self.wide(x)))
        x = F.hardsigmoid(self.big(x)) + F.max_pool2d(x, 3, 1, 1)
        x = F.leaky_relu(self.winograd(self.multiplied(x)), 0.1)
        y = self.norm(self.five(x))
        y = y + torch.tanh(y) * torch.sigmoid(F.avg_pool2d(y, (3, 1), 1, (1, 0)))
        return self.last(torch.cat([y[:, :20], y[:, 20:]], 1)).flatten(1)


def filled(model):
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            i = torch.arange(tensor.numel(), dtype=torch.float64)
            x = 2 * torch.frac((i + 1) * 0.6180339887498949 + len(name) * 0.1) - 1
            x = 1 + 0.5 * x if "running_var" in name or tensor.dim() == 1 and name.endswith("weight") else x / math.sqrt(max(tensor[0].numel() if tensor.dim() > 1 else 4, 1))
            tensor.copy_(x.reshape(tensor.shape))
    return model.eval()


def save(program, path):
    torch.export.save(program, path)
    # The example's image and the traces of Python's stack are no part of what is read.
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if "sample_inputs" not in name}
    for name in members:
        if name.endswith("models/model.json"):
            document = json.loads(members[name])
            for node in document["graph_module"]["graph"]["nodes"]:
                node["metadata"] = {key: value for key, value in node["metadata"].items() if key == "nn_module_stack"}
            members[name] = json.dumps(document, separators=(",", ":")).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in sorted(members.items()):
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def strip(path):
    """Without the traces of Python's stack."""
    document = onnx.load(path)
    for node in document.graph.node:
        node.doc_string = ""
        for entry in list(node.metadata_props):
            if entry.key != "pkg.torch.onnx.name_scopes":
                node.metadata_props.remove(entry)
    for value in [*document.graph.value_info, *document.graph.input, *document.graph.output, *document.graph.initializer]:
        del value.metadata_props[:]
    path.write_bytes(document.SerializeToString(deterministic=True))


def main():
    torch.manual_seed(0)
    image = torch.frac(torch.arange(3 * 32 * 32, dtype=torch.float64) * 0.7548776662466927).float().reshape(1, 3, 32, 32) - 0.5
    expected = {}
    for make in (Plain, Shuffled, Attentive, Windows):
        model, name = filled(make()), make.__name__.lower()
        program = torch.export.export(model, (image,))
        save(program, FOLDER / f"{name}.pt2")
        for kind, dynamo in (("scripted", False), ("dynamo", True)):
            # That exporter has no uneven adaptive pooling; and one file of that size is enough.
            if make in (Shuffled, Windows) and not dynamo:
                continue
            path = FOLDER / f"{name}.{kind}.onnx"
            torch.onnx.export(model, (image,), path, dynamo=dynamo, **({"external_data": False} if dynamo else {"opset_version": 17}))
            strip(path)
        if make is Plain:
            save(program.run_decompositions(), FOLDER / "core.pt2")
            save(torch.export.export(filled(make()).half(), (image.half(),)), FOLDER / "half.pt2")
        if make is Shuffled:
            batch = torch.export.Dim("batch")
            save(torch.export.export(model, (torch.cat([image, image]),), dynamic_shapes=({0: batch},)), FOLDER / "open.pt2")
        with torch.no_grad():
            exact = filled(make()).double()
            if make is Shuffled:
                exact.shift.copy_(model.shift)
                exact.scale.copy_(model.scale)
            expected[name] = exact(image.double())[0].tolist()
    (FOLDER / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main()
