"""Writes TorchScript files with the inputs and outputs that tools/pt2 compares: python tools/pt2/scripts.py FOLDER [NAME ...]

torch 2.15.0 and torchvision 0.29.2; weights, statistics and inputs are drawn from seeds, as in make.py. A NAME is that
of a network, such as resnet18, and its form: resnet18.traced, .scripted, .frozen (of the scripted one); of the
quantizable networks also resnet18.fbgemm.traced and resnet18.qnnpack.scripted, converted by torch.ao, whose state dict
lies beside them. networks.json lists all.
"""

import copy
import json
import pathlib
import sys
import warnings

import make
import numpy
import torch
import torchvision

warnings.filterwarnings("ignore")
torch.set_num_threads(1)

QUANTIZABLE = """googlenet inception_v3 mobilenet_v2 mobilenet_v3_large resnet18 resnet50 resnext101_32x8d
    resnext101_64x4d shufflenet_v2_x0_5 shufflenet_v2_x1_0 shufflenet_v2_x1_5 shufflenet_v2_x2_0""".split()
FORMS = ["traced", "scripted", "frozen"]
BACKENDS = ["fbgemm", "qnnpack"]


def converted(name, backend):
    """the network as torch.ao converts it, with the input of its runs"""
    torch.manual_seed(7)
    torch.backends.quantized.engine = backend
    name, _, transform = name.partition("+")
    options = {"transform_input": bool(transform)} if name in ("googlenet", "inception_v3") else {}
    model = torchvision.models.get_model("quantized_" + name, weights=None, quantize=False, **options, **make.OPTIONS.get(name, {}))
    model = make.settle(model, 7)
    model.fuse_model(is_qat=False)
    model.qconfig = torch.ao.quantization.get_default_qconfig(backend)
    torch.ao.quantization.prepare(model, inplace=True)
    side = 96 if name == "inception_v3" else 64
    draw = torch.Generator().manual_seed(5)
    model(torch.randn((2, 3, side, side), generator=draw))
    return torch.ao.quantization.convert(model), side


def scripted(model, form, x):
    if form == "traced":
        return torch.jit.trace(model, x, check_trace=False)
    script = torch.jit.script(model)
    return torch.jit.freeze(script) if form == "frozen" else script


def tensors(y):
    if isinstance(y, torch.Tensor):
        return [y]
    return [v for v in (y.values() if isinstance(y, dict) else y) if v is not None]


def write(folder, name):
    """one file with its runs; returns its line of the table"""
    parts = name.split(".")
    line = {"file": name + ".pt"}
    draw = torch.Generator().manual_seed(11)
    with torch.no_grad():
        if len(parts) == 3:
            model, side = converted(parts[0], parts[1])
            sizes = [(2, 3, side, side), (1, 3, side, side)]
            if "+" in parts[0] and parts[-1] != "traced":  # its first operators tell no sizes
                sizes, line["shape"] = sizes[:1], sizes[0]
            line["state"] = f"{parts[0]}.{parts[1]}.pth"
            line["arch"] = parts[0]
            torch.save(model.state_dict(), folder / line["state"])
        else:
            model, sizes, _ = make.network(parts[0])
            if parts[0] in make.TRANSFORMERS and parts[1] != "traced":  # branches on sizes
                sizes, line["shape"] = sizes[:1], sizes[0]
        inputs = [torch.randn(size, generator=draw) for size in sizes]
        program = scripted(copy.deepcopy(model), parts[-1], inputs[0].clone())
        torch.jit.save(program, str(folder / line["file"]))
        runs = 0
        for x in inputs:
            try:
                y = tensors(program(x.clone()))
            except Exception as e:  # noqa: BLE001, a size that was fixed by the trace
                print(name, "refused by PyTorch:", str(e).splitlines()[-1], flush=True)
                continue
            numpy.save(folder / f"{name}.{runs}.x0.npy", x.numpy())
            for j, v in enumerate(y):
                numpy.save(folder / f"{name}.{runs}.y{j}.npy", v.numpy())
            runs += 1
    line["runs"] = runs
    return line


def main(folder, names):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    listed = folder / "networks.json"
    table = json.loads(listed.read_text()) if listed.exists() else {}
    floats = make.CLASSIFIERS + list(make.TRANSFORMERS) + make.SEGMENTERS
    usual = [f"{n}.{form}" for n in floats for form in FORMS]
    usual += [f"{n}.{backend}.{form}" for n in QUANTIZABLE for backend in BACKENDS for form in FORMS]
    for name in names or usual:
        try:
            table[name] = write(folder, name)
            print(name, table[name]["runs"], "runs", flush=True)
        except Exception as e:  # noqa: BLE001, a network that PyTorch itself does not script is no case
            table[name] = {"runs": 0, "refused": f"{type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}"}
            print(name, "refused by PyTorch:", table[name]["refused"], flush=True)
        listed.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
