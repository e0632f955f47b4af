"""Writes zoo/testdata/layouts.json: keys, element types and shapes of torchvision's state dicts, in order.

Some architectures in full, float and converted; of the rest of the family a hash of the float list.
Run from the repository's root with torch 2.15.0 and torchvision 0.29.2:  python tools/golden/zoo.py
"""

import hashlib
import json

import torch
import torchvision

FULL = {
    "resnet18": "fbgemm", "resnet50": "fbgemm", "mobilenet_v2": "qnnpack", "googlenet": "fbgemm", "inception_v3": "fbgemm",
    "mobilenet_v3_large": "qnnpack", "shufflenet_v2_x1_0": "fbgemm",
}  # fmt: skip

OPTIONS = {"googlenet": {"init_weights": False}, "inception_v3": {"init_weights": False}}
HASHED = ["resnet34", "resnet101", "resnet152", "resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2", "mobilenet_v3_small", "shufflenet_v2_x0_5", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0"]


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


def main():
    torch.set_num_threads(1)
    out = {}
    for name, backend in FULL.items():
        with torch.device("meta"):
            plain = layout(torchvision.models.get_model(name, **OPTIONS.get(name, {})))
        torch.backends.quantized.engine = backend
        converted = getattr(torchvision.models.quantization, name)(weights=None, quantize=True, backend=backend, **OPTIONS.get(name, {}))
        out[name] = {"float": plain, "converted": layout(converted)}
    for name in HASHED:
        with torch.device("meta"):
            lines = layout(torchvision.models.get_model(name))
        out[name] = {"float_sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest()}
    with open("zoo/testdata/layouts.json", "w") as f:
        json.dump(out, f, indent=0)
        f.write("\n")


if __name__ == "__main__":
    main()
