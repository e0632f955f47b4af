"""Golden data of package quant, from PyTorch 2.15: quant/testdata/*.json.

    ATEN_CPU_CAPABILITY=avx2 python tools/golden/quant.py [FOLDER] [--times N] [--seed S]

Without arguments it writes the committed files. --times and --seed make more
data for `go test ./quant -golden FOLDER`.

Arrays are base64 of little-endian numbers; single floats are their bits, so that
NaN and infinities survive.
"""
import argparse
import base64
import json
import os
import pathlib
import warnings

os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")
# oneDNN's AVX-512 kernels multiply by the two scales one after the other, its AVX2
# kernels by their product; the contract is AVX2's.
os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX2")
warnings.filterwarnings("ignore")
import numpy as np
import torch
import torch.ao.quantization as tq
import torch.ao.quantization.qconfig as qc
from torch.ao.quantization.observer import MinMaxObserver, PerChannelMinMaxObserver

assert torch.__version__.startswith("2.15."), torch.__version__
torch.set_num_threads(1)
np.seterr(all="ignore")

ap = argparse.ArgumentParser()
ap.add_argument("folder", nargs="?", default=str(pathlib.Path(__file__).parents[2] / "quant/testdata"))
ap.add_argument("--times", type=int, default=1)
ap.add_argument("--seed", type=int, default=20261101)
args = ap.parse_args()
rng = np.random.default_rng(args.seed)
f32 = np.float32
NAN, INF = float("nan"), float("inf")
CODES = {torch.quint8: (0, 255), torch.qint8: (-128, 127), torch.qint32: (-(2**31), 2**31 - 1)}
SPECIALS = [NAN, INF, -INF, 1e30, -1e30, 2147483648.0, -2147483648.0, 1e-45, -1e-45, 0.0, -0.0, 3e9, -3e9, 16777217.0, 33554435.0]


def b64(a, dtype):
    return base64.b64encode(np.ascontiguousarray(a, dtype).astype(np.dtype(dtype).newbyteorder("<")).tobytes()).decode()


def bits(v):
    return int(np.array([v], f32).view(np.uint32)[0])


def bits64(v):
    return str(int(np.array([v], np.float64).view(np.uint64)[0]))


def name(t):
    return str(t).replace("torch.", "")


def t(a):
    return torch.from_numpy(np.ascontiguousarray(a))


def write(file, cases):
    path = pathlib.Path(args.folder) / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
    print(path, len(cases), "cases", path.stat().st_size, "bytes")


def log_uniform(lo, hi):
    return float(10.0 ** rng.uniform(lo, hi))


def ranges():
    """Pairs of min and max: two-sided, one-sided, tiny, constant, special."""
    m = log_uniform(-9, 4)
    a, b = sorted(rng.standard_normal(2) * m)
    kind = rng.integers(0, 8)
    if kind == 0:
        a = b
    if kind == 1:
        a, b = abs(a), abs(a) + abs(b)
    if kind == 2:
        a, b = -abs(a) - abs(b), -abs(a)
    if kind == 3:
        a, b = sorted([a, -a * log_uniform(-3, 3)])
    return f32(a), f32(b)


EDGES = [(0, 0), (3, 3), (-3, -3), (NAN, NAN), (1, INF), (-INF, 1), (-INF, INF), (INF, -INF), (2, 1), (-0.0, 0.0), (1e-45, 1e-45), (-3e38, 3e38)]


