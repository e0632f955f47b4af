"""Writes statedict/testdata/golden/qconfigs.pth: the network of qat.py in training under many QConfigs, and what PyTorch converts it to.

For each name the file holds name.prepared and name.converted. Run from the repository's root with torch 2.15.0:
python tools/golden/convert.py
"""

import collections
import copy
import os
import sys

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import warnings

import qat
import torch
from torch.ao import quantization as tq
from torch.ao.quantization import qconfig as presets
from torch.ao.quantization._learnable_fake_quantize import _LearnableFakeQuantize

warnings.filterwarnings("ignore")
PLAIN, FUSED = tq.FakeQuantize, tq.FusedMovingAvgObsFakeQuantize
VERSIONS, FLAGS = {}, {}  # what compact has seen
AVERAGED, AVERAGED_CHANNELS = tq.MovingAverageMinMaxObserver, tq.MovingAveragePerChannelMinMaxObserver


def activation(kind=PLAIN, observer=AVERAGED, lo=0, hi=255, **more):
    return kind.with_args(observer=observer, quant_min=lo, quant_max=hi, dtype=torch.quint8, **more)


def weight(kind=PLAIN, observer=AVERAGED_CHANNELS, lo=-128, hi=127, **more):
    scheme = torch.per_channel_symmetric if "Channel" in observer.__name__ else torch.per_tensor_symmetric
    return kind.with_args(observer=observer, quant_min=lo, quant_max=hi, dtype=torch.qint8, qscheme=scheme, **more)


def learnable_weight(lo=-128, hi=127):
    return _LearnableFakeQuantize.with_args(observer=AVERAGED, quant_min=lo, quant_max=hi, dtype=torch.qint8, qscheme=torch.per_tensor_symmetric)


def learnable_activation(lo=0, hi=255):
    return _LearnableFakeQuantize.with_args(observer=AVERAGED, quant_min=lo, quant_max=hi, dtype=torch.quint8)


def qconfigs():
    """name -> (engine, QConfig, what happens: see train)."""
    both = lambda **a: tq.QConfig(activation(**a), weight())
    out = {}
    for engine in ("fbgemm", "qnnpack", "onednn", "x86"):
        for version in (0, 1):
            out[f"{engine}_v{version}"] = engine, tq.get_default_qat_qconfig(engine, version=version), ""
    for name in ("default_qat_qconfig", "default_qat_qconfig_v2", "default_qconfig", "default_per_channel_qconfig", "default_dynamic_qat_qconfig"):
        out[name] = "fbgemm", getattr(presets, name), ""
    for name in ("default_symmetric_qnnpack_qat_qconfig", "default_per_channel_symmetric_qnnpack_qat_qconfig"):
        out[name] = "qnnpack", getattr(presets, name), ""
    out |= {
        "plain_255_channels": ("fbgemm", both(), ""),
        "plain_127_channels": ("fbgemm", both(hi=127), ""),
        "plain_63": ("fbgemm", both(hi=63), ""),
        "plain_15": ("qnnpack", tq.QConfig(activation(hi=15), weight(observer=AVERAGED, lo=-8, hi=7)), ""),
        "plain_reduced": ("fbgemm", both(reduce_range=True), ""),
        "fused_127": ("fbgemm", both(kind=FUSED, hi=127), ""),
        "fused_63": ("fbgemm", tq.QConfig(activation(FUSED, hi=63), weight(FUSED, lo=-32, hi=31)), ""),
        "fused_narrow": ("qnnpack", tq.QConfig(activation(FUSED), weight(FUSED, AVERAGED, lo=-127, hi=127)), ""),
        "minmax": ("fbgemm", tq.QConfig(activation(observer=tq.MinMaxObserver), weight(observer=tq.PerChannelMinMaxObserver)), "evaluated"),
        "minmax_tensor": ("qnnpack", tq.QConfig(activation(observer=tq.MinMaxObserver, hi=127), weight(observer=tq.MinMaxObserver)), "frozen"),
        "histogram": ("fbgemm", both(observer=tq.HistogramObserver), ""),
        "symmetric": ("fbgemm", both(qscheme=torch.per_tensor_symmetric), ""),
        "eps": ("fbgemm", both(eps=2**-5), ""),
        "fixed": ("fbgemm", tq.QConfig(tq.FixedQParamsFakeQuantize.with_args(observer=tq.FixedQParamsObserver.with_args(scale=0.03125, zero_point=130)), weight()), ""),
        "learnable_estimating": ("qnnpack", tq.QConfig(learnable_activation(), learnable_weight()), "static"),
        "learnable": ("qnnpack", tq.QConfig(learnable_activation(), learnable_weight(-127, 127)), "learning"),
        "learnable_4_bits": ("qnnpack", tq.QConfig(learnable_activation(0, 15), learnable_weight(-8, 7)), "learning"),
        "learnable_127": ("qnnpack", tq.QConfig(learnable_activation(0, 127), learnable_weight()), "learning"),
        "learnable_activation": ("fbgemm", tq.QConfig(learnable_activation(), weight()), "learning"),
        "fresh_255": ("fbgemm", both(), "fresh"),
        "fresh_fused": ("qnnpack", tq.get_default_qat_qconfig("qnnpack", version=1), "fresh"),
        "frozen_255": ("fbgemm", both(), "frozen"),
        "observed_only": ("fbgemm", both(), "observed only"),
        "observed_only_fused": ("fbgemm", tq.get_default_qat_qconfig("fbgemm", version=1), "observed only"),
        "stopped_early": ("fbgemm", both(), "stopped early"),
        "zeros": ("fbgemm", both(), "zeros"),
    }
    return out


