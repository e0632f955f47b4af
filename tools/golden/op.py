"""Golden data of package op: what PyTorch computes for each operator.

    python tools/golden/op.py                          # writes op/testdata
    python tools/golden/op.py --out DIR --seed 7 --count 300   # a larger run

then: go test ./op -run TestGolden -cases DIR -v

Each operator gets NAME.json, the cases, and NAME.bin, their tensors as little
endian bytes in row-major order. Inputs are channels last, and sizes are chosen
without the scalar tails of PyTorch's vector loops, except where a case lists
the flat indices of its tail.

Needs torch 2.15.0 and numpy; the results are those of an AVX2 machine.
"""
import os

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import argparse
import json
import pathlib
import warnings

import numpy as np
import torch
import torch.nn.functional as F

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
Q = torch.ops.quantized
CL = torch.channels_last
CODES = {torch.quint8: (0, 255), torch.qint8: (-128, 127)}
BASE = {torch.quint8: np.uint8, torch.qint8: np.int8}


class Writer:
    """Collects the cases of one operator."""

    def __init__(self, out, name):
        self.path, self.cases, self.data = pathlib.Path(out) / name, [], bytearray()

    def tensor(self, t):
        d = {"dtype": str(t.dtype)[6:], "shape": list(t.shape), "offset": len(self.data)}
        if t.is_quantized:
            if t.qscheme() == torch.per_tensor_affine:
                d |= {"scales": [t.q_scale()], "zero_points": [t.q_zero_point()], "axis": -1}
            else:
                d |= {
                    "scales": t.q_per_channel_scales().tolist(),
                    "zero_points": t.q_per_channel_zero_points().tolist(),
                    "axis": t.q_per_channel_axis(),
                }
            t = t.int_repr()
        self.data += np.ascontiguousarray(t.numpy()).tobytes()
        return d

    def add(self, kind, attrs, inputs, output, numerics="", **check):
        self.cases.append(
            {"op": kind, "attrs": attrs, "numerics": numerics, "in": [self.tensor(t) for t in inputs], "out": self.tensor(output)} | check
        )

    def close(self):
        lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in self.cases)
        self.path.with_suffix(".json").write_text("[\n" + lines + "\n]\n")
        self.path.with_suffix(".bin").write_bytes(self.data)


