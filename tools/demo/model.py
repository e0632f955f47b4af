"""fashion_resnet8 and fashion_mobilenet: small networks for 28x28 grey images, in torchvision's naming.

`FashionResNet8` is the plain float network, `QuantizableFashionResNet8` the same network with the stubs and
FloatFunctionals that torch.ao's eager mode needs; `FashionMobileNet` and `QuantizableFashionMobileNet` are another
pair. Both of a pair have the same state_dict keys; README.md beside this file states the architectures in words, for
builders in other languages.
"""

import torch
from torch import nn
from torch.ao.nn.quantized import FloatFunctional
from torch.ao.quantization import DeQuantStub, QuantStub, fuse_modules, fuse_modules_qat

MEAN, STD = 0.2860, 0.3530
CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
STEM, WIDTHS = 12, (12, 24, 104)


def channels(state: dict) -> dict:
    """The arguments of FashionResNet8 that make the network of a state_dict."""
    return {"stem": len(state["conv1.weight"]), "widths": tuple(len(state[f"layer{i}.0.conv1.weight"]) for i in (1, 2, 3))}


def normalize(images: torch.Tensor) -> torch.Tensor:
    """uint8 [N,28,28] -> float32 [N,1,28,28]: (x/255 - MEAN) / STD, each step one float32 operation."""
    return (images.unsqueeze(1).to(torch.float32).div(255).sub(MEAN)).div(STD)


def conv3x3(inputs: int, outputs: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)


class BasicBlock(nn.Module):
    """relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)); the shortcut is conv1x1+bn where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1 = conv3x3(inputs, outputs, stride)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(outputs, outputs, 1)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def residual(self, x):
        return self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))

    def shortcut(self, x):
        return x if self.downsample is None else self.downsample(x)

    def forward(self, x):
        return self.relu(self.residual(x) + self.shortcut(x))


class FashionResNet8(nn.Module):
    """Logits [N,classes] of normalised images [N,1,28,28]."""

    block = BasicBlock

    def __init__(self, classes: int = len(CLASSES), stem: int = 0, widths: tuple[int, ...] = ()):
        super().__init__()
        stem, widths = stem or STEM, widths or WIDTHS
        self.conv1 = conv3x3(1, stem, 1)
        self.bn1 = nn.BatchNorm2d(stem)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = nn.Sequential(self.block(stem, widths[0], 1))
        self.layer2 = nn.Sequential(self.block(widths[0], widths[1], 2))
        self.layer3 = nn.Sequential(self.block(widths[1], widths[2], 2))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(widths[2], classes)

    def features(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.layer3(self.layer2(self.layer1(x)))

    def logits(self, x):
        return self.fc(torch.flatten(self.avgpool(self.features(x)), 1))

    def forward(self, x):
        return self.logits(x)


class QuantizableBasicBlock(BasicBlock):
    """BasicBlock whose add and ReLU are one FloatFunctional, as in torchvision's quantizable resnet."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__(inputs, outputs, stride)
        self.add_relu = FloatFunctional()

    def forward(self, x):
        return self.add_relu.add_relu(self.residual(x), self.shortcut(x))

    def fuse_model(self, fuse=fuse_modules):
        fuse(self, [["conv1", "bn1", "relu"], ["conv2", "bn2"]], inplace=True)
        if self.downsample is not None:
            fuse(self.downsample, ["0", "1"], inplace=True)


class Quantizable:
    """A network with stubs around it; goes in front of the network's class."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.quant = QuantStub()
        self.dequant = DeQuantStub()

    def forward(self, x):
        return self.dequant(self.logits(self.quant(x)))


class QuantizableFashionResNet8(Quantizable, FashionResNet8):
    block = QuantizableBasicBlock

    def fuse_model(self, is_qat: bool = False):
        """Fuses in place; the model must be in eval mode, or with is_qat in training mode."""
        fuse = fuse_modules_qat if is_qat else fuse_modules
        fuse(self, ["conv1", "bn1", "relu"], inplace=True)
        for stage in (self.layer1, self.layer2, self.layer3):
            stage[0].fuse_model(fuse)


def conv_norm_act(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class InvertedResidual(nn.Module):
    """MobileNetV2's block with ReLU: widen, convolve each channel by itself, narrow; add the input where it fits."""

    def __init__(self, inputs: int, outputs: int, stride: int, expand: int):
        super().__init__()
        wide = inputs * expand
        layers = [] if expand == 1 else [conv_norm_act(inputs, wide, 1)]
        layers += [conv_norm_act(wide, wide, 3, stride, wide), nn.Conv2d(wide, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
        self.conv = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.conv(x) if self.residual else self.conv(x)


class FashionMobileNet(nn.Module):
    """Logits [N,classes] of normalised images [N,1,28,28]."""

    block = InvertedResidual
    blocks = [(16, 2, 1), (24, 1, 4), (32, 2, 4), (32, 1, 4), (64, 1, 4)]  # channels, stride, expansion

    def __init__(self, classes: int = len(CLASSES)):
        super().__init__()
        layers, inputs = [conv_norm_act(1, 16, 3)], 16
        for outputs, stride, expand in self.blocks:
            layers.append(self.block(inputs, outputs, stride, expand))
            inputs = outputs
        self.features = nn.Sequential(*layers, conv_norm_act(inputs, 128, 1))
        self.classifier = nn.Sequential(nn.Identity(), nn.Linear(128, classes))

    def logits(self, x):
        x = nn.functional.adaptive_avg_pool2d(self.features(x), (1, 1))
        return self.classifier(torch.flatten(x, 1))

    def forward(self, x):
        return self.logits(x)


class QuantizableInvertedResidual(InvertedResidual):
    """InvertedResidual whose add is a FloatFunctional, as in torchvision's quantizable mobilenet_v2."""

    def __init__(self, inputs: int, outputs: int, stride: int, expand: int):
        super().__init__(inputs, outputs, stride, expand)
        self.skip_add = FloatFunctional()

    def forward(self, x):
        return self.skip_add.add(x, self.conv(x)) if self.residual else self.conv(x)


class QuantizableFashionMobileNet(Quantizable, FashionMobileNet):
    block = QuantizableInvertedResidual

    def fuse_model(self, is_qat: bool = False):
        """Fuses in place; the model must be in eval mode, or with is_qat in training mode."""
        fuse = fuse_modules_qat if is_qat else fuse_modules
        for m in list(self.modules()):
            if isinstance(m, nn.Sequential) and len(m) == 3 and isinstance(m[0], nn.Conv2d) and isinstance(m[2], nn.ReLU):
                fuse(m, ["0", "1", "2"], inplace=True)
            if isinstance(m, InvertedResidual):
                last = len(m.conv)
                fuse(m.conv, [str(last - 2), str(last - 1)], inplace=True)


def macs(model: nn.Module) -> int:
    """Multiply-accumulates of one 28x28 image, counted from the shapes the layers produce."""
    total = 0

    def count(module, _, output):
        nonlocal total
        taps = module.weight[0].numel()
        total += taps * output[0].numel()

    hooks = [m.register_forward_hook(count) for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    was_training = model.training
    with torch.no_grad():
        model.eval()(torch.zeros(1, 1, 28, 28))
    model.train(was_training)
    for hook in hooks:
        hook.remove()
    return total
