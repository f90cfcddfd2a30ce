#!/usr/bin/env python3
"""Writes foreign/: checkpoints as training programs leave them, and foreign/expected.json with the tensors as torch.load gives
them. Needs torch, numpy and safetensors."""
import argparse, collections, datetime, decimal, enum, functools, json, os, pathlib, sys, types, uuid, warnings, zipfile
import numpy as np, torch, torch.nn as nn
from safetensors.torch import save_file

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "foreign"))
warnings.simplefilter("ignore")
torch.manual_seed(7)


def net():
    return nn.Sequential(collections.OrderedDict(conv1=nn.Conv2d(2, 3, 3), bn1=nn.BatchNorm2d(3), fc=nn.Linear(4, 4)))


model, state, ema = net(), net().state_dict(), net().state_dict()
expected = {}


def record(name, tensors):
    expected[name] = {k: {"shape": list(v.shape), "data": v.detach().double().flatten().tolist()} for k, v in tensors.items()}


def prefixed(prefix, tensors):
    return collections.OrderedDict((prefix + k, v) for k, v in tensors.items())


# Classes as a user's program has them: no reader of the file knows them.
program = types.ModuleType("my_program.models")
sys.modules["my_program"], sys.modules["my_program.models"] = types.ModuleType("my_program"), program


def of_program(cls):
    cls.__module__ = "my_program.models"
    cls.__qualname__ = cls.__name__
    setattr(program, cls.__name__, cls)
    return cls


@of_program
class Config(dict): pass


@of_program
class State(collections.OrderedDict): pass


@of_program
class Meter:
    def __init__(self): self.sum, self.values = 3.5, [1, 2]


@of_program
class Slotted:
    __slots__ = ("a",)
    def __init__(self): self.a = 1


@of_program
class Phase(enum.Enum): TRAIN = 1


@of_program
class Keyworded:
    def __new__(cls, *, a): return super().__new__(cls)
    def __getnewargs_ex__(self): return (), {"a": 1}


@of_program
class Subclass(torch.Tensor): pass


@of_program
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 3, 3)
    def forward(self, x): return self.conv1(x)


optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for p in model.parameters(): p.grad = torch.ones_like(p)
optimiser.step()
meter = Meter()
beside = {
    "epoch": 90, "args": argparse.Namespace(lr=0.1, arch="resnet18", resume=None), "best_acc1": np.float64(71.25), "count": np.int64(3),
    "history": np.arange(4.0), "when": datetime.datetime(2020, 1, 2, 3), "took": datetime.timedelta(1), "path": pathlib.PurePosixPath("/a/b"),
    "lists": collections.defaultdict(list, {"a": [1]}), "counter": collections.Counter("abca"), "queue": collections.deque([1, 2], 5),
    "config": Config(a=1, b={"c": 2}), "meter": meter, "again": meter, "slotted": Slotted(), "phase": Phase.TRAIN, "keyworded": Keyworded(a=1),
    "decimal": decimal.Decimal("1.5"), "uuid": uuid.UUID(int=5), "set": {1, 2}, "frozen": frozenset([3]), "bytes": bytearray(b"xy"),
    "complex": 1 + 2j, "range": range(3), "slice": slice(1, 2), "function": functools.partial(int, base=2), "bound": meter.values.append,
    "names": types.SimpleNamespace(a=1), "dtype": torch.float32, "device": torch.device("cpu"), "generator": torch.get_rng_state(),
    "size": torch.Size([1, 2]), "optimizer": optimiser.state_dict(), "big": 1 << 100, "sparse": torch.eye(3).to_sparse(),
    "quantised": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), "layout": torch.strided, "numbers": np.dtype("f4"),
}
record("state", state)
record("ema", ema)
for protocol in (2, 4):
    torch.save({**beside, "state_dict": prefixed("module.", state)}, f"beside{protocol}.pth", pickle_protocol=protocol)
torch.save({**beside, "state_dict": prefixed("module.", state)}, "beside_legacy.pth", _use_new_zipfile_serialization=False)
torch.save({"state_dict": state, "state_dict_ema": ema}, "ema.pth")
torch.save({"epoch": 1, "models": {"ema": ema}, "optimizer": optimiser.state_dict()}, "nested.pth")
torch.save({"run": {"last": {"models": {"ema": ema}}}}, "deep.pth")
torch.save({"student": prefixed("module.backbone.", state), "teacher": prefixed("backbone.", ema)}, "student.pth")
torch.save(prefixed("_orig_mod.module.", state), "compiled.pth")
torch.save({"state_dict": {**prefixed("module.encoder_q.", state), **prefixed("module.encoder_k.", ema)}}, "moco.pth")
torch.save(State(state), "subclass_of_dict.pth")

imaginary = torch.randn(3, 4, dtype=torch.complex64)
views = {
    "negative": imaginary.conj().imag, "window": imaginary.conj().imag[1:, ::2], "plain": imaginary.imag, "conjugate": torch.randn(2, dtype=torch.complex64).conj(),
    "subclass": torch.randn(2, 2).as_subclass(Subclass), "float8": torch.ones(2).to(torch.float8_e4m3fn), "unsigned": torch.ones(2).to(torch.uint16),
    "quantised": beside["quantised"], "sparse": beside["sparse"],
}
parameter = nn.Parameter(torch.randn(2))
parameter.tag = "x"
views["parameter"] = parameter
assert views["negative"].is_neg() and views["conjugate"].is_conj()
record("views", {k: views[k] for k in ("negative", "window", "plain", "subclass", "parameter")})
torch.save(views, "views.pth")

# The stream before zip brings the classes' source, with its path.
torch.serialization.get_source_lines_and_file = lambda *_: (["class Net: pass"], 1, "net.py")
torch.save(net(), "whole.pth")
torch.save(Net(), "whole_legacy.pth", _use_new_zipfile_serialization=False)
torch.save({"epoch": 3, "model": Net()}, "whole_under_key.pth")
torch.jit.script(Net()).save("script.pt")
with zipfile.ZipFile("script.pt") as source, zipfile.ZipFile("script.pth", "w") as target:
    for name in source.namelist():  # but for what names folders of the machine
        if not name.endswith(".debug_pkl"): target.writestr(zipfile.ZipInfo(name), source.read(name))
os.remove("script.pt")
np.savez("arrays.pth", a=np.ones(2))
os.rename("arrays.pth.npz", "arrays.pth")

types_ = {
    "f64": torch.randn(3, dtype=torch.float64), "f16": torch.randn(3).half(), "bf16": torch.randn(3).bfloat16(), "scalar": torch.tensor(2.5),
    "empty": torch.zeros(0, 3), "i64": torch.arange(3), "f8": torch.ones(2).to(torch.float8_e4m3fn),
}
save_file({**prefixed("backbone.", state), **types_}, "plain.safetensors", metadata={"format": "pt"})
record("types", {k: types_[k] for k in ("f64", "f16", "bf16", "scalar", "empty")})
for name in ("beside2.pth", "beside_legacy.pth", "views.pth"):
    torch.load(name, weights_only=False)
json.dump(expected, open("expected.json", "w"), indent=0)
