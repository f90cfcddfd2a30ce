#!/usr/bin/env python3
"""upsampling.bin: torch's bilinear enlargement to 224, for the tests of Upsampling.

Little-endian float32, for each side in SIDES: the map [side, side], then rows 0, 37, 74, … of the [224, 224] result.
"""
import numpy as np, torch, torch.nn.functional as F

SIDES = (6, 7, 14, 28, 56)
torch.manual_seed(0)
with open("upsampling.bin", "wb") as f:
    for side in SIDES:
        a = torch.relu(torch.randn(1, 1, side, side))
        up = F.interpolate(a, size=(224, 224), mode="bilinear", align_corners=False)
        f.write(a.numpy().astype("<f4").tobytes())
        f.write(np.ascontiguousarray(up[0, 0, ::37].numpy()).astype("<f4").tobytes())
