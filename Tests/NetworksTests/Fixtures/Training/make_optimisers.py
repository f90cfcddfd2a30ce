#!/usr/bin/env python3
"""Writes optimisers.h5: 60 steps of PyTorch's Adam and of DAdaptAdam as published (package dadaptation 2.0) on one problem.

The gradients are given: large at first, then noise. (A problem in which they follow from the parameters is chaotic: with DAdaptAdam's
long steps PyTorch in float32 and in float64 then part by 1e-4.)
Needs torch, numpy, h5py and dadaptation==2.0.
"""
import os
import h5py, numpy as np, torch
from dadaptation.dadapt_adam import DAdaptAdam

STEPS, COUNT = 60, 64
rng = np.random.default_rng(5)
start = rng.normal(size=COUNT).astype(np.float32)
slope = np.exp(rng.normal(size=COUNT) * 2) * rng.choice([-1, 1], COUNT)
gradients = (slope * np.exp(-np.arange(STEPS) / 8)[:, None] + rng.normal(size=(STEPS, COUNT))).astype(np.float32)


def trajectory(make, rate_of):
    p = torch.nn.Parameter(torch.tensor(start))
    optimiser = make([p])
    rows, rates = [], []
    for step in range(STEPS):
        p.grad = torch.tensor(gradients[step])
        optimiser.step()
        rows.append(p.detach().numpy().copy())
        rates.append(rate_of(optimiser))
    return np.stack(rows), np.array(rates, np.float64)


def plateau():
    """Learning rates by ReduceLROnPlateau(factor 0.1, patience 3) for a list of losses."""
    losses = [5.0, 4.0, 4.0, 3.9999, 3.9998, 4.1, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 2.0] + [2.5] * 24
    optimiser = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], 1e-4)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.1, patience=3)
    rates = []
    for loss in losses:
        scheduler.step(loss)
        rates.append(optimiser.param_groups[0]["lr"])
    return np.array(losses), np.array(rates)


os.chdir(os.path.dirname(os.path.abspath(__file__)))
with h5py.File("optimisers.h5", "w") as f:
    f["start"], f["gradients"] = start, gradients
    f["adam"], _ = trajectory(lambda p: torch.optim.Adam(p, 1e-2), lambda o: 0)
    f["dadapt"], f["dadapt_distance"] = trajectory(lambda p: DAdaptAdam(p), lambda o: o.param_groups[0]["d"])
    f["plateau_losses"], f["plateau_rates"] = plateau()
