"""Writes torchvision.json: a few numbers of torchvision's maps in float64, for weights that anyone can make again.

    python3 -m venv venv && venv/bin/pip install torch torchvision
    venv/bin/python make_torchvision.py > torchvision.json

Parameter i of a tensor named n is `scale · (2 · frac((i + 1) · φ + len(n) · 0.1) − 1)`; see `parameter`.
"""
import json
import math

import torch
import torchvision

CASES = {
    "alexnet": ["features.0", "features.8", "features"],
    "vgg11_bn": ["features.0", "features.9", "features"],
    "resnet18": ["conv1", "layer3.1.conv2", "layer4"],
    "resnext50_32x4d": ["layer1.0.conv2", "layer3.2", "layer4"],
    "squeezenet1_1": ["features.3.squeeze", "features.7", "features"],
    "densenet121": ["features.conv0", "features.denseblock2", "features.norm5"],
    "googlenet": ["inception3a", "inception4c.branch3", "inception5b"],
    "inception_v3": ["Mixed_5b", "Mixed_6b.branch7x7_2", "Mixed_7c"],
    "shufflenet_v2_x1_0": ["stage2.0", "stage3", "conv5"],
    "mobilenet_v2": ["features.1.conv.0.0", "features.10", "features.18"],
    "mobilenet_v3_small": ["features.1.block.1.fc2", "features.5", "features.12"],
    "mnasnet1_0": ["layers.0", "layers.10.1", "layers.16"],
    "efficientnet_b0": ["features.1.0.block.0.2", "features.4.1", "features.8"],
    "efficientnet_v2_s": ["features.1", "features.4", "features.7"],
    "regnet_y_400mf": ["stem", "trunk_output.block2", "trunk_output"],
    "convnext_tiny": ["features.0", "features.3", "features.7"],
}


def parameter(name, shape, kind):
    count = math.prod(shape)
    i = torch.arange(count, dtype=torch.float64)
    x = 2 * torch.frac((i + 1) * 0.6180339887498949 + len(name) * 0.1) - 1
    if kind == "variance":
        return (1 + 0.5 * x).float().reshape(shape)
    if kind == "norm weight":
        return (1 + 0.25 * x).float().reshape(shape)
    if kind == "layer scale":
        return x.float().reshape(shape)
    fan_in = math.prod(shape[1:]) if len(shape) > 1 else 16
    return (x * math.sqrt(3 / fan_in)).float().reshape(shape)


def kind_of(name, tensor, model):
    path, field = name.rpartition(".")[::2]
    module = dict(model.named_modules())[path]
    if field == "running_var":
        return "variance"
    if field == "layer_scale":
        return "layer scale"
    if field == "weight" and tensor.dim() == 1:
        return "norm weight"
    return "weight"


def main():
    image = torch.frac(torch.arange(3 * 224 * 224, dtype=torch.float64) * 0.7548776662466927).float().double().reshape(1, 3, 224, 224) - 0.5
    cases = []
    for name, layers in CASES.items():
        extra = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
        model = getattr(torchvision.models, name)(weights=None, **extra).eval()
        kinds = {}
        state = model.state_dict()
        for key, tensor in state.items():
            if tensor.dtype == torch.int64:
                continue
            kinds[key] = kind_of(key, tensor, model)
            state[key] = parameter(key, tuple(tensor.shape), kinds[key])
        model.load_state_dict(state)
        features, modules = {}, dict(model.named_modules())
        for layer in layers:
            # A copy, as modules behind may work in place; what a hook returns would take the output's place.
            modules[layer].register_forward_hook(lambda _m, _x, y, layer=layer: features.update({layer: y.detach().clone()}))
        with torch.no_grad():
            model.double()(image)
        for layer in layers:
            map = features[layer][0]
            flat = map.flatten()
            places = [int(k * 0.6180339887498949 * 1000003) % flat.numel() for k in range(1, 33)]
            cases.append({
                "model": name, "layer": layer, "shape": list(map.shape), "sum": float(flat.sum()), "largest": float(flat.abs().max()),
                "places": places, "numbers": [float(flat[p]) for p in places]})
    print(json.dumps(cases, indent=1))


main()
