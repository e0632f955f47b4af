"""Steps of PyTorch's quantization-aware training, to be repeated by octet.

    python tools/training/steps.py --out internal/qat/testdata/steps                    # the committed cases: a small network
    python tools/training/steps.py --out DIR --arch mobilenet_v2 --size 96 --batch 8 --seed 5

then: go test ./internal/qat -run TestPyTorchSteps -v -steps DIR

A network is prepared with the default training qconfig of a backend, dropout is
switched off, and it is trained on random images. The qconfig "learnable" is
qnnpack's with learnable scales and zero points, which are learned from the second
step on. In front of steps 0, 10 and 50
its state dict and the batch are saved; then the step is taken from there with
oneDNN's convolutions, without them, and with images channels last. Saved are
loss, gradients and the scales of all fake quantizations behind the first, and
how far the others are from it: PyTorch's distance from itself. It is large
wherever a number lies so near the edge of two codes that the order of a sum
decides: from there on the two are different networks.

Needs torch 2.15.0, torchvision 0.29.2 and numpy.
"""
import argparse
import copy
import json
import pathlib
import sys
import warnings

import numpy as np
import torch
import torchvision
from torch import nn
from torch.ao import quantization as tq
from torch.ao.quantization._learnable_fake_quantize import _LearnableFakeQuantize

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "demo"))
import model as demo

warnings.filterwarnings("ignore")
torch.set_num_threads(1)


def learnable():
    """qnnpack's qconfig with learnable scales and zero points"""
    def fake(**kwargs):
        return _LearnableFakeQuantize.with_args(observer=tq.MovingAverageMinMaxObserver, use_grad_scaling=True, **kwargs)

    return tq.QConfig(
        activation=fake(quant_min=0, quant_max=255, dtype=torch.quint8, qscheme=torch.per_tensor_affine),
        weight=fake(quant_min=-128, quant_max=127, dtype=torch.qint8, qscheme=torch.per_tensor_symmetric),
    )


def network(arch, backend):
    """The prepared model, with dropout 0, and its number of channels."""
    torch.backends.quantized.engine = "qnnpack" if backend == "learnable" else backend
    if arch == "small":
        demo.STEM, demo.WIDTHS = 6, (6, 8, 12)
        net, channels = demo.QuantizableFashionResNet8(), 1
        net.train().fuse_model(is_qat=True)
    else:
        build = torchvision.models.quantization
        if arch == "mobilenet_v3_large":
            net = build.mobilenet_v3_large(weights=None, quantize=False)
        else:
            net = getattr(build, arch)(weights=None, quantize=False)
        net.train()
        net.fuse_model(is_qat=True)
        channels = 3
    for m in net.modules():
        if isinstance(m, nn.Dropout):
            m.p = 0.0
    net.qconfig = learnable() if backend == "learnable" else tq.get_default_qat_qconfig(backend)
    return tq.prepare_qat(net.train(), inplace=True), channels


class mkldnn:
    def __init__(self, on):
        self.on = on

    def __enter__(self):
        self.before = torch.backends.mkldnn.enabled
        torch.backends.mkldnn.enabled = self.on

    def __exit__(self, *_):
        torch.backends.mkldnn.enabled = self.before


def step(net, x, y, on, last=False):
    """loss, gradients and scales of a step of a copy"""
    net = copy.deepcopy(net)
    if last:
        net, x = net.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    with mkldnn(on):
        loss = nn.functional.cross_entropy(net(x), y)
        net.zero_grad()
        loss.backward()
    grads = {k: p.grad.numpy() for k, p in net.named_parameters() if p.grad is not None}
    scales = {k: v.numpy() for k, v in net.state_dict().items() if k.endswith((".scale", ".zero_point"))}
    return float(loss), grads, scales


def far(a, others):
    """how far others are from a: the largest difference as a share of the largest number, and that of their lengths"""
    if not a.size:
        return {"distance": 0.0, "length": 0.0}
    a = a.astype(np.float64)
    return {
        "distance": max(float(np.abs(a - b).max() / max(np.abs(a).max(), 1e-30)) for b in others),
        "length": max(float(np.linalg.norm(a - b) / max(np.linalg.norm(a), 1e-30)) for b in others),
    }


class Folder:
    def __init__(self, path):
        self.path, self.cases = pathlib.Path(path), []
        self.path.mkdir(parents=True, exist_ok=True)

    def save(self, name, net, x, y, arch, backend):
        torch.save(net.state_dict(), self.path / f"{name}.pth")
        loss, grads, scales = step(net, x, y, True)
        others = [step(net, x, y, False), step(net, x, y, True, True), step(net, x, y, False, True)]
        data, index = bytearray(), {}

        def add(t):
            at = len(data)
            data.extend(np.ascontiguousarray(t.astype(np.float32)).tobytes())
            return {"offset": at, "shape": list(t.shape)}

        case = {"name": name, "arch": arch, "backend": backend, "x": add(x.numpy()), "labels": y.tolist()}
        case |= {"loss": loss, "loss_distance": max(abs(loss - o[0]) for o in others)}
        case["grads"] = {k: add(v) | far(v, [o[1][k] for o in others]) for k, v in grads.items()}
        case["scales"] = {k: add(v) | far(v, [o[2][k] for o in others]) for k, v in scales.items()}
        (self.path / f"{name}.bin").write_bytes(data)
        self.cases.append(case)
        worst = max(v["distance"] for v in case["grads"].values())
        print(f"{name}: loss {loss:.6f}, PyTorch's distance from itself: loss {case['loss_distance']:.1e}, gradients up to {worst:.1e}")

    def close(self):
        (self.path / "steps.json").write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in self.cases) + "\n]\n")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", required=True)
    p.add_argument("--arch", default="small")
    p.add_argument("--size", type=int, default=20)
    p.add_argument("--batch", type=int, default=6)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--steps", default="0,10,50")
    p.add_argument("--backends", default="fbgemm,qnnpack,learnable", help="qconfigs")
    a = p.parse_args()
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    folder = Folder(a.out)
    at = [int(s) for s in a.steps.split(",")]
    for backend in a.backends.split(","):
        torch.manual_seed(a.seed)
        net, channels = network(a.arch, backend)
        scales = [p for k, p in net.named_parameters() if k.endswith((".scale", ".zero_point"))]
        others = [p for k, p in net.named_parameters() if not k.endswith((".scale", ".zero_point"))]
        groups = [{"params": others}, {"params": scales, "lr": 0.0002}] if scales else others
        optimizer = torch.optim.SGD(groups, 0.02, momentum=0.9)
        classes = 10 if a.arch == "small" else 1000
        for i in range(max(at) + 1):
            # Classes that can be told apart: the mean colour of the image.
            y = torch.randint(0, classes, (a.batch,))
            x = torch.randn(a.batch, channels, a.size, a.size) * 0.7 + (y.float() / classes - 0.5).reshape(-1, 1, 1, 1)
            for m in net.modules():
                if isinstance(m, _LearnableFakeQuantize) and i < 2:
                    m.enable_param_learning() if i else m.enable_static_estimate()
            if i in at:
                folder.save(f"{a.arch}_{backend}_{i}", net, x, y, "fashion_resnet8" if a.arch == "small" else a.arch, backend)
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()
    folder.close()


if __name__ == "__main__":
    main()
