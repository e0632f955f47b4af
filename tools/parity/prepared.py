"""What `octet quantize prepared.pth` writes, compared key by key with what PyTorch's own convert makes of the same model.

    python tools/parity/prepared.py                    # every case, a fresh seed; needs Go to build octet
    python tools/parity/prepared.py --seed 7 --only mobilenet

Networks of torchvision with random weights are prepared in eager and in FX graph mode, calibrated or in training, under
several QConfigs. Each line says how many integers of weights, biases, scales and zero points were compared and how many
differ. Where both files have the same keys, octet's is loaded into PyTorch's converted model (strict). FX graph mode keeps
the parameters of functions under other keys than the eager mode whose keys octet writes: those are compared as a set.

Exit status 1: something differs. Needs torch 2.15.0 and torchvision 0.29.2.
"""

import environment  # noqa: F401  first: what must be set before PyTorch is imported

import argparse
import collections
import copy
import pathlib
import random
import sys
import tempfile
import warnings

import torch
import torchvision
from torch.ao import quantization as tq
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx, prepare_qat_fx
from torchvision.models import quantization as quantizable

import octet

warnings.filterwarnings("ignore")


def plain_255(engine):
    """QAT with codes 0 to 255, also of fbgemm."""
    act = tq.FakeQuantize.with_args(observer=tq.MovingAverageMinMaxObserver, quant_min=0, quant_max=255, dtype=torch.quint8)
    return tq.QConfig(activation=act, weight=tq.get_default_qat_qconfig(engine, version=0).weight)


def few_codes(engine):
    """QAT with 6 bits, per tensor."""
    act = tq.FakeQuantize.with_args(observer=tq.MovingAverageMinMaxObserver, quant_min=0, quant_max=63, dtype=torch.quint8)
    weight = tq.FakeQuantize.with_args(
        observer=tq.MovingAverageMinMaxObserver, quant_min=-32, quant_max=31, dtype=torch.qint8, qscheme=torch.per_tensor_symmetric
    )
    return tq.QConfig(activation=act, weight=weight)


TRAINED = {
    "default": tq.get_default_qat_qconfig,
    "version 0": lambda engine: tq.get_default_qat_qconfig(engine, version=0),
    "0..255": plain_255,
    "6 bits": few_codes,
}
CALIBRATED = {"default": tq.get_default_qconfig}
PLURALS = {"code": "codes", "bias": "biases", "scale": "scales", "zero point": "zero points", "function": "functions"}
ARCHS = ("resnet18", "mobilenet_v2", "mobilenet_v3_large", "shufflenet_v2_x0_5")


def cases():
    for arch in ARCHS:
        for engine in ("fbgemm", "qnnpack"):
            for training in (False, True):
                for name, make in (TRAINED if training else CALIBRATED).items():
                    yield arch, "eager", engine, training, name, make(engine)
                    if name in ("default", "0..255"):
                        yield arch, "fx", engine, training, name, make(engine)
                        yield arch, "fx plain", engine, training, name, make(engine)


