"""Makes the checkpoints of kinds.py in a folder, with the inputs and PyTorch's logits.

    python tools/checkpoints/make.py FOLDER [--only NAME ...]

Each kind has a folder with its file, and logits.npy where PyTorch's answer to FOLDER/input.npy is known. Where sums may
saturate in PyTorch, logits.npy has those of exact sums, and pytorch.npy its own.
"""
import argparse
import gzip
import os
import pathlib
import shutil
import tarfile

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import numpy as np
import torch

import exact
import kinds
import nets

torch.set_num_threads(1)
INPUT = nets.images(2, 99)


def pack(path, how):
    if how == "gzip":
        packed = path.with_name(path.name + ".gz")
        packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    else:
        packed = path.with_name(path.stem + "." + how)
        with tarfile.open(packed, "w:gz") as t:
            t.add(path, "run1/" + path.name)
    path.unlink()
    return packed


def make(kind, root):
    folder = root / kind.__name__
    folder.mkdir()
    torch.manual_seed(0)
    saved = kind(folder)
    path = saved.path
    if path is None:
        path = folder / "checkpoint.pth"
        torch.save(saved.obj, path, **saved.kw)
    if saved.pack:
        path = pack(path, saved.pack)
    if saved.model is not None:
        with torch.no_grad():
            own = saved.model(INPUT).numpy()
            np.save(folder / "logits.npy", exact.logits(saved.model, INPUT) if saved.saturates else own)
            if saved.saturates:
                np.save(folder / "pytorch.npy", own)
    for f in folder.iterdir():
        if f not in (path, folder / "logits.npy", folder / "pytorch.npy"):
            f.unlink() if not f.is_dir() else shutil.rmtree(f)
    return path


def main():
    p = argparse.ArgumentParser()
    p.add_argument("folder", type=pathlib.Path)
    p.add_argument("--only", nargs="*", default=[])
    args = p.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    np.save(args.folder / "input.npy", INPUT.numpy())
    for kind in kinds.KINDS:
        if not args.only or kind.__name__ in args.only:
            shutil.rmtree(args.folder / kind.__name__, ignore_errors=True)
            print(make(kind, args.folder), flush=True)


if __name__ == "__main__":
    main()
