"""Golden data of operators on codes that ONNX Runtime has: products with zero points on both
sides, of any sort, by QLinearMatMul and QLinearConv, which PyTorch has for few of the types; and
the rules of preset onnx, by QLinearAdd, QLinearMul, QLinearConcat, QLinearSigmoid,
QLinearLeakyRelu, QLinearGlobalAveragePool and QLinearAveragePool.

    python tools/golden/qlinear.py                                # writes op/testdata
    python tools/golden/qlinear.py --out DIR --seed 7 --count 300 # a larger run

then: go test ./op -run TestGolden -cases DIR -v

The products take exact integer sums and one rounding, f32(sum) * f32(f32(s_a*s_b)/s_out) to the
nearest, ties to even: octet's rule fbgemm without bias, to the bit. A bias of QLinearConv is
an integer in the scale of the sums, which no PyTorch file has; no case has one.

Scales of sums and products are in simple ratios, so that many results are near a half, where
the order of roundings shows. Its logistic function is an approximation: in a larger run a code of a
sigmoid may differ. ONNX Runtime adds otherwise on a CPU without fused multiply-add:
run this where there is one.

Needs torch 2.15.0, numpy, onnx 1.23 and onnxruntime 1.32.
"""
import argparse
import pathlib

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import TensorProto, helper
from op import BASE, CODES, Source, Writer

# of the operands that ONNX Runtime multiplies; the result is of the first one's
KINDS = [(torch.quint8, torch.quint8), (torch.quint8, torch.qint8), (torch.qint8, torch.qint8)]
MICROSOFT = "com.microsoft"
ELEMENT = {torch.quint8: TensorProto.UINT8, torch.qint8: TensorProto.INT8}


def infer(kind, operands, s, z, dtype, domain="", last=False, **attrs):
    """the codes of the operands through one node; last says that its result's parameters come first"""
    feed, ins = {}, []
    for name, t in zip("abc", operands):
        if t.qscheme() == torch.per_tensor_affine:
            scale, zero = np.float32(t.q_scale()), np.array(t.q_zero_point())
        else:
            scale, zero = t.q_per_channel_scales().numpy().astype(np.float32), t.q_per_channel_zero_points().numpy()
        feed |= {name: t.int_repr().numpy(), name + "_s": scale, name + "_z": zero.astype(BASE[t.dtype])}
        ins += [name, name + "_s", name + "_z"]
    feed |= {"y_s": np.float32(s), "y_z": np.array(z).astype(BASE[dtype])}
    ins = ["y_s", "y_z", *ins] if last else [*ins, "y_s", "y_z"]
    a = operands[0]
    consts = [helper.make_tensor(n, helper.np_dtype_to_tensor_dtype(np.asarray(v).dtype), np.shape(v), np.asarray(v).ravel()) for n, v in feed.items() if n != "a"]
    graph = helper.make_graph(
        [helper.make_node(kind, ins, ["y"], domain=domain, **attrs)], "g",
        [helper.make_tensor_value_info("a", ELEMENT[a.dtype], a.shape)],
        [helper.make_tensor_value_info("y", ELEMENT[dtype], None)], consts)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid(MICROSOFT, 1)], ir_version=9)
    o = ort.SessionOptions()
    o.intra_op_num_threads = 1
    o.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    y = ort.InferenceSession(model.SerializeToString(), o, providers=["CPUExecutionProvider"]).run(None, {"a": feed["a"]})[0]
    return torch._make_per_tensor_quantized_tensor(torch.from_numpy(np.ascontiguousarray(y)), float(s), int(z))


def draw(r, dtype, shape, most=255):
    lo, hi = CODES[dtype]
    return torch._make_per_tensor_quantized_tensor(
        torch.from_numpy(r.rng.integers(lo, min(hi, most) + 1, shape).astype(BASE[dtype])), float(np.float32(r.scale())), r.between(lo, hi))


def left(r, dtype, other, shape):
    """where unsigned codes meet signed ones, up to 127: without VNNI, ONNX Runtime's sums saturate beyond"""
    return draw(r, dtype, shape, 127 if (dtype, other) == (torch.quint8, torch.qint8) else 255)


def weights(r, dtype, shape):
    """per output channel half of the time"""
    w = draw(r, dtype, shape)
    if r.pick(True, False):
        return w
    lo, hi = CODES[dtype]
    s = r.rng.uniform(1e-3, 1e-2, shape[0]).astype(np.float32).astype(np.float64)
    return torch._make_per_channel_quantized_tensor(w.int_repr(), torch.from_numpy(s), torch.tensor([r.between(lo, hi) for _ in range(shape[0])]), 0)


