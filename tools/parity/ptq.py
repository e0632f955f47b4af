"""Compares a model octet quantized from float with torch.ao's, quantized from the same file on the same batches."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn
from torch.ao.quantization import HistogramObserver

import models

CLOSE = 1e-4  # relative difference of scales
NEAR_HALF = 1e-3  # distance of an unrounded zero point from a half within which its rounding may flip
FAR = 0.05
WEIGHT_SUFFIXES = (".weight", "._packed_params._packed_params")


@dataclass
class Activation:
    """Output parameters of one node, with the zero point before rounding where an observer measured it."""

    scale: float
    zero_point: int
    unrounded: float = float("nan")
    used: bool = True  # False: never called, PyTorch stores scale 1 and zero point 0


@dataclass
class Reference:
    """PyTorch's quantized model, its state dict, and its activations by node name."""

    model: nn.Module
    state: dict
    activations: dict[str, Activation]


def quantize(model: nn.Module, recipe: str, backend: str, weights: str, calibration: torch.Tensor, batch_size: int) -> Reference:
    prepared = models.prepare(model, recipe, backend, weights)
    models.calibrate(prepared, calibration, batch_size)
    activations = observed(prepared)
    converted = models.convert(prepared, backend)
    return Reference(converted, converted.state_dict(), activations)


def observed(prepared: nn.Module) -> dict[str, Activation]:
    """What each activation observer would give, keyed by the module that owns it."""
    result = {}
    for name, module in prepared.named_modules():
        observer = getattr(module, "activation_post_process", None)
        if not hasattr(observer, "calculate_qparams"):
            continue
        if bool(torch.isinf(observer.min_val).any()):
            result[name] = Activation(1.0, 0, used=False)
            continue
        scale, zero_point = (v.item() for v in observer.calculate_qparams())
        low, _ = _range(observer)
        result[name] = Activation(scale, zero_point, observer.quant_min - min(low, 0.0) / scale)
    return result


def _range(observer) -> tuple[float, float]:
    if isinstance(observer, HistogramObserver):
        low, high = observer._non_linear_param_search()
    else:
        low, high = observer.min_val, observer.max_val
    return float(low), float(high)


def activations_of(state: dict) -> dict[str, Activation]:
    """Output parameters held by a quantized state dict."""
    suffix = ".scale"
    return {
        key[: -len(suffix)]: Activation(float(value), int(state[key[: -len(suffix)] + ".zero_point"]))
        for key, value in state.items()
        if key.endswith(suffix)
    }


