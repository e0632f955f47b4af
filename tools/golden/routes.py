"""Writes testdata/routes: a small network as it leaves other routes than convert of eager mode, with PyTorch's logits where it has any.

observed.* were prepared and calibrated in eager mode, excluded.* converted (FX graph mode and eager mode) with layers whose qconfig is None,
refused.* are what octet names and refuses. Run from the repository's root with torch 2.15.0 and torchvision 0.29.2:
python tools/golden/routes.py
"""

import os

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import pathlib
import types
import warnings

import numpy as np
import torch
from convert import compact
from fx import fill
from hashweights import images
from torch.ao import quantization as tq
from torch.ao.quantization import quantize_fx
from torchvision.models.quantization import shufflenetv2

warnings.filterwarnings("ignore")
OUT = pathlib.Path("testdata/routes")
BATCHES = [torch.from_numpy(images(2, 3, 64, seed)) for seed in (1, 2)]
CHANNELS = [8, 8, 16, 16, 32]


def network():
    return fill(shufflenetv2.QuantizableShuffleNetV2([4, 8, 4], CHANNELS, num_classes=10)).eval()


def save(name, net, logits=True):
    torch.save(compact(net.state_dict()), OUT / f"{name}.pth")
    if logits:
        with torch.no_grad():
            np.save(OUT / f"{name}.npy", net(BATCHES[1]).numpy())


def calibrate(net):
    with torch.no_grad():
        for batch in BATCHES:
            net(batch)
    return net


def eager(backend, qconfig, fuse=True, change=lambda net: None):
    torch.backends.quantized.engine = backend
    net = network()
    if fuse:
        net.fuse_model(is_qat=False)
    net.qconfig = qconfig
    change(net)
    return calibrate(tq.prepare(net))


def few_bins(bins=128, **more):
    """The observer of the default configurations, which has 2048 bins, for small files."""
    return tq.HistogramObserver.with_args(bins=bins, **more)


def observed():
    for name, backend, qconfig in (
        ("observed.histogram.fbgemm", "fbgemm", tq.QConfig(few_bins(reduce_range=True), tq.default_per_channel_weight_observer)),
        ("observed.histogram512.fbgemm", "fbgemm", tq.QConfig(few_bins(bins=512, reduce_range=True), tq.default_per_channel_weight_observer)),
        ("observed.histogram.qnnpack", "qnnpack", tq.QConfig(few_bins(), tq.default_weight_observer)),
        ("observed.minmax.fbgemm", "fbgemm", tq.QConfig(tq.default_observer, tq.default_per_channel_weight_observer)),
        ("observed.minmax.qnnpack", "qnnpack", tq.QConfig(tq.default_observer, tq.default_weight_observer)),
    ):
        net = eager(backend, qconfig)
        save(name, net, logits=False)
        with torch.no_grad():
            np.save(OUT / f"{name}.npy", tq.convert(net)(BATCHES[1]).numpy())


def excluded():
    torch.backends.quantized.engine = "fbgemm"
    # not conv5: float results lie channels first, and PyTorch's mean of such codes rounds in another way
    for names in (["fc"], ["conv1"], ["stage4", "fc"], ["stage3"], ["stage2.1.branch2.3"], ["stage2.0.branch1"]):
        mapping = tq.get_default_qconfig_mapping("fbgemm")
        for n in names:
            mapping.set_module_name(n, None)
        save("excluded.fx." + "-".join(names).replace(".", "_"), quantize_fx.convert_fx(calibrate(quantize_fx.prepare_fx(network(), mapping, BATCHES[0]))))

    def first(net):  # the stub stands behind the first convolution
        net.conv1[0].qconfig = None

        def forward(self, x):
            x = self.maxpool(self.quant(self.conv1(x)))
            x = self.conv5(self.stage4(self.stage3(self.stage2(x)))).mean([2, 3])
            return self.dequant(self.fc(x))

        net.forward = types.MethodType(forward, net)

    def last(net):
        net.fc.qconfig = None

        def forward(self, x):
            x = self.maxpool(self.conv1(self.quant(x)))
            return self.fc(self.dequant(self.conv5(self.stage4(self.stage3(self.stage2(x)))).mean([2, 3])))

        net.forward = types.MethodType(forward, net)

    for name, change in (("conv1", first), ("fc", last)):
        save(f"excluded.eager.{name}", tq.convert(eager("fbgemm", tq.get_default_qconfig("fbgemm"), change=change)))


def refused():
    torch.backends.quantized.engine = "fbgemm"
    net = eager("fbgemm", tq.default_per_channel_qconfig, fuse=False)
    save("refused.unfused-observed", net, logits=False)
    save("refused.unfused-converted", tq.convert(net), logits=False)
    trained = network().train()
    trained.qconfig = tq.get_default_qat_qconfig("fbgemm")
    save("refused.unfused-trained", calibrate(tq.prepare_qat(trained)), logits=False)
    save("refused.dynamic", tq.quantize_dynamic(network(), {torch.nn.Linear}), logits=False)
    save("refused.qint8", tq.convert(eager("qnnpack", tq.default_symmetric_qnnpack_qconfig)), logits=False)


def main():
    torch.set_num_threads(1)
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    OUT.mkdir(parents=True, exist_ok=True)
    observed()
    excluded()
    refused()


if __name__ == "__main__":
    main()
