#!/usr/bin/env python3
"""Writes step.h5: one small explainer's forward, loss and gradients in PyTorch, and hits with ties. Needs torch, numpy, h5py."""
import os
import h5py, numpy as np, torch, torch.nn as nn, torch.nn.functional as F

torch.manual_seed(3)
D, OUT, C, B = 19, 7, 29, 21
bn1, l1, bn2, l2 = nn.BatchNorm1d(D), nn.Linear(D, D), nn.BatchNorm1d(D), nn.Linear(D, OUT)
with torch.no_grad():
    for bn in (bn1, bn2):
        bn.weight.uniform_(0.5, 2); bn.bias.normal_(); bn.running_mean.normal_(); bn.running_var.uniform_(0.5, 2)
modules = {"bn1": bn1, "linear1": l1, "bn2": bn2, "linear2": l2}
x = torch.rand(B, D) * torch.rand(D) * 3
concepts = torch.randn(C, OUT)
concepts[11] = 0
target = torch.zeros(B, C)
for row in range(B):
    target[row, torch.randperm(C)[: 1 + row % 3]] = 1


def predict(train):
    for m in modules.values(): m.train(train)
    return l2(bn2(F.relu(l1(bn1(x)))))


def csmr(pred):
    cos = F.normalize(pred, dim=1, eps=1e-12) @ F.normalize(concepts, dim=1, eps=1e-12).T
    positive = (target * cos).sum(1) / target.sum(1)
    return ((1 - target) * torch.relu(1 - positive[:, None] + cos)).sum(1), cos


os.chdir(os.path.dirname(os.path.abspath(__file__)))
with h5py.File("step.h5", "w") as f:
    f["x"], f["concepts"], f["target"] = x.numpy(), concepts.numpy(), target.numpy().astype(np.uint8)
    for name, m in modules.items():
        for k, v in m.state_dict().items():
            if "num_batches" not in k: f[f"explainer/{name}/{k}"] = v.numpy()
    f["prediction"] = predict(False).detach().numpy()
    for kind in ("frozen", "training"):
        for m in modules.values(): m.zero_grad()
        losses, cos = csmr(predict(kind == "training"))
        losses.mean().backward()
        best = (cos * target - 9 * (1 - target)).max(1).values
        f[f"{kind}/losses"] = losses.detach().numpy()
        f[f"{kind}/ranks"] = (cos > best[:, None]).sum(1).numpy().astype(np.int32)
        for name, m in modules.items():
            for k, v in m.named_parameters(): f[f"{kind}/gradients/{name}/{k}"] = v.grad.numpy()
    for name in ("bn1", "bn2"):
        for k in ("running_mean", "running_var"): f[f"training/{name}/{k}"] = modules[name].state_dict()[k].numpy()
