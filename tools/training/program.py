"""What quantization-aware training gives exported programs: a network of convolutions, group norm and a transformer
encoder, float, quantized after training, and trained with quantization in the loop.

    go build ./cmd/octet
    python tools/training/program.py --octet ./octet [FOLDER]

trains the float network with PyTorch on Fashion-MNIST, writes it as FOLDER/net.pt2 and net.onnx, and prints the top-1
accuracy on the test images of each: of the float file, of calibration alone and of `octet qat`. Weights have few bits,
so that there is something to lose.

Needs torch 2.15.0, onnxscript and numpy; uses one thread unless --threads says otherwise.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import torch
from torch import nn
from torch.export import Dim

ROOT = pathlib.Path(__file__).parents[2]
DEMO = ROOT / "cmd" / "octet" / "demodata"
sys.path.insert(0, str(ROOT / "tools" / "demo"))
import model as demo
from train import augment, load

warnings.filterwarnings("ignore")


class Block(nn.Module):
    """a block of a transformer encoder, norms first"""

    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.ln_1, self.ln_2 = heads, nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        n, t, c = x.shape
        q, k, v = self.qkv(self.ln_1(x)).view(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        y = nn.functional.scaled_dot_product_attention(q, k, v)
        x = x + self.proj(y.transpose(1, 2).reshape(n, t, c))
        return x + self.mlp(self.ln_2(x))


class Net(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, width, 3, 2, 1), nn.GroupNorm(4, width), nn.ReLU())
        self.places = nn.Parameter(torch.randn(49, width) * 0.02)
        self.blocks = nn.Sequential(Block(width, 2), Block(width, 2))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, x):
        x = self.stem(x).flatten(2).transpose(1, 2) + self.places
        return self.head(self.norm(self.blocks(x)).mean(1))


def fitted(images, labels, a):
    """the float network"""
    torch.manual_seed(7)
    net = Net()
    rng = torch.Generator().manual_seed(7)
    steps = a.float_epochs * (len(images) // 64)
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for _ in range(a.float_epochs):
        for pick in torch.randperm(len(images), generator=rng)[: len(images) // 64 * 64].split(64):
            loss = nn.functional.cross_entropy(net(demo.normalize(augment(images[pick], rng))), labels[pick])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return net.eval()


@torch.no_grad()
def accuracy(net, images, labels):
    right = sum(int((net(demo.normalize(x)).argmax(1) == y).sum()) for x, y in zip(images.split(500), labels.split(500)))
    return 100 * right / len(labels)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", nargs="?", help="where the files are kept")
    p.add_argument("--octet", required=True, help="octet's program")
    p.add_argument("--train", default=str(DEMO / "train"), help="training images, without -images-idx3-ubyte.gz")
    p.add_argument("--test", default=str(DEMO / "t10k"), help="test images, likewise")
    p.add_argument("--limit", type=int, default=0, help="train on so many images only")
    p.add_argument("--float-epochs", type=int, default=12)
    p.add_argument("--epochs", type=int, default=2)
    p.add_argument("--lr", type=float, default=0.002)
    p.add_argument("--weight-bits", type=int, default=3)
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    torch.set_num_threads(a.threads)
    images, labels = load(pathlib.Path(a.train).parent, pathlib.Path(a.train).name)
    if a.limit:
        images, labels = images[: a.limit], labels[: a.limit]
    tests = load(pathlib.Path(a.test).parent, pathlib.Path(a.test).name)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(a.folder or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "net.pt2").exists():
            start = time.time()
            net = fitted(images, labels, a)
            print(f"PyTorch float: {accuracy(net, *tests):.2f} %, {time.time() - start:.0f} s", flush=True)
            program = torch.export.export(net, (demo.normalize(images[:2]),), dynamic_shapes=({0: Dim("n")},))
            torch.export.save(program, folder / "net.pt2")
            torch.onnx.export(net, (demo.normalize(images[:2]),), str(folder / "net.onnx"), dynamic_shapes=({0: Dim("n")},), external_data=False, verbose=False)
        for file in "net.pt2", "net.onnx":
            start = time.time()
            command = [a.octet, "qat", str(folder / file), "--data", f"{a.train}-images-idx3-ubyte.gz", "--eval", f"{a.test}-images-idx3-ubyte.gz"]
            command += ["--output", str(folder / "int8.onnx"), "--checkpoint", "none", "--preset", "fashion-mnist", "--json", "--quiet"]
            flags = {"weight-bits": a.weight_bits, "epochs": a.epochs, "lr": a.lr, "distill": 1, "augment": "small", "threads": a.threads, "optimizer": "adamw"}
            flags |= {"limit": a.limit}
            for k, v in flags.items():
                command += [f"--{k}", str(v)]
            got = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["accuracy"]
            figures = [got[f"{k}_top1_percent"] for k in ("float", "ptq", "qat")]
            print("{}: float {:.2f} %, calibration alone {:.2f} %, training {:.2f} %, {:.0f} s".format(file, *figures, time.time() - start), flush=True)


if __name__ == "__main__":
    main()