def spread(net, seed):
    """Random weights and statistics of batch norms, as a trained network has some."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for m in net.modules():
            if isinstance(m, torch.nn.BatchNorm2d):
                m.weight.copy_(torch.rand(m.weight.shape, generator=g) + 0.5)
                m.bias.copy_(torch.randn(m.bias.shape, generator=g) / 4)
                m.running_mean.copy_(torch.randn(m.running_mean.shape, generator=g) / 4)
                m.running_var.copy_(torch.rand(m.running_var.shape, generator=g) + 0.5)
    return net


def prepare(arch, mode, engine, training, qconfig, seed):
    """The prepared model behind two batches, and what PyTorch converts it to."""
    torch.manual_seed(seed)
    torch.backends.quantized.engine = engine
    source = torchvision.models if mode == "fx plain" else quantizable
    net = spread(source.__dict__[arch](weights=None, num_classes=10), seed)
    batches = [torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(seed + i)) for i in range(2)]
    if mode == "eager":
        if training:
            net.train().fuse_model(is_qat=True)
        else:
            net.eval().fuse_model(is_qat=False)
        net.qconfig = qconfig
        (tq.prepare_qat if training else tq.prepare)(net, inplace=True)
    else:
        mapping = tq.QConfigMapping().set_global(qconfig)
        if engine == "qnnpack" or training:  # functions with fixed parameters, as the defaults have them
            mapping = (tq.get_default_qat_qconfig_mapping if training else tq.get_default_qconfig_mapping)(engine).set_global(qconfig)
        net = (prepare_qat_fx(net.train(), mapping, batches[0]) if training else prepare_fx(net.eval(), mapping, batches[0]))
    with torch.no_grad():
        for b in batches:
            net(b)
    net.eval()
    state = {k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in net.state_dict().items()}
    ordered = collections.OrderedDict(state)
    ordered._metadata = net.state_dict()._metadata
    converted = tq.convert(copy.deepcopy(net)) if mode == "eager" else convert_fx(net)
    return ordered, converted


def parts(value):
    """The numbers of an entry, by what they are."""
    if value is None or isinstance(value, torch.dtype):
        return {}
    if isinstance(value, tuple):
        weight, bias = (parts(v) for v in value)
        return weight | ({"bias": bias["float"]} if bias else {})
    if not value.is_quantized:
        return {"float" if value.is_floating_point() else "zero point": value.detach().flatten()}
    per_channel = value.qscheme() == torch.per_channel_affine
    scales = value.q_per_channel_scales() if per_channel else torch.tensor([value.q_scale()])
    zeros = value.q_per_channel_zero_points() if per_channel else torch.tensor([value.q_zero_point()])
    return {"code": value.int_repr().flatten(), "scale": scales.float(), "zero point": zeros.long()}


def compare(mine, theirs):
    """Numbers compared and different, by what they are; and the keys that one side alone has."""
    total, wrong = collections.Counter(), collections.Counter()
    for key in mine.keys() & theirs.keys():
        a, b = parts(mine[key]), parts(theirs[key])
        for what in a.keys() | b.keys():
            kind = what if what != "float" else ("scale" if key.endswith(("scale",)) or "_scale_" in key else "bias")
            total[kind] += b[what].numel() if what in b else 0
            same = what in a and what in b and a[what].shape == b[what].shape
            wrong[kind] += int((a[what] != b[what]).sum()) if same else 1

    def alone(x, y):
        found = collections.Counter()
        for key in x.keys() - y.keys():
            if key.endswith(".scale") or "_scale_" in key:
                zero = "zero_point".join(key.rsplit("scale", 1))
                found[float(x[key]), int(x[zero])] += 1
        return found

    left, right = alone(mine, theirs), alone(theirs, mine)
    left.pop((1.0, 0), None)  # of modules that nothing calls, which FX graph mode drops
    total["function"] += sum(right.values())
    # a concatenation has its operand's parameters: octet writes them once more
    wrong["function"] += len((left.keys() | right.keys()) - (left.keys() & right.keys()))
    return total, wrong


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seed", type=int, default=random.randrange(1 << 20))
    p.add_argument("--only", default="", help="cases whose line contains this")
    a = p.parse_args()
    torch.set_num_threads(1)
    print("seed", a.seed)
    bad = 0
    sums = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        tool = octet.Octet(octet.build(folder))
        for n, (arch, mode, engine, training, name, qconfig) in enumerate(cases()):
            line = f"{arch} {mode} {engine} {'qat' if training else 'ptq'} {name}"
            if a.only not in line:
                continue
            state, converted = prepare(arch, mode, engine, training, qconfig, a.seed + n)
            torch.save(state, folder / "prepared.pth")
            try:
                tool.call("quantize", folder / "prepared.pth", "--arch", arch, "--backend", engine, "--output", folder / "int8.pth")
            except octet.OctetError as problem:
                print(f"{line}: {problem}", flush=True)
                bad += 1
                continue
            mine, theirs = torch.load(folder / "int8.pth", weights_only=False), converted.state_dict()
            total, wrong = compare(mine, theirs)
            loaded = ""
            if mine.keys() == theirs.keys():
                converted.load_state_dict(mine)
                loaded = ", loads"
            text = ", ".join(f"{wrong[k]} of {total[k]} {PLURALS[k]}" for k in PLURALS if total[k])
            print(f"{line}: {text} differ{loaded}", flush=True)
            bad += sum(wrong.values()) > 0
            sums["cases"] += 1
            for k in total:
                sums[k] += total[k]
                sums["wrong " + k] += wrong[k]
    print(", ".join(f"{v} {k}" for k, v in sums.items()))
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