def qparams():
    out = []
    edges = [(f32(a), f32(b)) for a, b in EDGES]
    for i in range(300 * args.times + len(edges) * 8):
        dtype = [torch.quint8, torch.qint8, torch.qint32][0 if i % 2 == 0 else 1 if i % 14 else 2]
        scheme = ["per_tensor_affine", "per_tensor_symmetric", "per_channel_affine_float_qparams"][i // 2 % 8 % 3]
        if scheme.startswith("per_channel"):
            dtype = torch.quint8
        lo, hi = CODES[dtype]
        qmin = qmax = None
        if i // 4 % 3 == 0 and dtype != torch.qint32:
            choices = [(0, 127), (0, 255), (0, 15), (0, 200)] if dtype == torch.quint8 else [(-127, 127), (-8, 7), (-128, 127), (-64, 63), (-5, 100)]
            qmin, qmax = choices[rng.integers(0, len(choices))]
        reduce = bool(i // 8 % 2) and not (scheme.endswith("symmetric") and dtype == torch.quint8)
        eps = [float(np.finfo(f32).eps), 2.0**-12][i // 16 % 2]
        a, b = edges[i // 8] if i < len(edges) * 8 else ranges()
        kind = PerChannelMinMaxObserver if scheme.startswith("per_channel") else MinMaxObserver
        o = kind(dtype=dtype, qscheme=getattr(torch, scheme), reduce_range=reduce, quant_min=qmin, quant_max=qmax, eps=eps)
        if scheme.startswith("per_channel"):
            o.min_val, o.max_val = torch.tensor([a]), torch.tensor([b])
        else:
            o.min_val.copy_(torch.tensor(a)), o.max_val.copy_(torch.tensor(b))
        c = dict(min=bits(a), max=bits(b), scheme=scheme, dtype=name(dtype), quant_min=qmin, quant_max=qmax, reduce=reduce, eps=bits(eps), codes=[o.quant_min, o.quant_max])
        try:
            s, z = o.calculate_qparams()
            c["scale"] = bits(s.item())
            c["zero"] = bits(z.item()) if scheme.startswith("per_channel") else int(z.item())
        except AssertionError:
            c["error"] = True
        out.append(c)
    write("qparams.json", out)


def near_half(qmin, qmax):
    """Ranges whose exact zero point lies near a half."""
    k, s = rng.integers(1, qmax - qmin - 2), log_uniform(-3, 0)
    return f32(-(k + 0.5) * s), f32((qmax - qmin - k - 0.5) * s)


def choose():
    out = []
    one = torch.ones(1, dtype=torch.long)
    for i in range(80 * args.times):
        a, b = ranges() if i % 2 else near_half(0, 255)
        for dtype, reduce in [(torch.quint8, False), (torch.quint8, True), (torch.qint8, False)]:
            q = torch.quantize_per_tensor_dynamic(torch.tensor([a, b]), dtype, reduce)
            lo, hi = CODES[dtype]
            out.append(dict(rule="dynamic", min=bits(a), max=bits(b), codes=[lo, hi], reduce=reduce, sparse=False, scale=bits64(q.q_scale()), zero=q.q_zero_point()))
        for (lo, hi), sym in [((0, 255), False), ((0, 127), False), ((-128, 127), True), ((-127, 127), True), ((-8, 7), True), ((-128, 127), False)]:
            if rng.integers(0, 3):
                continue
            mn, mx = torch.tensor(INF), torch.tensor(-INF)
            s, z = torch.ones(1), torch.zeros(1, dtype=torch.int32)
            torch.fused_moving_avg_obs_fake_quant(torch.tensor([a, b]), one, one, mn, mx, s, z, 1.0, lo, hi, -1, False, sym)
            out.append(dict(rule="fused", min=bits(a), max=bits(b), codes=[lo, hi], reduce=False, sparse=sym, scale=bits64(s.item()), zero=int(z.item())))
    write("choose.json", out)


def values(n, scale):
    """Random values, ties of the scale, and specials."""
    x = rng.standard_normal(n) * scale * log_uniform(0, 3)
    k = n // 3
    x[:k] = (rng.integers(-300, 300, k) + 0.5) * scale
    return np.concatenate([x, np.array(SPECIALS), np.array(SPECIALS) * scale]).astype(f32)


def quantize():
    out = []
    for i in range(36 * args.times):
        dtype = list(CODES)[i % 3]
        lo, hi = CODES[dtype]
        s = log_uniform(-4, 1) if i % 5 else [1.0, 1e-39, 1e-42, 1e-38, 0.5][i // 5 % 5]
        z = int(rng.integers(max(lo, -1000), min(hi, 1000) + 1)) if i % 4 else [lo, hi, 0][i // 4 % 3]
        if dtype == torch.qint32 and i % 4 == 0:
            z = 0
        x = values(90, s)
        q = torch.quantize_per_tensor(t(x), s, z, dtype)
        out.append(dict(kind="tensor", dtype=name(dtype), shape=[len(x)], axis=-1, scales=b64([s], "f8"), zeros=b64([z], "i8"), x=b64(x, "f4"), codes=b64(q.int_repr().numpy(), "i4"), real=b64(q.dequantize().numpy(), "f4")))
    for i in range(36 * args.times):
        dtype = list(CODES)[i % 3]
        lo, hi = CODES[dtype]
        shape = [(3, 4, 15), (15, 4, 3), (4, 3, 15)][i // 3 % 3]
        axis = i // 9 % 3
        n = shape[axis]
        s = np.array([log_uniform(-4, 1) for _ in range(n)])
        z = rng.integers(max(lo, -1000), min(hi, 1000) + 1, n)
        x = np.resize(values(120, s[0]), shape)
        q = torch.quantize_per_channel(t(x), t(s), t(z), axis, dtype)
        out.append(dict(kind="channel", dtype=name(dtype), shape=shape, axis=axis, scales=b64(s, "f8"), zeros=b64(z, "i8"), x=b64(x, "f4"), codes=b64(q.int_repr().numpy(), "i4"), real=b64(q.dequantize().numpy(), "f4")))
        if dtype == torch.qint32:
            continue
        zf = rng.uniform(lo, hi, n).astype(f32)
        s = s.astype(f32)
        q = torch.quantize_per_channel(t(x), t(s), t(zf), axis, dtype)
        out.append(dict(kind="float", dtype=name(dtype), shape=shape, axis=axis, scales=b64(s, "f8"), float_zeros=b64(zf, "f4"), x=b64(x, "f4"), codes=b64(q.int_repr().numpy(), "i4"), real=b64(q.dequantize().numpy(), "f4")))
    for i in range(12 * args.times):
        x = (rng.standard_normal(60) * log_uniform(-7, 3) + rng.uniform(-1, 1)).astype(f32)
        dtype, reduce = [torch.quint8, torch.qint8][i % 2], bool(i // 2 % 2)
        q = torch.quantize_per_tensor_dynamic(t(x), dtype, reduce)
        out.append(dict(kind="dynamic", dtype=name(dtype), shape=[60], axis=-1, reduce=reduce, scales=b64([q.q_scale()], "f8"), zeros=b64([q.q_zero_point()], "i8"), x=b64(x, "f4"), codes=b64(q.int_repr().numpy(), "i4"), real=b64(q.dequantize().numpy(), "f4")))
    write("quantize.json", out)


def fakequant():
    out = []
    for i in range(40 * args.times):
        lo, hi = [(0, 255), (-128, 127), (0, 127), (-8, 7)][i % 4]
        s, z = log_uniform(-3, 1), int(rng.integers(lo, hi + 1))
        x = values(90, s)
        y, m = torch.ops.aten.fake_quantize_per_tensor_affine_cachemask(t(x), s, z, lo, hi)
        out.append(dict(kind="tensor", codes=[lo, hi], shape=[len(x)], axis=-1, scales=b64([s], "f8"), zeros=b64([z], "i8"), x=b64(x, "f4"), y=b64(y.numpy(), "f4"), mask=b64(m.numpy(), "u1")))
        shape, axis = (3, 4, 10), i // 4 % 3
        n = shape[axis]
        sc = np.array([log_uniform(-3, 1) for _ in range(n)], f32)
        x = np.resize(values(90, sc[0]), shape)
        zi, zf = rng.integers(lo, hi + 1, n).astype(np.int32), rng.uniform(lo, hi, n).astype(f32)
        for key, zp in (("zeros", zi), ("float_zeros", zf)):
            y, m = torch.ops.aten.fake_quantize_per_channel_affine_cachemask(t(x), t(sc), t(zp), axis, lo, hi)
            out.append({"kind": "channel", "codes": [lo, hi], "shape": shape, "axis": axis, "scales": b64(sc, "f8"), key: b64(zp, "i8" if key == "zeros" else "f4"), "x": b64(x, "f4"), "y": b64(y.numpy(), "f4"), "mask": b64(m.numpy(), "u1")})
    write("fakequant.json", out)


def packed(eng, layer, x, w, bias, so, zo, relu):
    q = torch.ops.quantized
    torch.backends.quantized.engine = eng
    if layer == "linear":
        return (q.linear_relu if relu else q.linear)(x, q.linear_prepack(w, bias), so, zo).int_repr().numpy()
    p = q.conv2d_prepack(w.reshape(*w.shape, 1, 1) if w.qscheme() == torch.per_tensor_affine else w, bias, [1, 1], [0, 0], [1, 1], 1)
    y = (q.conv2d_relu if relu else q.conv2d)(x.reshape(*x.shape, 1, 1), p, so, zo)
    return y.int_repr().numpy().reshape(y.shape[0], y.shape[1])


def requant():
    """Layers of tiny shapes: accumulators from numpy, outputs from PyTorch."""
    out = []
    for i in range(192 * args.times):
        eng = ["fbgemm", "qnnpack", "onednn"][i % 3]
        layer = ["conv", "linear"][i // 3 % 2]
        per_channel, has_bias, relu = bool(i // 6 % 2), bool(i // 12 % 2), bool(i // 24 % 2)
        mode = ["random", "ties", "overflow", "random"][i // 48 % 4]
        M, K, N = 24, 8, 6
        xi, zx = rng.integers(0, 128, (M, K)), int(rng.integers(0, 128))
        wi = rng.integers(-128, 128, (N, K))
        zw = 0 if per_channel or eng == "onednn" or i % 2 else int(rng.integers(-20, 20))
        sx, zo = log_uniform(-3, -1), int(rng.integers(0, 200))
        sw = np.array([log_uniform(-4, -2) for _ in range(N)])
        acc = (xi - zx) @ (wi - zw).T
        so = float(max(np.std(acc), 1) * sx * np.mean(sw) / 40)
        bias = (rng.standard_normal(N) * np.std(acc) * sx * np.mean(sw)).astype(f32)
        if mode == "ties":  # every product of scales is a power of two, so halves are exact
            sx, sw, so = 0.5, 2.0 ** rng.integers(-3, 0, N), 2.0
            bias = (rng.integers(-400, 400, N) / 8).astype(f32)
            zo = int(rng.integers(100, 140))
            xi, wi = xi % 8, wi % 5 - 2
            zx, zw = zx % 8, 0
            acc = (xi - zx) @ (wi - zw).T
        if mode == "overflow":
            so *= log_uniform(-8, -2)
        if not per_channel:
            sw = sw[:1]
        w8 = wi.astype(np.int8)
        if per_channel:
            shape = (N, K, 1, 1) if layer == "conv" else (N, K)
            w = torch._make_per_channel_quantized_tensor(t(w8.reshape(shape)), t(sw), t(np.zeros(N, np.int64)), 0)
        else:
            w = torch._make_per_tensor_quantized_tensor(t(w8), float(sw[0]), zw)
        x = torch._make_per_tensor_quantized_tensor(t(xi.astype(np.uint8)), sx, zx)
        y = packed(eng, layer, x, w, t(bias) if has_bias else None, so, zo, relu)
        out.append(dict(engine=eng, layer=layer, mode=mode, relu=relu, per_channel=per_channel, channels=N, scale_in=bits64(sx), zero_in=zx, scales=b64(sw, "f8"), zero_w=zw, scale_out=bits64(so), zero_out=zo, bias=b64(bias, "f4") if has_bias else "", acc=b64(acc, "i4"), codes=b64(y, "u1")))
    write("requant.json", out)


def rounding_twins(n):
    """Layers of one output each on which a near miss of a formula shows.

    For every detail of a rule, random inputs are searched for those where the rule
    and the rule without the detail give different codes; PyTorch decides.
    """
    def inv(v):
        return (f32(1) / v.astype(f32)).astype(f32)

    def twice(v):
        return (f32(1) / (1.0 / v.astype(np.float64)).astype(f32)).astype(f32)

    def fma(a, b, c):
        return (a.astype(np.float64) * b.astype(np.float64) + c.astype(np.float64)).astype(f32)

    si, sw = 10.0 ** rng.uniform(-3, -1, n), 10.0 ** rng.uniform(-4, -2, n)
    acc = rng.integers(-16000, 16000, n)
    so = np.abs(acc + 1) * si * sw / rng.uniform(1, 250, n)
    zo = np.where(acc < 0, 255, 0)
    bias = (rng.standard_normal(n) * so * 20).astype(f32)
    A, SI, SW, SO = acc.astype(f32), si.astype(f32), sw.astype(f32), so.astype(f32)
    aw = SI * SW
    real = lambda w, b: np.rint((A * (twice(si) * w) + b) * (f32(1) / twice(so)) + zo.astype(f32))
    rcp = (1.0 / aw.astype(np.float64)).astype(f32)
    return [
        ("fbgemm", "linear", False, False, np.rint(A * (aw / SO)), np.rint(A * (aw * inv(SO)))),
        ("fbgemm", "conv", True, False, np.rint(A * (aw / SO)), np.rint(A * (aw * inv(SO)))),
        ("fbgemm", "linear", False, True, np.rint(fma(bias, rcp, A) * (aw / SO)), np.rint((A + bias * rcp) * (aw / SO))),
        ("fbgemm", "linear", True, True, np.rint((A + bias / aw) * (aw / SO)), np.rint((A + bias * rcp) * (aw / SO))),
        ("qnnpack", "linear", False, False, np.rint(A * (aw * inv(SO))), np.rint(A * (aw / SO))),
        ("qnnpack", "conv", True, False, np.rint(A * (aw * inv(SO))), np.rint(A * (aw / SO))),
        ("onednn", "linear", False, True, real(twice(sw), bias), real(SW, bias)),
        ("onednn", "linear", True, True, real(twice(SW), bias), real(SW, bias)),
        ("onednn", "linear", False, False, real(twice(sw), 0), real(twice(SW), 0)),
        ("onednn", "linear", True, False, real(twice(SW), 0), real(twice(sw), 0)),
        ("onednn", "conv", False, True, real(SW, bias), real(twice(sw), bias)),
        ("onednn", "conv", True, True, real(SW, bias), real(twice(SW), bias)),
    ], acc, si, sw, so, zo, bias


def details():
    twins, acc, si, sw, so, zo, bias = rounding_twins(1_000_000)
    out = []
    for eng, layer, per_channel, has_bias, a, b in twins:
        inside = (a + (0 if eng == "onednn" else zo) < 255) & (a + (0 if eng == "onednn" else zo) > 0)
        for i in np.nonzero((a != b) & inside)[0][:12]:
            w0 = int(acc[i]) // 127
            wi, xi = np.array([[w0, acc[i] - 127 * w0]]), np.array([[127, 1]])  # acc = 127*w0 + w1
            w8 = wi.astype(np.int8)
            if per_channel:
                w = torch._make_per_channel_quantized_tensor(t(w8.reshape((1, 2, 1, 1) if layer == "conv" else (1, 2))), t(sw[i : i + 1]), t(np.zeros(1, np.int64)), 0)
            else:
                w = torch._make_per_tensor_quantized_tensor(t(w8), float(sw[i]), 0)
            x = torch._make_per_tensor_quantized_tensor(t(xi.astype(np.uint8)), float(si[i]), 0)
            y = packed(eng, layer, x, w, t(bias[i : i + 1]) if has_bias else None, float(so[i]), int(zo[i]), False)
            out.append(dict(engine=eng, layer=layer, mode="detail", relu=False, per_channel=per_channel, channels=1, scale_in=bits64(si[i]), zero_in=0, scales=b64(sw[i : i + 1], "f8"), zero_w=0, scale_out=bits64(so[i]), zero_out=int(zo[i]), bias=b64(bias[i : i + 1], "f4") if has_bias else "", acc=b64([acc[i]], "i4"), codes=b64(y, "u1")))
        print(eng, layer, "per channel" if per_channel else "per tensor", "bias" if has_bias else "", int((a != b).sum()), "of", len(a), "differ")
    write("details.json", out)


def observer(ctr):
    """An observer's settings, by the names of quant.ObserverSpec."""
    o = ctr()
    fake = {"FakeQuantize": "fake_quantize", "FusedMovingAvgObsFakeQuantize": "fused_moving_avg_obs_fake_quant"}.get(type(o).__name__, "")
    o = getattr(o, "activation_post_process", o)
    d = dict(observer=type(o).__name__, fake_quant=fake)
    if d["observer"] in ("Identity", "NoopObserver"):
        return d
    d.update(dtype=name(o.dtype), qscheme=name(o.qscheme), dynamic=bool(o.is_dynamic))
    d["eps"] = bits(float(o.eps))
    if getattr(o, "quant_min", None) is not None:
        d["codes"] = [o.quant_min, o.quant_max]
    for key, attr in (("reduce_range", "reduce_range"), ("averaging_constant", "averaging_constant"), ("axis", "ch_axis"), ("bins", "bins")):
        if hasattr(o, attr):
            d[key] = getattr(o, attr)
    return d


def qconfigs():
    out = []

    def add(name, backend, c):
        out.append(dict(name=name, backend=backend, activation=observer(c.activation), weight=observer(c.weight)))

    for b in ("fbgemm", "x86", "qnnpack", "onednn"):
        add("default", b, tq.get_default_qconfig(b))
        add("default_qat", b, tq.get_default_qat_qconfig(b, 1))
        add("default_qat_v0", b, tq.get_default_qat_qconfig(b, 0))
    tv = lambda w: tq.QConfig(activation=tq.default_observer, weight=w)  # torchvision's quantize_model
    add("torchvision", "fbgemm", tv(tq.default_per_channel_weight_observer))
    add("torchvision", "qnnpack", tv(tq.default_weight_observer))
    skip = {"default_debug_qconfig", "default_reuse_input_qconfig", "_default_fp32_placeholder_qconfig", "_default_quint8_placeholder_qconfig"}
    names = sorted(n for n in dir(qc) if n.endswith("qconfig") and isinstance(getattr(qc, n), tq.QConfig) and n not in skip)
    for n in names + ["default_qat_qconfig_v2"]:
        add(n, "", getattr(qc, n))
    write("qconfigs.json", out)


qparams(), choose(), quantize(), fakequant(), requant(), details(), qconfigs()
