"""Writes statedict/testdata/golden/qat_*.pth: a small model in quantization-aware training, and what PyTorch converts it to.

Run from the repository's root with torch 2.15.0:  python tools/golden/qat.py
"""

import os

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import pathlib
import warnings

import torch
from torch import nn
from torch.ao import quantization as tq

warnings.filterwarnings("ignore")
OUT = pathlib.Path("statedict/testdata/golden")


class Net(nn.Module):
    """What mobilenet_v3 is made of, small: statedict/bindprepared_test.go builds the same graph."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8, eps=1e-3), nn.Hardswish())
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1, groups=8, bias=False), nn.BatchNorm2d(8, eps=1e-3), nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(8, 8, 1)
        self.unit = nn.Hardsigmoid()
        self.mul = nn.quantized.FloatFunctional()
        self.add = nn.quantized.FloatFunctional()
        self.idle = nn.quantized.FloatFunctional()
        self.head = nn.Linear(8, 5)
        self.quant, self.dequant = tq.QuantStub(), tq.DeQuantStub()

    def forward(self, x):
        x = self.stem(self.quant(x))
        y = self.body(x)
        y = self.mul.mul(self.unit(self.fc1(self.pool(y))), y)
        x = self.pool(self.add.add(x, y)).flatten(1)
        return self.dequant(self.head(x))


def make(backend, version, observing):
    torch.manual_seed(len(backend) + version)
    torch.backends.quantized.engine = backend
    net = Net().train()
    tq.fuse_modules_qat(net.stem, ["0", "1"], inplace=True)
    tq.fuse_modules_qat(net.body, ["0", "1", "2"], inplace=True)
    net.qconfig = tq.get_default_qat_qconfig(backend, version=version)
    tq.prepare_qat(net, inplace=True)
    optimizer = torch.optim.SGD(net.parameters(), 0.05)
    for _ in range(12):
        optimizer.zero_grad()
        net(torch.randn(8, 3, 12, 12)).square().mean().backward()
        optimizer.step()
    if not observing:
        net.apply(tq.disable_observer)
    net.eval()
    name = f"qat_{backend}_v{version}" + ("" if observing else "_frozen")
    torch.save(net.state_dict(), OUT / f"{name}.pth")
    torch.save(tq.convert(net).state_dict(), OUT / f"{name}_converted.pth")


def main():
    torch.set_num_threads(1)
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    for backend in ("fbgemm", "qnnpack"):
        make(backend, 1, True)
        make(backend, 1, False)
        make(backend, 0, True)


if __name__ == "__main__":
    main()
