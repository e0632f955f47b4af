"""Writes testdata/wrapped: small checkpoints of one network, as training scripts and PyTorch's utilities save it.

Each file holds a narrow fashion_resnet8 with the weights of internal/hashweights; logits.json has PyTorch's outputs of
each, and the key to open it with where one is needed. Run from the repository's root with torch 2.15.0:
python tools/golden/wrapped.py
"""

import copy
import json
import sys
from pathlib import Path

import hashweights
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

sys.path.insert(0, "tools/demo")
import model as demo  # noqa: E402

SEED, FOLDER = 31, Path("testdata/wrapped")


def network(seed=SEED):
    demo.STEM, demo.WIDTHS = 4, (4, 6, 8)
    net = demo.FashionResNet8()
    norms = {name for name, m in net.named_modules() if isinstance(m, nn.BatchNorm2d)}
    for key, value in net.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            norm = key.rsplit(".", 1)[0] in norms
            value.copy_(torch.from_numpy(hashweights.parameter(key, norm, tuple(value.shape), seed, {})))
    return net.eval()


def pruned(*rules):
    net = network()
    for path, rule in rules:
        rule(net.get_submodule(path))
    return net


def everywhere(net):
    layers = [(m, "weight") for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    prune.global_unstructured(layers, pruning_method=prune.L1Unstructured, amount=0.6)
    return net


class Lightning(nn.Module):
    """What a LightningModule's state dict is: the network, the loss, metrics."""

    def __init__(self, net):
        super().__init__()
        self.net, self.criterion = net, nn.CrossEntropyLoss(weight=torch.arange(10.0))
        self.accuracy = nn.Module()
        self.accuracy.register_buffer("tp", torch.zeros(10, dtype=torch.int64))


def averaged(net):
    ema = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.5))
    ema.update_parameters(net)
    return ema


def files():
    """name, what is saved, the network whose outputs are kept or None, the key that opens it."""
    net, other = network(), network(SEED + 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
    net.train()(torch.randn(4, 1, 28, 28)).sum().backward()
    optimizer.step()
    net = network()
    both = {"epoch": 3, "optimizer": optimizer.state_dict()}
    yield "lightning", {"epoch": 3, "global_step": 7, "pytorch-lightning_version": "2.5", "state_dict": Lightning(net).state_dict(), "optimizer_states": [optimizer.state_dict()], "loops": {}, "callbacks": {}}, net, ""
    yield "averaged", averaged(net).state_dict(), net, ""
    yield "compiled", torch.compile(net).state_dict(), net, ""
    yield "parallel", {"state_dict": nn.DataParallel(net).state_dict(), **both}, net, ""
    yield "deepspeed", {"module": net.state_dict(), "ds_version": "0.16", "optimizer": None, "global_steps": 4}, net, ""
    yield "one_known", {"student": net.state_dict(), "teacher": nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(4, 10)).state_dict()}, net, ""
    yield "two_known", {"model": net.state_dict(), "ema": other.state_dict(), **both}, net, "model"
    yield "two_known_ema", {"model": net.state_dict(), "ema": {"module": other.state_dict(), "decay": 0.99}}, other, "ema.module"
    yield "pair", (net.state_dict(), optimizer.state_dict()), net, "0"
    yield "list", [3, net.state_dict(), "last"], net, "1"
    yield "list_in_dict", {"nets": [net.state_dict(), other.state_dict()]}, other, "nets.1"
    for name, change in {
        "pruned_one": lambda: pruned(("layer1.0.conv1", lambda m: prune.random_unstructured(m, "weight", 0.5))),
        "pruned_bias": lambda: pruned(("fc", lambda m: prune.l1_unstructured(m, "weight", 0.3)), ("fc", lambda m: prune.l1_unstructured(m, "bias", 4))),
        "pruned_channels": lambda: pruned(("layer2.0.conv2", lambda m: prune.ln_structured(m, "weight", 0.5, n=2, dim=0)), ("conv1", lambda m: prune.identity(m, "weight"))),
        "pruned_twice": lambda: pruned(("layer3.0.conv1", lambda m: prune.l1_unstructured(m, "weight", 0.3)), ("layer3.0.conv1", lambda m: prune.random_unstructured(m, "weight", 0.5))),
        "pruned_all": lambda: everywhere(network()),
    }.items():
        torch.manual_seed(5)
        net = change()
        yield name, net.state_dict(), net, ""
    torch.manual_seed(5)
    net = everywhere(network())
    yield "pruned_wrapped", {"state_dict": nn.DataParallel(Lightning(net)).state_dict()}, net, ""
    yield "pruned_half", {k: v.half() if v.is_floating_point() else v for k, v in network_half_pruned().items()}, None, ""
    for name, change in {
        "weight_norm": lambda net: nn.utils.weight_norm(net.fc),
        "weight_norm_parametrized": lambda net: parametrizations.weight_norm(net.conv1),
        "spectral_norm": lambda net: nn.utils.spectral_norm(net.layer1[0].conv1),
        "spectral_norm_parametrized": lambda net: parametrizations.spectral_norm(net.fc),
        "orthogonal": lambda net: parametrizations.orthogonal(net.fc),
    }.items():
        net = network()
        change(net)
        yield name, net.state_dict(), None, ""


def network_half_pruned():
    return everywhere(network()).state_dict()


def main():
    torch.set_num_threads(1)
    torch.manual_seed(5)
    FOLDER.mkdir(parents=True, exist_ok=True)
    logits = {}
    x = torch.from_numpy(hashweights.images(2, 1, 28, SEED))
    for name, what, net, key in files():
        torch.save(copy.deepcopy(what), FOLDER / f"{name}.pth")
        if net is not None:
            with torch.no_grad():
                logits[name] = {"key": key, "logits": net.eval()(x).flatten().tolist()}
    with open(FOLDER / "logits.json", "w") as f:
        json.dump({"seed": SEED, "files": logits}, f, indent=0)
        f.write("\n")


if __name__ == "__main__":
    main()
