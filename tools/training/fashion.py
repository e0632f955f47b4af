"""The hard setting of `octet demo --qat`, in PyTorch and in octet: post-training
quantization and quantization-aware training with one recipe, for several seeds.

    go build ./cmd/octet
    python tools/training/fashion.py --octet ./octet

prints the accuracy on Fashion-MNIST's test images of the float model, of PTQ and of
the converted model of each seed. Of PyTorch's QAT it is also printed for the model in
training, which computes in float what the converted one is taken to compute
("simulated"). Without arguments the network, the training images and the recipe are
those of the demo; --model, --train and the others change them.

The recipe: SGD with Nesterov momentum 0.9, weight decay of convolutions and linear
layers only, a linear warm-up and a cosine; random flips and shifts; the float model is
the teacher; observers, then batch norms, are frozen at a share of the steps. Both begin
with ranges of the same number of images. The seeds decide other orders and other flips
in either program: compare means.

Needs torch 2.15.0 and numpy; uses one thread unless --threads says otherwise.
"""
import argparse
import copy
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import torch
from torch import nn
from torch.ao import quantization as tq

ROOT = pathlib.Path(__file__).parents[2]
DEMO = ROOT / "cmd" / "octet" / "demodata"
sys.path.insert(0, str(ROOT / "tools" / "demo"))
import model as demo
from train import augment, load

warnings.filterwarnings("ignore")


def quantizable(state):
    net = demo.QuantizableFashionMobileNet() if "features.0.0.weight" in state else demo.QuantizableFashionResNet8(**demo.channels(state))
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


def calibrate(net, images):
    """ranges of activations from some images, without rounding and without changing batch norms"""
    net.eval()
    net.apply(tq.disable_fake_quant)
    with torch.no_grad():
        for x in images.split(32):
            net(demo.normalize(x))
    net.apply(tq.enable_fake_quant)
    net.train()


def distilled(a, logits, teacher, labels):
    """the loss: cross-entropy, and T^2 times the Kullback-Leibler divergence from the teacher at temperature T"""
    t = a.temperature
    kl = nn.functional.kl_div((logits / t).log_softmax(1), (teacher / t).log_softmax(1), reduction="batchmean", log_target=True)
    return (1 - a.distill) * nn.functional.cross_entropy(logits, labels) + a.distill * t * t * kl


def qat(state, images, labels, a, seed):
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    net = quantizable(state).train()
    net.fuse_model(is_qat=True)
    net.qconfig = bits(tq.get_default_qat_qconfig(a.backend), a.weight_bits)
    tq.prepare_qat(net, inplace=True)
    calibrate(net, images[: a.calibrate])
    teacher = quantizable(state).eval()
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
            x = demo.normalize(augment(images[pick], rng))
            with torch.no_grad():
                guide = teacher(x)
            loss = distilled(a, net(x), guide, labels[pick])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            i += 1
    return net.eval()


def octet(a, seed):
    """(float, PTQ, QAT) of `octet qat` with the same recipe"""
    with tempfile.TemporaryDirectory() as folder:
        command = [a.octet, "qat", a.model, "--data", f"{a.train}-images-idx3-ubyte.gz", "--eval", f"{a.test}-images-idx3-ubyte.gz"]
        command += ["--output", f"{folder}/int8.pth", "--checkpoint", "none", "--backend", a.backend, "--per-tensor", "--json", "--quiet"]
        flags = {"weight-bits": a.weight_bits, "epochs": a.epochs, "batch-size": a.batch, "lr": a.lr, "warmup": a.warmup, "weight-decay": a.weight_decay}
        flags |= {"distill": a.distill, "temperature": a.temperature, "freeze-observers": a.freeze_observers, "freeze-norms": a.freeze_norms}
        flags |= {"calibrate": a.calibrate, "augment": "small", "threads": a.threads, "seed": seed}
        for k, v in flags.items():
            command += [f"--{k}", str(v)]
        got = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["accuracy"]
        return got["float_top1_percent"], got["ptq_top1_percent"], got["qat_top1_percent"]


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--octet", help="octet's program; without it only PyTorch trains")
    p.add_argument("--model", default=str(DEMO / "fashion_mobilenet.pth"))
    p.add_argument("--train", default=str(DEMO / "train"), help="training images, without -images-idx3-ubyte.gz")
    p.add_argument("--test", default=str(DEMO / "t10k"), help="test images, likewise")
    p.add_argument("--backend", default="qnnpack")
    p.add_argument("--weight-bits", type=int, default=6)
    p.add_argument("--seeds", default="1,2,3")
    p.add_argument("--epochs", type=int, default=20)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--lr", type=float, default=0.005)
    p.add_argument("--warmup", type=float, default=0.05)
    p.add_argument("--weight-decay", type=float, default=1e-4)
    p.add_argument("--distill", type=float, default=1.0)
    p.add_argument("--temperature", type=float, default=4.0)
    p.add_argument("--calibrate", type=int, default=512)
    p.add_argument("--freeze-observers", type=float, default=0.4)
    p.add_argument("--freeze-norms", type=float, default=0.6)
    p.add_argument("--threads", type=int, default=1)
    return p.parse_args()


def main():
    a = arguments()
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    torch.set_num_threads(a.threads)
    torch.backends.quantized.engine = a.backend
    state = torch.load(a.model, weights_only=True)
    images, labels = load(pathlib.Path(a.train).parent, pathlib.Path(a.train).name)
    test_images, test_labels = load(pathlib.Path(a.test).parent, pathlib.Path(a.test).name)

    def report(name, score, start):
        print(f"{name}: {score:.2f} %, {time.time() - start:.1f} s", flush=True)
        return score

    def measured(name, make):
        start = time.time()
        return report(name, accuracy(make(), test_images, test_labels), start)

    measured("PyTorch float", lambda: quantizable(state))
    measured("PyTorch PTQ", lambda: ptq(copy.deepcopy(state), images[: a.calibrate], a))
    scores = {"PyTorch, simulated,": [], "PyTorch": [], "octet": []}
    for seed in map(int, a.seeds.split(",")):
        start = time.time()
        net = qat(copy.deepcopy(state), images, labels, a, seed)
        scores["PyTorch, simulated,"].append(report(f"PyTorch QAT, simulated, seed {seed}", accuracy(net, test_images, test_labels), start))
        scores["PyTorch"].append(measured(f"PyTorch QAT, seed {seed}", lambda: tq.convert(net)))
        if a.octet:
            start = time.time()
            float_score, ptq_score, score = octet(a, seed)
            if not scores["octet"]:
                report("octet float", float_score, start)
                report("octet PTQ", ptq_score, start)
            scores["octet"].append(report(f"octet QAT, seed {seed}", score, start))
    for name, list in scores.items():
        if list:
            print(f"{name} QAT, mean of {len(list)} seeds: {sum(list) / len(list):.2f} %")


if __name__ == "__main__":
    main()
