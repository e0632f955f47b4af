"""Golden gradients of learnable fake quantizations, by tensor and by channel: of
the numbers, the scales and the zero points.

    python tools/golden/learnable.py        # writes internal/autodiff/testdata/learnable.json

Needs torch 2.15.0 and numpy.
"""
import json
import pathlib

import numpy as np
import torch
from torch.ao.quantization import MovingAverageMinMaxObserver, MovingAveragePerChannelMinMaxObserver
from torch.ao.quantization._learnable_fake_quantize import _LearnableFakeQuantize


def case(r):
    per_channel, symmetric, scaled = (bool(r.integers(2)) for _ in range(3))
    channels, n = int(r.integers(1, 20)), int(r.integers(1, 12))
    lo, hi = [(-128, 127), (-127, 127), (-8, 7)][r.integers(3)] if symmetric else [(0, 255), (0, 127), (0, 15), (-128, 127)][r.integers(4)]
    dtype = torch.qint8 if lo < 0 else torch.quint8
    scheme = getattr(torch, ("per_channel_" if per_channel else "per_tensor_") + ("symmetric" if symmetric else "affine"))
    kwargs = {"ch_axis": 0} if per_channel else {}
    m = _LearnableFakeQuantize(
        MovingAveragePerChannelMinMaxObserver if per_channel else MovingAverageMinMaxObserver,
        quant_min=lo, quant_max=hi, channel_len=channels if per_channel else -1, use_grad_scaling=scaled, dtype=dtype, qscheme=scheme, **kwargs,
    )
    m.enable_param_learning()
    x = torch.from_numpy(r.standard_normal((channels, n)).astype(np.float32)).requires_grad_()
    k = channels if per_channel else 1
    with torch.no_grad():
        # So that some numbers are cut off, and zero points lie between codes.
        m.scale.copy_(torch.from_numpy((r.uniform(2, 6, k) / (hi - lo)).astype(np.float32)))
        m.zero_point.copy_(torch.from_numpy(r.uniform(lo + (hi - lo) / 4, hi - (hi - lo) / 4, k).astype(np.float32)))
    up = torch.from_numpy(r.standard_normal((channels, n)).astype(np.float32))
    y = m(x)
    y.backward(up)
    spec = {
        "kind": "moving_average_per_channel_minmax" if per_channel else "moving_average_minmax", "dtype": str(dtype)[6:], "qscheme": str(scheme)[6:],
        "quant_min": lo, "quant_max": hi, "fake_quant": "learnable_fake_quantize", "use_grad_scaling": scaled,
    }

    def flat(t):
        return t.detach().reshape(-1).tolist()

    return {
        "spec": spec, "channels": channels, "x": flat(x), "up": flat(up), "scale": flat(m.scale), "zero_point": flat(m.zero_point), "y": flat(y),
        "dx": flat(x.grad), "dscale": flat(m.scale.grad), "dzero": flat(m.zero_point.grad),
    }


def main():
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    r = np.random.default_rng(20260405)
    cases = [case(r) for _ in range(24)]
    path = pathlib.Path(__file__).parents[2] / "autodiff" / "testdata" / "learnable.json"
    path.parent.mkdir(exist_ok=True)

    def short(v):
        return [float(f"{e:.9g}") for e in v] if isinstance(v, list) else v

    path.write_text("[\n" + ",\n".join(json.dumps({k: short(v) for k, v in c.items()}, separators=(",", ":")) for c in cases) + "\n]\n")
    print(len(cases), "cases", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
