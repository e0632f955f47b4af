"""Writes zoo/testdata/layouts.json: what torchvision's networks are, by their state dicts and their logits.

Of each the keys, element types and shapes in order, in full or as a hash; and, of those that are not too large for a
test, logits with the weights of internal/hashweights. Run from the repository's root with torch 2.15.0 and torchvision
0.29.2, for all or for some, whose entries are replaced:  python tools/golden/zoo.py [NAME …]
"""

import hashlib
import json
import sys

import hashweights
import torch
import torchvision
from torch import nn

FILE = "zoo/testdata/layouts.json"

# Each architecture, and the backend for which the layout is kept in full, float and converted. Without one it has the
# blocks of another, or torchvision has no quantizable model of it, and the float layout is kept as a hash.
ARCHS = {
    "resnet18": "fbgemm", "resnet50": "fbgemm", "mobilenet_v2": "qnnpack", "googlenet": "fbgemm", "inception_v3": "fbgemm",
    "mobilenet_v3_large": "qnnpack", "shufflenet_v2_x1_0": "fbgemm",
    "resnet34": None, "resnet101": None, "resnet152": None, "resnext50_32x4d": None, "resnext101_32x8d": None,
    "resnext101_64x4d": None, "wide_resnet50_2": None, "wide_resnet101_2": None, "mobilenet_v3_small": None,
    "shufflenet_v2_x0_5": None, "shufflenet_v2_x1_5": None, "shufflenet_v2_x2_0": None,
    "mnasnet0_5": None, "mnasnet0_75": None, "mnasnet1_0": None, "mnasnet1_3": None,
}  # fmt: skip
OPTIONS = {"googlenet": {"init_weights": False}, "inception_v3": {"init_weights": False}}

SEED, SIZE = 29, 80  # of the weights and of the image, whose side is at least 75 for Inception v3
LARGE = 30_000_000  # parameters of a network that is too large for a test
EVERY = 50  # this many logits, one is kept


def line(key, value):
    if value is None:
        return f"{key} None"
    if isinstance(value, torch.dtype):
        return f"{key} {value}"
    if isinstance(value, tuple):
        return " ".join([key] + [line("", v).strip() for v in value])
    return f"{key} {str(value.dtype).removeprefix('torch.')} {json.dumps(list(value.shape))}"


def layout(model):
    return [line(k, v) for k, v in model.state_dict().items()]


def logits(name):
    """what the network gives for one image"""
    model = torchvision.models.get_model(name, **OPTIONS.get(name, {})).eval()
    norms = {m for m, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)}
    for key, value in model.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            norm = key.rsplit(".", 1)[0] in norms
            value.copy_(torch.from_numpy(hashweights.parameter(key, norm, tuple(value.shape), SEED, {})))
    with torch.no_grad():
        y = model(torch.from_numpy(hashweights.images(1, 3, SIZE, SEED)))[0]
    return {"seed": SEED, "size": SIZE, "largest": float(y.abs().max()), "every": EVERY, "values": [float(v) for v in y[::EVERY]]}


def describe(name, backend):
    options = OPTIONS.get(name, {})
    with torch.device("meta"):
        model = torchvision.models.get_model(name, **options)
    plain = layout(model)
    if backend:
        torch.backends.quantized.engine = backend
        converted = getattr(torchvision.models.quantization, name)(weights=None, quantize=True, backend=backend, **options)
        entry = {"float": plain, "converted": layout(converted)}
    else:
        entry = {"float_sha256": hashlib.sha256("\n".join(plain).encode()).hexdigest()}
    if sum(p.numel() for p in model.parameters()) <= LARGE:
        entry["logits"] = logits(name)
    return entry


def main():
    torch.set_num_threads(1)
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    chosen = sys.argv[1:] or list(ARCHS)
    with open(FILE) as f:
        before = json.load(f)
    out = {name: describe(name, backend) if name in chosen else before[name] for name, backend in ARCHS.items()}
    with open(FILE, "w") as f:
        json.dump(out, f, indent=0)
        f.write("\n")


if __name__ == "__main__":
    main()
