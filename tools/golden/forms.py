"""Writes testdata/forms.json: logits of networks whose classifier, stem or names differ from torchvision's.

Weights are those of internal/hashweights, by key, so that only keys, shapes and logits are kept. With a folder as
argument the state dicts are written there too, as files of torch.save. Run from the repository's root with torch 2.15.0
and torchvision 0.29.2:  python tools/golden/forms.py [FOLDER]
"""

import json
import sys
from pathlib import Path

import hashweights
import torch
import torchvision
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

SEED, SIZE = 23, 40


class Narrow(ResNet):
    """A ResNet with an eighth of the channels behind the stem."""

    def _make_layer(self, block, planes, blocks, stride=1, dilate=False):
        return super()._make_layer(block, planes // 8, blocks, stride, dilate)

    def __init__(self, block, layers, classes=10):
        super().__init__(block, layers, num_classes=classes)
        self.fc = nn.Linear(64 * block.expansion, classes)


def resnet18(**more):
    return Narrow(BasicBlock, [2, 2, 2, 2], **more)


class Composed(nn.Module):
    """A network without classifier in one attribute, and a classifier in another."""

    def __init__(self, **modules):
        super().__init__()
        for name, module in modules.items():
            setattr(self, name, module)

    def forward(self, x):
        for module in self.children():
            x = module(x)
        return x


class Head(nn.Module):
    def __init__(self, inputs, classes):
        super().__init__()
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        return self.fc(x)


class ShortcutBlock(nn.Module):
    """A residual block in the names of CIFAR repositories."""

    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, planes, 3, stride, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False), nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != planes:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + self.shortcut(x))


class ShortcutNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        width = 16
        for i, planes in enumerate([16, 24, 32, 40]):
            stride = 1 if i == 0 else 2
            blocks = nn.Sequential(ShortcutBlock(width, planes, stride), ShortcutBlock(planes, planes, 1))
            setattr(self, f"layer{i + 1}", blocks)
            width = planes
        self.linear = nn.Linear(width, 10)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.linear(x.mean((2, 3)))


def changed(model, **modules):
    for path, module in modules.items():
        parent, _, name = path.replace("__", ".").rpartition(".")
        setattr(model.get_submodule(parent), name, module)
    return model


def cifar(model, pool=False):
    model = changed(model, conv1=nn.Conv2d(3, 64, 3, 1, 1, bias=False))
    return model if pool else changed(model, maxpool=nn.Identity())


def without_last(model):
    return nn.Sequential(*list(model.children())[:-1])


