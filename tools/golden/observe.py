"""Golden data of package observe, from PyTorch 2.15: internal/observe/testdata/*.json.

    ATEN_CPU_CAPABILITY=avx2 python tools/golden/observe.py [FOLDER] [--times N] [--seed S]

Streams of batches are made by a hash that stream_test.go repeats, so that only
settings and results are stored. Floats are stored as their bits, histograms as
the CRC-32 of their little-endian float32 counts. --times and --seed make more data
for `go test ./observe -golden FOLDER`.
"""
import argparse
import json
import os
import pathlib
import warnings
import zlib

os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")
warnings.filterwarnings("ignore")
import numpy as np
import torch
from torch.ao.quantization import observer as ob

assert torch.__version__.startswith("2.15."), torch.__version__
torch.set_num_threads(1)
np.seterr(all="ignore")

ap = argparse.ArgumentParser()
ap.add_argument("folder", nargs="?", default=str(pathlib.Path(__file__).parents[2] / "internal/observe/testdata"))
ap.add_argument("--times", type=int, default=1)
ap.add_argument("--seed", type=int, default=20261102)
args = ap.parse_args()
rng = np.random.default_rng(args.seed)
f32, u64 = np.float32, np.uint64


def mix(seed, n):
    """n hashes of 64 bits: splitmix64."""
    z = u64(seed) + (np.arange(n, dtype=u64) + u64(1)) * u64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> u64(30))) * u64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> u64(27))) * u64(0x94D049BB133111EB)
    return z ^ (z >> u64(31))


def batch(seed, n, shape, scale, offset):
    """n float32 numbers of a distribution, by single float32 operations."""
    h = mix(seed, n)
    parts = [((h >> u64(16 * k)) & u64(0xFFFF)).astype(np.int64) for k in range(4)]
    x = ((parts[0] + parts[1] + parts[2] + parts[3]) - 131070).astype(f32) / f32(37837)  # about normal
    if shape == "cubic":
        x = x * x * x
    if shape == "spike":
        x = np.where(parts[0] % 1000 == 7, x * f32(50), x)
    if shape == "grid":
        x = np.rint(x * f32(4)) / f32(4)
    if shape == "constant":
        x = np.full(n, f32(1))
    if shape == "zero":
        x = np.zeros(n, f32)
    x = x * f32(scale) + f32(offset)
    if shape == "relu":
        x = np.maximum(x, f32(0))
    if shape == "relu6":
        x = np.minimum(np.maximum(x * f32(3), f32(0)), f32(6))
    if shape == "inf":
        x = np.where(parts[1] % 97 == 3, f32(np.inf), np.where(parts[1] % 97 == 4, f32(-np.inf), x))
    return x.astype(f32)


SHAPES = ["normal", "relu", "relu6", "cubic", "spike", "grid", "constant", "zero", "inf"]


def bits(v):
    return int(np.array([v], f32).view(np.uint32)[0])


def bits_of(a):
    return [int(v) for v in np.atleast_1d(np.asarray(a, f32)).view(np.uint32).ravel()]


def stream(batches, n, kinds, growth):
    scale, offset = float(f32(10.0 ** rng.uniform(-5, 4))), 0.0
    out = []
    for b in range(batches):
        kind = kinds[rng.integers(0, len(kinds))] if len(kinds) > 1 else kinds[0]
        offset = float(f32(rng.uniform(-2, 2) * scale)) if kind in ("normal", "constant", "cubic") and rng.integers(0, 2) else 0.0
        out.append(dict(seed=int(rng.integers(0, 2**63)), n=int(n), shape=kind, scale=bits(scale), offset=bits(offset)))
        scale = float(f32(scale * rng.choice(growth)))
    return out


def values(b):
    un = lambda v: np.array([v], np.uint32).view(f32)[0]
    return batch(b["seed"], b["n"], b["shape"], un(b["scale"]), un(b["offset"]))


