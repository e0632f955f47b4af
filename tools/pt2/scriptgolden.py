"""Writes pt2/testdata/scripts.zip: small TorchScript files of every form, with an input and what PyTorch computes of it.

python tools/pt2/scriptgolden.py, with torch 2.15.0. NAME.pt, NAME.x.npy and NAME.y.npy. What octet does not read
(tables for debugging) is left out.
"""

import io
import pathlib
import warnings
import zipfile

import numpy
import torch
from lean import STAMP
from torch import nn
from torch.ao.quantization import get_default_qconfig_mapping, quantize_fx
from torch.nn import functional as F
from torch.nn.quantized import FloatFunctional

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
OUT = pathlib.Path("pt2/testdata/scripts.zip")


class Block(nn.Module):
    """convolutions around a sum, as in a residual network"""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, groups=2)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 1, bias=False)
        self.add = FloatFunctional()

    def forward(self, x):
        return self.add.add_relu(self.conv2(self.relu(self.bn1(self.conv1(x)))), x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.quant = torch.ao.quantization.QuantStub()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.block = Block(8)
        self.pool = nn.MaxPool2d(2)
        self.gate = nn.Conv2d(8, 8, 1)
        self.sigmoid = nn.Hardsigmoid()
        self.mul = FloatFunctional()
        self.act = nn.Hardswish()
        self.cat = FloatFunctional()
        self.mean = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(16, 5)
        self.dequant = torch.ao.quantization.DeQuantStub()

    def forward(self, x):
        x = self.pool(self.block(self.stem(self.quant(x))))
        y = self.act(self.mul.mul(self.sigmoid(self.gate(x)), x))
        y = self.mean(self.cat.cat([x, y], dim=1))
        return self.dequant(self.fc(torch.flatten(y, 1)))

    def fuse(self):
        torch.ao.quantization.fuse_modules(self.stem, ["0", "1", "2"], inplace=True)
        torch.ao.quantization.fuse_modules(self.block, ["conv1", "bn1", "relu"], inplace=True)


class Folding(nn.Module):
    """code whose branches and loops are known before it runs: flags, None, lists of modules, sizes"""

    shuffle: bool

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.layers = nn.ModuleList([nn.Conv2d(8, 4, 1), nn.Conv2d(12, 4, 3, padding=1)])
        self.shuffle = True
        self.extra = None
        self.bn = nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, 5)

    def mixed(self, x: torch.Tensor, groups: int) -> torch.Tensor:
        n, c, h, w = x.size()
        return x.view(n, groups, c // groups, h, w).transpose(1, 2).contiguous().view(n, -1, h, w)

    def forward(self, x):
        if x.dim() != 4:
            raise ValueError("images are expected")
        parts = [self.stem(x)]
        for layer in self.layers:
            parts.append(F.relu(layer(torch.cat(parts, 1))))
        x = torch.cat(parts, 1)
        if self.training:
            x = x + torch.rand(1)
        if self.shuffle:
            x = self.mixed(x, 2)
        if self.extra is not None:
            x = x + 1
        x = F.interpolate(self.bn(x), scale_factor=2.0, mode="nearest")
        total = 0
        for i in range(3):
            total += i
        return self.fc(x.mean([2, 3])) * total


class Branching(nn.Module):
    """code that no graph has: what it computes depends on the numbers of its input"""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x):
        y = self.conv(x)
        if bool(y.sum() > 0):
            return y
        return -y


class Encoder(nn.Module):
    """a transformer's encoder, which a trace without gradients holds as one operator for each layer"""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 4, stride=4)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu"), 2)

    def forward(self, x):
        x = self.conv(x).flatten(2).transpose(1, 2)
        return self.encoder(x + self.attention(x, x, x, need_weights=False)[0])


class Traced(nn.Module):
    """what FX graph mode converts: functions, a batch norm that is not fused, buffers for scales"""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.bn = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 8, 1)
        self.bn2 = nn.BatchNorm2d(8)
        self.act = nn.LeakyReLU(0.1)
        self.fc = nn.Linear(16, 5)

    def forward(self, x):
        x = torch.relu(self.bn(self.conv(x)))
        y = self.bn2(torch.relu(self.conv2(x) + x))
        y = torch.cat([y, self.act(y) * y], 1)
        y = F.adaptive_avg_pool2d(y, 1).flatten(1)
        return self.fc(F.dropout(y, 0.5, self.training))


class Dynamic(nn.Module):
    """what quantize_dynamic makes of linear layers"""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(48, 12)
        self.fc2 = nn.Linear(12, 5, bias=False)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x.flatten(2).mean(2).repeat(1, 16))))


