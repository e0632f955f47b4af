"""Golden data of dynamic quantization: what ONNX Runtime computes by DynamicQuantizeLinear and
the products of integers behind it; of GRUs, which it does not quantize, what PyTorch does; and of
weights alone that are codes.

    python tools/golden/dynamic.py                                # writes op/testdata/onnx_dynamic_* and dynamic_gru
    python tools/golden/dynamic.py --out DIR --seed 7 --count 300 # a larger run

then: go test ./op -run TestGolden -cases DIR -v

Integers and what follows from them by one rounding are equal to the bit. The gates of
recurrences are not: they pass through sigmoids and tanhs of their own.

Needs torch 2.15.0 (its types of files), numpy, onnx 1.23.2 and onnxruntime 1.32.0.
"""
import argparse
import pathlib

import numpy as np
import onnx
import onnxruntime as ort
import torch
import torch.ao.quantization as tq
from onnx import helper
from op import Source, Writer

DTYPES = {np.dtype(np.uint8): torch.quint8, np.dtype(np.int8): torch.qint8}


def run(nodes, feed, outputs, opset=17):
    ins = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(np.asarray(v).dtype), np.shape(v)) for n, v in feed.items()]
    # ONNX Runtime demands that some zero points and scales are constants: all but x are.
    consts = [onnx.numpy_helper.from_array(np.asarray(v), n) for n, v in feed.items() if n not in ("x", "a")]
    g = helper.make_graph(nodes, "g", [i for i in ins if i.name in ("x", "a")], [helper.make_empty_tensor_value_info(o) for o in outputs], consts)
    m = helper.make_model(g, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)], ir_version=10)
    o = ort.SessionOptions()
    o.add_session_config_entry("session.x64quantprecision", "1")
    o.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")  # activations stay in float32
    o.intra_op_num_threads = 1
    s = ort.InferenceSession(m.SerializeToString(), o, providers=["CPUExecutionProvider"])
    return s.run(None, {k: v for k, v in feed.items() if k in ("x", "a")})


def floats(r, *shape, scale=1.0, shift=0.0):
    return (r.rng.standard_normal(shape) * scale + shift).astype(np.float32)


def activation(r, *shape):
    return floats(r, *shape, scale=r.pick(1.0, 1e-3, 50.0), shift=r.pick(0.0, 0.0, 3.0, -4.0))


def codes(r, dtype, *shape):
    i = np.iinfo(dtype)
    return r.rng.integers(i.min, i.max + 1, shape).astype(dtype)


def weight(w, scales, zeros):
    """w as a quantized tensor; several scales are along axis 0"""
    dtype = DTYPES[w.dtype]
    t = torch.from_numpy(np.ascontiguousarray(w))
    if np.size(scales) == 1:
        t = torch._make_per_tensor_quantized_tensor(t, float(np.ravel(scales)[0]), int(np.ravel(zeros)[0]))
    else:
        t = torch._make_per_channel_quantized_tensor(t, torch.from_numpy(np.float64(scales)), torch.from_numpy(np.int64(zeros)), 0)
    assert t.dtype == dtype
    return t


def quantize(r):
    x = r.pick(activation(r, *[r.between(1, 7) for _ in range(r.between(1, 4))]), np.full((2, 3), r.pick(0.0, 1.0, -2.5), np.float32))
    return "dynamic_quantize", {}, [x], run([helper.make_node("DynamicQuantizeLinear", ["x"], ["y", "s", "z"])], {"x": x}, ["y", "s", "z"]), 0