def settings(i, symmetric_reduce):
    dtype, scheme = ["quint8", "qint8"][i % 2], ["affine", "symmetric"][i // 2 % 2]
    s = dict(dtype=dtype, qscheme=scheme, eps=[2.0**-23, 2.0**-12][i // 4 % 2])
    if i // 8 % 3 == 1:
        choices = [(0, 127), (0, 255), (0, 15)] if dtype == "quint8" else [(-127, 127), (-8, 7), (-128, 127)]
        s["quant_min"], s["quant_max"] = choices[rng.integers(0, 3)]
    if i // 8 % 3 == 2 and (symmetric_reduce or not (scheme == "symmetric" and dtype == "quint8")):
        s["reduce_range"] = True
    return s


def make(kind, s, per):
    kw = {k: v for k, v in s.items() if k not in ("dtype", "qscheme", "axis")}
    if "axis" in s:
        kw["ch_axis"] = s["axis"]
    scheme = f"per_{per}_{s['qscheme']}"
    s["qscheme"] = scheme
    return kind(dtype=getattr(torch, s["dtype"]), qscheme=getattr(torch, scheme), **kw)


def finish(case, o):
    try:
        s, z = o.calculate_qparams()
    except AssertionError:  # the average of constant minima, rounded above that of the maxima
        case["raises"] = True
        return case
    case["want_scale"] = bits_of(s.numpy())
    case["want_zero"] = bits_of(z.numpy()) if z.dtype == torch.float32 else [int(v) for v in z.ravel()]
    return case


def write(file, cases):
    path = pathlib.Path(args.folder) / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
    print(path, len(cases), "cases", path.stat().st_size, "bytes", flush=True)


def per_tensor():
    out = []
    for i in range(96 * args.times):
        s = settings(i, False)
        kind = ["minmax", "moving_average_minmax"][i // 24 % 2]
        if kind != "minmax":
            s["averaging_constant"] = [0.01, 0.1, 1.0][i % 3]
        kinds = SHAPES[:8] if i % 5 else [SHAPES[i // 5 % 8]]
        batches = stream(5, rng.integers(1, 400), kinds, [0.5, 1, 1, 3])
        o = make([ob.MinMaxObserver, ob.MovingAverageMinMaxObserver][kind != "minmax"], s, "tensor")
        ranges = []
        for b in batches:
            o(torch.from_numpy(values(b)))
            ranges.append([bits(o.min_val), bits(o.max_val)])
        out.append(finish(dict(kind=kind, spec=s, batches=batches, ranges=ranges), o))
    write("tensor.json", out)


def per_channel():
    out = []
    for i in range(48 * args.times):
        s = settings(i, False)
        s["axis"] = i % 4
        if i % 6 == 5:
            s["qscheme"], s["dtype"] = "affine_float_qparams", "quint8"
            s.pop("quant_min", 0), s.pop("quant_max", 0)
        kind = ["per_channel_minmax", "moving_average_per_channel_minmax"][i // 3 % 2]
        if i // 3 % 2:
            s["averaging_constant"] = [0.01, 0.1, 1.0][i // 6 % 3]
        dims = [int(v) for v in rng.integers(1, 7, 4)]
        batches = stream(4, np.prod(dims), SHAPES[:8], [0.5, 1, 1, 3])
        o = make([ob.PerChannelMinMaxObserver, ob.MovingAveragePerChannelMinMaxObserver][i // 3 % 2], s, "channel")
        for b in batches:
            o(torch.from_numpy(values(b)).reshape(dims))
        case = finish(dict(kind=kind, spec=s, dims=dims, batches=batches), o)
        case["min"], case["max"] = bits_of(o.min_val.numpy()), bits_of(o.max_val.numpy())
        out.append(case)
    write("channel.json", out)


def histogram():
    out = []
    for i in range(40 * args.times):
        s = settings(i, True)
        if i % 10 == 9:
            s["bins"] = [100, 256, 1000, 37][i // 10 % 4]
        n = [50, 700, 5000, 1, 20000][i % 5]
        kinds = [SHAPES[i % 9]] if i % 3 else SHAPES
        growth = [[1.0], [0.9, 1, 1.3], [0.5, 1, 3, 20]][i % 3]
        batches = stream(4, n, kinds, growth)
        if i % 3 == 1:  # the range stays
            for b in batches:
                b["offset"], b["seed"] = batches[0]["offset"], batches[0]["seed"] if i % 2 else b["seed"]
        o = make(ob.HistogramObserver, s, "tensor")
        after = []
        for b in batches:
            o(torch.from_numpy(values(b)))
            after.append([bits(o.min_val), bits(o.max_val), zlib.crc32(o.histogram.numpy().astype("<f4").tobytes())])
        case = dict(kind="histogram", spec=s, batches=batches, after=after)
        if o.min_val <= o.max_val:
            lo, hi = o._non_linear_param_search()
            case["search"] = [bits(lo), bits(hi)]
        out.append(finish(case, o))
    write("histogram.json", out)


def pieces():
    """torch.sum and torch.linspace alone."""
    out = []
    for n in [8, 31, 32, 37, 100, 1000, 2000, 2048, 5000, 8192, 32768]:
        x = batch(n, n, "normal", 1, 0)
        out.append(dict(what="sum", n=n, want=bits_of(torch.from_numpy(x).sum().numpy())))
    for a, b, n in [(-1.37, 2.91, 2049), (-0.1, 5.77, 32769), (0.0, 6.0, 2049), (-3.3, 1e-3, 32769), (1.0, 1.0000002, 101)]:
        y = torch.linspace(torch.tensor(a), torch.tensor(b), n).numpy().astype("<f4")
        out.append(dict(what="linspace", n=n, lo=bits(a), hi=bits(b), want=[zlib.crc32(y.tobytes())]))
    write("pieces.json", out)


pieces(), per_tensor(), per_channel(), histogram()
