"""Makes torchvision's networks in full size, quantized in FX graph mode, in a folder for main.go: prepared and converted,
calibrated and trained, plain and quantizable, for both backends.

    python tools/checkpoints/fullsize.py FOLDER [NAME ...]

Beside each checkpoint lie what octet has to be told (flags.txt), the logits (of exact sums where PyTorch's saturate, see
tools/parity/fxsums.py), and beside prepared ones the state dict that convert_fx makes of them, for integers.py.
"""

import os

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
os.environ["FBGEMM_ENABLE_INSTRUCTIONS"] = "AVX2"
import pathlib
import sys
import warnings

import numpy as np
import torch
import torchvision
from torch.ao.quantization.quantize_fx import convert_fx
from torchvision.models import quantization as quantizable

TOOLS = pathlib.Path(__file__).resolve().parent.parent
sys.path += [str(TOOLS / "golden"), str(TOOLS / "parity")]
import fx
import fxsums

warnings.filterwarnings("ignore")
NAMES = "mobilenet_v2", "googlenet", "inception_v3", "resnet50"


def build(name, plain):
    module = torchvision.models if plain else quantizable
    more = dict(aux_logits=False, init_weights=False, transform_input=False) if name in ("googlenet", "inception_v3") else {}
    torch.manual_seed(1)
    return module.__dict__[name](weights=None, **more) if hasattr(module, name) else None


def logits(net, batch, backend):
    """What the file must give, and PyTorch's own logits where they differ."""
    if backend == "qnnpack":
        with torch.no_grad():
            return net(batch).numpy(), None
    sums = fxsums.logits(net, batch)
    return sums.exact.numpy(), sums.own.numpy() if sums.saturated else None


def save(folder, state, flags, want, own):
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(state, folder / "model.pth")
    (folder / "flags.txt").write_text(flags)
    np.save(folder / "logits.npy", want)
    if own is not None:
        np.save(folder / "pytorch.npy", own)


def make(root, name, plain, training, backend, batch):
    prepared = fx.prepare(build(name, plain), training, backend, [batch])
    state = prepared.state_dict()
    converted = convert_fx(prepared)
    want, own = logits(converted, batch, backend)
    kind = f"{name}.{'plain' if plain else 'quantizable'}.{'qat' if training else 'ptq'}.{backend}"
    flags = f"--arch {name} --backend {backend}"
    save(root / f"{kind}.prepared", state, flags, want, own)
    save(root / f"{kind}.converted", converted.state_dict(), flags, want, own)
    print(kind, flush=True)


def main():
    torch.set_num_threads(1)
    root = pathlib.Path(sys.argv[1])
    root.mkdir(parents=True, exist_ok=True)
    batch = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(3))
    np.save(root / "input.npy", batch.numpy())
    for name in sys.argv[2:] or NAMES:
        for plain in (True, False):
            for training in (False, True):
                for backend in ("fbgemm", "qnnpack"):
                    # qnnpack's ReLU6 mixes up codes, see tools/golden/fx.py.
                    if hasattr(torchvision.models if plain else quantizable, name) and not (plain and name == "mobilenet_v2" and backend == "qnnpack"):
                        make(root, name, plain, training, backend, batch)


if __name__ == "__main__":
    main()