class Source:
    """Random inputs of the cases."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def pick(self, *values):
        return values[int(self.rng.integers(len(values)))]

    def between(self, lo, hi):
        return int(self.rng.integers(lo, hi + 1))

    def scale(self):
        return float(10.0 ** self.rng.uniform(-3, 0))

    def codes(self, shape, dtype=torch.quint8, s=None, z=None, lo=None, hi=None):
        a, b = CODES[dtype]
        lo, hi = a if lo is None else lo, b if hi is None else hi
        ints = self.rng.integers(lo, hi + 1, shape).astype(BASE[dtype])
        s = self.scale() if s is None else s
        z = self.between(lo, hi) if z is None else z
        return images(torch._make_per_tensor_quantized_tensor(torch.from_numpy(ints), s, z))

    def floats(self, shape, spread=1.0):
        return images(torch.from_numpy((self.rng.standard_normal(shape) * spread).astype(np.float32)))

    def weight(self, shape, per_channel, zero_point=False):
        ints = torch.from_numpy(self.rng.integers(-128, 128, shape).astype(np.int8))
        if not per_channel:
            return torch._make_per_tensor_quantized_tensor(ints, self.scale() / 100, self.between(-9, 9) if zero_point else 0)
        s = torch.tensor(self.rng.uniform(1e-4, 1e-2, shape[0]))
        z = torch.tensor(self.rng.integers(-9, 10, shape[0]) if zero_point else np.zeros(shape[0], np.int64))
        return torch._make_per_channel_quantized_tensor(ints, s, z, 0)


def images(t):
    return t.contiguous(memory_format=CL) if t.dim() == 4 else t


class engine:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.old, torch.backends.quantized.engine = torch.backends.quantized.engine, self.name

    def __exit__(self, *_):
        torch.backends.quantized.engine = self.old


ENGINES = ("fbgemm", "qnnpack", "onednn")


def act(relu):
    return {"act": "relu"} if relu else {}


def output_params(r, x, w, k):
    """a scale that spreads the outputs over the codes, and a zero point"""
    s = x.q_scale() * weight_scales(w).mean() * 30 * k**0.5
    return float(s * r.rng.uniform(0.5, 2)), r.between(0, 255)


def weight_scales(w):
    """the scale of the weight, or one per output channel"""
    return np.array([w.q_scale()] if w.qscheme() == torch.per_tensor_affine else w.q_per_channel_scales().numpy())


def centred(t):
    if t.qscheme() == torch.per_tensor_affine:
        return t.int_repr().double() - t.q_zero_point()
    return t.int_repr().double() - t.q_per_channel_zero_points().reshape(-1, *[1] * (t.dim() - 1))


def float_result(x, w, b, acc, axis, relu):
    """f32(acc)*f32(s_x*s_w) + bias: what octet defines for a float32 result"""
    shape = [1] * acc.dim()
    shape[axis] = -1
    y = acc.numpy().astype(np.float32) * (x.q_scale() * weight_scales(w)).astype(np.float32).reshape(shape)
    if b is not None:
        y = y + b.numpy().reshape(shape)
    return torch.from_numpy(np.maximum(y, np.float32(0)) if relu else y)


def conv_case(r, big):
    kind = r.pick("plain", "plain", "groups", "depthwise")
    k = (r.pick(1, 2, 3, 5, 7), r.pick(1, 3, 3, 5))
    groups = {"plain": 1, "groups": r.pick(2, 4), "depthwise": r.pick(3, 8, 16)}[kind]
    per = 1 if kind == "depthwise" else r.pick(1, 3, 4, 8) if not big else r.pick(1, 3, 8, 16, 33)
    opg = 1 if kind == "depthwise" else r.pick(1, 2, 5) if not big else r.pick(1, 4, 9, 16)
    stride, dil = (r.pick(1, 2), r.pick(1, 1, 2, 3)), (r.pick(1, 1, 2), r.pick(1, 1, 2))
    pad = (r.between(0, k[0] // 2 + 1), r.between(0, k[1] // 2))
    size = [(k[i] - 1) * dil[i] + 1 + r.between(0, 6) for i in range(2)]
    x, w = (r.pick(1, 1, 2), groups * per, *size), (groups * opg, per, *k)
    attrs = {"stride": stride, "padding": pad, "dilation": dil, "groups": groups}
    return x, w, attrs


def conv2d(wr, r, count, big):
    for i in range(count):
        xs, ws, attrs = conv_case(r, big)
        k = ws[1] * ws[2] * ws[3]
        args = (attrs["stride"], attrs["padding"], attrs["dilation"], attrs["groups"])
        b = torch.from_numpy((r.rng.standard_normal(ws[0]) * 0.5).astype(np.float32)) if r.pick(True, True, False) else None
        relu = r.pick(True, False)
        if i % 8 == 7:
            x, w = r.floats(xs), r.floats(ws)
            y = F.conv2d(x, w, b, *args)
            wr.add("conv2d", attrs | act(relu), [t for t in (x, w, b) if t is not None], y.relu() if relu else y, relative=1e-5)
            continue
        eng = ENGINES[i % 3]
        if eng == "onednn" and attrs["groups"] == xs[1] and attrs["padding"][0] != attrs["padding"][1]:
            eng = "qnnpack"  # oneDNN's depthwise kernels then give wrong results that change from run to run
        per_channel = r.pick(True, False)
        x = r.codes(xs, hi=255 if eng == "qnnpack" else 127)
        w = r.weight(ws, per_channel, zero_point=eng == "fbgemm" and r.pick(True, False, False))
        ins = [t for t in (x, w, b) if t is not None]
        if b is not None:
            b *= x.q_scale() * float(weight_scales(w).mean()) * 3000 * k**0.5
        if i % 8 == 6:
            acc = F.conv2d(centred(x), centred(w), None, *args)
            wr.add("conv2d", attrs | act(relu), ins, float_result(x, w, b, acc, 1, relu), eng)
            continue
        s, z = output_params(r, x, w, k)
        with engine(eng):
            packed = Q.conv2d_prepack(w, b, *map(list, args[:3]), args[3])
            y = (Q.conv2d_relu if relu else Q.conv2d)(x, packed, s, z)
        wr.add("conv2d", attrs | act(relu), ins, y, eng)


def linear(wr, r, count, big):
    for i in range(count):
        lead = r.pick((3,), (1,), (2, 3), (7,))
        k, o = r.between(1, 70 if not big else 400), r.between(1, 12 if not big else 90)
        b = torch.from_numpy((r.rng.standard_normal(o) * 0.5).astype(np.float32)) if r.pick(True, True, False) else None
        relu = r.pick(True, False)
        if i % 8 == 7:
            x, w = r.floats((*lead, k)), r.floats((o, k))
            y = F.linear(x, w, b)
            wr.add("linear", act(relu), [t for t in (x, w, b) if t is not None], y.relu() if relu else y, relative=1e-5)
            continue
        eng = ENGINES[i % 3]
        x = r.codes((*lead, k), hi=255 if eng == "qnnpack" else 127)
        w = r.weight((o, k), r.pick(True, False), zero_point=eng == "fbgemm" and r.pick(True, False, False))
        ins = [t for t in (x, w, b) if t is not None]
        if b is not None:
            b *= x.q_scale() * float(weight_scales(w).mean()) * 3000 * k**0.5
        if i % 8 == 6:
            acc = F.linear(centred(x), centred(w))
            wr.add("linear", act(relu), ins, float_result(x, w, b, acc, acc.dim() - 1, relu), eng)
            continue
        s, z = output_params(r, x, w, k)
        with engine(eng):
            y = (Q.linear_relu if relu else Q.linear)(x, Q.linear_prepack(w, b), s, z)
        wr.add("linear", act(relu), ins, y, eng)


def engine_for(i, dtype):
    return ENGINES[i % 3] if dtype == torch.quint8 or i % 2 else "fbgemm"


def tie_rich(r, s):
    return float(s * r.pick(0.5, 1, 2, 0.25, 4, r.rng.uniform(0.3, 3)))


def add(wr, r, count, big):
    for i in range(count):
        shape = (r.pick(1, 2), r.pick(8, 16, 64), 4, r.pick(2, 4)) if not big else (2, 32, 6, 6)
        relu = r.pick(True, False)
        if i % 8 == 7:
            a, b = r.floats(shape), r.floats(shape)
            y = a + b
            wr.add("add", act(relu), [a, b], y.relu() if relu else y)
            continue
        dt = r.pick(torch.quint8, torch.quint8, torch.qint8)
        a = r.codes(shape, dt)
        b = r.codes(shape, dt, s=tie_rich(r, a.q_scale()))
        s, z = tie_rich(r, max(a.q_scale(), b.q_scale())), r.between(*CODES[dt])
        if z == 255:
            z = 254
        eng = engine_for(i, dt)
        with engine(eng):
            y = (Q.add_relu if relu else Q.add)(a, b, s, z)
        wr.add("add", act(relu), [a, b], y, eng)


def add_tail(wr, r):
    """70 elements, of which PyTorch computes the last 6 by its scalar formula"""
    found = 0
    while found < 2:
        dt, n = torch.quint8, 70
        a = r.codes((n,), dt)
        b = r.codes((n,), dt, s=tie_rich(r, a.q_scale()))
        s, z = tie_rich(r, a.q_scale()), r.between(0, 255)
        y = Q.add(a, b, s, z)
        pad = lambda t: torch.cat([t.int_repr(), torch.zeros(58, dtype=torch.uint8)])
        wide = Q.add(*[torch._make_per_tensor_quantized_tensor(pad(t), t.q_scale(), t.q_zero_point()) for t in (a, b)], s, z)
        if (wide.int_repr()[:n] != y.int_repr()).any():
            wr.add("add", {}, [a, b], y, "fbgemm", tail=list(range(64, n)))
            found += 1


def mul(wr, r, count, big):
    for i in range(count):
        shape = (r.pick(1, 2), r.between(1, 20), r.between(1, 5), r.between(1, 5)) if not big else (2, r.between(1, 40), 7, 5)
        small = (*shape[:2], 1, 1)
        sa, sb = r.pick((shape, shape), (shape, small), (small, shape))
        relu = r.pick(True, False)
        if i % 8 == 7:
            a, b = r.floats(sa), r.floats(sb)
            y = a * b
            wr.add("mul", act(relu), [a, b], y.relu() if relu else y)
            continue
        dt = r.pick(torch.quint8, torch.quint8, torch.qint8)
        a, b = r.codes(sa, dt), r.codes(sb, dt)
        s, z = a.q_scale() * b.q_scale() * r.pick(64, 50, 100 * r.rng.uniform(0.5, 3)), r.between(*CODES[dt])
        eng = engine_for(i, dt)
        with engine(eng):
            y = (Q.mul_relu if relu else Q.mul)(a, b, float(s), z)
        wr.add("mul", act(relu), [a, b], y, eng)


def cat(wr, r, count, big):
    for i in range(count):
        n, h, w = r.pick(1, 2), r.between(2, 5), r.between(2, 5)
        channels = [8 * r.between(1, 3 if not big else 9) for _ in range(r.pick(1, 2, 3, 4))]
        if i % 8 == 7:
            axis = r.pick(0, 1, 2, 3, -1)
            shape = [2, 3, 4, 5]
            parts = []
            for _ in channels:
                shape[axis] = r.between(1, 4)
                parts.append(r.floats(tuple(shape)))
            wr.add("cat", {"axis": axis}, parts, torch.cat(parts, axis))
            continue
        dt = r.pick(torch.quint8, torch.quint8, torch.qint8)
        parts = [r.codes((n, c, h, w), dt) for c in channels]
        parts = [parts[0]] + [r.codes(p.shape, dt, s=tie_rich(r, parts[0].q_scale())) for p in parts[1:]]
        p = r.pick(*parts)
        s, z = (p.q_scale(), p.q_zero_point()) if r.pick(True, False) else (tie_rich(r, p.q_scale()), r.between(*CODES[dt]))
        eng = engine_for(i, dt)
        with engine(eng):
            y = Q.cat(parts, 1, s, z)
        wr.add("cat", {"axis": 1}, parts, y, eng)


def cat_tail(wr, r):
    """13 channels, of which PyTorch computes the last 5 by its scalar formula"""
    found = 0
    while found < 1:
        x = r.codes((1, 13, 3, 3))
        s, z = tie_rich(r, x.q_scale()), r.between(0, 255)
        y = Q.cat([x], 1, s, z)
        wide = torch._make_per_tensor_quantized_tensor(F.pad(x.int_repr(), (0, 0, 0, 0, 0, 3)), x.q_scale(), x.q_zero_point())
        wide = Q.cat([images(wide)], 1, s, z).int_repr()[:, :13]
        if (wide != y.int_repr()).any():
            wr.add("cat", {"axis": 1}, [x], y, "fbgemm", tail=list(range(8 * 9, 13 * 9)))
            found += 1


def pool_attrs(r):
    k = (r.between(1, 4), r.between(2, 4))  # qnnpack refuses 1x1
    stride, pad = (r.between(1, 3), r.between(1, 3)), (r.between(0, k[0] // 2), r.between(0, k[1] // 2))
    return {"kernel": k, "stride": stride, "padding": pad, "ceil_mode": r.pick(True, False)}


def max_pool2d(wr, r, count, big):
    for i in range(count):
        shape = (r.pick(1, 2), r.between(2, 9), r.between(5, 9), r.between(5, 9))
        a = pool_attrs(r) | {"dilation": (r.pick(1, 1, 2), r.pick(1, 1, 2))}
        if (a["kernel"][0] - 1) * a["dilation"][0] + 1 > shape[2] or (a["kernel"][1] - 1) * a["dilation"][1] + 1 > shape[3]:
            a["dilation"] = (1, 1)
        dt = r.pick(torch.quint8, torch.quint8, torch.qint8)
        x = r.floats(shape) if i % 8 == 7 else r.codes(shape, dt)
        eng = engine_for(i, dt)
        if a["dilation"] != (1, 1) and eng == "qnnpack":
            a["padding"] = (0, 0)  # qnnpack repeats the border instead of padding, which a dilated window notices
        with engine(eng):
            y = F.max_pool2d(x, a["kernel"], a["stride"], a["padding"], a["dilation"], a["ceil_mode"])
        wr.add("max_pool2d", a, [x], y, eng)


def avg_pool2d(wr, r, count, big):
    for i in range(count):
        shape = (r.pick(1, 2), 8 * r.between(1, 2), r.between(4, 8), r.between(4, 8))
        a = pool_attrs(r) | {"count_include_pad": r.pick(True, False)}
        dt = r.pick(torch.quint8, torch.quint8, torch.qint8)
        is_float = i % 8 == 7
        x = r.floats(shape) if is_float else r.codes(shape, dt)
        eng = engine_for(i, dt)
        with engine(eng):
            y = F.avg_pool2d(x, a["kernel"], a["stride"], a["padding"], a["ceil_mode"], a["count_include_pad"])
        wr.add("avg_pool2d", a, [x], y, eng, **({"relative": 1e-5} if is_float else {}))


def adaptive_avg_pool2d(wr, r, count, big):
    for i in range(count):
        h, w = r.between(2, 9), r.between(2, 9)
        shape = (r.pick(1, 2), r.between(2, 20), h, w)
        o = r.pick((1, 1), (1, 1), (2, 2), (3, 2), (7, 7), (h, w), (1, w), (h // 2, 1))
        dt = r.pick(torch.quint8, torch.quint8, torch.qint8)
        is_float = i % 8 == 7
        x = r.floats(shape) if is_float else r.codes(shape, dt)
        eng = engine_for(i, dt)
        with engine(eng):
            y = F.adaptive_avg_pool2d(x, o)
        wr.add("adaptive_avg_pool2d", {"output": o}, [x], y, eng, **({"relative": 1e-5} if is_float else {}))


def mean(wr, r, count, big):
    for i in range(count):
        shape = (r.pick(1, 2, 3), r.pick(2, 8, 31, 32, 33, 40, 64, 70), r.between(2, 5), r.between(2, 5))
        if big:
            shape = (*shape[:2], r.between(2, 20), r.between(2, 20))
        dt = r.pick(torch.quint8, torch.quint8, torch.qint8)
        is_float = i % 8 == 7
        x = r.floats(shape) if is_float else r.codes(shape, dt)
        eng, keep = engine_for(i, dt), r.pick(True, False)
        # PyTorch's qnnpack engine has its own rule only where the axes are spelled so.
        axes = [2, 3] if eng == "qnnpack" else r.pick([2, 3], [3, 2], [-1, -2])
        with engine(eng):
            y = x.mean(axes, keep)
        wr.add("mean", {"axes": axes, "keepdim": keep}, [x], y, eng, **({"relative": 1e-5} if is_float else {}))


def clamp(wr, r, count, big):
    for i in range(count):
        shape = (r.between(1, 2), r.between(1, 9), r.between(1, 5), r.between(1, 5))
        kind = r.pick("relu", "relu6")
        dt = r.pick(torch.quint8, torch.qint8)
        if i % 4 == 3:
            x = r.floats(shape, 4)
            x[0, 0, 0, 0] = float("nan")
        else:
            x = r.codes(shape, dt)
        y = F.relu(x) if kind == "relu" else F.relu6(x) if not x.is_quantized else torch.nn.quantized.functional.hardtanh(x, 0.0, 6.0)
        wr.add(kind, {"act": kind}, [x], y, ENGINES[i % 3])


SPECIAL = [0.0, -0.0, float("nan"), float("inf"), -float("inf"), 1e-42, -1e-42, 3e38, -3e38, 0.5, 1.5, 2.5, -0.5, -1.5]


def quantize(wr, r, count, big):
    for i in range(count):
        dt = r.pick(torch.quint8, torch.qint8)
        s, z = (r.scale(), r.between(*CODES[dt])) if i % 3 else (r.pick(0.5, 1.0, 1e-40, 1e30), r.between(*CODES[dt]))
        x = torch.cat([torch.tensor(SPECIAL), r.floats((50,), 100 * s), torch.from_numpy(((r.rng.integers(-300, 300, 36) + 0.5) * s).astype(np.float32))])
        if i % 8 == 7:
            wr.add("quantize", {}, [x], x)
            continue
        wr.add("quantize", {}, [x], torch.quantize_per_tensor(x, s, z, dt))


def dequantize(wr, r, count, big):
    for i in range(count):
        x = r.floats((5, 3)) if i % 8 == 7 else r.codes((1, 2, 7, 9), r.pick(torch.quint8, torch.qint8))
        wr.add("dequantize", {}, [x], x.dequantize())


def table(wr, r, count, kind, f, onto_unit):
    """a function of one number: all codes, in blocks of 64 for the vector loops"""
    for i in range(count):
        if i % 8 == 7:
            x = r.floats((2, 3, 3, 4), 4)
            wr.add(kind, {}, [x], f(x, None, None), relative=1e-6)
            continue
        dt = r.pick(torch.quint8, torch.quint8, torch.qint8)
        lo, hi = CODES[dt]
        codes = torch.arange(lo, hi + 1).to(torch.uint8 if dt == torch.quint8 else torch.int8)
        x = torch._make_per_tensor_quantized_tensor(codes.reshape(2, 32, 2, 2), r.scale() / 4, r.between(lo, hi))
        x = images(x)
        s, z = (None, None) if onto_unit else (tie_rich(r, x.q_scale()), r.between(lo, hi))
        eng = engine_for(i, dt)
        with engine(eng):
            y = f(x, s, z)
        wr.add(kind, {}, [x], y, eng)


def hardswish(wr, r, count, big):
    table(wr, r, count, "hardswish", lambda x, s, z: F.hardswish(x) if s is None else Q.hardswish(x, s, z), False)


def hardsigmoid(wr, r, count, big):
    table(wr, r, count, "hardsigmoid", lambda x, s, z: F.hardsigmoid(x), True)


def sigmoid(wr, r, count, big):
    table(wr, r, count, "sigmoid", lambda x, s, z: torch.sigmoid(x), True)


def slice(wr, r, count, big):
    for i in range(count):
        x = r.codes((2, 7, 3, 4), r.pick(torch.quint8, torch.qint8)) if i % 4 else r.floats((2, 7, 3, 4))
        axis = r.between(-4, 3)
        n = x.shape[axis]
        start = r.between(0, n - 1)
        end = r.between(start + 1, n)
        wr.add("slice", {"axis": axis, "start": start, "end": end}, [x], x.narrow(axis, start, end - start))


def channel_shuffle(wr, r, count, big):
    for i in range(count):
        groups = r.between(1, 4)
        shape = (r.between(1, 2), groups * r.between(1, 5), r.between(1, 4), r.between(1, 4))
        x = r.codes(shape, r.pick(torch.quint8, torch.qint8)) if i % 4 else r.floats(shape)
        n, c, h, w = shape
        y = x.view(n, groups, c // groups, h, w).transpose(1, 2).contiguous().view(n, c, h, w)
        wr.add("channel_shuffle", {"groups": groups}, [x], y)


def affine(wr, r, count, big):
    for i in range(count):
        x = r.floats((2, 3, r.between(1, 9), r.between(1, 9)), 2)
        scale, shift = (r.rng.standard_normal(3).astype(np.float32) for _ in range(2))
        y = torch.cat([torch.unsqueeze(x[:, c], 1) * float(scale[c]) + float(shift[c]) for c in range(3)], 1)
        wr.add("affine", {"scale": [float(v) for v in scale], "shift": [float(v) for v in shift]}, [x], y)


def cat_views(wr, r, count, big):
    """shufflenet: a chunk of a larger image's channels beside a whole image"""
    for i in range(count):
        n, c, h, w = r.pick(1, 2), r.between(1, 20), r.between(2, 5), r.between(2, 5)
        dt = r.pick(torch.quint8, torch.qint8)
        a = r.codes((n, 2 * c, h, w), dt).chunk(2, dim=1)[0]
        b = r.codes((n, c, h, w), dt, s=tie_rich(r, a.q_scale()))
        p = r.pick(a, b)
        s, z = (p.q_scale(), p.q_zero_point()) if r.pick(True, False) else (tie_rich(r, p.q_scale()), r.between(*CODES[dt]))
        eng = engine_for(i, dt)
        with engine(eng):
            y = Q.cat([a, b], 1, s, z)
        wr.add("cat", {"axis": 1, "views": True}, [a, b], y, eng)


