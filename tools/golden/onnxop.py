"""Golden data of operators with the semantics of ONNX: results of ONNX Runtime.

    python tools/golden/onnxop.py                                # writes op/testdata/onnx_*.json and .bin
    python tools/golden/onnxop.py --out DIR --seed 7 --count 300 # a larger run

then: go test ./op -run TestGolden -cases DIR -v

A case is a function from a Source to a Case: attributes of octet's operator, the ONNX node,
its inputs, and the bound of the relative error, 0 for the same bits.

Needs torch 2.15.0 (its types of files), numpy, onnx 1.23.2 and onnxruntime 1.32.0.
"""
import argparse
import dataclasses
import pathlib

import numpy as np
import onnx
import onnxruntime
import torch
from onnx.reference import ReferenceEvaluator
from op import Source, Writer

OPSET = 21


@dataclasses.dataclass
class Case:
    op: str  # octet's
    attrs: dict
    node: str  # ONNX's
    inputs: list  # of octet, None where the node has none and octet no operand
    fields: dict = dataclasses.field(default_factory=dict)  # of the node
    outputs: int = 1
    relative: float = 0
    operands: list = None  # of the node, where they are others
    reference: bool = False  # by ONNX's reference evaluator instead
    opset: int = OPSET


def evaluate(c):
    ins = c.inputs if c.operands is None else c.operands
    names = [f"in{i}" if x is not None else "" for i, x in enumerate(ins)]
    infos = [onnx.helper.make_tensor_value_info(n, onnx.helper.np_dtype_to_tensor_dtype(x.dtype), x.shape) for n, x in zip(names, ins) if n]
    outs = [f"out{i}" for i in range(c.outputs)]
    node = onnx.helper.make_node(c.node, names, outs, **c.fields)
    g = onnx.helper.make_graph([node], "g", infos, [onnx.helper.make_empty_tensor_value_info(o) for o in outs])
    m = onnx.helper.make_model(g, opset_imports=[onnx.helper.make_opsetid("", c.opset)], ir_version=10)
    feed = {n: x for n, x in zip(names, ins) if n}
    if not c.reference:
        s = onnxruntime.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"])
        return s.run(None, feed)
    return ReferenceEvaluator(m).run(None, feed)


def floats(r, *shape):
    return r.rng.standard_normal(shape).astype(np.float32)


def ints(r, lo, hi, *shape):
    return r.rng.integers(lo, hi, shape).astype(np.int64)


def shapes(r, lo=1, hi=4):
    return tuple(r.between(1, 5) for _ in range(r.between(lo, hi)))


def slices(r):
    x = floats(r, *shapes(r))
    n = r.between(0, x.ndim)
    axes = r.rng.permutation(x.ndim)[:n].astype(np.int64)
    big = 2**63 - 1
    starts = np.array([r.pick(r.between(-7, 7), big, -big) for _ in range(n)], np.int64)
    ends = np.array([r.pick(r.between(-7, 7), big, -big) for _ in range(n)], np.int64)
    steps = np.array([r.pick(1, 1, 2, -1, -2, 3, 9) for _ in range(n)], np.int64)
    ends = np.where((steps < 0) & (ends == big), -big, ends)  # where ONNX Runtime differs from the standard
    axes = np.where(ints(r, 0, 2, n) == 1, axes - x.ndim, axes)
    lists = [starts, ends, axes, steps]
    if r.pick(True, False):
        return Case("strided_slice", {}, "Slice", [x, *lists])
    attrs = dict(zip(("starts", "ends", "axes", "steps"), (l.tolist() for l in lists)))
    return Case("strided_slice", attrs, "Slice", [x], operands=[x, *lists])


def gather_nd(r):
    x = floats(r, *shapes(r, 2, 4))
    batch = r.between(0, x.ndim - 1)
    named = r.between(1, x.ndim - batch)
    lists = tuple(r.between(1, 3) for _ in range(r.between(0, 2)))
    at = np.stack([ints(r, -x.shape[batch + j], x.shape[batch + j], *x.shape[:batch], *lists) for j in range(named)], -1)
    return Case("gather_nd", {"batch_dims": batch}, "GatherND", [x, at], {"batch_dims": batch})


def elements(r):
    x = r.pick(floats, lambda r, *s: ints(r, -9, 9, *s))(r, *shapes(r))
    axis = r.between(-x.ndim, x.ndim - 1)
    shape = tuple(r.between(1, n) for n in x.shape)
    return x, axis, ints(r, -x.shape[axis], x.shape[axis], *shape)


def gather_elements(r):
    x, axis, at = elements(r)
    return Case("gather_elements", {"axis": axis}, "GatherElements", [x, at], {"axis": axis})


