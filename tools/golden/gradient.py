"""Golden gradients of package op: what PyTorch's autograd gives for each operator.

    python tools/golden/gradient.py                        # writes op/testdata/gradient
    python tools/golden/gradient.py --out DIR --seed 7 --count 300

then: go test ./op -run TestGoldenGradients -gradients DIR -v

Each operator gets NAME.json, the cases, and NAME.bin, their tensors. A case has
the inputs, the gradient of the result, and that of each input (null where
there is none).

Needs torch 2.15.0 and numpy.
"""
import argparse
import pathlib

import torch
import torch.nn.functional as F
from op import Source, Writer, act


def conv2d(r):
    g = r.pick(1, 1, 1, 2, 3)
    i, o = g * r.between(1, 4), g * r.between(1, 4)
    if r.pick(True, False, False):
        g = i = o = r.between(2, 9)  # depthwise
    k = (r.between(1, 4), r.between(1, 4))
    a = {"stride": (r.between(1, 3), r.between(1, 3)), "padding": (r.between(0, 2), r.between(0, 2)), "dilation": (r.pick(1, 1, 2), r.pick(1, 1, 2)), "groups": g}
    x = r.floats((r.between(1, 3), i, r.between(8, 11), r.between(8, 11)))
    ins = [x, r.floats((o, i // g, *k))] + ([r.floats((o,))] if r.pick(True, False) else [])
    relu = r.pick("", "relu", "relu6")
    return a | ({"act": relu} if relu else {}), ins, lambda *t: clamp_of(relu)(F.conv2d(t[0], t[1], t[2] if len(t) > 2 else None, a["stride"], a["padding"], a["dilation"], g))


def clamp_of(name):
    return {"": lambda x: x, "relu": F.relu, "relu6": F.relu6}[name]


def linear(r):
    ins = [r.floats((r.between(1, 9), 37)), r.floats((r.between(1, 9), 37))]
    if r.pick(True, False):
        ins.append(r.floats((ins[1].shape[0],)))
    relu = r.pick(True, False)
    return act(relu), ins, lambda *t: maybe(relu, F.linear(*t))


def maybe(relu, y):
    return y.relu() if relu else y


def batch_norm(r):
    c, relu, training = r.between(1, 9), r.pick(True, False), r.pick(True, True, False)
    x = r.floats((r.between(2, 4), c, r.between(1, 5), r.between(1, 5)), 3)
    mean, var = r.floats((c,)), r.floats((c,)).abs() + 0.01
    ins = [x, r.floats((c,)), r.floats((c,)), mean, var]
    return {"eps": 1e-5, "training": training} | act(relu), ins, lambda x, w, b, m, v: maybe(relu, F.batch_norm(x, m.clone().detach(), v.clone().detach(), w, b, training, 0.1, 1e-5))


def add(r):
    s, relu = (2, r.between(1, 9), 3, 4), r.pick(True, False)
    return act(relu), [r.floats(s), r.floats(s)], lambda a, b: maybe(relu, a + b)


def mul(r):
    s, relu = (2, r.between(1, 9), 3, 4), r.pick(True, False)
    ins = [r.floats(s), r.floats(r.pick(s, (*s[:2], 1, 1)))]
    if r.pick(True, False):
        ins.reverse()
    return act(relu), ins, lambda a, b: maybe(relu, a * b)


def cat(r):
    axis, shape = r.pick(0, 1, 2, 3, -1), [2, 3, 4, 5]
    ins = []
    for _ in range(r.between(1, 4)):
        shape[axis] = r.between(1, 4)
        ins.append(r.floats(tuple(shape)))
    return {"axis": axis}, ins, lambda *t: torch.cat(t, axis)


def window(r):
    k = (r.between(1, 4), r.between(1, 4))
    return {"kernel": k, "stride": (r.between(1, 3), r.between(1, 3)), "padding": (r.between(0, k[0] // 2), r.between(0, k[1] // 2)), "ceil_mode": r.pick(True, False)}


def max_pool2d(r):
    a = window(r) | {"dilation": (r.pick(1, 1, 2), r.pick(1, 1, 2))}
    x = (r.floats((2, r.between(1, 9), r.between(7, 9), r.between(7, 9))) * 4).round() / 4  # with ties
    return a, [x], lambda x: F.max_pool2d(x, a["kernel"], a["stride"], a["padding"], a["dilation"], a["ceil_mode"])


def avg_pool2d(r):
    a = window(r) | {"count_include_pad": r.pick(True, False)}
    x = r.floats((2, r.between(1, 9), r.between(5, 9), r.between(5, 9)))
    return a, [x], lambda x: F.avg_pool2d(x, a["kernel"], a["stride"], a["padding"], a["ceil_mode"], a["count_include_pad"])


def adaptive_avg_pool2d(r):
    h, w = r.between(2, 9), r.between(2, 9)
    o = r.pick((1, 1), (2, 2), (3, 2), (7, 7), (h, w), (1, w))
    return {"output": o}, [r.floats((2, r.between(1, 5), h, w))], lambda x: F.adaptive_avg_pool2d(x, o)


def mean(r):
    keep = r.pick(True, False)
    return {"axes": [2, 3], "keepdim": keep}, [r.floats((2, r.between(1, 9), r.between(1, 5), r.between(1, 5)))], lambda x: x.mean([2, 3], keep)


def table(f):
    def case(r):
        x = r.floats((2, 3, 5, 4), 4).contiguous()
        x.view(-1)[:7] = torch.tensor([0.0, -0.0, 3.0, -3.0, 6.0, 1e-30, -1e-30])  # at the kinks
        return {}, [x], f

    return case


def relu(r):
    return {"act": "relu"}, table(F.relu)(r)[1], F.relu


def relu6(r):
    return {"act": "relu6"}, table(F.relu6)(r)[1], F.relu6


def slice(r):
    axis = r.between(-4, 3)
    x = r.floats((2, 7, 3, 4))
    start = r.between(0, x.shape[axis] - 1)
    end = r.between(start + 1, x.shape[axis])
    return {"axis": axis, "start": start, "end": end}, [x], lambda x: x.narrow(axis, start, end - start)


def channel_shuffle(r):
    groups = r.between(1, 4)
    return {"groups": groups}, [r.floats((2, groups * r.between(1, 5), 2, 3))], lambda x: F.channel_shuffle(x, groups)


def affine(r):
    scale, shift = r.floats((3,)), r.floats((3,))
    return {"scale": scale.tolist(), "shift": shift.tolist()}, [r.floats((2, 3, 4, 5))], lambda x: x * scale[:, None, None] + shift[:, None, None]


def flatten(r):
    start, end = r.pick((1, -1), (0, -1), (1, 2), (-2, -1))
    return {"start": start, "end": end}, [r.floats((2, 3, 2, 4))], lambda x: torch.flatten(x, start, end)


def matmul(r):
    lead = r.pick((), (2,), (2, 3))
    m, k, n = r.between(1, 7), r.between(1, 30), r.between(1, 7)
    return {}, [r.floats((*lead, m, k)).contiguous(), r.floats((*lead, k, n)).contiguous()], torch.matmul


def fake_quantize(r):
    lo, hi = r.pick((0, 255), (-128, 127), (0, 127), (-8, 7))
    x = r.floats((2, 3, 4, 5), 30).contiguous()
    if r.pick(True, False):
        s, z = r.pick(0.25, 0.5, 1.0), r.between(lo, hi)
        x.view(-1)[:9] = torch.tensor([(q - z) * s for q in (lo - 1, lo - 0.5, lo, lo + 0.5, hi - 0.5, hi, hi + 0.5, hi + 1, z)])
        return {"qmin": lo, "qmax": hi, "scales": [s], "zero_points": [z], "axis": -1}, [x], lambda x: torch.fake_quantize_per_tensor_affine(x, s, z, lo, hi)
    axis = r.between(0, 3)
    s = torch.tensor([r.scale() for _ in range(x.shape[axis])], dtype=torch.float32)
    z = torch.tensor([r.between(lo, hi) for _ in range(x.shape[axis])], dtype=torch.int32)
    return (
        {"qmin": lo, "qmax": hi, "scales": [float(v) for v in s], "zero_points": z.tolist(), "axis": axis},
        [x],
        lambda x: torch.fake_quantize_per_channel_affine(x, s, z, axis, lo, hi),
    )


def group_norm(r):
    g = r.between(1, 3)
    c = g * r.between(1, 3)
    x = r.floats((2, c, *[r.between(1, 4) for _ in range(r.between(0, 2))], 3), 3)
    ins = [x] + [r.floats((c,)) for _ in range(r.pick(0, 2, 2))]
    if r.pick(True, False):
        return {"groups": 0, "eps": 1e-2}, ins, lambda x, *p: F.instance_norm(x, None, None, *p, eps=1e-2)
    return {"groups": g, "eps": 1e-2}, ins, lambda x, *p: F.group_norm(x, g, *p, eps=1e-2)


def strided_slice(r):
    x = r.floats((3, 7, 5))
    cuts = [(a, r.between(0, 2), r.between(3, x.shape[a]), r.between(1, 3)) for a in r.pick((0,), (1, 2), (2,), (0, 1, 2))]

    def cut(x):
        for axis, start, end, step in cuts:
            x = x.transpose(0, axis)[start:end:step].transpose(0, axis)
        return x

    axes, starts, ends, steps = (list(part) for part in zip(*cuts))
    return {"starts": starts, "ends": ends, "axes": axes, "steps": steps}, [x], cut


def depth_to_space(r):
    b = r.between(1, 3)
    return {"block": b, "channels_first": True}, [r.floats((2, b * b * r.between(1, 3), r.between(1, 4), r.between(1, 4)))], lambda x: F.pixel_shuffle(x, b)


def space_to_depth(r):
    b, h, w = r.between(1, 3), r.between(1, 4), r.between(1, 4)
    x = r.floats((2, r.between(1, 3), b * h, b * w))
    return {"block": b}, [x], lambda x: x.view(*x.shape[:2], h, b, w, b).permute(0, 3, 5, 1, 2, 4).reshape(x.shape[0], -1, h, w)


OPS = {
    f.__name__: f
    for f in (conv2d, linear, batch_norm, add, mul, cat, max_pool2d, avg_pool2d, adaptive_avg_pool2d, mean, relu, relu6, slice, channel_shuffle, affine, flatten, matmul, fake_quantize)
} | {"hardswish": table(F.hardswish), "hardsigmoid": table(F.hardsigmoid), "sigmoid": table(torch.sigmoid), "quantize": table(lambda x: x.clone()), "dequantize": table(lambda x: x.clone())}
OPS |= {f.__name__: f for f in (group_norm, strided_slice, depth_to_space, space_to_depth)}
COUNTS = {"conv2d": 24, "batch_norm": 12, "max_pool2d": 12, "avg_pool2d": 12, "quantize": 1, "dequantize": 1}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--out", default=pathlib.Path(__file__).parents[2] / "op" / "testdata" / "gradient")
    p.add_argument("--seed", type=int, default=20260301)
    p.add_argument("--count", type=int, default=0, help="cases per operator; 0 means the committed set")
    a = p.parse_args()
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    torch.backends.mkldnn.enabled = False
    pathlib.Path(a.out).mkdir(parents=True, exist_ok=True)
    for i, (name, f) in enumerate(OPS.items()):
        w, r = Writer(a.out, name), Source([a.seed, i])
        for _ in range(a.count or COUNTS.get(name, 6)):
            attrs, ins, forward = f(r)
            leaves = [t.clone().requires_grad_() for t in ins]
            y = forward(*leaves)
            up = r.floats(tuple(y.shape))
            y.backward(up)
            w.cases.append({
                "op": name, "attrs": attrs, "in": [w.tensor(t) for t in ins], "up": w.tensor(up),
                "grads": [None if t.grad is None else w.tensor(t.grad) for t in leaves],
            })
        w.close()
        print(name, len(w.cases), "cases", len(w.data), "bytes")


if __name__ == "__main__":
    main()
