"""The models of a comparison: one float network, and int8 forms of it for every engine, built once into a folder."""

import argparse
import copy
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import nn
from torch.ao import quantization as tq

SIZES = {"inception_v3": 299}
TORCH_BACKENDS = ("fbgemm", "x86", "onednn")


def images(count: int, size: int, rng: torch.Generator) -> torch.Tensor:
    """Normalised float32 [count, 3, size, size] with structure at several scales."""
    x = torch.zeros(count, 3, size, size)
    for cells, weight in ((3, 1.0), (8, 0.6), (24, 0.3)):
        coarse = torch.randn(count, 3, cells, cells, generator=rng)
        x += weight * nn.functional.interpolate(coarse, size=(size, size), mode="bilinear", align_corners=False)
    return x + 0.15 * torch.randn(x.shape, generator=rng)


def float_model(name: str, size: int, rng: torch.Generator) -> nn.Module:
    """torchvision's quantizable network with seeded random weights and batch norms settled on images."""
    torch.manual_seed(int(torch.randint(2**31, (1,), generator=rng)))
    extra = {"aux_logits": True} if name in ("googlenet", "inception_v3") else {}
    model = getattr(torchvision.models.quantization, name)(weights=None, quantize=False, **extra)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
            module.reset_running_stats()
    model.train()
    for _ in range(2):
        model(images(4, size, rng))
    return model.eval()


def fused(model: nn.Module) -> nn.Module:
    model = copy.deepcopy(model)
    model.fuse_model(is_qat=False)
    return model


def torch_int8(model: nn.Module, backend: str, calibration: torch.Tensor, reduced: bool) -> nn.Module:
    """torch.ao's eager-mode model, with activations calibrated to 0..127 (reduced) or 0..255."""
    torch.backends.quantized.engine = backend
    model = fused(model)
    model.qconfig = tq.QConfig(
        activation=tq.MinMaxObserver.with_args(dtype=torch.quint8, reduce_range=reduced),
        weight=tq.default_per_channel_weight_observer,
    )
    tq.prepare(model, inplace=True)
    model(calibration)
    return tq.convert(model, inplace=True)


def save_script(model: nn.Module, example: torch.Tensor, path: Path) -> None:
    """The frozen TorchScript of a model: it starts and runs faster than eager mode."""
    example = example.contiguous(memory_format=torch.channels_last)
    torch.jit.save(torch.jit.freeze(torch.jit.trace(model, example, check_trace=False)), path)


def save_onnx(model: nn.Module, example: torch.Tensor, path: Path) -> None:
    torch.onnx.export(model, (example,), path, dynamo=False, input_names=["x"], output_names=["y"],
                      dynamic_axes={"x": {0: "n"}, "y": {0: "n"}}, opset_version=17)


def save_onnx_int8(source: Path, calibration: np.ndarray, path: Path, reduce_range: bool) -> None:
    """ONNX Runtime's static quantization in QDQ form; reduce_range gives weights of 7 bits."""
    from onnxruntime import quantization as oq

    class Reader(oq.CalibrationDataReader):
        def __init__(self):
            self.batches = iter([{"x": calibration}])

        def get_next(self):
            return next(self.batches, None)

    oq.quantize_static(source, path, Reader(), quant_format=oq.QuantFormat.QDQ, per_channel=True, reduce_range=reduce_range,
                       activation_type=oq.QuantType.QUInt8, weight_type=oq.QuantType.QInt8)


class Builder:
    """Writes the files of one network into a folder, each once; what fails is reported and left out."""

    def __init__(self, folder: Path, name: str, seed: int):
        self.folder, self.name = folder / f"{name}-seed{seed}", name
        self.size = SIZES.get(name, 224)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rng = torch.Generator().manual_seed(seed)

    def step(self, file: str, write) -> None:
        path = self.folder / file
        if path.exists():
            return
        partial = path.with_name("partial-" + path.name)
        try:
            write(partial)
            partial.rename(path)
            print(f"{self.name}: wrote {file}", file=sys.stderr)
        except Exception as e:  # one engine's failure must not keep the others from being measured
            partial.unlink(missing_ok=True)
            print(f"{self.name}: cannot make {file}: {type(e).__name__}: {e}", file=sys.stderr)

    def complete(self, batches: list[int]) -> bool:
        files = [f"input{n}.npy" for n in batches] + ["float.pth", "float.ts", "float.onnx", "int8.onnx", "int8-reduced.onnx", "full.pth"]
        files += [f"{b}.{kind}" for b in TORCH_BACKENDS for kind in ("pth", "ts")]
        return all((self.folder / f).exists() for f in files)

    def build(self, batches: list[int]) -> None:
        if self.complete(batches):
            return
        model = float_model(self.name, self.size, self.rng)
        calibration = images(8, self.size, self.rng)
        example = calibration[:1]
        for n in sorted(set(batches)):
            x = images(n, self.size, torch.Generator().manual_seed(n))
            self.step(f"input{n}.npy", lambda p: np.save(p, x.numpy()))
        self.step("float.pth", lambda p: torch.save(model.state_dict(), p))
        self.step("float.ts", lambda p: save_script(fused(model), example, p))
        self.step("float.onnx", lambda p: save_onnx(fused(model), example, p))
        for backend in TORCH_BACKENDS:
            script, state = f"{backend}.ts", f"{backend}.pth"
            if (self.folder / script).exists() and (self.folder / state).exists():
                continue
            try:
                int8 = torch_int8(model, backend, calibration, reduced=backend != "onednn")
            except Exception as e:
                print(f"{self.name}: torch.ao cannot quantize for {backend}: {e}", file=sys.stderr)
                continue
            self.step(state, lambda p: torch.save(int8.state_dict(), p))
            self.step(script, lambda p: save_script(int8, example, p))
        self.step("full.pth", lambda p: torch.save(torch_int8(model, "fbgemm", calibration, reduced=False).state_dict(), p))
        floats = self.folder / "float.onnx"
        for file, reduced in (("int8-reduced.onnx", True), ("int8.onnx", False)):
            self.step(file, lambda p: save_onnx_int8(floats, calibration.numpy(), p, reduced))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", required=True)
    parser.add_argument("--batches", required=True)
    parser.add_argument("--seed", type=int, required=True)
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    for name in args.models.split(","):
        with torch.no_grad():
            Builder(args.folder, name, args.seed).build([int(b) for b in args.batches.split(",")])


if __name__ == "__main__":
    main()