def flatten(wr, r, count, big):
    for i in range(count):
        x = r.codes((2, 3, 2, 4), r.pick(torch.quint8, torch.qint8)) if i % 4 else r.floats((2, 3, 2, 4))
        start, end = r.pick((1, -1), (0, -1), (1, 2), (-2, -1), (2, 2))
        wr.add("flatten", {"start": start, "end": end}, [x], torch.flatten(x, start, end))


def batch_norm(wr, r, count, big):
    for i in range(count):
        c, relu = r.between(1, 9), r.pick(True, False)
        x = r.floats((2, c, r.between(1, 5), r.between(1, 5)), 3)
        w, b, m = (r.floats((c,)) for _ in range(3))
        v = torch.from_numpy(r.rng.uniform(0.01, 3, c).astype(np.float32))
        y = F.batch_norm(x, m, v, w, b, False, 0.0, 1e-5)
        wr.add("batch_norm", {"eps": 1e-5} | act(relu), [x, w, b, m, v], y.relu() if relu else y, relative=1e-5)


def matmul(wr, r, count, big):
    for i in range(count):
        lead = r.pick((), (2,), (2, 3))
        m, k, n = r.between(1, 7), r.between(1, 30 if not big else 200), r.between(1, 7)
        if i % 4 == 3:
            a, b = r.floats((*lead, m, k)), r.floats((*lead, k, n))
            wr.add("matmul", {}, [a, b], torch.matmul(a, b), relative=1e-5)
            continue
        a, b = r.codes((*lead, m, k)).contiguous(), r.codes((*lead, k, n)).contiguous()
        s = a.q_scale() * b.q_scale() * 70 * k**0.5 * r.rng.uniform(0.5, 2)
        y = Q.matmul(a, b, float(s), r.between(0, 255))
        wr.add("matmul", {}, [a, b], y, "fbgemm", within_one=0.01)


