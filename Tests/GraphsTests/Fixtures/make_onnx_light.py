"""Writes onnx-light.json: the outputs that ONNX's backend tests expect of nine published topologies (package onnx 1.23.2, Apache-2.0).

    python3 -m venv venv && venv/bin/pip install onnx==1.23.2 numpy
    venv/bin/python make_onnx_light.py > onnx-light.json
"""
import base64
import json
import pathlib

import numpy
import onnx
from onnx import numpy_helper

folder = pathlib.Path(onnx.__file__).parent / "backend/test/data/light"
outputs = {}
for path in sorted(folder.glob("light_*_output_0.pb")):
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    numbers = numpy_helper.to_array(tensor).astype("<f4").ravel()
    outputs[path.name.removesuffix("_output_0.pb")] = base64.b64encode(numbers.tobytes()).decode()
print(json.dumps(outputs, indent=1))
