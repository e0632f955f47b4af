"""Writes torch.export's programs with the inputs and outputs that tools/pt2 compares: python tools/pt2/make.py FOLDER [NAME ...]

torch 2.15.0 and torchvision 0.29.2; weights, statistics and inputs are drawn from seeds. For each network there is
NAME.pt2, and for each run NAME.RUN.xI.npy and NAME.RUN.yI.npy: run 0 has the sizes of the export, run 1 others, where
they are free. networks.json lists them.
"""

import json
import pathlib
import sys
import warnings

import numpy
import randomnet
import recurrent
import torch
import torchvision
import views
from torch import nn
from torch.export import Dim

warnings.filterwarnings("ignore")
torch.set_num_threads(1)

CLASSIFIERS = """resnet18 resnet50 resnext50_32x4d wide_resnet50_2 mobilenet_v2 mobilenet_v3_small mobilenet_v3_large
    efficientnet_b0 efficientnet_v2_s shufflenet_v2_x0_5 shufflenet_v2_x1_0 squeezenet1_1 densenet121 googlenet
    inception_v3 mnasnet0_5 mnasnet1_0 regnet_x_400mf regnet_y_400mf alexnet vgg11_bn""".split()
TRANSFORMERS = {"vit_b_16": 224, "swin_t": 224, "convnext_tiny": 224, "maxvit_t": 224}
SEGMENTERS = "lraspp_mobilenet_v3_large deeplabv3_mobilenet_v3_large fcn_resnet50".split()
DETECTORS = "ssdlite320_mobilenet_v3_large retinanet_resnet50_fpn".split()
RANDOM = 200
OPTIONS = {"googlenet": {"init_weights": False}, "inception_v3": {"init_weights": False}}


class Heads(nn.Module):
    """what a detector computes in front of its boxes: features, and the heads on them"""

    def __init__(self, detector):
        super().__init__()
        self.backbone, self.head = detector.backbone, detector.head

    def forward(self, x):
        features = list(self.backbone(x).values())
        return list(self.head(features).values())


class Segmenter(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x)["out"]


def settle(model, seed):
    """gives batch norms statistics that are not those of a new model, and weights their draw"""
    draw = torch.Generator().manual_seed(seed)
    for m in model.modules():
        if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.running_mean is not None:
            m.running_mean.copy_(torch.randn(m.running_mean.shape, generator=draw) * 0.1)
            m.running_var.copy_(torch.rand(m.running_var.shape, generator=draw) + 0.5)
            if m.affine:  # torch's own are 1 and 0
                m.weight.data.copy_(torch.rand(m.weight.shape, generator=draw) + 0.5)
                m.bias.data.copy_(torch.randn(m.bias.shape, generator=draw) * 0.1)
        if isinstance(m, nn.Linear) and not m.weight.any():  # the head of a new ViT
            m.weight.data.copy_(torch.randn(m.weight.shape, generator=draw) * 0.05)
    return model.eval()


def network(name):
    """the model, the sizes of runs, and which axes of images are free"""
    if name.startswith("views"):
        return views.Net(int(name.removeprefix("views"))).eval(), [(2, 3, 16, 16), (3, 3, 16, 16)], (0,)
    if name.startswith("recurrent"):
        return recurrent.Net(int(name.removeprefix("recurrent"))).eval(), [(2, 3, 16, 16), (3, 3, 16, 16)], (0,)
    if name.startswith("random"):
        seed = int(name.removeprefix("random"))
        torch.manual_seed(seed)
        return settle(randomnet.Net(seed), seed), [(2, 3, 16, 16), (3, 3, 16, 16)], (0,)
    torch.manual_seed(7)
    if name in TRANSFORMERS:
        size = TRANSFORMERS[name]
        return settle(torchvision.models.get_model(name), 7), [(2, 3, size, size), (3, 3, size, size)], (0,)
    if name in SEGMENTERS:
        model = torchvision.models.get_model(name, weights=None, weights_backbone=None, aux_loss=False)
        return Segmenter(settle(model, 7)), [(2, 3, 64, 96), (1, 3, 96, 64)], (0, 2, 3)
    if name in DETECTORS:
        model = torchvision.models.get_model(name, weights=None, weights_backbone=None)
        side = 320 if "ssd" in name else 128
        return Heads(settle(model, 7)), [(2, 3, side, side), (1, 3, side, side)], (0,)
    side = 96 if name == "inception_v3" else 64
    free = (0,) if name in ("inception_v3", "googlenet") else (0, 2, 3)
    other = (3, 3, side, side) if free == (0,) else (3, 3, side + 32, side)
    return settle(torchvision.models.get_model(name, **OPTIONS.get(name, {})), 7), [(2, 3, side, side), other], free


def export(model, x, free):
    """the program, with fewer free axes where the model fixes them"""
    problem = None
    for axes in dict.fromkeys([free, (0,), ()]):
        try:
            return torch.export.export(model, (x,), dynamic_shapes=({a: Dim.AUTO if len(axes) > 1 else Dim.DYNAMIC for a in axes},)), axes
        except Exception as e:  # noqa: BLE001, the reason is printed
            problem = e
    raise problem


def main(folder, names):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    listed = folder / "networks.json"
    table = json.loads(listed.read_text()) if listed.exists() else {}
    for name in names or CLASSIFIERS + list(TRANSFORMERS) + SEGMENTERS + DETECTORS + [f"random{i}" for i in range(RANDOM)] + [f"views{i}" for i in range(len(views.FUNCTIONS))] + [f"recurrent{i}" for i in range(len(recurrent.STACKS))]:
        if name in table:
            continue
        try:
            model, sizes, free = network(name)
            draw = torch.Generator().manual_seed(11)
            inputs = [torch.randn(size, generator=draw) for size in sizes]
            with torch.no_grad():
                model(inputs[0].clone())
                program, axes = export(model, inputs[0].clone(), free)
                runs = 0
                torch.export.save(program, folder / f"{name}.pt2")
                for i, x in enumerate(inputs):
                    if any(a != b for axis, (a, b) in enumerate(zip(sizes[i], sizes[0])) if axis not in axes):
                        continue
                    try:
                        y = program.module()(x.clone()) if i else model(x.clone())
                    except Exception as e:  # noqa: BLE001, a size that PyTorch's own guards refuse
                        print(name, "run", i, "refused by PyTorch:", str(e).splitlines()[0], flush=True)
                        continue
                    numpy.save(folder / f"{name}.{runs}.x0.npy", x.numpy())
                    for j, v in enumerate([y] if isinstance(y, torch.Tensor) else y):
                        numpy.save(folder / f"{name}.{runs}.y{j}.npy", v.numpy())
                    runs += 1
            table[name] = {"runs": runs, "free": list(axes)}
            print(name, runs, "runs, free axes", axes, flush=True)
        except Exception as e:  # noqa: BLE001, a network that PyTorch itself refuses is no case
            table[name] = {"runs": 0, "refused": f"{type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}"}
            print(name, "refused by PyTorch:", table[name]["refused"], flush=True)
        listed.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
