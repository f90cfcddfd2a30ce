#!/usr/bin/env python3
"""Writes small checkpoints in every container that PyTorch has used, and expected.h5 with their tensors. Needs torch, numpy, h5py.

evil_*.pth are what an attacker would send: loading them with pickle would run a command.
"""
import collections, io, os, pickle, struct, tarfile, warnings, zipfile
import h5py, numpy as np, torch, torch.nn as nn

os.chdir(os.path.dirname(os.path.abspath(__file__)))
warnings.simplefilter("ignore")
torch.manual_seed(1)
model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(5, 4))
state = model.state_dict()

torch.save(state, "zip.pth")
torch.save(state, "legacy.pth", _use_new_zipfile_serialization=False)
torch.save(state, "protocol4.pth", pickle_protocol=4)
torch.save(model.state_dict(keep_vars=True), "parameters.pth")
torch.save({"epoch": 3, "best": None, "lr": 0.1, "steps": [1, 2], "state_dict": {"module." + k: v for k, v in state.items()}}, "wrapped.pth")
torch.save(model, "model.pth")
torch.save({"epoch": 3, "lr": 0.1}, "no_tensors.pth")

base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
odd = {
    "double": torch.randn(3, dtype=torch.float64), "half": torch.randn(3).half(), "bfloat": torch.randn(3).bfloat16(),
    "long": torch.arange(3), "transposed": base.T, "window": base[1:3, 2:5], "every_other": base[:, ::2], "expanded": torch.ones(1).expand(7),
    "single": torch.tensor(2.5), "empty": torch.zeros(0, 3), "first_of_many": torch.arange(8000.)[::2000],
}
torch.save(odd, "odd.pth")
torch.save(odd, "odd_legacy.pth", _use_new_zipfile_serialization=False)

with zipfile.ZipFile("zip.pth") as source, zipfile.ZipFile("deflated.pth", "w", zipfile.ZIP_DEFLATED) as target:
    for name in source.namelist(): target.writestr(zipfile.ZipInfo(name), source.read(name), zipfile.ZIP_DEFLATED)


def tar(path, state):
    """The container before 0.1.10, as torch.serialization._legacy_load reads it; parameters as PyTorch 0.1 pickled them."""
    tensors = {}

    class Pickler(pickle._Pickler):
        def persistent_id(self, obj):
            if isinstance(obj, torch.Tensor) and not isinstance(obj, nn.Parameter):
                tensors[id(obj)] = obj
                return str(id(obj))

        def save(self, obj, save_persistent_id=True):
            if isinstance(obj, nn.Parameter):  # copyreg.__newobj__, then a state of five
                self.save(nn.Parameter); self.save(()); self.write(pickle.NEWOBJ)
                self.save((keep[id(obj)], None, collections.OrderedDict(), True, False)); self.write(pickle.BUILD)
                return
            super().save(obj, save_persistent_id)

    keep = {id(v): v.data for v in state.values()}
    content = io.BytesIO()
    Pickler(content, 2).dump(state)
    storages, listed = io.BytesIO(), io.BytesIO()
    pickle.dump(len(tensors), storages, 2); pickle.dump(len(tensors), listed, 2)
    for key, t in tensors.items():
        kind = {torch.float32: "Float", torch.int64: "Long"}[t.dtype]
        pickle.dump((key + 1, "cpu", getattr(torch, kind + "Storage")), storages, 2)
        storages.write(struct.pack("<q", t.numel()) + t.contiguous().numpy().tobytes())
        listed.write(pickle.dumps((key, key + 1, None), 2).replace(b"N\x87", f"ctorch\n{kind}Tensor\n".encode() + b"\x87"))
        listed.write(struct.pack("<ii", t.dim(), 0) + struct.pack(f"<{2 * t.dim() + 1}q", *t.shape, *t.contiguous().stride(), 0))
    pickle.dump([], storages, 2)
    facts = pickle.dumps({"protocol_version": 1000, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}, 2)
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as archive:
        for name, data in (("sys_info", facts), ("pickle", content.getvalue()), ("tensors", listed.getvalue()), ("storages", storages.getvalue())):
            info = tarfile.TarInfo(name); info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


tar("tar.pth", model.state_dict(keep_vars=True))
for key, value in torch.load("tar.pth", weights_only=False).items():
    assert torch.equal(value, state[key]) and isinstance(value, nn.Parameter) == value.requires_grad, key


class Evil:
    def __init__(self, call): self.call = call
    def __reduce__(self): return self.call


touch = "touch /tmp/evil-checkpoint-was-run"
torch.save({"a": torch.ones(2), "b": Evil((os.system, (touch,)))}, "evil_zip.pth")
torch.save({"a": torch.ones(2), "b": Evil((os.system, (touch,)))}, "evil_legacy.pth", _use_new_zipfile_serialization=False)
torch.save({"b": Evil((eval, (f"__import__('os').system('{touch}')",)))}, "evil_eval.pth", pickle_protocol=4)
torch.save({"b": Evil((getattr, (collections.OrderedDict, "fromkeys")))}, "evil_getattr.pth")

with h5py.File("expected.h5", "w") as f:
    for k, v in state.items(): f["state/" + k] = v.numpy().astype(np.float32)
    for k, v in odd.items(): f["odd/" + k] = v.float().numpy()
