"""Golden data of operators for which one case gives the result and the gradients.

    python tools/golden/opcase.py                                # writes op/testdata and op/testdata/gradient
    python tools/golden/opcase.py --out DIR --seed 7 --count 300 # a larger run

then: go test ./op -run TestGolden -cases DIR -gradients DIR/gradient -v

A case is a function from a Source to (attributes, inputs, function of the inputs) and the
bound of its relative error, 0 for the same bits. Files are as those of op.py and
gradient.py; results behind the first are in "rest".

Results of detectors' operators are ONNX Runtime's.

Needs torch 2.15.0, numpy, onnx 1.23.2 and onnxruntime 1.32.0.
"""
import argparse
import pathlib

import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from op import CODES, Source, Writer, act, engine, output_params

Q = torch.ops.quantized


def dense(r, shape, spread=1.0):
    return r.floats(shape or (1,), spread).contiguous().reshape(shape)


def broadcasting(r):
    """two shapes that broadcast"""
    shape = [r.between(1, 4) for _ in range(r.between(1, 4))]

    def cut():
        s = [n if r.pick(True, True, False) else 1 for n in shape]
        return tuple(s[r.between(0, len(s)) if r.pick(True, False) else 0 :])

    return cut(), tuple(shape)


def binary(kind, f, positive=False):
    def case(r):
        shapes = list(broadcasting(r))
        if r.pick(True, False):
            shapes.reverse()
        relu = r.pick(True, False)
        ins = [dense(r, s) for s in shapes]
        if positive:
            ins[1] = ins[1].abs() + 0.5
        return act(relu), ins, lambda a, b: f(a, b).relu() if relu else f(a, b)

    return kind, case, 0, True


def unary(kind, f, attrs=None, relative=1e-6):
    def case(r):
        a, g = attrs(r) if attrs else ({}, f)
        x = dense(r, (2, 3, 5, 4), 4)
        x.view(-1)[:7] = torch.tensor([0.0, -0.0, 3.0, -3.0, 6.0, 1e-5, -1e-5])
        return a, [x], g

    return kind, case, relative, True


def leaky(r):
    slope = r.pick(0.01, 0.1, 0.25)
    return {"slope": slope}, lambda x: F.leaky_relu(x, slope)


def elu(r):
    alpha = r.pick(1.0, 0.5, 1.5)
    return {"alpha": alpha}, lambda x: F.elu(x, alpha)


def scale_shift(r):
    scale, shift = r.pick(1.5, 0.3, -2.0), r.pick(0.0, 0.7, -0.4)
    return {"scale": scale, "shift": shift}, lambda x: x * torch.tensor(scale) + torch.tensor(shift)


def composed(r):
    """two to three functions one after another"""
    attrs, f = scale_shift(r)
    first, g = r.pick(("hardswish", F.hardswish), ("silu", F.silu), ("sigmoid", torch.sigmoid), ("hardsigmoid", F.hardsigmoid))
    functions = [{"op": first, "attrs": {}}, {"op": "scale_shift", "attrs": attrs}]
    if r.pick(True, False):
        return {"functions": functions + [{"op": "tanh", "attrs": {}}]}, lambda x: torch.tanh(f(g(x)))
    return {"functions": functions}, lambda x: f(g(x))


def transpose(r):
    rank = r.between(1, 5)
    perm = [int(v) for v in r.rng.permutation(rank)]
    x = dense(r, tuple(r.between(1, 4) for _ in range(rank)))
    return {"perm": perm}, [x], lambda x: x.permute(perm).contiguous()


def reshape(r):
    want = r.pick([6, 20], [-1], [2, -1, 4], [120, 1], [3, 2, 2, -1], [1, -1, 1, 5])
    return {"shape": want}, [dense(r, r.pick((2, 3, 5, 4), (120,), (6, 20)))], lambda x: x.reshape(want)


def squeeze(r):
    axes = r.pick([0], [2], [0, 2], [-2], [])
    return {"axes": axes}, [dense(r, (1, 3, 1, 4))], lambda x: x.squeeze(axes) if axes else x.clone()


