"""Models and data of a case: torchvision's quantizable networks with random weights and settled statistics."""

import copy
from functools import partial

import torch
import torchvision
from torch import nn
from torch.ao import quantization as tq

NAMES = (
    "resnet18", "resnet50", "mobilenet_v2", "googlenet", "inception_v3", "mobilenet_v3_large",
    "shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0",
    "resnext101_32x8d", "resnext101_64x4d", "googlenet+transform_input", "inception_v3+transform_input",
)  # fmt: skip
LEAST = {"inception_v3": 75, "inception_v3+transform_input": 75}  # the smallest side that gives every layer a pixel


def _builder(name: str):
    name, _, transform = name.partition("+")
    build = getattr(torchvision.models.quantization, name)
    if name in ("googlenet", "inception_v3"):
        return partial(build, init_weights=False, transform_input=bool(transform))  # weights are drawn here; torchvision's own draw takes a minute
    return build


BUILDERS = {name: _builder(name) for name in NAMES}
BACKENDS = ("fbgemm", "qnnpack")
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def random_images(count: int, size: tuple[int, int], rng: torch.Generator) -> torch.Tensor:
    """Normalised float32 [count,3,H,W]: blobs of several scales plus grain, so that layers see structure."""
    height, width = size
    image = torch.zeros(count, 3, height, width)
    for cells, weight in ((3, 1.0), (8, 0.6), (24, 0.3)):
        coarse = torch.randn(count, 3, cells, cells, generator=rng)
        image += weight * nn.functional.interpolate(coarse, size=size, mode="bilinear", align_corners=False)
    image += 0.15 * torch.randn(count, 3, height, width, generator=rng)
    image = torch.sigmoid(1.5 * image)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (MEAN, STD))
    return ((image - mean) / std).contiguous()


def draw_norms(model: nn.Module, rng: torch.Generator) -> None:
    """Random gamma and beta, so that folding them is not the identity."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.copy_(torch.rand(module.num_features, generator=rng) + 0.5)
            module.bias.copy_(torch.randn(module.num_features, generator=rng) * 0.3)


def settle(model: nn.Module, batches: list[torch.Tensor]) -> None:
    """Batch-norm statistics become the cumulative average over the batches."""
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [m.momentum for m in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    model.eval()  # without auxiliary heads, which need large images
    for norm in norms:
        norm.train()
    for batch in batches:
        model(batch)
    model.eval()
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum


def spread_logits(model: nn.Module, batches: list[torch.Tensor], rng: torch.Generator) -> None:
    """Gives the classifier a wide uniform bias: logits then use most of the codes. A wider one would bury the signal."""
    linear = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    linear.bias.zero_()
    reach = 3 * max(float(model(batch).abs().max()) for batch in batches)
    linear.bias.copy_((torch.rand(linear.out_features, generator=rng) * 2 - 1) * reach)


def build_float(name: str, size: tuple[int, int], rng: torch.Generator, build=None) -> nn.Module:
    """The float quantizable model in eval mode, unfused; its state_dict is what a user would have saved."""
    torch.manual_seed(int(torch.randint(2**31, (1,), generator=rng)))
    model = (build or BUILDERS[name])(weights=None, quantize=False)
    draw_norms(model, rng)
    batches = [random_images(4, size, rng) for _ in range(3)]
    settle(model, batches)
    spread_logits(model, batches, rng)
    return model


WEIGHTS = {"per-channel": tq.default_per_channel_weight_observer, "per-tensor": tq.default_weight_observer}


def qconfig(recipe: str, backend: str, weights: str) -> tq.QConfig:
    """torchvision's recipe (quantize_model: min/max in 0..127 for both backends) or torch.ao's, with such weights."""
    activation = tq.default_observer if recipe == "torchvision" else tq.get_default_qconfig(backend).activation
    return tq.QConfig(activation=activation, weight=WEIGHTS[weights])


def prepare(model: nn.Module, recipe: str, backend: str, weights: str) -> nn.Module:
    """A fused copy with observers in place."""
    torch.backends.quantized.engine = backend
    prepared = copy.deepcopy(model).eval()
    prepared.fuse_model(is_qat=False)
    prepared.qconfig = qconfig(recipe, backend, weights)
    return tq.prepare(prepared, inplace=True)


def calibrate(prepared: nn.Module, images: torch.Tensor, batch_size: int) -> None:
    for batch in images.split(batch_size):
        prepared(batch)


def convert(prepared: nn.Module, backend: str) -> nn.Module:
    torch.backends.quantized.engine = backend
    return tq.convert(prepared, inplace=False)


def quantized_skeleton(name: str, backend: str) -> nn.Module:
    """What torchvision builds for quantize=True; weights are to be loaded into it with strict=True."""
    return BUILDERS[name](weights=None, quantize=True, backend=backend)
