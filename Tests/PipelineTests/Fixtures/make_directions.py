#!/usr/bin/env python3
"""The same directions in the formats that people have them in: directions/. Needs numpy, h5py, torch, safetensors."""
from pathlib import Path

import h5py
import numpy as np
import torch
from safetensors.torch import save_file

folder = Path(__file__).parent / "directions"
directions = (np.arange(6 * 64, dtype=np.float64).reshape(6, 64) % 11 - 5) / 8
np.save(folder / "f4.npy", directions.astype("<f4"))
np.save(folder / "f8.npy", directions)
np.save(folder / "fortran.npy", np.asfortranarray(directions))
np.save(folder / "whole.npy", directions.astype("<i4"))
for name, kind in [("f4", "<f4"), ("f8", "<f8")]:
    with h5py.File(folder / f"{name}.h5", "w") as file:
        file["decoder"] = directions.astype(kind)
        file["bias"] = np.zeros(6, kind)
with h5py.File(folder / "two.h5", "w") as file:
    file["a"], file["b"] = directions, directions
torch.save({"decoder.weight": torch.tensor(directions, dtype=torch.float32), "bias": torch.zeros(6)}, folder / "state.pth")
save_file({"dictionary": torch.tensor(directions, dtype=torch.float32)}, folder / "state.safetensors")