def unsqueeze(r):
    axes = r.pick([0], [1], [0, 2], [-1], [1, 3], [])

    def f(x):
        for a in sorted(a % (2 + len(axes)) for a in axes):
            x = x.unsqueeze(a)
        return x.clone()

    return {"axes": axes}, [dense(r, (3, 4))], f


def split(r):
    axis = r.between(-3, 2)
    x = dense(r, (4, 6, 5))
    sizes, left = [], x.shape[axis]
    while left:
        sizes.append(r.between(1, left))
        left -= sizes[-1]
    return {"axis": axis, "sizes": sizes}, [x], lambda x: [t.contiguous() for t in torch.split(x, sizes, axis)]


def gather(r):
    axis = r.between(-3, 2)
    x = dense(r, (4, 6, 5))
    shape = r.pick((), (3,), (2, 3))
    n = x.shape[axis]
    index = torch.from_numpy(r.rng.integers(-n, n, shape)) if shape else torch.tensor(r.between(-n, n - 1))

    def f(x, i):
        a, j = axis % 3, (i % n).long()
        y = x.index_select(a, j.reshape(-1))
        return y.reshape(*x.shape[:a], *j.shape, *x.shape[a + 1 :])

    return {"axis": axis}, [x, index.long()], f


def shape(r):
    x = dense(r, tuple(r.between(1, 5) for _ in range(r.between(0, 4))))
    return {}, [x], lambda x: torch.tensor(list(x.shape), dtype=torch.int64)


def softmax(r):
    axis = r.between(-3, 2)
    return {"axis": axis}, [dense(r, (r.between(1, 4), r.between(1, 9), r.between(1, 40)), 3)], lambda x: x.softmax(axis)


def layer_norm(r):
    x = dense(r, (2, r.between(1, 5), r.between(2, 40)), 3)
    axis = r.pick(-1, 2, 1)
    tail = x.shape[axis % 3 :]
    ins = [x] + [dense(r, tail) for _ in range(r.pick(0, 1, 2, 2))]
    return {"axis": axis, "eps": 1e-5}, ins, lambda x, *p: F.layer_norm(x, tail, *p)


def matmul_broadcast(r):
    a, b = r.pick(((3, 1), (1, 2)), ((2,), ()), ((), (2, 3)), ((2, 3), (3,)))
    m, k, n = r.between(1, 7), r.between(1, 30), r.between(1, 7)
    return {}, [dense(r, (*a, m, k)), dense(r, (*b, k, n))], torch.matmul


def conv_transpose2d(r):
    g = r.pick(1, 1, 2, 3)
    i, o = g * r.between(1, 3), r.between(1, 4)
    k = (r.between(1, 4), r.between(1, 4))
    stride = (r.between(1, 3), r.between(1, 3))
    dilation = (r.pick(1, 1, 2), r.pick(1, 1, 2))
    a = {"stride": stride, "padding": tuple(r.between(0, d * (n - 1)) for n, d in zip(k, dilation)), "dilation": dilation, "groups": g}
    a["output_padding"] = tuple(r.between(0, max(s, d) - 1) for s, d in zip(stride, dilation))
    x = dense(r, (2, i, r.between(3, 6), r.between(3, 6)))
    relu = r.pick(True, False)
    ins = [x, dense(r, (i, o, *k))] + ([dense(r, (o * g,))] if r.pick(True, False) else [])

    def f(x, w, b=None):
        y = F.conv_transpose2d(x, w, b, a["stride"], a["padding"], a["output_padding"], g, a["dilation"])
        return y.relu() if relu else y

    return a | act(relu), ins, f


def resize(r):
    x = dense(r, (2, 2, r.between(1, 6), r.between(1, 6)))
    mode, corners = r.pick(("nearest", False), ("linear", False), ("linear", True))
    torch_mode = {"nearest": "nearest", "linear": "bilinear"}[mode]
    align = None if mode == "nearest" else corners
    a = {"mode": mode} | ({"align_corners": True} if corners else {})
    if r.pick(True, False):
        size = (r.between(1, 12), r.between(1, 12))
        return a | {"size": size}, [x], lambda x: F.interpolate(x, size, mode=torch_mode, align_corners=align)
    scale = (r.pick(1.0, 2.0, 1.5, 3.0), r.pick(1.0, 2.0, 2.5))
    return a | {"scale": scale}, [x], lambda x: F.interpolate(x, scale_factor=scale, mode=torch_mode, align_corners=align)


