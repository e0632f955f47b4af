"""PyTorch's side of the comparison on Fashion-MNIST: post-training quantization and
quantization-aware training of the demo's networks, with the recipe of `octet qat`.

    python tools/training/fashion.py --model cmd/octet/demodata/fashion_mobilenet.pth --data FASHION_MNIST --seeds 1,2,3

prints the accuracy on the test images of the float model, of PTQ and of the
converted model of each seed. The recipe: SGD with Nesterov momentum 0.9, weight
decay of convolutions and linear layers only, a linear warm-up and a cosine; random
flips and shifts; observers, then batch norms, are frozen at a share of the steps.

Needs torch 2.15.0 and numpy; uses one thread unless --threads says otherwise.
"""
import argparse
import copy
import math
import pathlib
import sys
import time
import warnings

import torch
from torch import nn
from torch.ao import quantization as tq

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "demo"))
import model as demo
from train import augment, load

warnings.filterwarnings("ignore")


def quantizable(state):
    net = demo.QuantizableFashionMobileNet() if "features.0.0.weight" in state else demo.QuantizableFashionResNet8()
    net.load_state_dict(state)
    return net


@torch.no_grad()
def accuracy(net, images, labels):
    net.eval()
    right = sum(int((net(demo.normalize(x)).argmax(1) == y).sum()) for x, y in zip(images.split(500), labels.split(500)))
    return 100 * right / len(labels)


def bits(qconfig, weight_bits):
    """the qconfig with fewer codes for weights, as many on both sides of zero: convert does not clamp to them"""
    if weight_bits == 8:
        return qconfig
    top = 2 ** (weight_bits - 1) - 1
    return tq.QConfig(activation=qconfig.activation, weight=qconfig.weight.with_args(quant_min=-top, quant_max=top))


def ptq(state, images, a):
    net = quantizable(state).eval()
    net.fuse_model()
    net.qconfig = bits(tq.get_default_qconfig(a.backend), a.weight_bits)
    tq.prepare(net, inplace=True)
    with torch.no_grad():
        for x in images.split(32):
            net(demo.normalize(x))
    return tq.convert(net)


def rate(a, i, n):
    warm = a.warmup * n
    if i < warm:
        return a.lr * (i + 1) / (warm + 1)
    return a.lr * 0.5 * (1 + math.cos(math.pi * (i - warm) / (n - warm)))


def qat(state, images, labels, a, seed):
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    net = quantizable(state).train()
    net.fuse_model(is_qat=True)
    net.qconfig = bits(tq.get_default_qat_qconfig(a.backend), a.weight_bits)
    tq.prepare_qat(net, inplace=True)
    decayed = [m.weight for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    others = [p for p in net.parameters() if all(p is not d for d in decayed)]
    groups = [{"params": decayed, "weight_decay": a.weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, a.lr, momentum=0.9, nesterov=True)
    per = len(images) // a.batch
    steps, i = a.epochs * per, 0
    for _ in range(a.epochs):
        for pick in torch.randperm(len(images), generator=rng)[: per * a.batch].split(a.batch):
            if i >= a.freeze_observers * steps:
                net.apply(tq.disable_observer)
            if i >= a.freeze_norms * steps:
                net.apply(nn.intrinsic.qat.freeze_bn_stats)
            for g in optimizer.param_groups:
                g["lr"] = rate(a, i, steps)
            loss = nn.functional.cross_entropy(net(demo.normalize(augment(images[pick], rng))), labels[pick], label_smoothing=a.label_smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            i += 1
    return tq.convert(net.eval())


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", required=True)
    p.add_argument("--data", type=pathlib.Path, required=True, help="folder of the four Fashion-MNIST .gz files")
    p.add_argument("--train", help="other training images, FILE-images-idx3-ubyte.gz without its end")
    p.add_argument("--backend", default="qnnpack")
    p.add_argument("--weight-bits", type=int, default=8)
    p.add_argument("--seeds", default="1,2,3")
    p.add_argument("--epochs", type=int, default=2)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--lr", type=float, default=0.005)
    p.add_argument("--warmup", type=float, default=0.05)
    p.add_argument("--weight-decay", type=float, default=1e-4)
    p.add_argument("--label-smoothing", type=float, default=0.0)
    p.add_argument("--freeze-observers", type=float, default=0.4)
    p.add_argument("--freeze-norms", type=float, default=0.6)
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    torch.set_num_threads(a.threads)
    torch.backends.quantized.engine = a.backend
    state = torch.load(a.model, weights_only=True)
    images, labels = load(a.data, "train")
    if a.train:
        images, labels = load(pathlib.Path(a.train).parent, pathlib.Path(a.train).name)
    test_images, test_labels = load(a.data, "t10k")

    def report(name, net, start):
        score = accuracy(net, test_images, test_labels)
        print(f"{name}: {score:.2f} %, {time.time() - start:.1f} s", flush=True)
        return score

    report("float", quantizable(state), time.time())
    start = time.time()
    report("PTQ", ptq(copy.deepcopy(state), images[:512], a), start)
    scores = []
    for seed in a.seeds.split(","):
        start = time.time()
        scores.append(report(f"QAT, seed {seed}", qat(copy.deepcopy(state), images, labels, a, int(seed)), start))
    print(f"QAT, mean: {sum(scores) / len(scores):.2f} %")


if __name__ == "__main__":
    main()
