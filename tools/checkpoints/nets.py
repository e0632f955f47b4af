"""Small networks with the layers and names of torchvision's, and numbers that tell them apart."""
import torch
from torchvision.models.quantization.resnet import QuantizableBasicBlock, QuantizableResNet
from torchvision.models.resnet import BasicBlock, ResNet

WIDTHS = {64: 4, 128: 4, 256: 8, 512: 8}


class Narrow:
    """resnet18 with channels enough to compute something."""

    @property
    def inplanes(self):
        return self.__dict__["narrow_inplanes"]

    @inplanes.setter
    def inplanes(self, n):
        self.__dict__["narrow_inplanes"] = WIDTHS.get(n, n)

    def _make_layer(self, block, planes, *args, **kwargs):
        return super()._make_layer(block, WIDTHS[planes], *args, **kwargs)


class NarrowResNet(Narrow, ResNet):
    pass


class NarrowQuantizable(Narrow, QuantizableResNet):
    pass


def settle(net, seed):
    """Weights and statistics as if it had been trained: nothing is 0, 1 or alike."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in net.named_parameters():
            if p.dim() > 1:
                p.copy_(torch.randn(p.shape, generator=g) / p[0].numel() ** 0.5)
            else:
                p.copy_(torch.rand(p.shape, generator=g) * 0.5 + (0.75 if name.endswith("weight") else -0.25))
        for name, b in net.named_buffers():
            if name.endswith("running_mean"):
                b.copy_(torch.randn(b.shape, generator=g) * 0.1)
            elif name.endswith("running_var"):
                b.copy_(torch.rand(b.shape, generator=g) + 0.5)
            elif name.endswith("num_batches_tracked"):
                b.fill_(seed)
    return net.eval()


def resnet18(seed=1, classes=5):
    net = NarrowResNet(BasicBlock, [2, 2, 2, 2])
    net.fc = torch.nn.Linear(WIDTHS[512], classes)
    return settle(net, seed)


def quantizable_resnet18(seed=1, classes=5):
    net = NarrowQuantizable(QuantizableBasicBlock, [2, 2, 2, 2])
    net.fc = torch.nn.Linear(WIDTHS[512], classes)
    return settle(net, seed)


def images(n=4, seed=0):
    return torch.randn(n, 3, 40, 40, generator=torch.Generator().manual_seed(seed))
