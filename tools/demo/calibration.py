"""Draws the demo's calibration set from the training images: the same number of each class, in random order.
With --name train it draws what `octet demo --qat` trains on.

usage: python calibration.py --data DIR --out DIR [--count 512] [--seed 1] [--name calibration]
"""

import argparse
from pathlib import Path

import numpy as np

import idx


def draw(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Indices of `count` images, class counts equal up to one, shuffled so that every batch mixes classes."""
    rng = np.random.default_rng(seed)
    classes = np.unique(labels)
    shares = np.full(len(classes), count // len(classes))
    shares[: count % len(classes)] += 1
    picked = [rng.choice(np.flatnonzero(labels == c), share, replace=False) for c, share in zip(classes, shares)]
    return rng.permutation(np.concatenate(picked))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the Fashion-MNIST training .gz files")
    parser.add_argument("--out", type=Path, required=True, help="folder for the two files")
    parser.add_argument("--count", type=int, default=512)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--name", default="calibration", help="the files are NAME-images-idx3-ubyte.gz and NAME-labels-idx1-ubyte.gz")
    args = parser.parse_args()
    images = idx.read(args.data / "train-images-idx3-ubyte.gz")
    labels = idx.read(args.data / "train-labels-idx1-ubyte.gz")
    picked = draw(labels, args.count, args.seed)
    idx.write(args.out / f"{args.name}-images-idx3-ubyte.gz", images[picked])
    idx.write(args.out / f"{args.name}-labels-idx1-ubyte.gz", labels[picked])
    print(f"{len(picked)} images, per class {np.bincount(labels[picked]).tolist()}")


if __name__ == "__main__":
    main()