def result(r, sums, a, scales):
    """a scale that spreads the results over the codes of a's type, and a zero point"""
    s = np.float32(a.q_scale() * np.mean(scales) * max(1, np.abs(sums).mean()) / 60 * r.rng.uniform(0.5, 2))
    return s, r.between(*CODES[a.dtype])


def centred(t):
    z = t.q_zero_point() if t.qscheme() == torch.per_tensor_affine else t.q_per_channel_zero_points().reshape(-1, *[1] * (t.dim() - 1))
    return t.int_repr().double() - z


def matmul_codes(wr, r, count, big):
    for i in range(count):
        lead = r.pick(((), ()), ((2,), (2,)), ((2, 3), (2, 3)), ((2, 1), (3,)))
        m, k, n = r.between(1, 7), r.between(1, 30 if not big else 250), r.between(1, 7)
        x, y = KINDS[i % len(KINDS)]
        a, b = left(r, x, y, (*lead[0], m, k)), draw(r, y, (*lead[1], k, n))
        s, z = result(r, (centred(a) @ centred(b)).numpy(), a, b.q_scale())
        wr.add("matmul", {}, [a, b], infer("QLinearMatMul", [a, b], s, z, x), "fbgemm")


def conv_codes(wr, r, count, big):
    for i in range(count):
        groups = r.pick(1, 2, 4)
        per, out = r.pick(1, 3), groups * r.between(1, 3)
        kernel, pad, stride = r.pick(1, 2, 3), r.between(0, 1), r.between(1, 2)
        x, w = KINDS[i % len(KINDS)]
        a = left(r, x, w, (2, groups * per, r.between(3, 6), r.between(3, 6)))
        if w != x and a.q_zero_point() > 127:
            pad = 0  # it would be a code that saturates
        b = weights(r, w, (out, per, kernel, kernel))
        sums = torch.nn.functional.conv2d(centred(a), centred(b), None, stride, pad, 1, groups)
        scales = b.q_scale() if b.qscheme() == torch.per_tensor_affine else b.q_per_channel_scales().numpy()
        s, z = result(r, sums.numpy(), a, scales)
        y = infer("QLinearConv", [a, b], s, z, x, pads=[pad] * 4, strides=[stride] * 2, group=groups)
        attrs = {"stride": [stride] * 2, "padding": [pad] * 2, "dilation": [1, 1], "groups": groups}
        wr.add("conv2d", attrs, [a, b], y, "fbgemm")


# a single number added to a run of others is ONNX Runtime's second operand, wherever it stands
SHAPES = [((3, 37), (3, 37)), ((2, 64), (64,)), ((64,), (2, 64)), ((1,), (70,)), ((70,), (1,)), ((2, 5, 4, 3), (1, 5, 1, 1)),
          ((1, 5, 1, 1), (2, 5, 4, 3)), ((7, 3, 1), (7, 1, 5)), ((7, 1, 5), (7, 3, 1)), ((3, 4, 1), (1, 1, 1)), ((1, 1), (1, 1))]


def near_ties(r, dtype):
    """scales of two operands in a simple ratio, and parameters of a result"""
    lo, hi = CODES[dtype]
    base = r.scale()
    sa, sb = (float(np.float32(base * r.between(1, 40))) for _ in range(2))
    return sa, sb, np.float32(max(base * r.between(1, 40), (sa + sb) / 4)), r.between(lo, hi)