def conv(r):
    groups = r.pick(1, 1, 2)
    n, c, o, k = r.between(1, 2), 2 * r.between(1, 3), 2 * r.between(1, 4), r.pick(1, 3)
    x = activation(r, n, c, r.between(4, 7), r.between(4, 7))
    w = codes(r, np.uint8, o, c // groups, k, k)
    wz = np.array(r.between(0, 255), np.uint8)
    ws, b = np.float32(r.rng.uniform(1e-3, 1e-2)), floats(r, o)
    floor = r.pick(True, False)
    stride, pad = [r.between(1, 2), r.between(1, 2)], [r.between(0, k // 2), r.between(0, k // 2)]
    attrs = dict(strides=stride, pads=pad + pad, group=groups)
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        helper.make_node("ConvInteger", ["q", "w", "z", "wz"], ["acc"], **attrs),
        helper.make_node("Mul", ["s", "ws"], ["scale"])]
    if floor:
        nodes += [helper.make_node("Div", ["b", "scale"], ["d"]), helper.make_node("Floor", ["d"], ["f"]), helper.make_node("Cast", ["f"], ["fi"], to=6),
                  helper.make_node("Reshape", ["fi", "shape"], ["fr"]), helper.make_node("Add", ["acc", "fr"], ["sum"]),
                  helper.make_node("Cast", ["sum"], ["real"], to=1), helper.make_node("Mul", ["real", "scale"], ["y"])]
    else:
        nodes += [helper.make_node("Cast", ["acc"], ["real"], to=1), helper.make_node("Mul", ["real", "scale"], ["m"]),
                  helper.make_node("Reshape", ["b", "shape"], ["br"]), helper.make_node("Add", ["m", "br"], ["y"])]
    feed = {"x": x, "w": w, "wz": wz, "ws": ws, "b": b, "shape": np.array([1, -1, 1, 1], np.int64)}
    q, s, z, y = run(nodes, feed, ["q", "s", "z", "y"])
    convs = {"stride": stride, "padding": pad, "dilation": [1, 1], "groups": groups}
    return "dynamic_conv2d", {"conv": convs, "floor_bias": floor}, [q, s, z, weight(w, ws, wz), b], [y], 0


def linear(r):
    m, k, n = r.between(1, 6), r.between(1, 40), r.between(1, 9)
    x, dtype = activation(r, r.between(1, 2), m, k), r.pick(np.uint8, np.int8)
    w = codes(r, dtype, k, n)
    many = r.pick(True, False) and n > 1
    ws = r.rng.uniform(1e-3, 1e-2, n if many else ()).astype(np.float32)
    wz = codes(r, dtype, *((n,) if many else ()))
    if r.pick(True, False):
        wz = np.zeros_like(wz)
    b = floats(r, n)
    nodes = [helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
             helper.make_node("MatMulIntegerToFloat", ["q", "w", "s", "ws", "z", "wz", "b"], ["y"], domain="com.microsoft")]
    q, s, z, y = run(nodes, {"x": x, "w": w, "ws": ws, "wz": wz, "b": b}, ["q", "s", "z", "y"])
    return "dynamic_linear", {"linear": {}}, [q, s, z, weight(w.T, ws, wz), b], [y], 2e-7


def matmul(r):
    lead, m, k, n = r.pick((), (2,), (2, 3)), r.between(1, 6), r.between(1, 40), r.between(1, 9)
    feed = {"x": activation(r, *lead, m, k), "a": activation(r, *lead, k, n)}
    nodes = [helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]), helper.make_node("DynamicQuantizeLinear", ["a"], ["q2", "s2", "z2"]),
             helper.make_node("MatMulInteger", ["q", "q2", "z", "z2"], ["acc"]), helper.make_node("Cast", ["acc"], ["real"], to=1),
             helper.make_node("Mul", ["s", "s2"], ["scale"]), helper.make_node("Mul", ["real", "scale"], ["y"])]
    *ins, y = run(nodes, feed, ["q", "s", "z", "q2", "s2", "z2", "y"])
    return "dynamic_matmul", {}, ins, [y], 0


def lstm(r):
    t, n, i, h = r.between(1, 6), r.between(1, 3), r.between(2, 9), r.between(2, 9)
    direction = r.pick("", "reverse", "bidirectional")
    d = 2 if direction == "bidirectional" else 1
    dtype, many = r.pick(np.uint8, np.int8), r.pick(True, False)
    x = activation(r, t, n, i) * np.float32(0.1)
    w, u = codes(r, dtype, d, i, 4 * h), codes(r, dtype, d, h, 4 * h)
    ws, us = [r.rng.uniform(1e-3, 1e-2, (d, 4 * h) if many else (d,)).astype(np.float32) for _ in range(2)]
    wz, uz = [np.zeros_like(ws, dtype) + (128 if dtype == np.uint8 else 0) for _ in range(2)]
    wz, uz = wz.astype(dtype), uz.astype(dtype)
    b, h0, c0 = floats(r, d, 8 * h), floats(r, d, n, h) * np.float32(0.3), floats(r, d, n, h)
    node = helper.make_node("DynamicQuantizeLSTM", ["x", "w", "u", "b", "", "h0", "c0", "", "ws", "wz", "us", "uz"], ["y", "yh", "yc"],
                            domain="com.microsoft", hidden_size=h, direction=direction or "forward")
    y, yh, yc = run([node], {"x": x, "w": w, "u": u, "b": b, "h0": h0, "c0": c0, "ws": ws, "wz": wz, "us": us, "uz": uz}, ["y", "yh", "yc"])

    def rows(codes, scales, zeros):
        each = codes.transpose(0, 2, 1).reshape(d * 4 * h, -1)
        repeat = (lambda v: np.ravel(v)) if many else (lambda v: np.repeat(v, 4 * h))
        return weight(each, repeat(scales), repeat(zeros))

    ins = [x, rows(w, ws, wz), rows(u, us, uz), b, np.zeros(0, np.int64), h0, c0]
    return "dynamic_lstm", {"lstm": {"direction": direction}}, ins, [y, yh, yc], 2e-6


