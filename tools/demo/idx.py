"""IDX files (the format of MNIST and Fashion-MNIST), gzip-compressed, unsigned bytes only."""

import gzip
import struct
from pathlib import Path

import numpy as np

UBYTE = 0x08


def read(path: Path) -> np.ndarray:
    raw = gzip.decompress(Path(path).read_bytes())
    zero, kind, rank = struct.unpack(">HBB", raw[:4])
    if zero != 0 or kind != UBYTE:
        raise ValueError(f"{path}: not an IDX file of unsigned bytes")
    shape = struct.unpack(f">{rank}I", raw[4 : 4 + 4 * rank])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def write(path: Path, array: np.ndarray) -> None:
    if array.dtype != np.uint8:
        raise ValueError(f"{path}: expected uint8, got {array.dtype}")
    header = struct.pack(">HBB", 0, UBYTE, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    # mtime 0: the same array always gives the same file.
    Path(path).write_bytes(gzip.compress(header + array.tobytes(), 9, mtime=0))