def pair_codes(wr, r, count, big):
    for i in range(count):
        dtype = (torch.quint8, torch.qint8)[i % 2]
        lo, hi = CODES[dtype]
        sa, sb, s, z = near_ties(r, dtype)
        shapes = SHAPES[i // 4 % len(SHAPES)]
        if i % 4 < 2:
            kind, node = "add", "QLinearAdd"
        else:
            kind, node, sb, s = "mul", "QLinearMul", float(2.0 ** -r.between(3, 7)), np.float32(s * 2)
        a, b = (torch._make_per_tensor_quantized_tensor(torch.from_numpy(r.rng.integers(lo, hi + 1, shape).astype(BASE[dtype])), scale, r.between(lo, hi))
                for shape, scale in zip(shapes, (sa, sb)))
        wr.add(kind, {}, [a, b], infer(node, [a, b], s, z, dtype, MICROSOFT), "onnx")


def table_codes(wr, r, count, big):
    for i in range(count):
        dtype = (torch.quint8, torch.qint8)[i % 2]
        lo, hi = CODES[dtype]
        every = np.arange(lo, hi + 1).astype(BASE[dtype])
        a = torch._make_per_tensor_quantized_tensor(torch.from_numpy(every), float(np.float32(r.scale() / 10)), r.between(lo, hi))
        s, z = np.float32(a.q_scale() * r.rng.uniform(0.3, 1.5)), r.between(lo, hi)
        if i % 8 < 2:
            wr.add("sigmoid", {}, [a], infer("QLinearSigmoid", [a], 1 / 256, lo, dtype, MICROSOFT), "onnx")
        elif i % 8 < 4:
            slope = float(np.float32(r.rng.uniform(0, 0.5)))
            wr.add("leaky_relu", {"slope": slope}, [a], infer("QLinearLeakyRelu", [a], s, z, dtype, MICROSOFT, alpha=slope), "onnx")
        elif i % 8 < 6:
            b = torch._make_per_tensor_quantized_tensor(torch.from_numpy(every), float(s), z)
            wr.add("cat", {"axis": 0}, [a, b], infer("QLinearConcat", [a, b], s, z, dtype, MICROSOFT, last=True, axis=0), "onnx")
        else:
            x = torch._make_per_tensor_quantized_tensor(
                torch.from_numpy(r.rng.integers(lo, hi + 1, (2, r.between(1, 20), r.between(1, 8), r.between(1, 8))).astype(BASE[dtype])), a.q_scale(), a.q_zero_point())
            y = infer("QLinearGlobalAveragePool", [x], np.float32(x.q_scale()), x.q_zero_point(), dtype, MICROSOFT, channels_last=0)
            wr.add("mean", {"axes": [2, 3], "keepdim": True}, [x], y, "onnx")


def average_codes(wr, r, count, big):
    for i in range(count):
        dtype = (torch.quint8, torch.qint8)[i % 2]
        lo, hi = CODES[dtype]
        kernel = [r.between(1, 4), r.between(1, 4)]
        shape = (2, r.between(1, 20), *(k + r.between(0, 6) for k in kernel))
        base = float(np.float32(r.scale()))
        ratio = r.pick(1.0, 0.5, 2 / 3, 1.5, float(r.rng.uniform(0.3, 1.5)))
        codes = r.rng.integers(lo, hi + 1, shape).astype(BASE[dtype])
        x = torch._make_per_tensor_quantized_tensor(torch.from_numpy(codes), base, r.between(lo, hi))
        s, z = np.float32(base * ratio), r.between(lo, hi)
        if i % 4 < 2:
            y = infer("QLinearGlobalAveragePool", [x], s, z, dtype, MICROSOFT, channels_last=0)
            wr.add("mean", {"axes": [2, 3], "keepdim": True, "rescaled": True}, [x], y, "onnx")
            wr.add("adaptive_avg_pool2d", {"output": [1, 1], "rescaled": True}, [x], y, "onnx")
            continue
        stride, pad = [r.between(1, 3), r.between(1, 3)], [r.between(0, k // 2) for k in kernel]
        ceil, counted = r.pick(0, 1), r.pick(0, 1)
        y = infer("QLinearAveragePool", [x], s, z, dtype, MICROSOFT, kernel_shape=kernel, strides=stride, pads=pad * 2, ceil_mode=ceil, count_include_pad=counted)
        attrs = {"kernel": kernel, "stride": stride, "padding": pad, "ceil_mode": bool(ceil), "count_include_pad": bool(counted), "rescaled": True}
        wr.add("avg_pool2d", attrs, [x], y, "onnx")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--out", default=pathlib.Path(__file__).parents[2] / "op" / "testdata")
    p.add_argument("--seed", type=int, default=20261129)
    p.add_argument("--count", type=int, default=0, help="cases per operator, of larger sizes; 0 means the committed set")
    a = p.parse_args()
    assert torch.__version__.startswith("2.15.0") and ort.__version__.startswith("1.32."), (torch.__version__, ort.__version__)
    pathlib.Path(a.out).mkdir(parents=True, exist_ok=True)
    for i, f in enumerate((matmul_codes, conv_codes, pair_codes, table_codes, average_codes)):
        w = Writer(a.out, f.__name__)
        f(w, Source([a.seed, i]), a.count or (48 if i < 2 else 88), a.count > 0)
        w.close()
        print(f.__name__, len(w.cases), "cases", len(w.data), "bytes")


main()
