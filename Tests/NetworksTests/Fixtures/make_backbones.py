#!/usr/bin/env python3
"""Golden features of torchvision's backbones, computed in float64: writes backbones.json beside this file.

The parameters are not stored: both sides compute them from the tensor's name (HashedParameters.swift).
"""
import json
import os
import sys

import numpy as np
import torch
import torchvision

HERE = os.path.dirname(os.path.abspath(__file__))
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def fnv1a(name):
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return value


def hashed(name, count):
    """SplitMix64 of (FNV-1a of the name + index), the top 24 bits, as numbers in [-1, 1)."""
    with np.errstate(over="ignore"):
        z = np.uint64(fnv1a(name)) + (np.arange(count, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.float64) / 2**23 - 1).astype(np.float32)


def parameter(name, shape):
    values = hashed(name, int(np.prod(shape)))
    if len(shape) == 4:      # a convolution: U(±sqrt(6 / fan_in)), which keeps the scale through ReLU
        values = values * np.float32(np.sqrt(6 / np.prod(shape[1:])))
    elif name.endswith("running_var") or name.endswith("weight"):
        values = np.float32(1) + values * np.float32(0.5)
    else:
        values = values * np.float32(0.25)
    return torch.from_numpy(values.reshape(shape))


def model(architecture):
    net = getattr(torchvision.models, architecture)(weights=None)
    state = {n: parameter(n, tuple(t.shape)) if t.dtype == torch.float32 and not n.startswith(("fc.", "classifier.")) else t
             for n, t in net.state_dict().items()}
    net.load_state_dict(state)
    return net.double().eval()


def crop(index):
    """[224, 224, 3] bytes: a gradient with noise."""
    y, x, c = np.meshgrid(np.arange(224), np.arange(224), np.arange(3), indexing="ij")
    noise = ((hashed(f"image {index}", 224 * 224 * 3).reshape(224, 224, 3) + 1) * 48).astype(np.int64)
    return ((x * (c + 1) + y * (3 - c) + noise) % 256).astype(np.uint8)


def layers(net, architecture, x):
    if architecture == "alexnet":
        return {"features": net.features(x)}
    maps = {}
    x = net.maxpool(net.relu(net.bn1(net.conv1(x))))
    for name in ("layer1", "layer2", "layer3", "layer4"):
        x = getattr(net, name)(x)
        maps[name] = x
    return maps


def digits(values):
    return [float(f"{v:.7g}") for v in np.asarray(values).ravel()]


def main():
    torch.set_grad_enabled(False)
    cases = []
    for architecture in ("alexnet", "resnet18", "resnet50"):
        for probes in (0,) if architecture == "alexnet" else (0, 1, 2):
            net = model(architecture)
            net.train()
            for _ in range(probes):
                layers(net, architecture, torch.zeros(1, 3, 224, 224, dtype=torch.float64))
            net.eval()
            for index in (0, 1) if probes == 0 else (0,):
                image = (torch.from_numpy(crop(index)).permute(2, 0, 1).double() / 255 - torch.tensor(MEAN).view(3, 1, 1)) \
                    / torch.tensor(DEVIATION).view(3, 1, 1)
                for layer, maps in layers(net, architecture, image[None]).items():
                    if probes and layer not in ("layer2", "layer4"):
                        continue
                    maps = maps[0].numpy()
                    kept = [1] if index == 0 and probes == 0 else []
                    cases.append({"architecture": architecture, "layer": layer, "probes": probes, "image": index,
                                  "shape": list(maps.shape), "sums": digits(maps.sum((1, 2))),
                                  "maps": {str(k): digits(maps[k]) for k in kept}})
    with open(os.path.join(HERE, "backbones.json"), "w") as file:
        json.dump({"torch": torch.__version__.split("+")[0], "torchvision": torchvision.__version__.split("+")[0], "cases": cases}, file)


if __name__ == "__main__":
    sys.exit(main())