def gru(r):
    """torch.ao's dynamic GRU of one layer, whose gates octet has in the order update, reset, hidden"""
    t, n, i, h = r.between(1, 6), r.between(1, 3), r.between(2, 9), r.between(2, 9)
    d, engine = r.between(1, 2), r.pick("fbgemm", "qnnpack")
    torch.backends.quantized.engine = engine
    net = torch.nn.GRU(i, h, bidirectional=d == 2)
    for p in net.parameters():
        p.data = torch.from_numpy(floats(r, *p.shape, scale=0.5))
    x, h0 = activation(r, t, n, i) * np.float32(0.1), floats(r, d, n, h) * np.float32(0.3)
    y, last = tq.quantize_dynamic(torch.nn.Sequential(net), {torch.nn.GRU}, dtype=torch.qint8)[0](torch.from_numpy(x), torch.from_numpy(h0))
    suffixes = ["_l0", "_l0_reverse"][:d]

    def turned(name):
        parts = [getattr(net, name + s).detach().chunk(3) for s in suffixes]
        return [torch.cat((z, reset, new)) for reset, z, new in parts]

    def rows(name):
        each = []
        for w in turned(name):
            o = tq.default_dynamic_qconfig.weight()
            o(w)
            scale, zero = o.calculate_qparams()
            each.append((torch.quantize_per_tensor(w, float(scale), int(zero), torch.qint8).int_repr(), float(scale)))
        scales = [s for _, s in each for _ in range(3 * h)]
        return weight(torch.cat([c for c, _ in each]).numpy(), scales if d == 2 else scales[0], np.zeros(len(scales)) if d == 2 else 0)

    bias = torch.stack([torch.cat(b) for b in zip(turned("bias_ih"), turned("bias_hh"))])
    ins = [x, rows("weight_ih"), rows("weight_hh"), bias, np.zeros(0, np.int64), h0]
    y = y.detach().reshape(t, n, d, h).transpose(1, 2).contiguous()
    attrs = {"gru": {"direction": "bidirectional" if d == 2 else "", "linear_before_reset": True}}
    return "dynamic_gru", attrs, ins, [y, last.detach()], 2e-6, engine