def pad(r):
    mode = r.pick("constant", "reflect", "edge")
    x = dense(r, (2, 3, r.between(3, 5), r.between(3, 5)))
    amount = [r.between(0, 2) for _ in range(4)]
    before, after, value = [0, 0, amount[0], amount[2]], [0, 0, amount[1], amount[3]], r.pick(0.0, 1.5)
    torch_pad = [before[3], after[3], before[2], after[2]]
    a = {"before": before, "after": after, "mode": mode}
    if mode == "constant":
        return a | {"value": value}, [x], lambda x: F.pad(x, torch_pad, "constant", value)
    return a, [x], lambda x: F.pad(x, torch_pad, {"reflect": "reflect", "edge": "replicate"}[mode])


def onnx_runtime(kind, node, ins, outputs):
    """the outputs of one ONNX node, by ONNX Runtime"""
    names = [f"in{i}" for i in range(len(ins))]
    kinds = {torch.float32: onnx.TensorProto.FLOAT, torch.int64: onnx.TensorProto.INT64}
    infos = [onnx.helper.make_tensor_value_info(n, kinds[t.dtype], list(t.shape)) for n, t in zip(names, ins)]
    outs = [onnx.helper.make_empty_tensor_value_info(o) for o in outputs]
    g = onnx.helper.make_graph([onnx.helper.make_node(kind, names, outputs, **node)], "g", infos, outs)
    m = onnx.helper.make_model(g, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    s = onnxruntime.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"])
    got = [torch.from_numpy(y.copy()) for y in s.run(None, {n: t.numpy() for n, t in zip(names, ins)})]
    return got if len(got) > 1 else got[0]


def nonzero(r):
    x = dense(r, tuple(r.between(1, 5) for _ in range(r.between(1, 4))))
    x = torch.where(torch.from_numpy(r.rng.integers(0, 3, tuple(x.shape))) > r.between(-1, 2), x, r.pick(0.0, -0.0))
    return {}, [r.pick(x, (x * 2).long())], lambda x: x.nonzero().T.contiguous()


def non_max_suppression(r):
    images, classes, boxes = r.between(1, 3), r.between(1, 3), r.between(1, 40)
    center = r.pick(True, False)
    b = torch.from_numpy(r.rng.random((images, boxes, 4)).astype("float32"))
    if center:
        b[..., 2:] *= 0.6
    scores = dense(r, (images, classes, boxes))
    scores = r.pick(scores, (scores * 3).round())  # equal ones
    ins = [b, scores, torch.tensor([r.pick(0, 3, 1000, -1)]), torch.tensor([r.pick(0.0, 0.3, 0.5, 0.9)]), torch.tensor([r.pick(-9.0, 0.0, 1.0, 9.0)])]
    ins = ins[: r.pick(2, 3, 4, 5, 5, 5)]
    node = {"center_point_box": int(center)}
    return {"center_point_box": True} if center else {}, ins, lambda *ins: onnx_runtime("NonMaxSuppression", node, ins, ["chosen"])


def topk(r):
    x = dense(r, (r.between(1, 4), r.between(1, 9), r.between(1, 20)))
    x = r.pick(x, x.round(), (x * 3).long())
    axis, smallest = r.between(-3, 2), r.pick(True, False)
    node = {"axis": axis, "largest": int(not smallest)}
    k = torch.tensor([r.between(0, x.shape[axis])])
    return {"axis": axis} | ({"smallest": True} if smallest else {}), [x, k], lambda *ins: onnx_runtime("TopK", node, ins, ["values", "indices"])


# name of the files, case, relative error, whether there are gradients
CASES = [
    binary("sub", torch.sub), binary("div", torch.div, positive=True), binary("add_broadcast", torch.add), binary("mul_broadcast", torch.mul),
    unary("tanh", torch.tanh), unary("gelu", F.gelu), unary("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), lambda r: ({"tanh": True}, lambda x: F.gelu(x, approximate="tanh"))), unary("leaky_relu", None, leaky, 0),
    ("transpose", transpose, 0, True), ("reshape", reshape, 0, True), ("squeeze", squeeze, 0, True), ("unsqueeze", unsqueeze, 0, True),
    ("split", split, 0, False), ("gather", gather, 0, True), ("shape", shape, 0, False),
    ("softmax", softmax, 1e-6, True), ("layer_norm", layer_norm, 1e-5, True), ("matmul_broadcast", matmul_broadcast, 1e-5, True),
    ("conv_transpose2d", conv_transpose2d, 1e-5, True), ("resize", resize, 1e-5, True), ("pad", pad, 0, True),
    unary("silu", F.silu), unary("elu", None, elu),
    ("nonzero", nonzero, 0, False), ("non_max_suppression", non_max_suppression, 0, False), ("topk", topk, 0, False),
    unary("scale_shift", None, scale_shift, 0), unary("composed", None, composed),
]
KINDS = {"add_broadcast": "add", "mul_broadcast": "mul", "matmul_broadcast": "matmul"}


def function(name, domain=lambda x: x, relative=1e-6, f=None):
    """a function of one number, on numbers of its domain"""
    f = f or getattr(torch, name, None) or getattr(F, name)
    return name, lambda r: ({}, [domain(dense(r, r.pick((2, 3, 5), (1, 2, 3, 4), (7,)), 3))], f), relative, True


def around(lo, hi):
    """brings numbers between lo and hi"""
    return lambda x: lo + (hi - lo) * (x / 3).sigmoid()


def positive(x):
    return x.abs() + 0.01


FUNCTIONS = [
    function("abs", relative=0), function("acos", around(-0.99, 0.99)), function("acosh", around(1.01, 9)), function("asin", around(-0.99, 0.99)),
    function("asinh"), function("atan"), function("atanh", around(-0.99, 0.99)), function("ceil", relative=0), function("cos"), function("cosh"),
    function("erf"), function("exp"), function("floor", relative=0), function("log", positive), function("mish"), function("neg", relative=0),
    function("reciprocal", positive, 0), function("round", lambda x: (x * 2).round() / 2, 0), function("sign", relative=0), function("sin", lambda x: x * 1000),
    function("sinh"), function("softplus", lambda x: x * 6), function("softsign", relative=1e-6), function("sqrt", positive), function("tan", around(-1.4, 1.4)),
    function("expm1"), function("log1p", positive), function("log2", positive), function("trunc", relative=0),
]


def whole(r, shape, lo=-9, hi=9):
    return torch.from_numpy(r.rng.integers(lo, hi + 1, shape))


def of_whole(name, f):
    return name, lambda r: ({}, [whole(r, (3, 4))], f), 0, False


def special(r):
    x = dense(r, (3, 7), 9)
    x[0, :5] = torch.tensor([float("nan"), float("inf"), float("-inf"), 0.0, -0.0])
    return x


def isinf(r):
    positive, negative = r.pick((True, True), (True, False), (False, True))
    f = {(True, True): torch.isinf, (True, False): torch.isposinf, (False, True): torch.isneginf}[positive, negative]
    return ({} if positive else {"no_positive": True}) | ({} if negative else {"no_negative": True}), [special(r)], f


def pairwise(name, f, second=lambda x: x, relative=0, first=lambda x: x):
    """a function of two float32"""

    def case(r):
        a, b = broadcasting(r)
        return {}, [first(dense(r, a, 2)), second(dense(r, b, 2))], f

    return name, case, relative, True


def whole_pairs(name, f, lo=-9, hi=9):
    def case(r):
        a, b = broadcasting(r)
        x = whole(r, a)
        if f is torch.pow:
            x = torch.where(x == 0, 3, x)
        return {}, [x, whole(r, b, lo, hi)], f

    return name, case, 0, False


def comparison(name, truth=False):
    def case(r):
        a, b = broadcasting(r)
        kind = r.pick("float", "whole", "truth") if truth else r.pick("float", "whole")
        if kind == "float":
            x, y = dense(r, a).round(), dense(r, b).round()
            x.view(-1)[0] = r.pick(0.0, float("nan"))
            return {}, [x, y], getattr(torch, name)
        x, y = whole(r, a, 0, 2), whole(r, b, 0, 2)
        return {}, [x > 0, y > 0] if kind == "truth" else [x, y], getattr(torch, name)

    return name, case, 0, False


def logical(name):
    def case(r):
        a, b = broadcasting(r)
        return {}, [whole(r, a, 0, 1) > 0, whole(r, b, 0, 1) > 0], getattr(torch, name)

    return name, case, 0, False


def apart(x):
    """numbers at least 1/2 from 0"""
    return x + 0.5 * torch.where(x < 0, -1, 1)


PAIRS = [
    pairwise("pow", torch.pow, first=lambda x: x.abs() + 0.1, relative=1e-6), pairwise("pow", torch.pow, second=torch.round, first=apart, relative=1e-6)[:3] + (False,),
    pairwise("fmod", torch.fmod, apart), pairwise("remainder", torch.remainder, apart, 1e-6), pairwise("maximum", torch.maximum), pairwise("minimum", torch.minimum, torch.round, first=torch.round),
    whole_pairs("pow", torch.pow, 0, 9), whole_pairs("fmod", torch.fmod, 1, 9), whole_pairs("fmod", torch.fmod, -9, -1), whole_pairs("remainder", torch.remainder, 1, 9),
    whole_pairs("remainder", torch.remainder, -9, -1), whole_pairs("maximum", torch.maximum), whole_pairs("minimum", torch.minimum),
    whole_pairs("bitwise_and", torch.bitwise_and), whole_pairs("bitwise_or", torch.bitwise_or), whole_pairs("bitwise_xor", torch.bitwise_xor),
    whole_pairs("bitwise_left_shift", torch.bitwise_left_shift, 0, 40), whole_pairs("bitwise_right_shift", torch.bitwise_right_shift, 0, 4),
    *[comparison(n, n in ("eq", "ne")) for n in ("eq", "ne", "lt", "le", "gt", "ge")],
    *[logical(n) for n in ("logical_and", "logical_or", "logical_xor")],
    of_whole("neg", torch.neg), of_whole("abs", torch.abs), of_whole("sign", torch.sign), of_whole("bitwise_not", torch.bitwise_not),
    ("bitwise_not", lambda r: ({}, [whole(r, (9,), 0, 1) > 0], torch.logical_not), 0, False),
    ("isnan", lambda r: ({}, [special(r)], torch.isnan), 0, False), ("isinf", isinf, 0, False),
]


def where(r):
    a, b = broadcasting(r)
    c = tuple(n if r.pick(True, False) else 1 for n in b)
    return {}, [whole(r, c, 0, 1) > 0, dense(r, a), dense(r, b)], lambda *t: torch.where(*t).contiguous()


def whole_where(r):
    a, b = broadcasting(r)
    x, y = whole(r, a), whole(r, b)
    pair = r.pick([x, y], [x > 0, y > 0])
    return {}, [whole(r, b, 0, 1) > 0, *pair], lambda *t: torch.where(*t).contiguous()


def to(r):
    kinds = {"float32": torch.float32, "int64": torch.int64, "bool": torch.bool}
    x = dense(r, (3, 5), 90)
    x.view(-1)[:4] = torch.tensor([0.0, -0.0, 0.5, -0.5])
    x = r.pick(x, x.long(), x > 0)
    to = r.pick("float32", "int64", "bool")
    via = r.pick("", "float16", "bfloat16", "int8", "int16", "int32", "uint8")
    if not via:
        return {"to": to}, [x], lambda x: x.to(kinds[to])
    if via in ("uint8", "int8") and x.dtype == torch.float32:
        x = x.clamp(0, 127)  # beyond, C++ leaves the result open
    return {"to": to, "via": via}, [x], lambda x: x.to(getattr(torch, via)).to(kinds[to])


def halves(r):
    bits = torch.from_numpy(r.rng.integers(0, 1 << 32, (400,), dtype="uint32").view("int32").copy())
    x = bits.view(torch.float32)
    y = torch.exp2(torch.from_numpy(r.rng.uniform(-27, 17, (400,)).astype("float32")))
    x = torch.where(torch.from_numpy(r.rng.integers(0, 2, (400,))) > 0, x, y)
    via = r.pick("float16", "bfloat16")
    return {"to": "float32", "via": via}, [x], lambda x: x.to(getattr(torch, via)).float()


def gradient_of_cast(r):
    return {"to": "float32"}, [dense(r, (3, 5))], lambda x: x.to(torch.float32, copy=True)


def arange(r):
    start, step = r.between(-9, 9) / 4, r.pick(-0.75, 0.25, 1.5)
    t = [torch.tensor(v) for v in (start, start + step * r.between(1, 9), step)]
    return {}, t, lambda a, b, c: torch.arange(float(a), float(b), float(c))


def whole_arange(r):
    start, step = r.between(-9, 9), r.pick(-3, -2, -1, 1, 2, 5)
    t = [torch.tensor(v) for v in (start, start + step * r.between(0, 9) + r.between(-1, 1), step)]
    n = -(-(int(t[1]) - start) // step)
    return {}, t, lambda a, b, c: torch.tensor([int(a) + i * int(c) for i in range(max(0, n))], dtype=torch.int64)


def expand(r):
    a, b = broadcasting(r)
    if r.pick(True, False):
        a, b = b, tuple(1 if r.pick(True, False) else n for n in b)
    if r.pick(True, False, False):
        a = ()
    x = dense(r, a or (1,))[0] if a == () else dense(r, a)
    return {}, [x, torch.tensor(b)], lambda x, s: x.expand(torch.broadcast_shapes(x.shape, tuple(s.tolist()))).clone()


def tile(r):
    x = dense(r, tuple(r.between(1, 3) for _ in range(r.between(1, 4))))
    return {}, [x, whole(r, (x.dim(),), 1, 3)], lambda x, n: x.tile(tuple(n.tolist())).clone()


def moved_wholes(kind, case):
    """the same of int64 and bool"""

    def f(r):
        attrs, ins, g = case(r)
        x = (ins[0] * 5).long()
        return attrs, [r.pick(x, x > 0)] + ins[1:], g

    return kind, f, 0, False


REDUCTIONS = {
    "amax": torch.amax, "amin": torch.amin, "sum": torch.sum, "mean": torch.mean, "logsumexp": torch.logsumexp,
    "l1_norm": lambda x, d, keepdim: torch.linalg.vector_norm(x, 1, d, keepdim), "l2_norm": lambda x, d, keepdim: torch.linalg.vector_norm(x, 2, d, keepdim),
    "log_sum": lambda x, d, keepdim: torch.sum(x, d, keepdim).log(), "sum_square": lambda x, d, keepdim: torch.sum(x * x, d, keepdim),
}


def prod(x, axes, keepdim):
    for a in sorted((a % x.dim() for a in axes), reverse=True):
        x = x.prod(a, keepdim)
    return x


def axes_of(r, rank):
    axes = [int(a) for a in r.rng.permutation(rank)[: r.between(1, rank)]]
    return [a - rank if r.pick(True, False) else a for a in axes]


def reduction(name, whole_numbers=False):
    def case(r):
        x = dense(r, tuple(r.between(1, 5) for _ in range(r.between(1, 4))))
        axes, keep = axes_of(r, x.dim()), r.pick(True, False)
        attrs = {"axes": axes} | ({"keepdim": True} if keep else {})
        if name != "mean" and r.pick(True, False, False, False):
            attrs.pop("axes")
            axes = list(range(x.dim()))
        if name == "log_sum":
            x = x.abs() + 0.1
        if whole_numbers:
            x = whole(r, tuple(x.shape), -5, 5)
        f = prod if name == "prod" else REDUCTIONS[name]
        if whole_numbers and name == "l1_norm":
            f = lambda x, d, keepdim: x.abs().sum(d, keepdim)
        return attrs, [x], lambda x: f(x, axes, keepdim=keep)

    return name, case, 0 if whole_numbers or name in ("amax", "amin") else 1e-6, not whole_numbers


def shaped(name, f, relative=1e-6):
    """a function f(x, a, b) with attributes"""

    def case(r):
        a, b = r.pick(0.25, 0.5, 1.25), r.pick(0.125, 0.75, 2.0)
        return {"a": a, "b": b}, [dense(r, (2, 3, 5), 3)], lambda x: f(x, a, b)

    return name, case, relative, True


def clamp(r):
    lo, hi = r.pick((None, 1.5), (-0.75, None), (-0.5, 0.5), (0.5, -0.5))
    return {k: v for k, v in (("lo", lo), ("hi", hi)) if v is not None}, [dense(r, (3, 7))], lambda x: x.clamp(lo, hi)


def whole_clamp(r):
    lo, hi = r.pick((None, 3), (-2, None), (-2, 2))
    return {k: v for k, v in (("lo", lo), ("hi", hi)) if v is not None}, [whole(r, (3, 7))], lambda x: x.clamp(lo, hi)


def argmax(r):
    """ONNX Runtime has select_last_index"""
    x = dense(r, (r.between(1, 4), r.between(1, 5), r.between(1, 9))).round()
    axis, keep, smallest, last = r.between(-3, 2), r.pick(True, False), r.pick(True, False), r.pick(True, False)
    attrs = {"axis": axis} | ({"keepdim": True} if keep else {}) | ({"smallest": True} if smallest else {}) | ({"last": True} if last else {})
    node = {"axis": axis, "keepdims": int(keep), "select_last_index": int(last)}
    return attrs, [x], lambda x: onnx_runtime("ArgMin" if smallest else "ArgMax", node, [x], ["y"])


def cumsum(r):
    x = dense(r, (r.between(1, 4), r.between(1, 5), r.between(1, 9)))
    axis, exclusive, reverse = r.between(-3, 2), r.pick(True, False), r.pick(True, False)

    def f(x):
        y = x.flip(axis).cumsum(axis).flip(axis) if reverse else x.cumsum(axis)
        return y - x if exclusive else y

    return {"axis": axis} | ({"exclusive": True} if exclusive else {}) | ({"reverse": True} if reverse else {}), [x], f


def whole_cumsum(r):
    attrs, (x,), f = cumsum(r)
    return attrs, [(x * 5).long()], f


def log_softmax(r):
    axis = r.between(-3, 2)
    return {"axis": axis}, [dense(r, (r.between(1, 4), r.between(1, 9), r.between(1, 40)), 3)], lambda x: x.log_softmax(axis)


SHAPED = [
    shaped("celu", lambda x, a, b: F.celu(x, a)), shaped("hard_sigmoid", lambda x, a, b: (a * x + b).clamp(0, 1)), shaped("shrink", lambda x, a, b: torch.where(x < -a, x + b, torch.where(x > a, x - b, 0 * x))),
    shaped("selu", lambda x, a, b: torch.where(x > 0, b * x, b * a * torch.expm1(x))), shaped("swish", lambda x, a, b: x * torch.sigmoid(a * x)), shaped("threshold", lambda x, a, b: F.threshold(x, a, b)),
    ("clamp", clamp, 0, True), ("clamp", whole_clamp, 0, False), pairwise("prelu", lambda x, s: torch.where(x < 0, x * s, x)),
]
LINES = [("argmax", argmax, 0, False), ("cumsum", cumsum, 1e-6, True), ("cumsum", whole_cumsum, 0, False), ("log_softmax", log_softmax, 1e-6, True)]


# name of the files, cases of several operators each
GROUPS = [
    ("functions", FUNCTIONS),
    ("pairs", PAIRS),
    ("casts", [("where", where, 0, True), ("where", whole_where, 0, False), ("to", to, 0, False), ("to", to, 0, False), ("to", halves, 0, False), ("to", gradient_of_cast, 0, True)]),
    ("sizes", [("arange", arange, 1e-6, False), ("arange", whole_arange, 0, False), ("expand", expand, 0, True), moved_wholes("expand", expand), ("tile", tile, 0, True), moved_wholes("tile", tile)]),
    (
        "reductions",
        [reduction(n) for n in ("amax", "amin", "sum", "mean", "logsumexp", "l1_norm", "l2_norm", "log_sum", "sum_square", "prod")]
        + [reduction(n, True) for n in ("amax", "amin", "sum", "l1_norm", "sum_square", "prod")],
    ),
    ("shaped", SHAPED),
    ("lines", LINES),
]


def codes_broadcast(wr, r, count):
    """additions and products of codes whose shapes differ"""
    for i in range(count):
        kind, dt = r.pick("add", "mul"), r.pick(torch.quint8, torch.qint8)
        shape = (2, 16, 4, 4)
        a, b = r.codes(shape, dt), r.codes(r.pick((1, 16, 1, 1), (16, 1, 1), (1,), (4, 4)), dt)
        s, z = float(a.q_scale() * b.q_scale() * 80) if kind == "mul" else float(a.q_scale() * 2), r.between(*CODES[dt])
        eng = ("fbgemm", "qnnpack", "onednn")[i % 3] if dt == torch.quint8 else "fbgemm"
        with engine(eng):
            y = {"add": Q.add, "mul": Q.mul}[kind](a, b, s, z)
        wr.add(kind, {}, [a, b], y, eng)


def codes_conv_transpose2d(wr, r, count):
    """transposed convolutions of codes, with weights of one scale, as PyTorch wants them"""
    for i in range(count):
        attrs, (x, w, *b), _ = conv_transpose2d(r)
        attrs.pop("act", None)
        eng = ("fbgemm", "qnnpack")[i % 2]  # of oneDNN's results some are off by whole products
        attrs["padding"] = tuple(p // 2 for p in attrs["padding"])  # so that something is left
        x = r.codes(tuple(x.shape), hi=255 if eng == "qnnpack" else 127)
        w = r.weight(tuple(w.shape), False)
        k = w.shape[0] // attrs["groups"] * w.shape[2] * w.shape[3]
        b = b[0] * x.q_scale() * w.q_scale() * 3000 * k**0.5 if b else None
        s, z = output_params(r, x, w, k)
        args = [list(attrs[n]) for n in ("stride", "padding", "output_padding", "dilation")]
        with engine(eng):
            packed = Q.conv_transpose2d_prepack(w, b, *args, attrs["groups"])
            y = Q.conv_transpose2d(x, packed, s, z)
        wr.add("conv_transpose2d", attrs, [t for t in (x, w, b) if t is not None], y.contiguous(), eng)


def write(w, g, r, kind, case, relative, differentiable):
    """one case, with its gradients"""
    attrs, ins, f = case(r)
    y = f(*ins)
    ys = y if isinstance(y, list) else [y]
    w.add(kind, attrs, ins, ys[0], **({"relative": relative} if relative else {}) | ({"rest": [w.tensor(t) for t in ys[1:]]} if ys[1:] else {}))
    if not differentiable:
        return
    leaves = [t.clone().requires_grad_() if t.is_floating_point() else t for t in ins]
    y = f(*leaves)
    up = dense(r, tuple(y.shape))
    y.backward(up)
    g.cases.append({"op": kind, "attrs": attrs, "in": [g.tensor(t) for t in ins], "up": g.tensor(up), "grads": [None if t.grad is None else g.tensor(t.grad) for t in leaves]})


def finish(name, w, g):
    w.close()
    if g.cases:
        g.close()
    print(name, len(w.cases), "cases", len(w.data) + len(g.data), "bytes")


def main():
    root = pathlib.Path(__file__).parents[2] / "op" / "testdata"
    p = argparse.ArgumentParser()
    p.add_argument("--out", default=root)
    p.add_argument("--seed", type=int, default=20260901)
    p.add_argument("--count", type=int, default=0, help="cases per operator; 0 means the committed set")
    a = p.parse_args()
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    torch.backends.mkldnn.enabled = False
    out = pathlib.Path(a.out)
    (out / "gradient").mkdir(parents=True, exist_ok=True)
    for i, (name, case, relative, differentiable) in enumerate(CASES):
        w, g, r = Writer(out, name), Writer(out / "gradient", name), Source([a.seed, i])
        for _ in range(a.count or 12):
            write(w, g, r, KINDS.get(name, name), case, relative, differentiable)
        finish(name, w, g)
    for i, (name, cases) in enumerate(GROUPS):
        w, g, r = Writer(out, name), Writer(out / "gradient", name), Source([a.seed, 2000 + i])
        for kind, case, relative, differentiable in cases:
            for _ in range(a.count or 4):
                write(w, g, r, kind, case, relative, differentiable)
        finish(name, w, g)
    w = Writer(out, "codes_broadcast")
    codes_broadcast(w, Source([a.seed, 1000]), a.count or 18)
    w.close()
    w = Writer(out, "codes_conv_transpose2d")
    codes_conv_transpose2d(w, Source([a.seed, 1001]), a.count or 18)
    w.close()


if __name__ == "__main__":
    main()
