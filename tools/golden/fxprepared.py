"""Writes testdata/fxprepared: small networks that FX graph mode prepared and did not convert, calibrated and in training,
with the logits of what convert_fx makes of them, and numbers.json: what each numbered observer of torchvision's networks
in full size observes. With a folder as argument, it writes networks in full size there: FILE.pth, its input FILE.x.npy and
the logits FILE.npy.

Run from the repository's root with torch 2.15.0 and torchvision 0.29.2:  python tools/golden/fxprepared.py
"""

import os

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import json
import pathlib
import sys
import warnings

import fx
import numpy as np
import torch
import torchvision
from convert import compact
from hashweights import images
from torch.ao import quantization as tq
from torch.ao.quantization.quantize_fx import convert_fx
from torchvision.models import quantization as quantizable

warnings.filterwarnings("ignore")
OUT = pathlib.Path("testdata/fxprepared")
FULL = fx.FULL + ("resnet34", "resnet101", "resnet152", "resnext101_32x8d", "resnext101_64x4d", "wide_resnet101_2", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0")


def few_bins(backend):
    """The default mapping with histograms of 128 bins and not 2048, for small files."""
    mapping = tq.get_default_qconfig_mapping(backend)
    usual = mapping.global_qconfig
    activation = tq.HistogramObserver.with_args(bins=128, reduce_range=backend == "fbgemm")
    return mapping.set_global(tq.QConfig(activation=activation, weight=usual.weight))


# Each route of each network with one backend: plain mobilenet_v2 not with qnnpack, whose ReLU6 mixes up codes (see fx.py),
# shufflenet in training with qnnpack alone.
ROUTES = {
    "mobilenet_v2": {"plain.ptq": "fbgemm", "plain.qat": "fbgemm", "quantizable.ptq": "qnnpack", "quantizable.qat": "qnnpack"},
    "shufflenet_v2_x0_5": {"plain.ptq": "fbgemm", "plain.qat": "qnnpack", "quantizable.ptq": "qnnpack", "quantizable.qat": "qnnpack"},
    "mobilenet_v3_small": {"plain.ptq": "fbgemm", "plain.qat": "qnnpack", "quantizable.ptq": "qnnpack", "quantizable.qat": "fbgemm"},
}


def networks():
    batches = [torch.from_numpy(images(2, 3, 64, seed)) for seed in (1, 2)]
    for name, routes in ROUTES.items():
        for route, backend in routes.items():
            mapping = None if route.endswith("qat") else few_bins(backend)
            net = fx.prepare(fx.fill(fx.small(name, route.startswith("plain"))), route.endswith("qat"), backend, batches, mapping)
            torch.save(compact(net.state_dict()), OUT / f"{name}.{route}.{backend}.pth")
            with torch.no_grad():
                np.save(OUT / f"{name}.{route}.{backend}.npy", convert_fx(net)(batches[1]).numpy())


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


def full(folder):
    """Writes networks in full size, too large to commit."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    names = sys.argv[2:] or fx.FULL
    for name in names:
        for plain in (True, False):
            for training in (False, True):
                for backend in ("fbgemm", "qnnpack"):
                    torch.manual_seed(1)
                    net = build(name, plain)
                    if net is None or plain and name == "mobilenet_v2" and backend == "qnnpack":
                        continue
                    batch = torch.randn(2, 3, 96, 96)
                    net = fx.prepare(net, training, backend, [batch])
                    kind = f"{name}.{'plain' if plain else 'quantizable'}.{'qat' if training else 'ptq'}.{backend}"
                    torch.save(net.state_dict(), folder / f"{kind}.pth")
                    np.save(folder / f"{kind}.x.npy", batch.numpy())
                    with torch.no_grad():
                        np.save(folder / f"{kind}.npy", convert_fx(net)(batch).numpy())
                    print(kind, flush=True)


def main():
    torch.set_num_threads(1)
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    if len(sys.argv) > 1:
        full(sys.argv[1])
        return
    OUT.mkdir(parents=True, exist_ok=True)
    networks()
    numbers()


if __name__ == "__main__":
    main()