def train(engine, qconfig, state):
    torch.manual_seed(len(engine))
    torch.backends.quantized.engine = engine
    net = qat.Net().train()
    tq.fuse_modules_qat(net.stem, ["0", "1"], inplace=True)
    tq.fuse_modules_qat(net.body, ["0", "1", "2"], inplace=True)
    net.qconfig = qconfig
    tq.prepare_qat(net, inplace=True)
    for m in net.modules():
        if isinstance(m, _LearnableFakeQuantize):
            m.enable_static_estimate()
            m.toggle_fake_quant(True)
    if state == "observed only":
        net.apply(tq.disable_fake_quant)
    optimizer = torch.optim.SGD(net.parameters(), 0.05)
    for step in range(0 if state == "fresh" else 12):
        if state == "learning" and step == 3:
            for m in net.modules():
                if isinstance(m, _LearnableFakeQuantize):
                    m.enable_param_learning()
        if state == "stopped early" and step == 6:
            net.apply(tq.disable_observer)
        x = torch.zeros(8, 3, 12, 12) if state == "zeros" else torch.randn(8, 3, 12, 12)
        optimizer.zero_grad()
        net(x).square().mean().backward()
        optimizer.step()
    if state == "frozen":
        net.apply(tq.disable_observer)
    net.eval()
    if state == "evaluated":
        net(torch.randn(8, 3, 12, 12))
    return net


def compact(state):
    """The same state dict for a file of many: float32 tensors in one storage, and what is equal written once."""
    versions = {sys.intern(k): VERSIONS.setdefault(v.get("version"), v) for k, v in state._metadata.items()}
    state = collections.OrderedDict((sys.intern(k), v) for k, v in state.items())
    state._metadata = collections.OrderedDict(versions)
    floats = [k for k, v in state.items() if isinstance(v, torch.Tensor) and v.dtype == torch.float32]
    flat = torch.cat([state[k].detach().reshape(-1) for k in floats] + [torch.zeros(1)])
    at = 0
    for k in floats:
        n = state[k].numel()
        state[k], at = flat[at : at + n].view(state[k].shape), at + n
    for k, v in state.items():
        if isinstance(v, torch.Tensor) and not v.is_quantized and v.dtype != torch.float32:
            state[k] = FLAGS.setdefault((v.dtype, tuple(v.shape), tuple(v.flatten().tolist())), v)
    return state


def main():
    torch.set_num_threads(1)
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    cases = {}
    for name, (engine, qconfig, state) in qconfigs().items():
        net = train(engine, qconfig, state)
        cases[f"{name}.prepared"] = compact(copy.deepcopy(net).state_dict())
        cases[f"{name}.converted"] = compact(tq.convert(net).state_dict())
    torch.save(cases, qat.OUT / "qconfigs.pth")


if __name__ == "__main__":
    main()
