"""Golden data of package op that PyTorch computes on ARM, with its qnnpack engine.

    bash tools/arm64count/ort.sh FOLDER torch==2.10.0 typing_extensions==4.15.0 sympy==1.14.0 mpmath==1.3.0 \\
        networkx==3.5 jinja2==3.1.6 MarkupSafe==3.0.3 filelock==3.20.0 fsspec==2025.10.0
    bash tools/golden/arm.sh FOLDER                              # writes op/testdata/arm
    bash tools/golden/arm.sh FOLDER --out DIR/arm --seed 7 --count 300

then, for DIR/arm: go test ./op -run TestGoldenARM -cases DIR -v

The cases are drawn as op.py draws those of x86. LEFT_OUT are operators in which PyTorch on ARM differs from PyTorch on
x86 (docs/numerics.md); --all writes them as well.

Needs torch 2.10.0 for arm64, the last one whose wheel imports without a GPU's libraries. qnnpack has not changed since.
"""
import argparse
import pathlib

import op
import torch

ALL = [
    op.conv2d, op.linear, op.add, op.mul, op.cat, op.cat_views, op.max_pool2d, op.avg_pool2d, op.adaptive_avg_pool2d,
    op.mean, op.clamp, op.quantize, op.dequantize, op.hardswish, op.hardsigmoid, op.sigmoid,
]
LEFT_OUT = {op.cat, op.clamp, op.quantize, op.hardswish}
COUNTS = {op.conv2d: 48, op.linear: 24}


class Source(op.Source):
    """draws quint8 alone: what PyTorch has for qint8 on ARM is not qnnpack"""

    def pick(self, *values):
        v = super().pick(*values)
        return torch.quint8 if v is torch.qint8 else v


op.ENGINES = ("qnnpack",) * 3
op.engine_for = lambda i, dtype: "qnnpack"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--out", default=pathlib.Path(__file__).parents[2] / "op" / "testdata" / "arm")
    p.add_argument("--seed", type=int, default=20261130)
    p.add_argument("--count", type=int, default=0, help="cases per operator, of larger sizes; 0 means the committed set")
    p.add_argument("--all", action="store_true", help="also the operators in which ARM and x86 differ")
    a = p.parse_args()
    assert torch.__version__.startswith("2.10.0"), torch.__version__
    torch.backends.quantized.engine = "qnnpack"
    pathlib.Path(a.out).mkdir(parents=True, exist_ok=True)
    for i, f in enumerate(ALL):
        if f in LEFT_OUT and not a.all:
            continue
        w = op.Writer(a.out, f.__name__)
        f(w, Source([a.seed, i]), a.count or COUNTS.get(f, 16), a.count > 0)
        w.close()
        print(f.__name__, len(w.cases), "cases", len(w.data), "bytes", flush=True)


if __name__ == "__main__":
    main()