def models():
    """name, expected architecture, whether it must be named, the model."""
    tv = torchvision.models
    drop = nn.Dropout(0.3)
    yield "dropout before fc", "resnet18", False, changed(resnet18(), fc=nn.Sequential(drop, nn.Linear(64, 7)))
    yield "fc in a Sequential", "resnet18", False, changed(resnet18(), fc=nn.Sequential(nn.Linear(64, 5)))
    yield "fc in two Sequentials", "resnet50", False, changed(Narrow(Bottleneck, [3, 4, 6, 3]), fc=nn.Sequential(nn.Sequential(drop, nn.Linear(256, 5)), drop))
    yield "fc without bias", "resnet18", False, changed(resnet18(), fc=nn.Linear(64, 6, bias=False))
    yield "dropout before fc without bias", "resnet18", False, changed(resnet18(), fc=nn.Sequential(drop, nn.Linear(64, 6, bias=False)))
    yield "fc is Identity", "resnet34", False, changed(Narrow(BasicBlock, [3, 4, 6, 3]), fc=nn.Identity())
    yield "grey images", "resnet18", False, changed(resnet18(classes=3), conv1=nn.Conv2d(1, 64, 7, 2, 3, bias=False))
    yield "six channels", "resnet18", False, changed(resnet18(classes=2), conv1=nn.Conv2d(6, 64, 7, 2, 3, bias=False))
    yield "CIFAR stem", "resnet18_cifar", False, cifar(resnet18())
    yield "CIFAR stem, bottlenecks", "resnet50_cifar", False, cifar(Narrow(Bottleneck, [3, 4, 6, 3]))
    yield "CIFAR stem, pooled", "resnet18_cifar_maxpool", True, cifar(resnet18(), pool=True)
    yield "CIFAR stem and dropout", "resnet18_cifar", False, changed(cifar(resnet18()), fc=nn.Sequential(drop, nn.Linear(64, 10)))
    yield "shortcut and linear", "resnet18_cifar", False, ShortcutNet()
    yield "backbone and head", "resnet18", False, Composed(backbone=changed(resnet18(), fc=nn.Identity()), head=Head(64, 9))
    yield "encoder and classifier", "resnet18", False, Composed(encoder=changed(resnet18(), fc=nn.Identity()), drop=drop, classifier=nn.Linear(64, 4))
    yield "children in a Sequential", "resnet18", False, Composed(features=without_last(resnet18()), flat=nn.Flatten(), classifier=nn.Linear(64, 4))
    yield "children alone", "resnet18", False, nn.Sequential(*without_last(resnet18()), nn.Flatten())
    yield "mobilenet_v2, one layer", "mobilenet_v2", False, changed(tv.mobilenet_v2(width_mult=0.25), classifier=nn.Linear(1280, 5))
    yield "mobilenet_v2, dropout twice", "mobilenet_v2", False, changed(tv.mobilenet_v2(width_mult=0.25), classifier__1=nn.Sequential(drop, nn.Linear(1280, 5)))
    yield "mobilenet_v2, bare features", "mobilenet_v2", False, Composed(backbone=tv.mobilenet_v2(width_mult=0.25).features, pool=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten(), fc=nn.Linear(1280, 5))
    yield "mobilenet_v2 is Identity", "mobilenet_v2", False, changed(tv.mobilenet_v2(width_mult=0.25), classifier=nn.Identity())
    yield "mobilenet_v3, one layer", "mobilenet_v3_small", False, changed(tv.mobilenet_v3_small(width_mult=0.5), classifier=nn.Linear(288, 5))
    yield "mobilenet_v3, dropout before the last", "mobilenet_v3_small", False, changed(tv.mobilenet_v3_small(width_mult=0.5), classifier__3=nn.Sequential(drop, nn.Linear(512, 5)))
    yield "mobilenet_v3, last is Identity", "mobilenet_v3_small", False, changed(tv.mobilenet_v3_small(width_mult=0.5), classifier__3=nn.Identity())
    yield "shufflenet, dropout", "shufflenet_v2_x0_5", False, changed(tv.shufflenet_v2_x0_5(), fc=nn.Sequential(drop, nn.Linear(1024, 5)))
    yield "shufflenet is Identity", "shufflenet_v2_x0_5", False, changed(tv.shufflenet_v2_x0_5(), fc=nn.Identity())
    yield "googlenet, dropout", "googlenet", True, changed(tv.googlenet(init_weights=False, aux_logits=False), fc=nn.Sequential(drop, nn.Linear(1024, 5)))


def fill(model):
    """Sets the weights; returns a description of the state dict."""
    norms = {name for name, m in model.named_modules() if isinstance(m, nn.BatchNorm2d)}
    lines = []
    state = model.state_dict()
    for key, value in state.items():
        if key.endswith("num_batches_tracked"):
            continue
        norm = key.rsplit(".", 1)[0] in norms
        value.copy_(torch.from_numpy(hashweights.parameter(key, norm, tuple(value.shape), SEED, {})))
        lines.append(f"{key} {'norm' if norm else '-'} {json.dumps(list(value.shape))}")
    return state, lines


def main():
    torch.set_num_threads(1)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    out = []
    for name, arch, named, model in models():
        model.eval()
        state, lines = fill(model)
        channels = next(v.shape[1] for v in state.values() if v.dim() == 4)
        with torch.no_grad():
            logits = model(torch.from_numpy(hashweights.images(2, channels, SIZE, SEED)))
        out.append({"name": name, "arch": arch, "named": named, "channels": channels, "keys": lines, "logits": logits.flatten(1)[:, :12].tolist()})
        if folder:
            torch.save(state, folder / (name.replace(" ", "_").replace(",", "") + ".pth"))
    with open("testdata/forms.json", "w") as f:
        json.dump({"seed": SEED, "size": SIZE, "forms": out}, f, indent=0)
        f.write("\n")


if __name__ == "__main__":
    main()
