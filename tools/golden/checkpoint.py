"""Checkpoints made by PyTorch for the tests of package torch, and the check of those written in Go.

    python tools/golden/checkpoint.py make   writes torch/testdata/golden (small files, committed)
    python tools/golden/checkpoint.py check  rewrites samples, golden files and quantized torchvision models with
                                        package torch and compares what PyTorch loads from both

Needs torch 2.15.0, torchvision 0.29.2 and safetensors 0.8.0. Seeds are fixed; names and values do not change between runs.
"""
import argparse
import collections
import copy
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings
import zipfile

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import numpy as np
import safetensors.torch
import torch
import torchvision

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "torch/testdata/samples"
GOLDEN = ROOT / "torch/testdata/golden"


def small_model():
    torch.manual_seed(7)
    return torch.nn.Sequential(collections.OrderedDict(
        conv=torch.nn.Conv2d(3, 4, 3), bn=torch.nn.BatchNorm2d(4), fc=torch.nn.Linear(4, 2)))


def make():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    net = small_model()
    opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for p in net.parameters():
        p.grad = torch.ones_like(p)
    opt.step()
    save = lambda obj, name, **kw: torch.save(obj, GOLDEN / name, **kw)
    seen = collections.defaultdict(list)
    seen["train"].append(1)
    leftovers = dict(
        args=argparse.Namespace(lr=0.1, data=pathlib.PurePosixPath("/data/train"), layers=[1, 2]),
        best=np.float64(0.75), history=np.arange(3, dtype=np.float32), seen=seen,
        counter=collections.Counter("aab"), root=pathlib.PurePosixPath("/tmp"), names={"a", "b"},
        device=torch.device("cpu"), version=torch.__version__)
    save(dict(epoch=3, optimizer=opt.state_dict(), state_dict=net.state_dict(), **leftovers), "training.pth")
    inside = net.state_dict()
    inside["norm"] = np.arange(3, dtype=np.float32)
    save(inside, "leftover_inside.pth")
    save(net, "whole_model.pth")
    save(net, "whole_model_legacy.pth", _use_new_zipfile_serialization=False)
    save(dict(model=net.state_dict(), model_ema=net.state_dict()), "two_models.pth")
    save(dict(nested=dict(deep=net.state_dict())), "nested.pth")
    wrapped = torch.nn.DataParallel(torch.nn.ModuleDict({"_orig_mod": net}))
    save(wrapped.state_dict(), "wrapped.pth")
    save(dict(net.state_dict()), "plain_dict.pth")
    save(net.state_dict(), "protocol4.pth", pickle_protocol=4)
    save({k: v.to(torch.complex64) for k, v in net.state_dict().items()}, "complex.pth")
    buf = pathlib.Path(tempfile.mkdtemp()) / "inner.pth"
    torch.save(net.state_dict(), buf, _use_new_zipfile_serialization=False)
    with zipfile.ZipFile(GOLDEN / "zipped_legacy.pth", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(zipfile.ZipInfo("inner.pth"), buf.read_bytes(), zipfile.ZIP_DEFLATED)
    make_safetensors()
    for f in sorted(GOLDEN.glob("*.pth")):
        print(f.name, f.stat().st_size)


def make_safetensors():
    """Every type, names that sort against the types, and text that needs escapes."""
    names = ("bool uint8 int8 float8_e5m2 float8_e4m3fn int16 uint16 float16 bfloat16 "
             "int32 uint32 float32 complex64 float64 int64 uint64").split()
    tensors = {f"{i * 7 % 16:02d}_{n}": torch.tensor([0, 1, 1]).to(getattr(torch, n)) for i, n in enumerate(names)}
    tensors["empty"], tensors["scalar"], tensors['\u00e9/\x01"<\u2028'] = torch.zeros(0, 3), torch.tensor(1.5), torch.ones(1)
    path = ROOT / "safetensors/testdata/golden/every_type.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file(tensors, path, metadata={"note": 'a\n"<>&\\\u2029\x7f\b\f\x1f'})


def quantized(name, backend):
    """A converted torchvision model of settled batch norms, and an empty one to load into."""
    torch.backends.quantized.engine = backend
    torch.manual_seed(11)
    build = getattr(torchvision.models.quantization, name)
    model = build(weights=None, quantize=False).eval()
    for m in model.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.running_mean.uniform_(-0.1, 0.1)
            m.running_var.uniform_(0.5, 1.5)
    empty = build(weights=None, quantize=False).eval()
    for m in (model, empty):
        m.fuse_model(is_qat=False)
        m.qconfig = torch.ao.quantization.get_default_qconfig(backend)
        torch.ao.quantization.prepare(m, inplace=True)
    model(torch.rand(2, 3, 64, 64))
    return [torch.ao.quantization.convert(m) for m in (model, empty)]


def torchvision_quantized(name, backend):
    """The model of quantize=True, as torchvision builds it before it loads its own weights."""
    from torchvision.models.quantization import utils
    torch.backends.quantized.engine = backend
    model = getattr(torchvision.models.quantization, name)(weights=None, quantize=False)
    utils.quantize_model(model, backend)
    return model.eval()


def same(a, b, path, out):
    """Appends the differences between two values of a state dict to out."""
    if isinstance(a, torch.Tensor):
        facts = lambda t: (t.dtype, tuple(t.shape), t.requires_grad, type(t).__name__)
        if facts(a) != facts(b):
            out.append(f"{path}: {facts(a)} became {facts(b)}")
            return
        if a.is_quantized:
            if a.qscheme() != b.qscheme():
                out.append(f"{path}: {a.qscheme()} became {b.qscheme()}")
                return
            if a.qscheme() == torch.per_tensor_affine:
                if (a.q_scale(), a.q_zero_point()) != (b.q_scale(), b.q_zero_point()):
                    out.append(f"{path}: parameters differ")
            elif not (torch.equal(a.q_per_channel_scales(), b.q_per_channel_scales())
                      and torch.equal(a.q_per_channel_zero_points(), b.q_per_channel_zero_points())
                      and a.q_per_channel_axis() == b.q_per_channel_axis()):
                out.append(f"{path}: parameters differ")
            x, y = a.int_repr(), b.int_repr()
        else:
            x, y = a.detach(), b.detach()
        raw = lambda t: t.contiguous().flatten().view(torch.uint8) if t.numel() else t
        if not torch.equal(raw(x), raw(y)):
            out.append(f"{path}: values differ")
        order = lambda t: [s for s, n in zip(t.stride(), t.shape) if n > 1]  # others address nothing
        if a.is_quantized and order(a) != order(b):
            out.append(f"{path}: strides {a.stride()} became {b.stride()}")
    elif isinstance(a, tuple):
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            same(x, y, f"{path}[{i}]", out)
    elif a != b:
        out.append(f"{path}: {a!r} became {b!r}")


def storages(sd):
    """Which keys share memory."""
    groups = collections.defaultdict(list)
    for k, v in sd.items():
        if isinstance(v, torch.Tensor) and v.numel():
            groups[v.untyped_storage().data_ptr()].append(k)
    return sorted(g for g in groups.values() if len(g) > 1)


def strip(sd):
    """The prefixes that package torch takes off."""
    keys, again = list(sd), True
    while again:
        again = False
        for p in ("module.", "_orig_mod.", "model."):
            if keys and all(k.startswith(p) for k in keys):
                keys, again = [k[len(p):] for k in keys], True
    return keys


def pick(obj):
    for key in ("state_dict", "model"):
        if isinstance(obj, dict) and isinstance(obj.get(key), dict):
            return obj[key]
    if isinstance(obj, dict) and "nested" in obj:
        return obj["nested"]["deep"]
    return obj


def original(path):
    """What PyTorch reads, with its escape hatches where its safe way cannot read its own old formats."""
    if path.name == "zipped_legacy.pth":
        with zipfile.ZipFile(path) as z:
            return torch.load(io.BytesIO(z.read("inner.pth")), weights_only=True)
    if path.name == "dtypes_views_legacy.pth":  # PyTorch cannot read its untyped storages back; the zip holds the same
        return original(path.with_name("dtypes_views_zip.pth"))
    return torch.load(path, weights_only=path.name not in ("float_tar.pth", "training.pth"))


def check():
    work = pathlib.Path(tempfile.mkdtemp())
    src, dst = work / "src", work / "dst"
    src.mkdir(), dst.mkdir()
    for f in list(SAMPLES.glob("*.pth")) + list(GOLDEN.glob("*.pth")):
        (src / f.name).write_bytes(f.read_bytes())
    models = {}
    for name in ("resnet18", "mobilenet_v2"):
        for backend in ("fbgemm", "qnnpack"):
            models[f"{name}_{backend}.pth"] = (backend, *quantized(name, backend))
            torch.save(models[f"{name}_{backend}.pth"][1].state_dict(), src / f"{name}_{backend}.pth")
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), src / "resnet18_float.pth")
    subprocess.run(["go", "test", "./torch", "-run", "TestRewrite", "-count=1", "-args", f"-rewrite={src},{dst}"], cwd=ROOT, check=True)
    failed = 0
    for f in sorted(dst.glob("*.pth")):
        problems = []
        try:
            b = torch.load(f, weights_only=True)
            m = torch.load(f, weights_only=True, mmap=True)
            name = f.name.removeprefix("fresh_")
            a = pick(original(src / name))
            keys = strip(a)
            if keys != list(b):
                problems.append("keys or their order differ")
            for key, x, y, z in zip(keys, a.values(), b.values(), m.values(), strict=True):
                same(x, y, key, problems)
                same(x, z, key + " (mmap)", problems)
            if [len(g) for g in storages(a)] != [len(g) for g in storages(b)]:
                problems.append(f"shared storages {storages(a)} became {storages(b)}")
            if keys == list(a):
                meta = lambda sd: {k: v.get("version") for k, v in getattr(sd, "_metadata", {}).items() if "version" in v}
                if meta(a) != meta(b) or hasattr(a, "_metadata") != hasattr(b, "_metadata"):
                    problems.append("metadata differs")
            if name in models:
                backend, full, empty = models[name]
                torch.backends.quantized.engine = backend
                arch = name.removesuffix(f"_{backend}.pth")
                ready = torchvision_quantized(arch, backend)
                x = torch.rand(2, 3, 96, 96)
                for loaded in (copy.deepcopy(empty), ready):
                    loaded.load_state_dict(b, strict=True)
                    if not torch.equal(full(x), loaded(x)):
                        problems.append("logits differ")
        except Exception as e:  # report, and go on with the next file
            problems.append(f"{type(e).__name__}: {e}")
        failed += bool(problems)
        print(f"{'FAIL' if problems else 'ok  '} {f.name}", *problems[:5], sep="\n     " if problems else "")
    missing = {f.name for f in src.glob("*.pth")} - {f.name for f in dst.glob("*.pth")}
    print(f"{len(list(dst.glob('*.pth')))} files rewritten, {failed} failed; not rewritten: {len(missing)}: {' '.join(sorted(missing))}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]]()
