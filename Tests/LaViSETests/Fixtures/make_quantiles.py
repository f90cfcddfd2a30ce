#!/usr/bin/env python3
"""quantiles.txt: six numbers and a quantile of them for which numpy.quantile's two ways to interpolate differ.

A line: quantile, six numbers, numpy's float32, and what the other way gives. NumPy 2.4.
"""
import numpy as np

random = np.random.default_rng(1)
with open("quantiles.txt", "w") as file:
    for quantile in (0.04, 0.28, 0.47, 0.19, 0.77, 0.99):
        place = quantile * 5
        share = place - int(place)
        low = -random.integers(1, 10**7, 2_000_000).astype(np.float32)
        high = (-low.astype(np.float64) * (1 - share) / share).astype(np.float32)
        step = high.astype(np.float64) - low
        ways = [(low + step * share).astype(np.float32), (high - step * (1 - share)).astype(np.float32)]
        # Results near 0 are where rounding shows.
        for i in np.flatnonzero(ways[0] != ways[1])[:2]:
            six = [low[i] - 1] * int(place) + [low[i], high[i]] + [high[i] + 1] * (4 - int(place))
            numpys = np.float32(np.quantile(np.array(six, dtype=np.float64), quantile))
            late = int(share >= 0.5)
            assert numpys == ways[late][i], quantile
            print(quantile, *six, numpys, ways[1 - late][i], file=file)