class Same(nn.Module):
    """convolutions that keep sizes, and functions near 0"""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding="same", dilation=2)
        self.line = nn.Conv1d(6, 4, 4, padding="same", bias=False)
        self.valid = nn.Conv2d(6, 6, 3, padding="valid", stride=2, groups=2)

    def forward(self, x):
        x = self.valid(torch.log1p(self.conv(x).abs()))
        x = torch.expm1(torch.frac(x * 3) * 0.01) + torch.trunc(x * 5) * 0.1 + torch.log2(x.abs() + 1)
        return self.line(x.flatten(2)).mean(2)


class Masked(nn.Module):
    """inputs of other types than float32, and Python's min, max and abs"""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(10, 6)
        self.fc = nn.Linear(6, 5)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, scale: torch.Tensor):
        width = min(abs(-self.table.embedding_dim), max(2, 4))
        x = self.fc(self.table(ids + 1)).masked_fill(~mask.unsqueeze(-1), 0.0)
        return x[:, :, :width].sum(1) * scale


def settle(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.running_mean.normal_(0, 0.1)
            m.running_var.uniform_(0.5, 1.5)
    return model.eval()


def converted(backend, x):
    torch.backends.quantized.engine = backend
    model = settle(Net())
    model.fuse()
    model.qconfig = torch.ao.quantization.get_default_qconfig(backend)
    torch.ao.quantization.prepare(model, inplace=True)
    model(x * 1.5)
    return torch.ao.quantization.convert(model)


def lean_script(script):
    """the archive without tables for debugging, in the order in which it was written"""
    buffer = io.BytesIO()
    torch.jit.save(script, buffer)
    out = io.BytesIO()
    with zipfile.ZipFile(buffer) as z, zipfile.ZipFile(out, "w") as to:
        for name in z.namelist():
            if not name.endswith(".debug_pkl") and "serialization_id" not in name:
                to.writestr(zipfile.ZipInfo(name, STAMP), z.read(name), zipfile.ZIP_STORED)
    return out.getvalue()


def array(t):
    out = io.BytesIO()
    numpy.save(out, t.numpy())
    return out.getvalue()


def main():
    torch.manual_seed(3)
    files = {}
    x = torch.randn(2, 3, 16, 16)

    def keep(name, script, x):
        y = script(x.clone())
        files[f"{name}.pt"] = lean_script(script)
        files[f"{name}.x.npy"], files[f"{name}.y.npy"] = array(x), array(y)

    with torch.no_grad():
        net = settle(Net())
        keep("float.traced", torch.jit.trace(net, x), x)
        keep("float.scripted", torch.jit.script(net), x)
        keep("float.frozen", torch.jit.freeze(torch.jit.script(net)), x)
        keep("folding.scripted", torch.jit.script(settle(Folding())), x)
        keep("encoder.traced", torch.jit.trace(Encoder().eval(), x), x)
        for backend in ["fbgemm", "qnnpack"]:
            model = converted(backend, x)
            for form, script in [("traced", torch.jit.trace(model, x)), ("scripted", torch.jit.script(model)), ("frozen", torch.jit.freeze(torch.jit.script(model)))]:
                keep(f"{backend}.{form}", script, x)
        for backend, form in [("fbgemm", "traced"), ("qnnpack", "scripted")]:
            torch.backends.quantized.engine = backend
            model = quantize_fx.prepare_fx(settle(Traced()), get_default_qconfig_mapping(backend), (x,))
            model(x * 1.5)
            model = quantize_fx.convert_fx(model)
            keep(f"{backend}.fx.{form}", torch.jit.trace(model, x) if form == "traced" else torch.jit.script(model), x)
        torch.backends.quantized.engine = "fbgemm"
        model = torch.ao.quantization.quantize_dynamic(Dynamic().eval(), {nn.Linear})
        keep("fbgemm.dynamic.traced", torch.jit.trace(model, x), x)
        keep("same.traced", torch.jit.trace(Same().eval(), x), x)
        keep("same.scripted", torch.jit.script(Same().eval()), x)
        masked = torch.jit.script(Masked().eval())
        ids, mask, scale = torch.arange(6).view(2, 3), torch.tensor([[True, True, False], [True, False, False]]), torch.rand(2, 1)
        files["masked.pt"] = lean_script(masked)
        for name, value in [("ids", ids), ("mask", mask), ("scale", scale), ("result", masked(ids, mask, scale))]:
            files[f"masked.{name}.npy"] = array(value)
        files["branching.scripted.pt"] = lean_script(torch.jit.script(Branching().eval()))
    with zipfile.ZipFile(OUT, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for file, data in files.items():
            out.writestr(zipfile.ZipInfo(file, STAMP), data, zipfile.ZIP_DEFLATED, 9)
    print(len(files), "files,", OUT.stat().st_size, "bytes")


main()
