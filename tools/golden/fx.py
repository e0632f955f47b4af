"""Writes testdata/fx: small networks converted in FX graph mode, with PyTorch's logits.

Run from the repository's root with torch 2.15.0 and torchvision 0.29.2:  python tools/golden/fx.py
"""

import os

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import pathlib
import warnings

import numpy as np
import torch
import torchvision
from hashweights import images, parameter
from torch.ao.quantization import get_default_qat_qconfig_mapping, get_default_qconfig_mapping
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx, prepare_qat_fx
from torchvision.models import quantization as quantizable

warnings.filterwarnings("ignore")
OUT = pathlib.Path("testdata/fx")
FULL = (
    "resnet18", "resnet50", "resnext50_32x4d", "wide_resnet50_2", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small",
    "googlenet", "inception_v3", "shufflenet_v2_x0_5", "shufflenet_v2_x1_0",
)  # fmt: skip


def small(name, plain):
    """A narrow member of an architecture, quantizable or plain."""
    if name == "mobilenet_v2":
        net = torchvision.models.mobilenet_v2 if plain else quantizable.mobilenet_v2
        return net(weights=None, width_mult=0.1, num_classes=10)
    if name == "shufflenet_v2_x0_5":
        stages = [4, 8, 4], [24, 16, 32, 64, 64]
        cls = torchvision.models.shufflenetv2.ShuffleNetV2 if plain else quantizable.shufflenetv2.QuantizableShuffleNetV2
        return cls(*stages, num_classes=10)
    setting, last = torchvision.models.mobilenetv3._mobilenet_v3_conf("mobilenet_v3_small", width_mult=0.25)
    if plain:
        return torchvision.models.mobilenetv3.MobileNetV3(setting, 64, num_classes=10)
    block = quantizable.mobilenetv3.QuantizableInvertedResidual
    return quantizable.mobilenetv3.QuantizableMobileNetV3(setting, 64, num_classes=10, block=block)


def fill(net):
    """Weights of internal/hashweights."""
    norms = {n for n, m in net.named_modules() if isinstance(m, torch.nn.BatchNorm2d)}
    state = net.state_dict()
    for key, value in state.items():
        if value.is_floating_point():
            state[key] = torch.from_numpy(parameter(key, key.rsplit(".", 1)[0] in norms, tuple(value.shape), 7, {}))
    net.load_state_dict(state)
    return net


def prepare(net, training, backend, batches, mapping=None):
    torch.backends.quantized.engine = backend
    if training:
        prepared = prepare_qat_fx(net.train(), mapping or get_default_qat_qconfig_mapping(backend), batches[0]).eval()
    else:
        prepared = prepare_fx(net.eval(), mapping or get_default_qconfig_mapping(backend), batches[0])
    with torch.no_grad():
        for b in batches:
            prepared(b)
    return prepared


def convert(net, training, backend, batches):
    return convert_fx(prepare(net, training, backend, batches))


def networks():
    batches = [torch.from_numpy(images(2, 3, 64, seed)) for seed in (1, 2)]
    for name in ("mobilenet_v2", "shufflenet_v2_x0_5", "mobilenet_v3_small"):
        for plain in (True, False):
            for training in (False, True):
                # qnnpack's kernels do not saturate, so that the logits are the same on every machine. But
                # its ReLU6 takes channels-last codes for contiguous ones and mixes them up: fbgemm then.
                relu6 = plain and name == "mobilenet_v2"
                net = convert(fill(small(name, plain)), training, "fbgemm" if relu6 else "qnnpack", batches)
                with torch.no_grad():
                    logits = net(batches[1])
                kind = f"{name}.{'plain' if plain else 'quantizable'}.{'qat' if training else 'ptq'}"
                torch.save(net.state_dict(), OUT / f"{kind}.pth")
                np.save(OUT / f"{kind}.npy", logits.numpy())


def main():
    torch.set_num_threads(1)
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    OUT.mkdir(parents=True, exist_ok=True)
    networks()


if __name__ == "__main__":
    main()
