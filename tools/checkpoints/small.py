"""Small checkpoints for `go test ./torch`: one tiny model among every kind of leftover, protocol, archive and name.

    python tools/checkpoints/small.py [torch/testdata/checkpoints]
"""
import bz2
import collections
import gzip
import io
import pathlib
import shutil
import sys
import tarfile
import types
import warnings
import zipfile

import torch

import leftovers

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).resolve().parents[2]


def model():
    torch.manual_seed(7)
    return torch.nn.Sequential(collections.OrderedDict(conv=torch.nn.Conv2d(3, 4, 3), bn=torch.nn.BatchNorm2d(4), fc=torch.nn.Linear(4, 2)))


def saved(obj, **kw):
    buf = io.BytesIO()
    torch.save(obj, buf, **kw)
    return buf.getvalue()


def pack_tar(files, mode="w"):
    buf = io.BytesIO()
    with tarfile.open(fileobj=buf, mode=mode) as t:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            t.addfile(info, io.BytesIO(content))
    return buf.getvalue()


def pack_zip(files, method):
    buf = io.BytesIO()
    with zipfile.ZipFile(buf, "w", method) as z:
        for name, content in files.items():
            z.writestr(zipfile.ZipInfo(name), content, method)
    return buf.getvalue()


def pack_gzip(content):
    return gzip.compress(content, mtime=0)


def main(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sd = model().state_dict()
    put = lambda name, content: (folder / name).write_bytes(content)

    put("plain.pth", saved(sd))
    for kind, make in leftovers.KINDS.items():
        rest = make()
        put(f"beside_{kind}.pth", saved(dict(state_dict=sd, rest=rest)))
        put(f"legacy_{kind}.pth", saved(dict(rest=rest, state_dict=sd), _use_new_zipfile_serialization=False))
        for protocol in (4, 5):
            put(f"protocol{protocol}_{kind}.pth", saved(dict(rest=rest, state_dict=sd), pickle_protocol=protocol))
    for protocol in (1, 3, 4, 5):
        put(f"protocol{protocol}.pth", saved(sd, pickle_protocol=protocol))
        if protocol > 1:
            put(f"protocol{protocol}_legacy.pth", saved(sd, pickle_protocol=protocol, _use_new_zipfile_serialization=False))

    for name, kind in dict(attrdict=leftovers.AttrDict, ordered=leftovers.Ordered, frosty=leftovers.Frosty, sorted=leftovers.Sorted,
                           lightning=type(leftovers.attributes())).items():
        put(f"weights_in_{name}.pth", saved(kind(sd)))
        put(f"weights_below_{name}.pth", saved(kind(epoch=3, model=kind(sd))))
    put("weights_in_userdict.pth", saved(collections.UserDict(sd)))
    put("weights_in_namespace.pth", saved(types.SimpleNamespace(epoch=3, model=sd)))
    put("weights_in_namedtuple.pth", saved(leftovers.Point(3, sd)))
    put("weights_in_object.pth", saved(state(sd)))
    put("weights_scaled.pth", saved({k: leftovers.Scaled(v, False) if v.is_floating_point() else v for k, v in sd.items()}))

    weights, legacy = saved(sd), saved(sd, _use_new_zipfile_serialization=False)
    readme = {"ckpt/README.md": b"weights", "ckpt/._model.pth": b"\0\5\x16\7", "ckpt/config.yaml": b"lr: 0.1"}
    put("packed.pth.gz", pack_gzip(weights))
    put("packed_legacy.pth.gz", pack_gzip(legacy))
    put("packed_gzip_by_content.pth", pack_gzip(weights))
    put("packed.pth.bz2", bz2.compress(weights))
    put("packed.tar", pack_tar({"model.pth": weights}))
    put("packed_folder.tar", pack_tar(readme | {"ckpt/model.pth": weights}))
    put("packed.tar.gz", pack_gzip(pack_tar({"./ckpt/model_best.pth.tar": legacy})))
    put("packed_twice.tgz", pack_gzip(pack_tar({"ckpt/model.pth.gz": pack_gzip(weights)})))
    put("packed_pax.tar", pack_tar({"a/" + "long" * 40 + "/model.bin": weights}))
    put("packed_stored.zip", pack_zip(readme | {"ckpt/model.pth": weights}, zipfile.ZIP_STORED))
    put("packed_deflated.zip", pack_zip({"ckpt/model.pt": legacy, "__MACOSX/ckpt/._model.pt": b"\0\5\x16\7"}, zipfile.ZIP_DEFLATED))

    for i, stem in enumerate(["2024-01-01T12:30:00", "run:3", "C:", ":memory:", "epoch=3-val_loss=0.12", "100% done?", "a 'quoted' \"name\"", ".hidden", "tab\there", "*"]):
        inner = folder / f"{stem}.pth"
        torch.save(sd, inner)
        root = zipfile.ZipFile(inner).namelist()[0].split("/")[0]
        inner.rename(folder / f"name_{i}.pth")
        print(i, repr(root))

    net = model()
    refused = folder / "refused"
    refused.mkdir()
    save = lambda name, obj, **kw: torch.save(obj, refused / name, **kw)
    save("model.pth", net)
    save("model_legacy.pth", net, _use_new_zipfile_serialization=False)
    save("model_at_key.pth", dict(epoch=3, model=net, optimizer=None))
    save("model_in_list.pth", [net, 3])
    save("model_beside_tensor.pth", dict(net=net, loss=torch.tensor(0.1)))
    save("model_protocol4.pth", dict(ema=net), pickle_protocol=4)
    inside = lambda **more: dict(state_dict=dict(sd) | more)
    save("enum_inside.pth", inside(phase=leftovers.Phase.TRAIN))
    save("array_inside.pth", inside(norm=leftovers.arrays()["array"]))
    save("dataclass_inside.pth", inside(**{"cfg's \"name\"": leftovers.Config()}))
    save("class_inside.pth", inside(cls=leftovers.Head))
    save("sparse_inside.pth", inside(extra=torch.eye(3).to_sparse()))
    save("conj_inside.pth", inside(z=torch.tensor([1j]).conj()))
    save("enum_alone.pth", leftovers.Phase.TRAIN)
    save("dataclass_alone.pth", leftovers.Config())
    opt = torch.optim.Adam(net.parameters())
    for p in net.parameters():
        p.grad = torch.ones_like(p)
    opt.step()
    save("optimizer_alone.pth", opt.state_dict())
    save("scheduler_alone.pth", torch.optim.lr_scheduler.StepLR(opt, 1).state_dict())
    save("tensor_alone.pth", torch.ones(3))
    save("rng_alone.pth", [torch.get_rng_state(), leftovers.numbers()["mt19937"]])
    save("attrdict_alone.pth", leftovers.AttrDict(lr=0.1))
    print(sum(f.stat().st_size for f in folder.rglob("*.*")), "bytes")


def state(sd):
    @leftovers.ours
    class TrainState:
        def __init__(self, **kw):
            self.__dict__.update(kw)

    TrainState.__qualname__ = "TrainState"
    return TrainState(step=1, weights=sd, phase=leftovers.Phase.EVAL)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "torch/testdata/checkpoints")
