"""Trains a fashion_resnet8 on Fashion-MNIST and saves its float state_dict, as a user of PyTorch would.

usage: python train.py --data DIR [--out fashion_resnet8.pth] [--widths STEM 1 2 3] [--epochs N] [--seed S] [--threads T]
The result is reproducible for one PyTorch build, CPU type and thread count. One thread by default: small layers gain little from
more, and lose much where cores are shared.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

import idx
from model import FashionResNet8, macs, normalize


def load(folder: Path, part: str):
    images = idx.read(folder / f"{part}-images-idx3-ubyte.gz").copy()
    labels = idx.read(folder / f"{part}-labels-idx1-ubyte.gz").astype(np.int64)
    return torch.from_numpy(images), torch.from_numpy(labels)


def augment(batch: torch.Tensor, rng: torch.Generator, pad: int = 2) -> torch.Tensor:
    """Per image: horizontal flip with probability one half, then a 28x28 crop of the zero-padded image."""
    n, size = len(batch), batch.shape[-1]
    flip = torch.rand(n, generator=rng) < 0.5
    batch = torch.where(flip[:, None, None], batch.flip(2), batch)
    padded = nn.functional.pad(batch, (pad,) * 4)
    top = torch.randint(0, 2 * pad + 1, (n, 1, 1), generator=rng)
    left = torch.randint(0, 2 * pad + 1, (n, 1, 1), generator=rng)
    span = torch.arange(size)
    return padded[torch.arange(n)[:, None, None], top + span[None, :, None], left + span[None, None, :]]


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor, batch: int = 500) -> float:
    model.eval()
    right = sum(
        int((model(normalize(x)).argmax(1) == y).sum()) for x, y in zip(images.split(batch), labels.split(batch))
    )
    return right / len(labels)


def train(model, images, labels, epochs: int, batch: int, peak: float, rng: torch.Generator) -> None:
    steps = len(images) // batch
    optimizer = torch.optim.SGD(model.parameters(), lr=peak, momentum=0.9, weight_decay=5e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, peak, total_steps=epochs * steps, pct_start=0.2, cycle_momentum=False
    )
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    for epoch in range(epochs):
        start, total = time.time(), 0.0
        model.train()
        for pick in torch.randperm(len(images), generator=rng)[: steps * batch].split(batch):
            x = normalize(augment(images[pick], rng)).contiguous(memory_format=torch.channels_last)
            loss = loss_of(model(x), labels[pick])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}/{epochs} loss {total / steps:.4f} {time.time() - start:.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the four Fashion-MNIST .gz files")
    parser.add_argument("--out", type=Path, default=Path("fashion_resnet8.pth"))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--peak", type=float, default=0.2, help="highest learning rate of the cycle")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--widths", type=int, nargs=4, help="channels of the stem and of the three blocks")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(args.seed)
    stem, *widths = args.widths or (0,)
    model = FashionResNet8(stem=stem, widths=tuple(widths)).to(memory_format=torch.channels_last)
    parameters = sum(p.numel() for p in model.parameters())
    print(f"parameters {parameters} MACs {macs(model)}", flush=True)

    images, labels = load(args.data, "train")
    train(model, images, labels, args.epochs, args.batch, args.peak, torch.Generator().manual_seed(args.seed))

    model = model.to(memory_format=torch.contiguous_format)
    torch.save(model.state_dict(), args.out)
    test_images, test_labels = load(args.data, "t10k")
    print(f"train accuracy {accuracy(model, images, labels):.4%}")
    print(f"test accuracy {accuracy(model, test_images, test_labels):.4%}")
    print(f"saved {args.out}: {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
