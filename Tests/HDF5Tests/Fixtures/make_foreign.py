#!/usr/bin/env python3
"""Writes foreign.h5: what other programs, some of them hostile, may put into an HDF5 file. Needs h5py and numpy."""
import os
import h5py, numpy as np

os.chdir(os.path.dirname(os.path.abspath(__file__)))
with h5py.File("foreign.h5", "w", track_order=False) as f:
    f["half"] = np.array([0.5, -2.0, 65504.0, np.inf, 6e-8], np.float16)
    f["big_endian"] = np.array([1.5, -3.25], ">f4")
    f["texts/variable"] = np.array(["dining", "", "straße"], dtype=h5py.string_dtype())
    f["texts/fixed"] = np.array(["abc".encode(), "é".encode()], dtype="S4")
    f["single"] = np.int64(41)
    f["complex"] = np.array([1 + 2j])
    f["group/leaf"] = np.arange(3, dtype=np.int32)
    f["soft"] = h5py.SoftLink("/group/leaf")
    f["elsewhere"] = h5py.ExternalLink("other.h5", "/secret")
    f.create_dataset("huge_chunked", (1 << 40, 1 << 20), "f4", chunks=(1, 1 << 20))
    f.create_dataset("huge_overflowing", (1 << 40, 1 << 40), "f4", chunks=(1, 1 << 10))
    f.create_dataset("huge_contiguous", (1 << 36,), "f4")
    f.create_dataset("huge_chunk", (1 << 30,), "f4", chunks=(1 << 29,))
    f.create_dataset("no_rows", (0, 1 << 62), "u1", chunks=(1, 16), maxshape=(None, None))
    f.create_dataset("outside", (4,), "u1", external=[("passwd", 0, 4)])
    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource("other.h5", "secret", (4,))
    f.create_virtual_dataset("virtual", layout)
    f.attrs["text"] = "variable ü"
    f.attrs["whole"] = np.int32(7)
    f.attrs["real"] = np.float32(0.25)
    f.attrs["many"] = np.arange(3)
