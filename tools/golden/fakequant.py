"""Golden streams of package fakequant: what PyTorch's fake-quantization modules
make of batches, with their switches turned on the way.

    python tools/golden/fakequant.py        # writes internal/fakequant/testdata/streams.json

Needs torch 2.15.0 and numpy.
"""
import json
import pathlib

import numpy as np
import torch
from torch.ao.quantization import (
    FakeQuantize,
    FusedMovingAvgObsFakeQuantize,
    MinMaxObserver,
    MovingAverageMinMaxObserver,
    MovingAveragePerChannelMinMaxObserver,
    PerChannelMinMaxObserver,
)

OBSERVERS = {
    "minmax": MinMaxObserver,
    "moving_average_minmax": MovingAverageMinMaxObserver,
    "per_channel_minmax": PerChannelMinMaxObserver,
    "moving_average_per_channel_minmax": MovingAveragePerChannelMinMaxObserver,
}


def spec_and_module(r, kind, fused):
    per_channel = "per_channel" in kind
    weight = per_channel or r.integers(2) == 1
    lo, hi = [(-128, 127), (-127, 127), (-8, 7)][r.integers(3)] if weight else [(0, 255), (0, 127), (0, 15)][r.integers(3)]
    dtype = torch.qint8 if weight else torch.quint8
    scheme = (torch.per_channel_symmetric if per_channel else torch.per_tensor_symmetric) if weight else torch.per_tensor_affine
    kwargs = {"quant_min": lo, "quant_max": hi, "dtype": dtype, "qscheme": scheme}
    spec = {"kind": kind, "dtype": str(dtype)[6:], "qscheme": str(scheme)[6:], "quant_min": lo, "quant_max": hi}
    spec["fake_quant"] = "fused_moving_avg_obs_fake_quant" if fused else "fake_quantize"
    if "average" in kind and r.integers(2):
        kwargs["averaging_constant"] = spec["averaging_constant"] = [0.5, 0.1, 1.0][r.integers(3)]
    if per_channel:
        kwargs["ch_axis"] = 0
    cls = FusedMovingAvgObsFakeQuantize if fused else FakeQuantize
    return spec, cls(observer=OBSERVERS[kind], **kwargs), per_channel


def stream(r, kind, fused):
    spec, m, per_channel = spec_and_module(r, kind, fused)
    steps = []
    for i in range(7):
        if i in (3, 5):
            m.observer_enabled[0] = int(r.integers(2))
            m.fake_quant_enabled[0] = int(r.integers(2))
        x = (r.standard_normal((4, 3)) * 10.0 ** r.uniform(-2, 2)).astype(np.float32)
        kind_of = r.integers(8)
        if kind_of == 0:
            x = np.abs(x)
        if kind_of == 1:
            x = np.zeros_like(x)
        if kind_of == 2:
            x *= 1e-6
        m(torch.from_numpy(x))
        obs = m.activation_post_process
        steps.append(
            {
                "observer": int(m.observer_enabled[0]),
                "fake": int(m.fake_quant_enabled[0]),
                "min": (x.min(1) if per_channel else x.min()[None]).tolist(),
                "max": (x.max(1) if per_channel else x.max()[None]).tolist(),
                "scale": m.scale.tolist(),
                "zero_point": m.zero_point.tolist(),
                "min_val": obs.min_val.reshape(-1).tolist(),
                "max_val": obs.max_val.reshape(-1).tolist(),
            }
        )
    return {"spec": spec, "steps": steps}


def main():
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    r = np.random.default_rng(20260302)
    streams = []
    for kind in OBSERVERS:
        for fused in (False, True):
            if fused and "average" not in kind:
                continue
            streams += [stream(r, kind, fused) for _ in range(6)]
    path = pathlib.Path(__file__).parents[2] / "fakequant" / "testdata" / "streams.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text("[\n" + ",\n".join(json.dumps(s, separators=(",", ":")) for s in streams) + "\n]\n")
    print(len(streams), "streams", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
