"""The integers of every node, computed without PyTorch's quantized kernels: a stand-in for octet in the self-test.

Accumulation is exact and never saturates; adds use the vector formula for every element, as octet's do. Every float32
operation is written to round once.
"""

import numpy as np
import torch
from torch.nn import functional as F

from capture import Node, Value

f32, f64 = np.float32, np.float64
INT32_MIN = -(2.0**31)


def compute(node: Node, backend: str) -> np.ndarray:
    """Output integers of a node from its inputs and its module, whose parameters are the model file's."""
    kind = node.op.removesuffix("_relu")
    relu = node.op.endswith("_relu")
    if kind == "quantize":
        return quantize(node.inputs[0].data, node.module.scale.item(), node.module.zero_point.item())
    if kind in ("conv2d", "linear"):
        return weighted(node, backend, kind, relu)
    if kind == "add":
        add = add_fixed_point if backend == "qnnpack" else add_float
        return add(*node.inputs, node.module.scale, node.module.zero_point, relu)
    if kind == "max_pool2d":
        pooled = F.max_pool2d(_double(node.inputs[0].data), *_pool_arguments(node.module))
        return pooled.numpy().astype(np.uint8)
    if kind == "adaptive_avg_pool2d":
        return average(node.inputs[0], backend)
    raise ValueError(f"{node.name}: no arithmetic for {node.op}")


def fma(a, b, c) -> np.ndarray:
    """float32 a*b + c rounded once: the sum is rounded to odd in float64 first."""
    product = np.asarray(a, f32).astype(f64) * np.asarray(b, f32).astype(f64)
    c = np.asarray(c, f32).astype(f64)
    total = product + c
    back = total - product
    error = (product - (total - back)) + (c - back)
    even = (total.view(np.int64) & 1) == 0
    nudged = np.nextafter(total, np.where(error > 0, np.inf, -np.inf))
    return np.where((error != 0) & even, nudged, total).astype(f32)


def to_int(x: np.ndarray) -> np.ndarray:
    """Half to even; out of range becomes the lowest int32, as the x86 instruction has it."""
    rounded = np.rint(x.astype(f64))
    inside = (rounded >= INT32_MIN) & (rounded < -INT32_MIN)
    return np.where(inside, rounded, INT32_MIN).astype(np.int64)


def narrow(values: np.ndarray, zero_point: int, relu: bool) -> np.ndarray:
    """Through int16 to uint8, as both libraries' epilogues do."""
    shifted = np.clip(np.clip(values, -32768, 32767) + zero_point, -32768, 32767)
    return np.clip(shifted, zero_point if relu else 0, 255).astype(np.uint8)


def quantize(x: np.ndarray, scale: float, zero_point: int) -> np.ndarray:
    scaled = np.minimum((x * (f32(1) / f32(scale))).astype(f32), f32(2147483520))
    return np.clip(to_int(scaled) + zero_point, 0, 255).astype(np.uint8)


def weighted(node: Node, backend: str, kind: str, relu: bool) -> np.ndarray:
    x, module = node.inputs[0], node.module
    weight, bias = module.weight(), module.bias()
    per_channel = weight.qscheme() == torch.per_channel_affine
    scales = weight.q_per_channel_scales().numpy() if per_channel else np.array([weight.q_scale()])
    codes = _double(x.data.astype(np.int64) - x.zero_point)
    taps = weight.int_repr().double()
    if kind == "conv2d":
        total = F.conv2d(codes, taps, None, module.stride, module.padding, module.dilation, module.groups)
    else:
        total = F.linear(codes, taps)
    total = np.rint(total.numpy()).astype(np.int64)
    shape = (1, -1) + (1,) * (total.ndim - 2)
    bias = None if bias is None else bias.detach().numpy().astype(f32)
    epilogue = _qnnpack if backend == "qnnpack" else _fbgemm
    scaled = epilogue(total, bias, f32(x.scale), scales, f32(module.scale), shape, per_channel)
    return narrow(to_int(scaled), module.zero_point, relu)


def _fbgemm(total, bias, input_scale, scales, output_scale, shape, per_channel):
    product = (input_scale * scales.astype(f32)).astype(f32)
    value = total.astype(f32)
    if bias is not None and per_channel:
        value = (value + (bias / product).astype(f32).reshape(shape)).astype(f32)
    elif bias is not None:
        value = fma(bias.reshape(shape), f32(1.0 / f64(product[0])), value)
    return (value * (product / output_scale).astype(f32).reshape(shape)).astype(f32)


def _qnnpack(total, bias, input_scale, scales, output_scale, shape, per_channel):
    if bias is not None:
        inverse = (f32(1) / (scales.astype(f64) * f64(input_scale)).astype(f32)).astype(f32)
        total = total + np.rint((bias * inverse).astype(f32)).astype(np.int64).reshape(shape)
    product = (scales.astype(f32) * input_scale).astype(f32)
    return (total.astype(f32) * (product * (f32(1) / output_scale)).astype(f32).reshape(shape)).astype(f32)


def add_float(a: Value, b: Value, scale: float, zero_point: int, relu: bool) -> np.ndarray:
    total = (_dequantize(a) + _dequantize(b)).astype(f32)
    if relu:
        total = np.maximum(total, f32(0))
    return quantize(total, scale, zero_point)


def _dequantize(value: Value) -> np.ndarray:
    scale = f32(value.scale)
    return fma(scale, value.data.astype(f32), f32(scale * f32(-value.zero_point)))


def add_fixed_point(a: Value, b: Value, scale: float, zero_point: int, relu: bool) -> np.ndarray:
    ratios = [f32(f32(v.scale) / f32(scale)) for v in (a, b)]
    shift = 21 - int(np.floor(np.log2(f64(max(ratios)))))
    factors = [int(np.rint(f64(r) * 2.0**shift)) for r in ratios]
    total = sum(f * (v.data.astype(np.int64) - v.zero_point) for f, v in zip(factors, (a, b)))
    mask = (1 << shift) - 1
    up = ((total & mask) - (total < 0)) > (mask >> 1)
    return np.clip((total >> shift) + up + zero_point, zero_point if relu else 0, 255).astype(np.uint8)


def average(x: Value, backend: str) -> np.ndarray:
    """Global average of a channels-last value."""
    count = x.data.shape[2] * x.data.shape[3]
    if count == 1:
        return x.data.copy()
    total = x.data.astype(np.int64).sum((2, 3), keepdims=True) - x.zero_point * count
    if backend == "qnnpack":
        scale = f32(x.scale)
        factor = f32(scale / f32(scale * f32(count)))
    else:
        factor = f32(1) / f32(f32(1) / f32(f32(1) / f32(count)))
    return np.clip(to_int((total.astype(f32) * factor).astype(f32)) + x.zero_point, 0, 255).astype(np.uint8)


def _double(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array.astype(f64))


def _pool_arguments(pool):
    return pool.kernel_size, pool.stride, pool.padding, pool.dilation, pool.ceil_mode
