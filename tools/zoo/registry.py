"""Compares zoo.json with the registry of the installed torchvision.

    python tools/zoo/registry.py            # prints the differences; exit status 1 if there are some

zoo.json was made from torchvision 0.29.2; what torchvision does not say (the
container, the SHA-256 prefix of names in _hash) is checked against the names only.
"""
import json
import pathlib
import re
import sys

import torchvision
from torchvision import models


def entry(weights, builder):
    meta, how = weights.meta, weights.transforms()
    name = weights.url.rsplit("/", 1)[1]
    return {
        "enum": type(weights).__name__,
        "member": weights.name,
        "default_member": type(weights).DEFAULT.name,
        "url": weights.url,
        "file_name": name,
        "sha256_prefix_in_name": re.search(r"[-_]([0-9a-f]{8,})\.pth$", name)[1],
        "num_params": meta["num_params"],
        "min_size": list(meta["min_size"]),
        "backend": meta.get("backend"),
        "recipe": meta["recipe"],
        "unquantized": str(meta["unquantized"]) if "unquantized" in meta else None,
        "acc_at_1": meta["_metrics"]["ImageNet-1K"]["acc@1"],
        "acc_at_5": meta["_metrics"]["ImageNet-1K"]["acc@5"],
        "ops_gflops": meta["_ops"],
        "file_size_mb": meta["_file_size"],
        "builder": f"{builder.__module__.rsplit('.', 1)[0]}.{builder.__name__}",
        "num_categories": len(meta["categories"]),
        "transforms": {
            "preset": type(how).__name__,
            "crop_size": how.crop_size,
            "resize_size": how.resize_size,
            "mean": how.mean,
            "std": how.std,
            "interpolation": how.interpolation.value,
            "antialias": how.antialias,
        },
    }


def main():
    here = pathlib.Path(__file__).parent
    stored = json.loads((here / "zoo.json").read_text())
    labels = (here / "../../zoo/imagenet_labels.txt").read_text().split("\n")[:-1]
    problems, float_enums = [], set()

    def compare(kind, module, wanted):
        found = {}
        for name in models.list_models(module=module):
            for weights in models.get_model_weights(name):
                if not wanted(type(weights)):
                    continue
                found[str(weights)] = entry(weights, models.get_model_builder(name))
                if weights.meta["categories"] != labels:
                    problems.append(f"{weights}: other categories")
                if "unquantized" in weights.meta:
                    float_enums.add(type(weights.meta["unquantized"]))
        known = {e["full_name"]: e for e in stored[kind]}
        for name in sorted(found.keys() ^ known.keys()):
            problems.append(f"{name}: only in {'torchvision' if name in found else 'zoo.json'}")
        for name in sorted(found.keys() & known.keys()):
            for key, value in found[name].items():
                if known[name][key] != value:
                    problems.append(f"{name}: {key} is {known[name][key]!r}, torchvision has {value!r}")
        return len(found)

    quantized = compare("quantized", models.quantization, lambda enum: True)
    floats = compare("float", models, lambda enum: enum in float_enums)
    print(*problems, sep="\n", end="\n" if problems else "")
    print(f"torchvision {torchvision.__version__}: {quantized} quantized and {floats} float weights, {len(problems)} differences")
    return 1 if problems or quantized == 0 or floats == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