def integer_conv(r):
    n, c, o, k = r.between(1, 2), r.between(1, 3), r.between(1, 4), r.pick(1, 3)
    x, w = codes(r, np.uint8, n, c, r.between(3, 6), r.between(3, 6)), codes(r, np.uint8, o, c, k, k)
    z, wz = codes(r, np.uint8), codes(r, np.uint8)
    stride = [r.between(1, 2), r.between(1, 2)]
    node = helper.make_node("ConvInteger", ["x", "w", "z", "wz"], ["y"], strides=stride, pads=[k // 2] * 4)
    y = run([node], {"x": x, "w": w, "z": z, "wz": wz}, ["y"])[0]
    attrs = {"conv": {"stride": stride, "padding": [k // 2, k // 2], "dilation": [1, 1], "groups": 1}}
    return "integer_conv2d", attrs, [np.int64(v) for v in (x, w, z, wz)], [np.int64(y)], 0


def integer_matmul(r):
    m, k, n = r.between(1, 6), r.between(1, 40), r.between(1, 9)
    left, right = r.pick((np.uint8, np.uint8), (np.uint8, np.int8), (np.int8, np.int8), (np.int8, np.uint8))
    a, b = codes(r, left, r.between(1, 2), m, k), codes(r, right, k, n)
    za, zb = codes(r, left), codes(r, right, *r.pick((), (n,)))
    y = run([helper.make_node("MatMulInteger", ["a", "b", "za", "zb"], ["y"])], {"a": a, "b": b, "za": za, "zb": zb}, ["y"])[0]
    return "integer_matmul", {}, [np.int64(v) for v in (a, b, za, zb)], [np.int64(y)], 0


def codes_of(r):
    q = weight(codes(r, r.pick(np.uint8, np.int8), r.between(1, 3), r.between(1, 5)), np.float32(0.1), np.array(3))
    return r.pick(("int_repr", {}, [q], [q.int_repr()], 0), ("from_int_repr", {}, [q.int_repr()], [q], 0))


def whole(r):
    """QuantizeLinear and DequantizeLinear of 16 bits, with one scale, several, or those of blocks"""
    shape = tuple(r.between(1, 6) for _ in range(r.between(1, 3)))
    axis, dtype, how = r.between(0, len(shape) - 1), r.pick(np.uint16, np.int16), r.pick("one", "axis", "block")
    block = r.between(1, shape[axis]) if how == "block" else 0
    of = {"one": (), "axis": (shape[axis],), "block": tuple(-(-n // block) if i == axis else n for i, n in enumerate(shape)) if block else ()}[how]
    if np.prod(of) == 1:
        block, of = 0, ()
    scale, zero = r.rng.uniform(1e-4, 1e-2, of).astype(np.float32), codes(r, dtype, *of)
    fields = {"axis": axis, **({"block_size": block} if block else {})}
    attrs, info = {"axis": axis, "block": block}, np.iinfo(dtype)
    if r.pick(True, False):
        x = floats(r, *shape, scale=r.pick(1.0, 100.0))
        y = run([helper.make_node("QuantizeLinear", ["x", "s", "z"], ["y"], **fields)], {"x": x, "s": scale, "z": zero}, ["y"], 21)[0]
        return "quantize_whole", attrs | {"lo": int(info.min), "hi": int(info.max)}, [x, scale, np.int64(zero)], [np.int64(y)], 0
    x = codes(r, dtype, *shape)
    y = run([helper.make_node("DequantizeLinear", ["x", "s", "z"], ["y"], **fields)], {"x": x, "s": scale, "z": zero}, ["y"], 21)[0]
    return "dequantize_whole", attrs, [np.int64(x), scale, np.int64(zero)], [y], 0


def weight_only(r):
    """a product of numbers with weights of codes, whose scales are one, of channels or of blocks"""
    m, n, group, groups = r.between(1, 6), r.between(2, 9), r.between(2, 16), r.pick(1, 1, 2, 3)
    k, dtype = group * groups, r.pick(np.uint8, np.int8)
    w, of = codes(r, dtype, n, k), (n,) if groups == 1 else (n, groups)
    if groups == 1 and r.pick(True, False):
        of = ()
    ws, wz = r.rng.uniform(1e-3, 1e-2, of).astype(np.float32), codes(r, dtype, *of)
    x, b = activation(r, r.between(1, 2), m, k), floats(r, n)
    at = {"axis": 1} | ({"block_size": group} if groups > 1 else {})
    if groups == 1:
        at = {"axis": 0}
    nodes = [helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["d"], **at), helper.make_node("Transpose", ["d"], ["t"], perm=[1, 0]),
             helper.make_node("MatMul", ["x", "t"], ["p"]), helper.make_node("Add", ["p", "b"], ["y"])]
    y = run(nodes, {"x": x, "w": w, "ws": ws, "wz": wz, "b": b}, ["y"], 21)[0]
    return "weight_only_linear", {"linear": {}, "groups": groups}, [x, weight(w.reshape(n * groups, group), ws.ravel(), wz.ravel()), b], [y], 2e-6


def weight_only_embedding(r):
    v, d, dtype = r.between(2, 9), r.between(1, 7), r.pick(np.uint8, np.int8)
    w, of = codes(r, dtype, v, d), r.pick((v,), ())
    ws, wz = r.rng.uniform(1e-3, 1e-2, of).astype(np.float32), codes(r, dtype, *of)
    x = r.rng.integers(-v, v, (r.between(1, 3), r.between(1, 5)))
    y = run([helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["d"], axis=0), helper.make_node("Gather", ["d", "x"], ["y"])], {"x": x, "w": w, "ws": ws, "wz": wz}, ["y"], 21)[0]
    return "weight_only_embedding", {}, [weight(w, ws, wz), x], [y], 0


CASES = [("weight_only", weight_only), ("weight_only_embedding", weight_only_embedding), ("whole", whole), ("codes", codes_of), ("quantize", quantize), ("conv2d", conv), ("linear", linear), ("matmul", matmul), ("lstm", lstm), ("gru", gru), ("integer_conv2d", integer_conv), ("integer_matmul", integer_matmul)]


def main():
    root = pathlib.Path(__file__).parents[2] / "op" / "testdata"
    p = argparse.ArgumentParser()
    p.add_argument("--out", default=root)
    p.add_argument("--seed", type=int, default=20261129)
    p.add_argument("--count", type=int, default=12)
    a = p.parse_args()
    assert onnx.__version__ == "1.23.2" and ort.__version__ == "1.32.0", (onnx.__version__, ort.__version__)
    pathlib.Path(a.out).mkdir(parents=True, exist_ok=True)

    def torched(x):
        return x if isinstance(x, torch.Tensor) else torch.from_numpy(np.array(x, order="C"))

    for name, make in CASES:
        w, r = Writer(a.out, "dynamic_gru" if name == "gru" else "onnx_dynamic_" + name), Source([a.seed, *name.encode()])
        for _ in range(a.count):
            kind, attrs, ins, outs, relative, *numerics = make(r)
            check = {"relative": relative} if relative else {}
            if outs[1:]:
                check["rest"] = [w.tensor(torched(t)) for t in outs[1:]]
            w.add(kind, attrs, [torched(x) for x in ins], torched(outs[0]), *numerics, **check)
        w.close()
        print(name, len(w.cases), "cases", len(w.data), "bytes")


if __name__ == "__main__":
    main()