def scatter_elements(r):
    x, axis, at = elements(r)
    reduction = r.pick("none", "add", "mul", "min", "max")
    updates = (floats(r, *at.shape) * 4).astype(x.dtype)
    attrs = {"axis": axis} | ({} if reduction == "none" else {"reduction": reduction})
    return Case("scatter_elements", attrs, "ScatterElements", [x, at, updates], {"axis": axis, "reduction": reduction})


def scatter_nd(r):
    x = r.pick(floats, lambda r, *s: ints(r, -9, 9, *s))(r, *shapes(r))
    named = r.between(1, x.ndim)
    lists = tuple(r.between(1, 3) for _ in range(r.between(1, 2)))
    at = np.stack([ints(r, -x.shape[j], x.shape[j], *lists) for j in range(named)], -1)
    updates = (floats(r, *lists, *x.shape[named:]) * 4).astype(x.dtype)
    reduction = r.pick("none", "add", "mul", "min", "max")
    return Case("scatter_nd", {} if reduction == "none" else {"reduction": reduction}, "ScatterND", [x, at, updates], {"reduction": reduction})


def depth_to_space(r):
    b = r.between(1, 3)
    x = floats(r, 2, b * b * r.between(1, 3), r.between(1, 4), r.between(1, 4))
    crd = r.pick(True, False)
    return Case("depth_to_space", {"block": b} | ({"channels_first": True} if crd else {}), "DepthToSpace", [x], {"blocksize": b, "mode": "CRD" if crd else "DCR"})


def space_to_depth(r):
    b = r.between(1, 3)
    return Case("space_to_depth", {"block": b}, "SpaceToDepth", [floats(r, 2, r.between(1, 3), b * r.between(1, 3), b * r.between(1, 3))], {"blocksize": b})


def reverse_sequence(r):
    x = floats(r, r.between(1, 4), r.between(1, 4), *shapes(r, 0, 2))
    batch = r.between(0, 1)
    lengths = ints(r, 1, x.shape[1 - batch] + 1, x.shape[batch])
    attrs = {"batch_axis": batch, "time_axis": 1 - batch}
    return Case("reverse_sequence", attrs, "ReverseSequence", [x, lengths], attrs)


def flatten(r):
    x = floats(r, *shapes(r))
    axis = r.between(-x.ndim, x.ndim)
    return Case("flatten", {"start": axis, "matrix": True}, "Flatten", [x], {"axis": axis})


def reshape(r):
    x = floats(r, 2, 3, 4)
    if r.pick(True, False):
        want = np.array(r.pick([0, -1], [0, 0, 0], [0, 3, 2, -1], [-1], [4, 0, 2], [1, 0, -1]), np.int64)
        return Case("reshape", {"keep_zero": True}, "Reshape", [x, want])
    x = x[:, :, :0]
    want = np.array(r.pick([0, 3], [5, 0], [0]), np.int64)
    return Case("reshape", {}, "Reshape", [x, want], {"allowzero": 1})


def squeeze(r):
    x = floats(r, 1, 3, 1, 4)
    if r.pick(True, False):
        return Case("squeeze", {"axes": [], "all": True}, "Squeeze", [x])
    return Case("squeeze", {"axes": []}, "Squeeze", [x, np.array(r.pick([0], [2, 0], [-2], [-4]), np.int64)])


def unsqueeze(r):
    return Case("unsqueeze", {"axes": []}, "Unsqueeze", [floats(r, 3, 4), np.array(r.pick([0], [3, 0], [-1, 1], [-3]), np.int64)])


def split(r):
    axis, x = r.between(-3, 2), floats(r, 4, 7, 5)
    n = x.shape[axis]
    if r.pick(True, False):
        parts = r.pick(2, 3, n)
        return Case("split", {"axis": axis, "parts": parts}, "Split", [x], {"axis": axis, "num_outputs": parts}, parts)
    sizes = [r.between(0, n)]
    sizes += [n - sizes[0]]
    return Case("split", {"axis": axis, "parts": 2}, "Split", [x, np.array(sizes, np.int64)], {"axis": axis}, 2)


AUTO = {"SAME_UPPER": "same_upper", "SAME_LOWER": "same_lower"}


