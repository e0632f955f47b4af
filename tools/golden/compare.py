"""Writes internal/compare/testdata/golden.json: the figures of package compare as PyTorch's numeric suite gives them.

Layers: torch.ao.ns._numeric_suite pairs the results of a fused float model with those of the model that torch.ao
converted from it, and compute_sqnr compares them; the same function compares a module alone, fed with codes of the float
model's inputs, and one with quantized weights and a quantized result only. Weights come from hashweights.py, so the
file holds exponents, parameters and ratios. Run from the repository's root with torch 2.15.0 and torchvision 0.29.2:
ATEN_CPU_CAPABILITY=avx2 python tools/golden/compare.py
"""

import copy
import json
import os
import sys
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import torch
import torch.ao.ns._numeric_suite as ns
from torch.ao import quantization as tq
from torch.ao.ns.fx.utils import compute_sqnr

sys.path.insert(0, os.path.dirname(__file__))
import hashweights  # noqa: E402
import ptq  # noqa: E402

CASES = [
    # architecture, backend, recipe, seed
    ("resnet18", "fbgemm", "torchvision", 1),
    ("mobilenet_v2", "qnnpack", "torchvision", 4),
]


def ratio(want: torch.Tensor, got: torch.Tensor) -> float | None:
    """compute_sqnr in decibels; None where both are equal."""
    value = float(compute_sqnr(want, got.dequantize() if got.is_quantized else got))
    return round(value, 4) if np.isfinite(value) else None


def weighted(model: torch.nn.Module) -> dict[str, torch.nn.Module]:
    return {n: m for n, m in model.named_modules() if type(m).__name__ in ("ConvReLU2d", "Conv2d", "Linear", "LinearReLU")}


def observe(modules: dict[str, torch.nn.Module], model: torch.nn.Module, x: torch.Tensor) -> dict[str, tuple]:
    """Input and result of every module."""
    seen = {}
    hooks = [m.register_forward_hook(lambda _, i, y, n=n: seen.__setitem__(n, (i[0], y))) for n, m in modules.items()]
    model(x)
    for h in hooks:
        h.remove()
    return seen


def outer(modules: dict[str, torch.nn.Module]) -> dict[str, torch.nn.Module]:
    """Without the convolutions inside fused pairs."""
    return {n: m for n, m in modules.items() if not any(n.startswith(o + ".") for o in modules)}


def introduced(module: torch.nn.Module, q: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The float module with the quantized one's weight, its result rounded as the quantized one's."""
    module = copy.deepcopy(module)
    (module[0] if isinstance(module, torch.nn.Sequential) else module).weight.data = q.weight().dequantize().contiguous()
    return torch.quantize_per_tensor(module(x), q.scale, q.zero_point, torch.quint8)


def case(arch: str, backend: str, recipe: str, seed: int) -> dict:
    torch.backends.quantized.engine = backend
    model, exponents = ptq.build(arch, seed)
    model.fuse_model(is_qat=False)
    model.qconfig = ptq.qconfig(recipe, backend)
    prepared = tq.prepare(copy.deepcopy(model))
    for i in range(ptq.BATCHES):
        prepared(ptq.batch(seed, i))
    converted = tq.convert(prepared)
    x = ptq.batch(seed, 0)

    state = converted.state_dict()
    activations = {k.removesuffix(".scale"): [float(v), int(state[k.removesuffix("scale") + "zero_point"])] for k, v in state.items() if k.endswith(".scale")}
    weights = {k.removesuffix(".weight").split("._packed_params")[0]: ratio(v["float"], v["quantized"]) for k, v in ns.compare_weights(model.state_dict(), state).items()}
    paired = ns.compare_model_outputs(copy.deepcopy(model), copy.deepcopy(converted), x)
    floats, ints = outer(weighted(model)), outer(weighted(converted))
    want, got = observe(floats, model, x), observe(ints, converted, x)
    layers = {}
    for name, q in ints.items():
        value, y = want[name]
        codes = got[name][0]
        alone = q(torch.quantize_per_tensor(value, codes.q_scale(), codes.q_zero_point(), torch.quint8))
        # A fused pair is logged for the convolution and for the pair: the latter comes last.
        accumulated = ratio(paired[name + ".stats"]["float"][-1], paired[name + ".stats"]["quantized"][-1])
        layers[name] = [accumulated, ratio(y, alone), ratio(y, introduced(floats[name], q, value))]
    reference, logits = model(x), converted(x)
    print(arch, backend, len(layers), "layers,", len(weights), "weights, logits at", ratio(reference, logits))
    return {
        "arch": arch, "backend": backend, "seed": seed, "size": ptq.SIZE, "batch": ptq.BATCH, "exponents": exponents,
        "activations": activations, "layers": layers, "weights": weights, "logits": ratio(reference, logits),
    }  # fmt: skip


def vectors() -> list[dict]:
    """Ratios, ranges and histograms of hashed numbers."""
    out = []
    for seed, n, noise in ((1, 1000, 0.01), (2, 7, 0.5), (3, 4097, 1e-4)):
        x = torch.from_numpy(hashweights.uniform("x", n, seed))
        y = x + np.float32(noise) * torch.from_numpy(hashweights.uniform("noise", n, seed))
        # Bins of an eighth, as wide as a power of two.
        counts = torch.histc(x.double(), bins=16, min=-1, max=1)
        out.append({"seed": seed, "n": n, "noise": noise, "sqnr": float(compute_sqnr(x, y)), "histogram": [int(c) for c in counts]})
    return out


def answers() -> dict:
    """How often hashed logits have the right class first, or among the first five."""
    n, classes, seed = 200, 17, 5
    want = torch.from_numpy(hashweights.uniform("want", n * classes, seed)).reshape(n, classes)
    got = want + 0.2 * torch.from_numpy(hashweights.uniform("got", n * classes, seed)).reshape(n, classes)
    labels = ((want + torch.from_numpy(hashweights.uniform("label", n * classes, seed)).reshape(n, classes)).argmax(1)).tolist()
    right = torch.tensor(labels)[:, None]
    confusion = np.zeros((classes, classes), int)
    np.add.at(confusion, (labels, got.argmax(1).numpy()), 1)
    return {
        "n": n, "classes": classes, "seed": seed, "labels": labels, "sqnr": float(compute_sqnr(want, got)),
        "agree": int((want.argmax(1) == got.argmax(1)).sum()), "top1": int((got.topk(1).indices == right).sum()),
        "top5": int((got.topk(5).indices == right).sum()), "confusion": confusion.tolist(),
    }  # fmt: skip


def main():
    assert torch.__version__.startswith("2.15."), torch.__version__
    torch.set_num_threads(1)
    with torch.no_grad():
        golden = {"models": [case(*c) for c in CASES], "vectors": vectors(), "answers": answers()}
    with open("internal/compare/testdata/golden.json", "w") as f:
        json.dump(golden, f)
        f.write("\n")


if __name__ == "__main__":
    main()