def fake_quantize(wr, r, count, big):
    for i in range(count):
        lo, hi = r.pick((0, 255), (-128, 127), (0, 127), (-127, 127))
        x = r.floats((2, 3, 4, 5), 30).contiguous()
        x.view(-1)[: len(SPECIAL)] = torch.tensor(SPECIAL)
        attrs = {"qmin": lo, "qmax": hi}
        if r.pick(True, False):
            s, z = float(np.float32(r.scale())), r.between(lo, hi)
            wr.add("fake_quantize", attrs | {"scales": [s], "zero_points": [z], "axis": -1}, [x], torch.fake_quantize_per_tensor_affine(x, s, z, lo, hi))
            continue
        axis = r.between(0, 3)
        s = torch.tensor([r.scale() for _ in range(x.shape[axis])], dtype=torch.float32)
        z = torch.tensor([r.between(lo, hi) for _ in range(x.shape[axis])], dtype=torch.int32)
        y = torch.fake_quantize_per_channel_affine(x, s, z, axis, lo, hi)
        wr.add("fake_quantize", attrs | {"scales": [float(v) for v in s], "zero_points": z.tolist(), "axis": axis}, [x], y)


OPS = [conv2d, linear, add, mul, cat, max_pool2d, avg_pool2d, adaptive_avg_pool2d, mean, clamp, quantize, dequantize, flatten, batch_norm, matmul, fake_quantize, hardswish, hardsigmoid, sigmoid, slice, channel_shuffle, affine, cat_views]
TAILS = {add: add_tail, cat: cat_tail}
COUNTS = {conv2d: 72, linear: 48, dequantize: 8, flatten: 8, batch_norm: 8, quantize: 16, fake_quantize: 12, matmul: 16, slice: 16, channel_shuffle: 16, affine: 6}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--out", default=pathlib.Path(__file__).parents[2] / "op" / "testdata")
    p.add_argument("--seed", type=int, default=20260101)
    p.add_argument("--count", type=int, default=0, help="cases per operator, of larger sizes; 0 means the committed set")
    a = p.parse_args()
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    pathlib.Path(a.out).mkdir(parents=True, exist_ok=True)
    for i, f in enumerate(OPS):
        w, r = Writer(a.out, f.__name__), Source([a.seed, i])
        f(w, r, a.count or COUNTS.get(f, 32), a.count > 0)
        if f in TAILS:
            TAILS[f](w, r)
        w.close()
        print(f.__name__, len(w.cases), "cases", len(w.data), "bytes")


if __name__ == "__main__":
    main()
