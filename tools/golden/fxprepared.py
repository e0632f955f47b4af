"""Writes testdata/fxprepared: small networks that FX graph mode prepared and did not convert, calibrated and in training,
with the logits of what convert_fx makes of them and digests of its state dict (converted.json), and numbers.json: what each numbered observer of torchvision's networks
in full size observes. Where sums saturate in PyTorch, the logits are those of exact sums, and it is shown that nothing else
differs (see tools/parity/fxsums.py).

Run from the repository's root with torch 2.15.0 and torchvision 0.29.2:  python tools/golden/fxprepared.py
"""

import os

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
os.environ["FBGEMM_ENABLE_INSTRUCTIONS"] = "AVX2"
import hashlib
import json
import pathlib
import sys
import warnings

import numpy as np
import torch
import torchvision

import fx
from convert import compact
from hashweights import images
from torch.ao import quantization as tq
from torch.ao.quantization.quantize_fx import convert_fx
from torchvision.models import quantization as quantizable

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
import fxsums

warnings.filterwarnings("ignore")
OUT = pathlib.Path("testdata/fxprepared")
FULL = fx.FULL + ("resnet34", "resnet101", "resnet152", "resnext101_32x8d", "resnext101_64x4d", "wide_resnet101_2", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0")


def few_bins(backend):
    """The default mapping with histograms of 128 bins and not 2048, for small files."""
    mapping = tq.get_default_qconfig_mapping(backend)
    usual = mapping.global_qconfig
    activation = tq.HistogramObserver.with_args(bins=128, reduce_range=backend == "fbgemm")
    return mapping.set_global(tq.QConfig(activation=activation, weight=usual.weight))


# Each route of each network, mostly with one backend: plain mobilenet_v2 not with qnnpack, whose ReLU6 mixes up codes (see
# fx.py), shufflenet in training with both.
ROUTES = {
    "mobilenet_v2": {"plain.ptq": "fbgemm", "plain.qat": "fbgemm", "quantizable.ptq": "qnnpack", "quantizable.qat": "qnnpack"},
    "shufflenet_v2_x0_5": {"plain.ptq": "fbgemm", "plain.qat": "qnnpack fbgemm", "quantizable.ptq": "qnnpack", "quantizable.qat": "qnnpack fbgemm"},
    "mobilenet_v3_small": {"plain.ptq": "fbgemm", "plain.qat": "qnnpack", "quantizable.ptq": "qnnpack", "quantizable.qat": "fbgemm"},
}


def digest(value):
    """Type, shape and a hash of all numbers of an entry of a state dict."""
    if value is None or isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    if isinstance(value, tuple):
        return " ".join(digest(v) for v in value)
    h = hashlib.sha256()
    if value.is_quantized:
        per_channel = value.qscheme() == torch.per_channel_affine
        scales = value.q_per_channel_scales() if per_channel else torch.tensor([value.q_scale()])
        zeros = value.q_per_channel_zero_points() if per_channel else torch.tensor([value.q_zero_point()])
        for part in (value.int_repr(), scales.to(torch.float64), zeros.to(torch.int64)):
            h.update(part.contiguous().numpy().tobytes())
    else:
        h.update(value.detach().contiguous().numpy().tobytes())
    return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)} {h.hexdigest()[:10]}".replace(", ", " ")


def networks():
    digests = {}
    batches = [torch.from_numpy(images(2, 3, 64, seed)) for seed in (1, 2)]
    for name, routes in ROUTES.items():
        for route, backend in ((r, b) for r, both in routes.items() for b in both.split()):
            mapping = None if route.endswith("qat") else few_bins(backend)
            net = fx.prepare(fx.fill(fx.small(name, route.startswith("plain"))), route.endswith("qat"), backend, batches, mapping)
            torch.save(compact(net.state_dict()), OUT / f"{name}.{route}.{backend}.pth")
            converted = convert_fx(net)
            if name.startswith("shufflenet") or (name, route[:5]) == ("mobilenet_v2", "plain"):  # what octet writes with these keys
                digests[f"{name}.{route}.{backend}"] = {k: digest(v) for k, v in converted.state_dict().items()}
            np.save(OUT / f"{name}.{route}.{backend}.npy", logits(converted, batches[1], backend))
    with open(OUT / "converted.json", "w") as f:
        json.dump(digests, f, indent=0)
        f.write("\n")


def logits(net, images, backend):
    """PyTorch's logits, or those of exact sums where its own saturate."""
    if backend == "qnnpack":
        with torch.no_grad():
            return net(images).numpy()
    sums = fxsums.logits(net, images)
    for layer, codes in sums.saturated.items():
        print(f"{layer}: {codes} codes are others in PyTorch, where a pair of products saturates")
    return sums.exact.numpy()


def build(name, plain):
    module = torchvision.models if plain else quantizable
    more = dict(aux_logits=False, init_weights=False, transform_input=False) if name in ("googlenet", "inception_v3") else {}
    return module.__dict__[name](weights=None, **more) if hasattr(module, name) else None


def numbers():
    """By network and route: for each observer, the module or function that it observes."""
    out = {}
    for name in FULL:
        for plain in (True, False):
            for training in (False, True):
                net = build(name, plain)
                if net is None:
                    continue
                prepared = fx.prepare(net, training, "fbgemm", [torch.zeros(1, 3, 96, 96)])
                observes = {}
                for n in prepared.graph.nodes:
                    if str(n.target).startswith("activation_post_process_"):
                        observes[int(n.target.rsplit("_", 1)[1])] = n.args[0]
                sources = [observes[i] for i in range(len(observes))]
                kind = f"{name}.{'plain' if plain else 'quantizable'}.{'qat' if training else 'ptq'}"
                out[kind] = [n.target if n.op == "call_module" else n.op for n in sources]
                # what is alike is written once
                first = next((k for k, v in out.items() if v == out[kind] and k != kind), None)
                if first:
                    out[kind] = first
                print(kind, len(sources), first or "", flush=True)
    with open(OUT / "numbers.json", "w") as f:
        json.dump(out, f, indent=0)
        f.write("\n")


def main():
    torch.set_num_threads(1)
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    OUT.mkdir(parents=True, exist_ok=True)
    networks()
    numbers()


if __name__ == "__main__":
    main()
