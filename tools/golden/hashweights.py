"""The weights and images of internal/hashweights, number for number."""

import math

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


def uniform(name: str, n: int, seed: int) -> np.ndarray:
    """n float32 in [-1, 1), from the hash that the Go package describes."""
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK
    start = np.uint64((h + seed * GOLDEN) & MASK)
    with np.errstate(over="ignore"):
        z = start + np.arange(n, dtype=np.uint64) * np.uint64(GOLDEN)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.float32) * np.float32(2**-23) - np.float32(1)).astype(np.float32)


def parameter(key: str, norm: bool, shape: tuple, seed: int, exponents: dict) -> np.ndarray:
    """The tensor of a key; see Model.Parameter."""
    u = uniform(key, int(np.prod(shape)), seed)
    module, kind = key.rsplit(".", 1)
    e = exponents.get(module, 0)
    scale, offset = np.float32(2.0**e), np.float32(0)
    if kind == "weight" and len(shape) > 1:
        scale = np.float32(math.sqrt(6 / int(np.prod(shape[1:]))))
    elif norm and kind == "weight":
        scale, offset = np.float32(0.5), np.float32(1)
    elif norm and kind == "bias":
        scale = np.float32(0.25)
    elif kind == "running_mean":
        scale = np.float32(0.125 * 2.0 ** math.floor(e / 2))
    elif kind == "running_var":
        scale, offset = scale / np.float32(4), scale
    return (u * scale + offset).astype(np.float32).reshape(shape)


def images(n: int, channels: int, size: int, seed: int) -> np.ndarray:
    """[n, channels, size, size]; see Images."""
    cells = (size + 7) // 8
    coarse = uniform("coarse", n * channels * cells * cells, seed).reshape(n, channels, cells, cells)
    grain = uniform("grain", n * channels * size * size, seed).reshape(n, channels, size, size)
    coarse = coarse.repeat(8, axis=2).repeat(8, axis=3)[:, :, :size, :size]
    return (np.float32(1.5) * coarse + grain * np.float32(0.5)).astype(np.float32)
