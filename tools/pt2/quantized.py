"""Writes programs that PT2E quantized, with the codes that PyTorch computes: python tools/pt2/quantized.py FOLDER [NAME ...]

torch 2.15.0, torchvision 0.29.2 and torchao 0.18.0; weights, statistics and inputs are drawn from seeds. For each
network there is NAME.pt2, NAME.x.npy, NAME.y.npy, and for each node that quantizes an activation NAME.codes.NODE.npy.
pt2/testdata/quantized.zip holds the small ones:  python tools/pt2/quantized.py FOLDER && (cd FOLDER && zip -X ../quantized.zip *)
"""

import pathlib
import sys
import warnings

import make
import numpy
import torch
import torchao
import torchao.quantization.pt2e.quantizer.x86_inductor_quantizer as inductor
import torchvision
from torch import nn
from torch.export import Dim
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
from torchao.testing.pt2e._xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

warnings.filterwarnings("ignore")
torch.set_num_threads(1)

QUANTIZERS = {
    "inductor": lambda: inductor.X86InductorQuantizer().set_global(inductor.get_default_x86_inductor_quantization_config()),
    "inductor7": lambda: inductor.X86InductorQuantizer().set_global(inductor.get_default_x86_inductor_quantization_config(reduce_range=True)),
    "xnnpack": lambda: XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=True)),
    "xnnpack1": lambda: XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=False)),
    "dynamic": lambda: XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=True, is_dynamic=True)),
}


class Small(nn.Module):
    """a stem, a depthwise layer, a residual addition, a concatenation, pooling and a head"""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8)
        self.depth, self.point = nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.Conv2d(8, 8, 1)
        self.left, self.right = nn.Conv2d(8, 4, 1), nn.Conv2d(8, 4, 3, padding=1)
        self.pool, self.head = nn.MaxPool2d(2), nn.Linear(8, 5)

    def forward(self, x):
        x = torch.relu(self.norm(self.stem(x)))
        x = torch.relu(x + self.point(nn.functional.hardtanh(self.depth(x), 0, 6)))
        x = torch.cat([torch.relu(self.left(x)), self.right(x)], 1)
        return self.head(torch.flatten(nn.functional.adaptive_avg_pool2d(self.pool(x), 1), 1))


def network(name):
    if name == "small":
        return make.settle(Small(), 7)
    model = make.settle(torchvision.models.get_model(name), 7)
    for m in model.modules():  # X86InductorQuantizer takes a module that is called twice for one operator
        if isinstance(getattr(m, "relu", None), nn.ReLU):
            del m.relu
            m.relu = torch.relu
    return model


class Codes(torch.fx.Interpreter):
    """notes what the nodes that quantize activations give"""

    def run_node(self, n):
        result = super().run_node(n)
        if "quantized_decomposed.quantize_per_tensor" in str(n.target):
            self.seen[n.name] = result.numpy()
        return result


def main(folder, names):
    assert torch.__version__.split("+")[0] == "2.15.0" and torchao.__version__ == "0.18.0"
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or [f"small_{q}" for q in QUANTIZERS]:
        net, _, quantizer = name.rpartition("_")
        torch.manual_seed(7)
        model = network(net)
        side = 16 if net == "small" else 64
        draw = torch.Generator().manual_seed(11)
        calibration, x = (torch.randn(4, 3, side, side, generator=draw) for _ in range(2))
        shapes = ({0: Dim("n")},)
        with torch.no_grad():
            prepared = prepare_pt2e(torch.export.export(model, (x,), dynamic_shapes=shapes).module(), QUANTIZERS[quantizer]())
            prepared(calibration)
            program = torch.export.export(convert_pt2e(prepared), (x,), dynamic_shapes=shapes)
            torch.export.save(program, folder / f"{name}.pt2")
            codes = Codes(program.module())
            codes.seen = {}
            y = codes.run(x)
        numpy.save(folder / f"{name}.x.npy", x.numpy())
        numpy.save(folder / f"{name}.y.npy", (y[0] if isinstance(y, tuple | list) else y).numpy())
        for node, array in codes.seen.items():
            numpy.save(folder / f"{name}.codes.{node}.npy", array)
        print(name, len(codes.seen), "nodes quantize activations", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