def window(r, size, half=False):
    """a kernel's stride, dilation and padding: of octet's operator, and of the node"""
    k = [r.between(1, 4), r.between(1, 4)]
    stride, dilation = [r.between(1, 3), r.between(1, 3)], [1, 1] if half else [r.pick(1, 1, 2), r.pick(1, 1, 2)]
    fields = {"kernel_shape": k, "strides": stride} | ({} if half else {"dilations": dilation})
    attrs = {"stride": stride} | ({} if half else {"dilation": dilation})
    auto = r.pick("", "", "SAME_UPPER", "SAME_LOWER")
    if auto and dilation == [1, 1] and k[0] >= stride[0] and k[1] >= stride[1]:
        fields["auto_pad"] = auto
        return attrs | {"padding": [0, 0], "auto_pad": AUTO[auto]}, fields, k
    limit = [n // 2 if half else d * (n - 1) for n, d in zip(k, dilation)]
    before, after = [r.between(0, m) for m in limit], [r.between(0, m) for m in limit]
    fields["pads"] = before + after
    return attrs | {"padding": before, "uneven": [a - b for a, b in zip(after, before)]}, fields, k


def conv2d(r):
    g = r.pick(1, 1, 2, 3)
    i, o = r.between(1, 3), g * r.between(1, 3)
    x = floats(r, 2, g * i, r.between(7, 10), r.between(7, 10))
    attrs, fields, k = window(r, x.shape[2:])
    ins = [x, floats(r, o, i, *k), floats(r, o)][: r.pick(2, 3)]
    return Case("conv2d", attrs | {"groups": g}, "Conv", ins, fields | {"group": g}, relative=1e-5)


def conv_transpose2d(r):
    g = r.pick(1, 1, 2)
    i, o = g * r.between(1, 3), r.between(1, 3)
    x = floats(r, 2, i, r.between(7, 8), r.between(7, 8))
    attrs, fields, k = window(r, x.shape[2:])
    extra = [r.between(0, s - 1) for s in attrs["stride"]]
    full = [(n - 1) * s + d * (m - 1) + e + 1 for n, s, d, m, e in zip(x.shape[2:], attrs["stride"], attrs["dilation"], k, extra)]
    attrs |= {"groups": g, "output_padding": extra}
    fields |= {"group": g, "output_padding": extra}
    if r.pick(True, False, False):
        attrs["output"] = fields["output_shape"] = [r.between(n - 3, n) for n in full]
        attrs.pop("uneven", None)
        fields.pop("pads", None)
        attrs["padding"] = [0, 0]
    ins = [x, floats(r, i, o, *k), floats(r, o * g)][: r.pick(2, 3)]
    return Case("conv_transpose2d", attrs, "ConvTranspose", ins, fields, relative=1e-5)


def max_pool2d(r):
    x = floats(r, 2, 3, r.between(7, 10), r.between(7, 10))
    attrs, fields, k = window(r, x.shape[2:], True)
    ceil = r.pick(0, 1) if "pads" in fields else 0
    return Case("max_pool2d", attrs | {"kernel": k, "dilation": [1, 1], "ceil_mode": bool(ceil)}, "MaxPool", [x], fields | {"ceil_mode": ceil})


def avg_pool2d(r):
    x = floats(r, 2, 3, r.between(7, 10), r.between(7, 10))
    attrs, fields, k = window(r, x.shape[2:], True)
    ceil, count = r.pick(0, 1) if "pads" in fields else 0, r.pick(0, 1)
    attrs |= {"kernel": k, "ceil_mode": bool(ceil), "count_include_pad": bool(count)}
    return Case("avg_pool2d", attrs, "AveragePool", [x], fields | {"ceil_mode": ceil, "count_include_pad": count}, relative=1e-5)


def recurrence(r, kind, gates, functions, states):
    """attributes and operands of a recurrent operator; octet's and the node's"""
    t, n, i, h = r.between(1, 4), r.between(1, 3), r.between(1, 5), r.between(1, 6)
    direction = r.pick("forward", "reverse", "bidirectional")
    d = 2 if direction == "bidirectional" else 1
    attrs = {} if direction == "forward" else {"direction": direction}
    fields = {"hidden_size": h, "direction": direction}
    if r.pick(True, False, False):
        names = [[r.pick(("Sigmoid", "sigmoid"), ("Tanh", "tanh"), ("Relu", "relu"), ("HardSigmoid", "hardsigmoid"), ("Softsign", "softsign")) for _ in functions] for _ in range(d)]
        fields["activations"], attrs["activations"] = ([x[k] for row in names for x in row] for k in (0, 1))
    if r.pick(True, False, False):
        fields["clip"] = attrs["clip"] = 0.5
    x = floats(r, t, n, i)
    w, u, b = floats(r, d, gates * h, i), floats(r, d, gates * h, h), floats(r, d, 2 * gates * h)
    lengths = ints(r, 1, t + 1, n)
    ins = [x, w, u, r.pick(b, None), r.pick(lengths, None, None)] + [r.pick(floats(r, d, n, h), None) for _ in range(states)]
    return attrs, fields, ins, (d, h)


def recurrent(kind, node, ins, attrs, fields, states):
    empty = [np.zeros(0, np.int64 if i == 4 else np.float32) if x is None else x for i, x in enumerate(ins)]
    operands = [x.astype(np.int32) if i == 4 and x is not None else x for i, x in enumerate(ins)]
    return Case(kind, attrs, node, empty, fields, 1 + states, 1e-5, operands)


def lstm(r):
    attrs, fields, ins, (d, h) = recurrence(r, "lstm", 4, "fgh", 2)
    if r.pick(True, False):
        ins.append(floats(r, d, 3 * h))
    if r.pick(True, False, False):
        fields["input_forget"], attrs["input_forget"] = 1, True
    return recurrent("lstm", "LSTM", ins, attrs, fields, 2)


def gru(r):
    attrs, fields, ins, _ = recurrence(r, "gru", 3, "fg", 1)
    if r.pick(True, False):
        fields["linear_before_reset"], attrs["linear_before_reset"] = 1, True
    return recurrent("gru", "GRU", ins, attrs, fields, 1)


def rnn(r):
    attrs, fields, ins, _ = recurrence(r, "rnn", 1, "f", 1)
    return recurrent("rnn", "RNN", ins, attrs, fields, 1)


def batch_first(r):
    """of an LSTM, by the reference evaluator: ONNX Runtime has no such layout"""
    t, n, i, h = r.between(1, 4), r.between(1, 3), r.between(1, 5), r.between(1, 6)
    ins = [floats(r, n, t, i), floats(r, 1, 4 * h, i), floats(r, 1, 4 * h, h), floats(r, 1, 8 * h)]
    return Case("lstm", {"batch_first": True}, "LSTM", ins, {"hidden_size": h, "layout": 1}, 3, 1e-5, reference=True)


def resized(attrs, ins, fields):
    operands = [x if x.size else None for x in ins]
    return Case("interpolate", attrs, "Resize", ins, fields, relative=0 if attrs["mode"] == "nearest" else 2e-6, operands=operands)


def interpolate(r):
    mode = r.pick("nearest", "nearest", "linear", "cubic")
    rank = 4 if mode == "cubic" else r.between(3, 4)
    x = floats(r, *[r.between(1, 2) for _ in range(rank - 2)], r.between(2, 7), r.between(2, 7))
    coordinates = r.pick("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "asymmetric", "align_corners", "tf_crop_and_resize")
    fields = {"mode": mode, "coordinate_transformation_mode": coordinates}
    attrs = {"mode": mode, "coordinates": coordinates}
    if mode == "nearest":
        attrs["rounding"] = fields["nearest_mode"] = r.pick("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    if mode == "cubic":
        attrs["cubic_a"] = fields["cubic_coeff_a"] = r.pick(-0.75, -0.5)
        if r.pick(True, False) and coordinates != "tf_crop_and_resize":
            attrs["exclude"], fields["exclude_outside"] = True, 1
    none, roi = np.zeros(0, np.float32), np.zeros(0, np.float32)
    if coordinates == "tf_crop_and_resize":
        start = [0.0] * (rank - 2) + [r.pick(-0.5, 0.0, 0.25) for _ in range(2)]
        end = [1.0] * (rank - 2) + [r.pick(1.0, 0.75, 1.5) for _ in range(2)]
        roi = np.array(start + end, np.float32)
        attrs["extrapolation"] = fields["extrapolation_value"] = 3.5
    elif mode != "nearest" and coordinates == "half_pixel" and r.pick(True, False):
        attrs["antialias"], fields["antialias"] = True, 1
    if r.pick(True, False) or "antialias" in attrs or "extrapolation" in attrs:
        # ONNX Runtime ignores the roi of axes of scale 1, and shares of its own where it enlarges with antialias
        factors = (0.5, 0.6, 0.8) if "antialias" in attrs else (0.5, 0.6, 0.8, 1.5, 2.0, 2.5) if "extrapolation" in attrs else (0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 2.5)
        scales = np.array([1.0] * (rank - 2) + [r.pick(*factors) for _ in range(2)], np.float32)
        return resized(attrs, [x, roi, scales], fields)
    sizes = np.array(list(x.shape[:-2]) + [r.between(1, 10) for _ in range(2)], np.int64)
    return resized(attrs, [x, roi, none, sizes], fields)


def keep_ratio(r):
    x = floats(r, 1, 2, r.between(2, 7), r.between(2, 7))
    policy = r.pick("not_larger", "not_smaller")
    sizes = np.array([r.between(1, 10), r.between(1, 10)], np.int64)
    none = np.zeros(0, np.float32)
    attrs = {"mode": "linear", "axes": [2, 3], "policy": policy}
    return resized(attrs, [x, none, none, sizes], {"mode": "linear", "axes": [2, 3], "keep_aspect_ratio_policy": policy})


def pad(r):
    mode = r.pick("constant", "reflect", "edge", "wrap")
    x = r.pick(floats, lambda r, *s: ints(r, -9, 9, *s))(r, *[r.between(3, 5) for _ in range(r.between(1, 4))])
    axes = r.rng.permutation(x.ndim)[: r.between(1, x.ndim)].astype(np.int64)
    pads = ints(r, -1 if mode == "constant" else 0, 3, 2 * len(axes))
    value = r.pick(np.array([2], x.dtype), np.zeros(0, x.dtype))
    ins = [x, pads, value, axes]
    return Case("pad", {"before": None, "after": None, "mode": mode}, "Pad", ins, {"mode": mode}, operands=[x, pads, value[0:1].reshape(()) if value.size else None, axes])


def group_norm(r):
    g = r.between(1, 3)
    x, eps = floats(r, 2, g * r.between(1, 3), 4, *shapes(r, 0, 2)) * 3, r.pick(1e-5, 1e-2)
    c = x.shape[1]
    ins = [x, floats(r, c), floats(r, c)]
    if r.pick(True, False) and x.ndim > 2:
        return Case("group_norm", {"groups": 0, "eps": eps}, "InstanceNormalization", ins, {"epsilon": eps}, relative=2e-5)
    return Case("group_norm", {"groups": g, "eps": eps}, "GroupNormalization", ins, {"num_groups": g, "epsilon": eps}, relative=2e-5, reference=True)


def local_response_norm(r):
    size = r.pick(1, 3, 5)
    a = {"alpha": 0.3, "beta": 0.75, "k": 1.5}
    return Case("local_response_norm", a | {"size": size}, "LRN", [floats(r, 2, r.between(1, 8), 3, 2)], {"alpha": 0.3, "beta": 0.75, "bias": 1.5, "size": size}, relative=1e-5)


def lp_norm(r):
    x, a = floats(r, 3, 4, 2), {"axis": r.between(-3, 2), "p": r.pick(1, 2)}
    x[:, 1, 0] = 0
    x[1] = 0
    return Case("lp_norm", a, "LpNormalization", [x], a, relative=1e-5)


def spatial(r, rank, half=False):
    k = [r.between(1, 3) for _ in range(rank)]
    stride, dilation = [r.between(1, 2) for _ in k], [1 if half else r.between(1, 2) for _ in k]
    before, after = ([r.between(0, n - 1) for n in k] for _ in range(2))
    return {"stride": stride, "before": before, "after": after, "dilation": dilation}, {"kernel_shape": k, "strides": stride, "pads": before + after, "dilations": dilation}, k


def conv_nd(r):
    rank, g, i = r.pick(1, 3), r.pick(1, 2), r.between(1, 2)
    attrs, fields, k = spatial(r, rank)
    o = g * r.between(1, 2)
    ins = [floats(r, 2, g * i, *[r.between(5, 6) for _ in k]), floats(r, o, i, *k), floats(r, o)][: r.pick(2, 3)]
    return Case("conv_nd", attrs | {"groups": g}, "Conv", ins, fields | {"group": g}, relative=1e-5)


def pool_nd(r):
    rank = r.pick(1, 2, 3)
    attrs, fields, k = spatial(r, rank)
    x, ceil = floats(r, 1, 2, *[r.between(5, 6) for _ in k]), r.pick(0, 1)
    attrs |= {"kernel": k, "ceil_mode": bool(ceil)}
    fields["ceil_mode"] = ceil
    mode = r.pick("max", "average", "lp")
    if mode == "max":
        return Case("pool_nd", attrs | {"mode": mode}, "MaxPool", [x], fields)
    if mode == "lp":
        p = r.pick(1, 2, 3)
        return Case("pool_nd", attrs | {"mode": mode, "p": p}, "LpPool", [x], fields | {"p": p}, relative=1e-5)
    count = r.pick(0, 1)
    return Case("pool_nd", attrs | {"mode": mode, "count_include_pad": bool(count)}, "AveragePool", [x], fields | {"count_include_pad": count}, relative=1e-5)


def pool_indices(r):
    rank = r.pick(1, 2)
    attrs, fields, k = spatial(r, rank, True)
    x, order = floats(r, 2, 2, *[r.between(5, 6) for _ in k]), r.pick(0, 1)
    attrs |= {"mode": "max", "kernel": k, "indices": True} | ({"column_major": True} if order else {})
    return Case("pool_nd", attrs, "MaxPool", [x], fields | {"storage_order": order}, 2)


def einsum(r):
    d = {c: r.between(1, 4) for c in "abcdef"}
    equation = r.pick("ab,bc->ac", "abc,acd->abd", "ab->ba", "aab->b", "ab,ab->", "abcd,abed->abce", "ab,cb", "a,b->ab", "abc->b", "ab,bc,cd->ad", "...ab,...bc->...ac", "...a->...", "abcd,d->abc")
    terms = equation.split("->")[0].split(",")
    lead = tuple(r.between(1, 3) for _ in range(2)) if "..." in equation else ()
    ins = [floats(r, *((r.pick(n, n, 1) for n in lead) if t.startswith("...") else ()), *[d[c] for c in t.replace("...", "")]) for t in terms]
    return Case("einsum", {"equation": equation}, "Einsum", ins, {"equation": equation}, relative=1e-5)


def grid_sample(r):
    mode = r.pick("nearest", "linear", "cubic")
    rank = 2 if mode == "cubic" else r.pick(2, 3)
    x = floats(r, 2, 2, *[r.between(2, 5) for _ in range(rank)])
    grid = (floats(r, 2, *[r.between(1, 4) for _ in range(rank)], rank) * 0.9).astype(np.float32)
    padding, corners = r.pick("zeros", "border", "reflection"), r.pick(0, 1)
    attrs = {"mode": mode, "align_corners": bool(corners)} | ({} if padding == "zeros" else {"padding_mode": padding})
    return Case("grid_sample", attrs, "GridSample", [x, grid], {"mode": mode, "padding_mode": padding, "align_corners": corners}, relative=2e-5)


def roi_align(r):
    n, regions = r.between(1, 2), r.between(1, 3)
    x = floats(r, n, 2, r.between(4, 8), r.between(4, 8))
    start = r.rng.uniform(-1, 6, (regions, 2))
    box = np.concatenate([start, start + r.rng.uniform(0, 8, (regions, 2))], 1).astype(np.float32)
    aligned, ratio, largest = r.pick(True, False), r.pick(0, 1, 2), r.pick(False, False, True)
    out, scale = [r.between(1, 3), r.between(1, 3)], r.pick(1.0, 0.5)
    attrs = {"output": out, "spatial_scale": scale, "sampling_ratio": ratio, "aligned": aligned, "max": largest}
    fields = {"output_height": out[0], "output_width": out[1], "spatial_scale": scale, "sampling_ratio": ratio, "mode": "max" if largest else "avg",
              "coordinate_transformation_mode": "half_pixel" if aligned else "output_half_pixel"}
    return Case("roi_align", attrs, "RoiAlign", [x, box, ints(r, 0, n, regions)], fields, relative=1e-5)


def layer_norm(r):
    x, axis = floats(r, 2, r.between(1, 3), r.between(2, 9)), r.pick(-1, 1, 2)
    ins = [x, floats(r, *x.shape[axis:]), floats(r, *x.shape[axis:])]
    return Case("layer_norm", {"axis": axis, "eps": 1e-3, "moments": True}, "LayerNormalization", ins, {"axis": axis, "epsilon": 1e-3}, 3, 2e-5)


def center_crop_pad(r):
    x = floats(r, *shapes(r, 2, 4))
    axes = [int(a) for a in r.rng.permutation(x.ndim)[: r.between(1, x.ndim)]]
    return Case("center_crop_pad", {"axes": axes}, "CenterCropPad", [x, ints(r, 0, 8, len(axes))], {"axes": axes})


def col2im(r):
    rank = r.pick(2, 2, 3)
    attrs, fields, k = spatial(r, rank)
    image = [r.between(5, 6) for _ in k]
    positions = [(n + a + b - d * (m - 1) - 1) // s + 1 for n, a, b, d, m, s in zip(image, attrs["before"], attrs["after"], attrs["dilation"], k, attrs["stride"])]
    x = floats(r, 2, 2 * int(np.prod(k)), int(np.prod(positions)))
    fields.pop("kernel_shape")
    return Case("col2im", attrs, "Col2Im", [x, np.array(image, np.int64), np.array(k, np.int64)], fields, relative=1e-6, reference=rank == 3)


def deform_conv(r):
    g, groups = r.pick(1, 2), r.pick(1, 2)
    attrs, fields, k = spatial(r, 2)
    i, o, size = 2 * r.between(1, 2), g * r.between(1, 2), [r.between(5, 6), r.between(5, 6)]
    out = [(n + a + b - d * (m - 1) - 1) // s + 1 for n, a, b, d, m, s in zip(size, attrs["before"], attrs["after"], attrs["dilation"], k, attrs["stride"])]
    taps = k[0] * k[1]
    ins = [floats(r, 2, i, *size), floats(r, o, i // g, *k), floats(r, 2, groups * taps * 2, *out), floats(r, o), floats(r, 2, groups * taps, *out)][: r.pick(4, 5)]
    return Case("deform_conv", attrs | {"groups": g, "offset_groups": groups}, "DeformConv", ins, fields | {"group": g, "offset_group": groups}, relative=1e-5, reference=True)


def dft(r):
    n, inner = r.between(2, 9), shapes(r, 0, 2)
    inverse, sided = r.pick(0, 1), r.pick(0, 1)
    x = floats(r, 2, n, *inner, 2 if inverse else 1 if sided else r.between(1, 2))
    length = r.pick(0, 0, 0 if sided and inverse else r.between(2, 12))
    attrs = {"axis": 1, "length": length, "inverse": bool(inverse), "onesided": bool(sided)}
    operands = [x, np.array(length, np.int64) if length else None, np.array(1, np.int64)]
    return Case("dft", attrs, "DFT", [x], {"inverse": inverse, "onesided": sided}, relative=1e-6, operands=operands, reference=True)


def unique(r):
    x = ints(r, -2, 3, *[r.between(1, 4) for _ in range(r.between(1, 3))])
    if r.pick(True, False):
        x = x.astype(np.float32) * 0.5
    ordered, axis = r.pick(0, 1), r.between(-x.ndim, x.ndim - 1)
    if r.pick(True, False):
        return Case("unique", {"flat": True, "in_order": not ordered}, "Unique", [x], {"sorted": ordered}, 4)
    return Case("unique", {"axis": axis, "in_order": not ordered}, "Unique", [x], {"sorted": ordered, "axis": axis}, 4)


def det(r):
    n = r.between(1, 5)
    return Case("det", {}, "Det", [floats(r, *shapes(r, 0, 2), n, n)], relative=2e-5)


def cumprod(r):
    x = r.pick(floats, lambda r, *s: ints(r, -3, 4, *s))(r, *shapes(r, 1, 3))
    axis, exclusive, reverse = r.between(-x.ndim, x.ndim - 1), r.pick(0, 1), r.pick(0, 1)
    attrs = {"axis": axis, "exclusive": bool(exclusive), "reverse": bool(reverse)}
    return Case("cumprod", attrs, "CumProd", [x], {"exclusive": exclusive, "reverse": reverse}, relative=1e-6 if x.dtype == np.float32 else 0, operands=[x, np.array(axis, np.int64)], reference=True, opset=26)


def tf_idf(r):
    ones, twos = r.rng.permutation(6)[:3], [(1, 2), (2, 3), (3, 3), (0, 5), (4, 1)][: r.between(1, 5)]
    pool = [int(v) for v in ones] + [v for pair in twos for v in pair]
    count = len(ones) + len(twos)
    places = [int(v) for v in r.rng.permutation(count)]
    shared = {"mode": r.pick("TF", "IDF", "TFIDF")}
    lo = r.pick(1, 2)
    x = ints(r, 0, 6, *([2] if r.pick(True, False) else []), r.between(2, 12))
    skip = r.between(0, 3)
    attrs = shared | {"min_length": lo, "max_length": 2, "max_skip": skip, "starts": [0, 3], "pool": pool, "places": places}
    fields = shared | {"min_gram_length": lo, "max_gram_length": 2, "max_skip_count": skip, "ngram_counts": [0, 3], "pool_int64s": pool, "ngram_indexes": places}
    if r.pick(True, False):
        attrs["weights"] = fields["weights"] = [float(v) for v in r.rng.integers(1, 9, count)]
    return Case("tf_idf", attrs, "TfIdfVectorizer", [x], fields, relative=1e-6)


SMALL = {"float8_e4m3fn": 17, "float8_e4m3fnuz": 18, "float8_e5m2": 19, "float8_e5m2fnuz": 20, "uint4": 21, "int4": 22, "float4_e2m1fn": 23, "float8_e8m0fnu": 24, "uint2": 25, "int2": 26}


def small_cast(r):
    """to a type of few bits, and back to what octet holds"""
    to, overflow = r.pick(*SMALL), r.pick(True, False)
    if "int" in to:
        x = ints(r, -20, 20, 30)
        return Case("to", {"to": "int64", "via": to}, "Cast", [x], {"to": SMALL[to]}, reference=True, opset=25)
    x = np.concatenate([floats(r, 20) * 10.0 ** ints(r, -9, 6, 20), [0, np.inf, 448, 464, 465, 57344, 61440, 240, 248, 6, 7, 0.25, 0.75, 2.5]]).astype(np.float32)
    fields = {"to": SMALL[to]}
    if to == "float8_e8m0fnu":
        x, overflow = np.abs(np.where(np.isinf(x), 1, x)), False  # of which the evaluator makes NaN, against the standard
    if to != "float4_e2m1fn":
        fields["saturate"] = 0 if overflow else 1
    return Case("to", {"to": "float32", "via": to, "overflow": overflow}, "Cast", [x], fields, reference=True, opset=25)


def bit_cast(r):
    name, to = r.pick(("float32", "int32"), ("int32", "float32"), ("float64", "int64"), ("float16", "uint16"), ("int16", "float16"), ("uint8", "int8"), ("bool", "uint8"))
    x = (floats(r, 12) * 9).astype(name) if "float" in name else r.rng.integers(0, 2 if name == "bool" else 120, 12).astype(name)
    own = x.astype(np.float32) if "float" in name else x if name == "bool" else x.astype(np.int64)
    if name == "float64":
        x = own.astype(np.float64)
    fields = {"to": onnx.helper.np_dtype_to_tensor_dtype(np.dtype(to))}
    return Case("bit_cast", {"from": name, "to": to}, "BitCast", [own], fields, operands=[x], reference=True, opset=26)


def held(y):
    """as octet's graphs hold it"""
    y = np.asarray(y)
    if y.dtype.kind in "iu" or y.dtype.name in SMALL and "int" in y.dtype.name:
        return y.astype(np.int64)
    return y if y.dtype.kind == "b" else y.astype(np.float32)


# name of the files without onnx_, case
CASES = [
    ("strided_slice", slices), ("gather_nd", gather_nd), ("gather_elements", gather_elements), ("scatter_elements", scatter_elements), ("scatter_nd", scatter_nd),
    ("depth_to_space", depth_to_space), ("space_to_depth", space_to_depth), ("reverse_sequence", reverse_sequence),
    ("flatten", flatten), ("reshape", reshape), ("squeeze", squeeze), ("unsqueeze", unsqueeze), ("split", split),
    ("conv2d", conv2d), ("conv_transpose2d", conv_transpose2d), ("max_pool2d", max_pool2d), ("avg_pool2d", avg_pool2d),
    ("lstm", lstm), ("gru", gru), ("rnn", rnn), ("lstm_batch_first", batch_first),
    ("pad", pad), ("interpolate", interpolate),
    ("group_norm", group_norm), ("local_response_norm", local_response_norm), ("lp_norm", lp_norm), ("conv_nd", conv_nd), ("pool_nd", pool_nd), ("pool_indices", pool_indices),
    ("layer_norm", layer_norm), ("center_crop_pad", center_crop_pad), ("einsum", einsum), ("grid_sample", grid_sample), ("roi_align", roi_align),
    ("interpolate_ratio", keep_ratio),
    ("col2im", col2im), ("deform_conv", deform_conv), ("dft", dft), ("unique", unique), ("det", det), ("cumprod", cumprod), ("tf_idf", tf_idf),
    ("small_cast", small_cast), ("bit_cast", bit_cast),
]


def main():
    root = pathlib.Path(__file__).parents[2] / "op" / "testdata"
    p = argparse.ArgumentParser()
    p.add_argument("names", nargs="*", help="files to write; all where none is given")
    p.add_argument("--out", default=root)
    p.add_argument("--seed", type=int, default=20261129)
    p.add_argument("--count", type=int, default=0, help="cases per operator; 0 means the committed set")
    a = p.parse_args()
    assert onnx.__version__ == "1.23.2" and onnxruntime.__version__ == "1.32.0", (onnx.__version__, onnxruntime.__version__)
    out = pathlib.Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    for name, make in CASES:
        if a.names and name not in a.names:
            continue
        w, r = Writer(out, "onnx_" + name), Source([a.seed, *name.encode()])
        for _ in range(a.count or 12):
            c = make(r)
            results = [torch.from_numpy(held(y)) for y in evaluate(c)]
            check = {"relative": c.relative} if c.relative else {}
            if results[1:]:
                check["rest"] = [w.tensor(t) for t in results[1:]]
            w.add(c.op, c.attrs, [torch.from_numpy(np.ascontiguousarray(x).reshape(x.shape)) for x in c.inputs], results[0], **check)
        w.close()
        print(name, len(w.cases), "cases", len(w.data), "bytes")


if __name__ == "__main__":
    main()
