"""Writes testdata/parity/: a small network with what torchvision's quantizable ones have (transform_input, slices of
channels, channel shuffle, pooling to one pixel), as both exporters write it, and the logits of PyTorch's int8 model.

    python tools/onnxparity/small.py      from the root, with torch 2.15.0, onnx 1.23.2, onnxscript 0.7.2
"""

import copy
import pathlib
import sys

import numpy as np
import torch
from torch import nn
from torch.ao import quantization as tq

sys.path.insert(0, "tools/pt2")
from lean import lean  # noqa: E402

FOLDER = pathlib.Path("testdata/parity")


class Norm(nn.Sequential):
    def __init__(self, inputs, outputs, stride=1, groups=1):
        super().__init__(nn.Conv2d(inputs, outputs, 3, stride, 1, groups=groups, bias=False), nn.BatchNorm2d(outputs, eps=1e-3), nn.ReLU())


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.branch = Norm(3, 8, 2), Norm(4, 4, groups=4)
        self.cat = nn.quantized.FloatFunctional()
        self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(8, 10)
        self.quant, self.dequant = tq.QuantStub(), tq.DeQuantStub()

    def forward(self, x):
        x = torch.cat([torch.unsqueeze(x[:, i], 1) * scale + shift for i, scale, shift in ((0, 0.458, -0.03), (1, 0.448, -0.088), (2, 0.45, -0.188))], 1)
        x = self.stem(self.quant(x))
        x = self.cat.cat([x[:, :4], self.branch(x[:, 4:])], 1)
        n, c, h, w = x.size()
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)
        return self.dequant(self.fc(torch.flatten(self.pool(x), 1)))


def main():
    torch.set_num_threads(1)
    torch.manual_seed(13)
    FOLDER.mkdir(exist_ok=True)
    model = Small().eval()
    for norm in (model.stem[1], model.branch[1]):
        norm.running_mean.normal_(0, 0.1)
        norm.running_var.uniform_(0.5, 1.5)
        nn.init.uniform_(norm.weight, 0.5, 1.5)
    x = torch.randn(4, 3, 10, 12)
    names = {"input_names": ["x"], "output_names": ["y"]}
    torch.onnx.export(model, x, str(FOLDER / "torchscript.onnx"), dynamo=False, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False, opset_version=17, dynamic_axes={"x": {0: "batch"}}, **names)
    program = torch.onnx.export(model, (x,), dynamo=True, optimize=False, dynamic_shapes=({0: torch.export.Dim("batch")},), **names)
    for node in program.model.graph:  # names of files of this machine
        node.metadata_props.clear()
    program.save(str(FOLDER / "dynamo.onnx"))
    torch.export.save(torch.export.export(model, (x,), dynamic_shapes=({0: torch.export.Dim("batch")},)), str(FOLDER / "export.pt2"))
    (FOLDER / "export.pt2").write_bytes(lean(FOLDER / "export.pt2"))
    np.save(FOLDER / "x.npy", x.numpy())
    for backend in ("fbgemm", "qnnpack"):
        torch.backends.quantized.engine = backend
        m = copy.deepcopy(model)
        for part in (m.stem, m.branch):
            tq.fuse_modules(part, ["0", "1", "2"], inplace=True)
        m.qconfig = tq.QConfig(activation=tq.default_observer, weight=tq.get_default_qconfig(backend).weight)
        m = tq.prepare(m)
        m(x)
        np.save(FOLDER / f"{backend}.npy", tq.convert(m)(x).detach().numpy())


with torch.no_grad():
    main()
