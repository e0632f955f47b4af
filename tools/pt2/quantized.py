"""Writes programs that PT2E quantized, with the codes that PyTorch computes: python tools/pt2/quantized.py FOLDER [NAME ...]

torch 2.15.0, torchvision 0.29.2 and torchao 0.18.0; weights, statistics and inputs are drawn from seeds. For each
network there is NAME.pt2, NAME.x.npy, NAME.y.npy, and for each node that quantizes an activation NAME.codes.NODE.npy;
of all but the small network also NAME.exact.NODE.npy, the codes that float64 gives behind those in front of the node, and
NAME.more.x.npy and .y.npy, inputs without codes. A NAME is resnet18_inductor, or fashion_resnet8_xnnpack, a network that
is trained; without names it is those of the small network. pt2/testdata/quantized.zip holds the small ones:  python tools/pt2/quantized.py FOLDER && (cd FOLDER && zip -X ../quantized.zip *)
"""

import gzip
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
FIT, MORE = {"vit_b_16": 60}, {"vit_b_16": 12}  # images to fit the head to, and inputs without codes; 300 and 60 of the others
ROOT = pathlib.Path(__file__).parents[2]
DATA = ROOT / "cmd/octet/demodata"
sys.path.insert(0, str(ROOT / "tools/demo"))
import model as demo  # noqa: E402

TRAINED = {"fashion_resnet8": demo.FashionResNet8, "fashion_mobilenet": demo.FashionMobileNet}


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
    if name in TRAINED:
        model = TRAINED[name]()
        model.load_state_dict(torch.load(DATA / f"{name}.pth"))
        model.eval().requires_grad_(False)
    else:
        model = make.settle(torchvision.models.get_model(name), 7)
    for m in model.modules():  # X86InductorQuantizer takes a module that is called twice for one operator
        if isinstance(getattr(m, "relu", None), nn.ReLU):
            del m.relu
            m.relu = torch.relu
    return model


def first(y):
    return y[0] if isinstance(y, tuple | list) else y


def grey(count, first):
    """so many of Fashion-MNIST's test images, and their classes"""
    pixels, classes = (gzip.decompress((DATA / f"t10k-{kind}-ubyte.gz").read_bytes()) for kind in ("images-idx3", "labels-idx1"))
    x = torch.frombuffer(bytearray(pixels[16 + 784 * first : 16 + 784 * (first + count)]), dtype=torch.uint8).view(count, 28, 28)
    return x, torch.tensor(list(classes[8 + first : 8 + first + count]))


def images(count, side, first):
    """those images as large as a network takes them, and their classes"""
    x, classes = grey(count, first)
    return nn.functional.interpolate((x[:, None] / 255 - 0.29) / 0.35, size=side, mode="bilinear").repeat(1, 3, 1, 1), classes


def fit(model, x, classes):
    """makes a network of random weights one whose classes have margins: its norms get the statistics of images, and its
    head tells their classes, by least squares on its features"""
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    for m in norms:
        m.reset_running_stats()
        m.momentum = None
        m.train()
    model(x[:60])
    model.eval()
    path, head = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear)][-1]
    features = []
    hook = head.register_forward_hook(lambda m, inputs, y: features.append(inputs[0]))
    for part in x.split(20):
        model(part)
    hook.remove()
    f = torch.cat(features).double()
    mean = f.mean(0)
    f = f - mean
    target = nn.functional.one_hot(classes, 10).double() - 0.1
    kernel = f @ f.T
    weight = f.T @ torch.linalg.solve(kernel + 0.01 * kernel.trace() / len(f) * torch.eye(len(f)), target)
    made = nn.Linear(len(mean), 10)
    made.weight.copy_(weight.T)
    made.bias.copy_(-mean @ weight)
    model.set_submodule(path, made)


class Codes(torch.fx.Interpreter):
    """notes what the nodes that quantize activations give, and what they would give if all behind the codes in front
    of them were computed in float64"""

    def run_node(self, n):
        result = super().run_node(n)
        quantizes = "quantized_decomposed.quantize_per_tensor" in str(n.target)
        if quantizes:
            self.seen[n.name] = result.numpy()
        args, kwargs = torch.fx.map_arg((n.args, n.kwargs), lambda v: self.wide[v])
        if n.op != "call_function":
            self.wide[n] = widened(result)
        elif quantizes:
            x, scale, zero, lo, hi = args[:5]
            self.exact[n.name] = ((x / scale).round() + zero).clamp(lo, hi).to(result.dtype).numpy()
            self.wide[n] = result
        elif "quantized_decomposed.dequantize" in str(n.target):
            x, scale, zero = args[:3]
            if "channel" in str(n.target):  # along an axis
                sizes = [-1 if i == args[3] else 1 for i in range(x.ndim)]
                scale, zero = scale.view(sizes), 0 if zero is None else zero.view(sizes)
            self.wide[n] = (x.double() - zero) * scale
        else:
            self.wide[n] = n.target(*args, **kwargs)
        for unused in self.user_to_last_uses.get(n, []):
            self.wide.pop(unused, None)
        return result


def widened(x):
    return x.double() if isinstance(x, torch.Tensor) and x.is_floating_point() else x


def main(folder, names):
    assert torch.__version__.split("+")[0] == "2.15.0" and torchao.__version__ == "0.18.0"
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or [f"small_{q}" for q in QUANTIZERS]:
        net, _, quantizer = name.rpartition("_")
        torch.manual_seed(7)
        model = network(net)
        side = 16 if net == "small" else make.TRANSFORMERS.get(net, 64)
        if net == "small":
            draw = torch.Generator().manual_seed(11)
            calibration, x = (torch.randn(4, 3, side, side, generator=draw) for _ in range(2))
        elif net in TRAINED:
            calibration, x, more = (demo.normalize(grey(*part)[0]) for part in ((64, 9000), (24, 0), (1000, 24)))
        else:
            fitted, classes = images(FIT.get(net, 300), side, 1000)
            calibration, x, more = fitted[:16], images(4, side, 0)[0], images(MORE.get(net, 60), side, 4)[0]
        shapes = ({0: Dim("n")},)
        with torch.no_grad():
            if net != "small" and net not in TRAINED:
                fit(model, fitted, classes)
            prepared = prepare_pt2e(torch.export.export(model, (x,), dynamic_shapes=shapes).module(), QUANTIZERS[quantizer]())
            prepared(calibration)
            program = torch.export.export(convert_pt2e(prepared), (x,), dynamic_shapes=shapes)
            torch.export.save(program, folder / f"{name}.pt2")
            codes = Codes(program.module())
            codes.seen, codes.exact, codes.wide = {}, {}, {}
            y = codes.run(x)
            if net != "small":
                numpy.save(folder / f"{name}.more.x.npy", more.numpy())
                numpy.save(folder / f"{name}.more.y.npy", first(program.module()(more)).numpy())
        numpy.save(folder / f"{name}.x.npy", x.numpy())
        numpy.save(folder / f"{name}.y.npy", first(y).numpy())
        for node, array in codes.seen.items():
            numpy.save(folder / f"{name}.codes.{node}.npy", array)
            if net != "small":
                numpy.save(folder / f"{name}.exact.{node}.npy", codes.exact[node])
        print(name, len(codes.seen), "nodes quantize activations", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
