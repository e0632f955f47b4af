"""PyTorch's own figures for the demo's files: float, and int8 by torch.ao for both engines and both recipes.

usage: python evaluate.py --model fashion_resnet8.pth --data DIR [--batch 32]
DIR holds t10k-*.gz and calibration-*.gz.
"""

import argparse
import copy
import os
import tempfile
import warnings
from pathlib import Path

# The AVX2 formulas and kernels, on every CPU.
os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
os.environ["FBGEMM_ENABLE_INSTRUCTIONS"] = "AVX2"
warnings.filterwarnings("ignore")  # each quantized tensor prints a deprecation notice

import torch  # noqa: E402
from torch.ao import quantization as tq  # noqa: E402

from model import FashionResNet8, QuantizableFashionResNet8, channels, macs, normalize  # noqa: E402
from train import accuracy, load  # noqa: E402


def minmax(engine: str) -> tq.QConfig:
    """Min/max activations in 0..127, as torchvision quantizes."""
    weight = tq.default_per_channel_weight_observer if engine == "fbgemm" else tq.default_weight_observer
    return tq.QConfig(activation=tq.default_observer, weight=weight)


@torch.no_grad()
def quantize(state: dict, engine: str, qconfig: tq.QConfig, images: torch.Tensor, batch: int):
    torch.backends.quantized.engine = engine
    model = QuantizableFashionResNet8(**channels(state))
    model.load_state_dict(copy.deepcopy(state))
    model.eval()
    model.fuse_model()
    model.qconfig = qconfig
    tq.prepare(model, inplace=True)
    for part in images.split(batch):
        model(normalize(part))
    return tq.convert(model, inplace=True)


def file_size(model) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pth"
        torch.save(model.state_dict(), path)
        return path.stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--batch", type=int, default=32, help="calibration batch size")
    args = parser.parse_args()
    torch.set_num_threads(1)
    state = torch.load(args.model, weights_only=True)
    plain = FashionResNet8(**channels(state))
    plain.load_state_dict(state)
    images, labels = load(args.data, "t10k")
    calibration, _ = load(args.data, "calibration")
    print(f"MACs {macs(plain)}, parameters {sum(p.numel() for p in plain.parameters())}")
    print(f"float: {accuracy(plain, images, labels):.2%}, {args.model.stat().st_size} bytes")
    for engine in ("fbgemm", "qnnpack"):
        for name, qconfig in (("default", tq.get_default_qconfig(engine)), ("min/max 0..127", minmax(engine))):
            model = quantize(state, engine, qconfig, calibration, args.batch)
            print(f"{engine} {name}: {accuracy(model, images, labels):.2%}, {file_size(model)} bytes", flush=True)


if __name__ == "__main__":
    main()