@dataclass
class ActivationPool:
    """Differences of activation parameters, pooled over models and seeds."""

    tensors: int = 0
    zero_points_equal: int = 0
    scales_close: int = 0
    scales_bitwise: int = 0
    worst: float = 0.0
    unexcused: list[str] = field(default_factory=list)  # zero points that differ away from a half
    problems: list[str] = field(default_factory=list)

    def merge(self, other: "ActivationPool") -> None:
        for name in ("tensors", "zero_points_equal", "scales_close", "scales_bitwise"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.worst = max(self.worst, other.worst)
        self.unexcused += other.unexcused
        self.problems += other.problems

    def share(self, what: str) -> float:
        return getattr(self, what) / self.tensors if self.tensors else 0.0

    def minmax_ok(self) -> bool:
        return self.tensors > 0 and not self.problems and not self.unexcused and self.scales_close == self.tensors

    def histogram_ok(self) -> bool:
        shares = self.share("zero_points_equal") >= 0.95 and self.share("scales_close") >= 0.88
        return self.tensors > 0 and not self.problems and shares and self.worst <= FAR


def compare_activations(reference: dict[str, Activation], ours: dict[str, Activation]) -> ActivationPool:
    """`reference` needs the unrounded zero points; names must agree."""
    pool = ActivationPool()
    pool.problems = [f"missing {n}" for n in reference if n not in ours] + [f"extra {n}" for n in ours if n not in reference]
    for name, theirs in reference.items():
        mine = ours.get(name)
        if mine is None:
            continue
        if not theirs.used:
            if (mine.scale, mine.zero_point) != (1.0, 0):
                pool.problems.append(f"{name}: ({mine.scale}, {mine.zero_point}), never called in PyTorch: (1, 0)")
            continue
        pool.tensors += 1
        difference = abs(mine.scale - theirs.scale) / theirs.scale
        if not np.isfinite(difference):
            pool.problems.append(f"{name}: scale {mine.scale}, PyTorch {theirs.scale}")
            continue
        pool.scales_bitwise += mine.scale == theirs.scale
        pool.scales_close += difference <= CLOSE
        pool.worst = max(pool.worst, difference)
        if mine.zero_point == theirs.zero_point:
            pool.zero_points_equal += 1
        elif not excused(theirs, mine):
            pool.unexcused.append(f"{name}: {mine.zero_point}, PyTorch {theirs.zero_point} (from {theirs.unrounded:.4f})")
    return pool


def excused(theirs: Activation, ours: Activation) -> bool:
    """One apart, where PyTorch's own value sat on the edge between the two."""
    from_half = abs(theirs.unrounded - np.floor(theirs.unrounded) - 0.5)
    return abs(theirs.zero_point - ours.zero_point) == 1 and bool(from_half <= NEAR_HALF)


@dataclass
class WeightResult:
    tensors: int = 0
    scale_bits: int = 0  # scales that differ, counted per channel
    zero_points: int = 0
    integers: int = 0
    elements: int = 0
    bias_bits: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.tensors > 0 and not (self.scale_bits or self.zero_points or self.integers or self.problems)


def compare_weights(reference: dict, ours: dict) -> WeightResult:
    """Weights of two quantized state dicts: scales to the bit, zero points, integers; biases are counted beside them."""
    result = WeightResult()
    result.problems = [f"missing {k}" for k in reference if k not in ours] + [f"extra {k}" for k in ours if k not in reference]
    for key, value in reference.items():
        if not key.endswith(WEIGHT_SUFFIXES) or key not in ours:
            continue
        theirs, their_bias = _weight_and_bias(reference, key, value)
        mine, my_bias = _weight_and_bias(ours, key, ours[key])
        problem = _weight_problem(theirs, mine)
        if problem:
            result.problems.append(f"{key}: {problem}")
            continue
        result.tensors += 1
        (their_scales, their_zeros), (my_scales, my_zeros) = _parameters(theirs), _parameters(mine)
        result.scale_bits += int((their_scales.view(np.int64) != my_scales.view(np.int64)).sum())
        result.zero_points += int((their_zeros != my_zeros).sum())
        result.elements += theirs.numel()
        result.integers += int((theirs.int_repr() != mine.int_repr()).sum())
        result.bias_bits += _bias_differences(their_bias, my_bias)
    return result


def _weight_and_bias(state, key, value):
    if isinstance(value, tuple):
        return value
    return value, state.get(key[: -len("weight")] + "bias")


def _weight_problem(theirs, ours) -> str:
    if not isinstance(ours, torch.Tensor) or not ours.is_quantized:
        return "not a quantized tensor"
    for what in ("shape", "dtype"):
        if getattr(theirs, what) != getattr(ours, what):
            return f"{what} {getattr(ours, what)}, PyTorch {getattr(theirs, what)}"
    if theirs.qscheme() != ours.qscheme():
        return f"{ours.qscheme()}, PyTorch {theirs.qscheme()}"
    return ""


def _parameters(weight) -> tuple[np.ndarray, np.ndarray]:
    if weight.qscheme() == torch.per_tensor_affine:
        return np.array([weight.q_scale()]), np.array([weight.q_zero_point()])
    return weight.q_per_channel_scales().double().numpy(), weight.q_per_channel_zero_points().numpy()


def _bias_differences(theirs, ours) -> int:
    if theirs is None or ours is None:
        return 0 if theirs is ours else max(b.numel() for b in (theirs, ours) if b is not None)
    if theirs.shape != ours.shape:
        return theirs.numel()
    return int((theirs.detach().numpy().view(np.int32) != ours.detach().numpy().view(np.int32)).sum())
