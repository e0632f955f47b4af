"""Writes NAME.pth, NAME.onnx, NAME.pt2 and x.npy to a folder: a float network of torchvision.models.quantization with drawn
weights, its exports with batch norms kept, and images to calibrate on.

    python tools/onnxparity/make.py FOLDER NAME            with torch 2.15.0, torchvision 0.29.2, onnx 1.23.2

The TorchScript exporter writes it, but for Inception v3: there it makes one concatenation of two nested ones, each of
which has a scale of its own in PyTorch. The other exporter (onnxscript 0.7.2) leaves them.
"""

import pathlib
import sys
import warnings

import numpy as np
import torch
import torchvision
from torch import nn

SEED, SIZE, IMAGES = 13, 96, 4
AXES = {0: torch.export.Dim("batch")}


def build(name):
    base, _, transform = name.partition("+")
    options = {"init_weights": False, "aux_logits": False, "transform_input": bool(transform)} if base in ("googlenet", "inception_v3") else {}
    model = getattr(torchvision.models.quantization, base)(weights=None, quantize=False, **options).eval()
    for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)):
        norm.running_mean.normal_(0, 0.1)
        norm.running_var.uniform_(0.5, 1.5)
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, 0, 0.1)
    return model


def export(model, x, path, scripted):
    names = {"input_names": ["x"], "output_names": ["y"]}
    if scripted:
        keep = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False, "opset_version": 17}
        torch.onnx.export(model, x, path, dynamo=False, dynamic_axes={"x": {0: "batch"}}, **keep, **names)
    else:
        torch.onnx.export(model, (x,), path, dynamo=True, optimize=False, external_data=False, dynamic_shapes=(AXES,), **names)


def main():
    folder, name = pathlib.Path(sys.argv[1]), sys.argv[2]
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    model, x = build(name), torch.randn(IMAGES, 3, SIZE, SIZE)
    torch.save(model.state_dict(), folder / f"{name}.pth")
    export(model, x, str(folder / f"{name}.onnx"), scripted=not name.startswith("inception"))
    torch.export.save(torch.export.export(model, (x,), dynamic_shapes=(AXES,)), str(folder / f"{name}.pt2"))
    np.save(folder / "x.npy", x.numpy())


main()
