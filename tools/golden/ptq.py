"""Writes ptq/testdata/golden.json: post-training quantization of whole models as torch.ao does it.

The float weights come from hashweights.py, so the file holds only the exponents that keep activations sane, the
parameters that calibration found, and hashes of integers. Run from the repository's root with torch 2.15.0 and
torchvision 0.29.2:  ATEN_CPU_CAPABILITY=avx2 python tools/golden/ptq.py
"""

import hashlib
import json
import math
import os
import sys

import numpy as np
import torch
import torchvision
from torch import nn
from torch.ao import quantization as tq

sys.path.insert(0, os.path.dirname(__file__))
import hashweights  # noqa: E402

CASES = [
    # architecture, backend, recipe, seed
    ("resnet18", "fbgemm", "torchvision", 1),
    ("resnet18", "fbgemm", "default", 2),
    ("resnet18", "qnnpack", "default", 3),
    ("mobilenet_v2", "qnnpack", "torchvision", 4),
]
SIZE, BATCH, BATCHES = 64, 2, 2


def build(arch: str, seed: int) -> tuple[nn.Module, dict]:
    """The float model with hashed weights, and the exponents that were chosen for it."""
    model = getattr(torchvision.models.quantization, arch)(weights=None, quantize=False).eval()
    exponents = {}

    def fill(name, module):
        norm = isinstance(module, nn.BatchNorm2d)
        for kind, p in module.state_dict(keep_vars=True).items():
            if kind != "num_batches_tracked":
                value = hashweights.parameter(f"{name}.{kind}", norm, tuple(p.shape), seed, exponents)
                p.data.copy_(torch.from_numpy(value))

    def settle(name):
        def hook(module, inputs):
            exponents[name] = round(math.log2(float(inputs[0].var(dim=(0, 2, 3)).mean())))
            fill(name, module)

        return hook

    hooks = []
    for name, module in model.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            fill(name, module)
        elif isinstance(module, nn.BatchNorm2d):
            hooks.append(module.register_forward_pre_hook(settle(name)))
    logits = model(batch(seed, 0))
    for hook in hooks:
        hook.remove()
    name, linear = next((n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear))
    exponents[name] = round(math.log2(4 * float(logits.std())))
    fill(name, linear)
    return model, exponents


def batch(seed: int, index: int) -> torch.Tensor:
    return torch.from_numpy(hashweights.images(BATCH, 3, SIZE, seed * 100 + index))


def qconfig(recipe: str, backend: str) -> tq.QConfig:
    if recipe == "default":
        return tq.get_default_qconfig(backend)
    weight = tq.default_per_channel_weight_observer if backend == "fbgemm" else tq.default_weight_observer
    return tq.QConfig(activation=tq.default_observer, weight=weight)


def digest(*arrays) -> str:
    h = hashlib.sha256()
    for a in arrays:
        h.update(np.ascontiguousarray(a).tobytes())
    return h.hexdigest()[:16]


def weights(model: nn.Module) -> dict[str, str]:
    """Per layer: hash of integers (row-major), scales (float64) and bias (float32)."""
    out = {}
    for name, module in model.named_modules():
        if not hasattr(module, "weight") or not callable(module.weight):
            continue
        w, b = module.weight(), module.bias()
        scales = w.q_per_channel_scales() if w.qscheme() != torch.per_tensor_affine else torch.tensor([w.q_scale()])
        out[name] = digest(w.int_repr().numpy(), scales.double().numpy(), b.detach().numpy())
    return out


def layers(model: nn.Module, x: torch.Tensor) -> tuple[dict, torch.Tensor]:
    """Per module that gives codes: their hash (row-major), and the logits."""
    out = {}

    def hook(name):
        def note(module, inputs, y):
            if y.is_quantized:
                out[name.removesuffix(".activation_post_process")] = digest(y.int_repr().contiguous().numpy())

        return note

    for name, module in model.named_modules():
        identity = isinstance(module, (nn.Identity, nn.Dropout)) and not name.endswith(".activation_post_process")
        if not list(module.children()) and not identity:  # fusion leaves identities behind, and dropout is one
            module.register_forward_hook(hook(name))
    return out, model(x)


def case(arch: str, backend: str, recipe: str, seed: int) -> dict:
    torch.backends.quantized.engine = backend
    model, exponents = build(arch, seed)
    x = batch(seed, 0)
    reference = model(x)
    model.fuse_model(is_qat=False)
    model.qconfig = qconfig(recipe, backend)
    tq.prepare(model, inplace=True)
    for i in range(BATCHES):
        model(batch(seed, i))
    tq.convert(model, inplace=True)
    state = model.state_dict()
    activations = {}
    for key, value in state.items():
        if key.endswith(".scale"):
            name = key.removesuffix(".scale")
            activations[name] = [float(value), int(state[name + ".zero_point"])]
    hashes, logits = layers(model, x)
    codes = torch.round(logits / activations[[n for n in activations if n in ("fc", "classifier.1")][0]][0]).unique().numel()
    print(arch, backend, recipe, "distinct codes of the logits:", codes, "top-1 as float:", (logits.argmax(1) == reference.argmax(1)).tolist())
    assert codes >= 100, codes
    return {
        "arch": arch, "backend": backend, "recipe": recipe, "seed": seed, "size": SIZE, "batch": BATCH, "batches": BATCHES,
        "exponents": exponents, "activations": activations, "weights": weights(model), "layers": hashes,
        "float_logits": [round(float(v), 5) for v in reference[0, :8]], "logits": digest(logits.numpy()),
    }  # fmt: skip


def main():
    torch.set_num_threads(1)
    with torch.no_grad():
        cases = [case(*c) for c in CASES]
    with open("ptq/testdata/golden.json", "w") as f:
        json.dump(cases, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
