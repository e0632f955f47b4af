"""What PyTorch computed: the integers that went into and came out of every node of a converted model.

A node is named by torch's module path; a function that a block calls by that block's path and its own name (Mixed_5b.avg_pool2d),
or its own name alone in the outermost forward (mobilenet_v2's pool). Reshapes, slices, shuffles, identities and the final
dequantize are not nodes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.ao.nn.intrinsic.quantized as nniq
import torch.ao.nn.quantized as nnq
from torch import nn


@dataclass
class Value:
    """Integers of a quantized tensor (logical NCHW order) with its parameters, or floats with scale None."""

    data: np.ndarray
    scale: float | None = None
    zero_point: int | None = None
    channels_last: bool = False

    @staticmethod
    def of(tensor: torch.Tensor) -> "Value":
        if not tensor.is_quantized:
            return Value(np.ascontiguousarray(tensor.numpy()))
        nhwc = tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
        data = np.ascontiguousarray(tensor.int_repr().numpy())
        return Value(data, tensor.q_scale(), tensor.q_zero_point(), nhwc)

    @property
    def dtype(self) -> str:
        return "float32" if self.scale is None else "quint8"


@dataclass
class Node:
    name: str
    op: str
    inputs: list[Value]
    output: Value
    module: nn.Module | None = None


@dataclass
class Trace:
    nodes: list[Node] = field(default_factory=list)
    logits: np.ndarray | None = None
    codes: int = 0  # distinct integers among the logits

    def index(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}


OPS = {
    nnq.Quantize: "quantize",
    nnq.Conv2d: "conv2d",
    nniq.ConvReLU2d: "conv2d_relu",
    nnq.Linear: "linear",
    nniq.LinearReLU: "linear_relu",
    nnq.Hardswish: "hardswish",
    nn.Hardsigmoid: "hardsigmoid",
}
FUNCTIONAL = ("add", "add_relu", "mul")
POOLS = {"adaptive_avg_pool2d": nn.AdaptiveAvgPool2d, "max_pool2d": nn.MaxPool2d, "avg_pool2d": nn.AvgPool2d}


def trace(model: nn.Module, images: torch.Tensor, replace: Callable[[Node], np.ndarray] | None = None) -> Trace:
    """Runs the converted model once and records every node in execution order.

    `replace` computes a node's integers in PyTorch's stead; the model then goes on with those.
    """
    result, undo, stack = Trace(), [], []

    def record(name, op, inputs, output, module=None):
        node = Node(name, op, [Value.of(x) for x in inputs], Value.of(output), module)
        result.nodes.append(node)
        if replace is None:
            return output
        node.output.data = replace(node)
        return _tensor(node.output)

    for name, module in model.named_modules():
        op = OPS.get(type(module))
        if op is not None:
            hook = lambda m, inputs, output, name=name, op=op: record(name, op, inputs, output, m)
            undo.append(module.register_forward_hook(hook).remove)
        if isinstance(module, nnq.QFunctional):
            for method in FUNCTIONAL:
                undo.append(_wrap_functional(module, name, method, record))
            undo.append(_wrap_cat(module, name, record))
        enter = module.register_forward_pre_hook(lambda m, inputs, name=name: stack.append((name, m)))
        leave = module.register_forward_hook(lambda m, inputs, output: (stack.pop(), None)[1])
        undo += [enter.remove, leave.remove]
    for function, owner in POOLS.items():
        undo.append(_wrap_pool(function, owner, stack, record))
    undo.append(_wrap_mean(stack, record))
    try:
        result.logits = np.ascontiguousarray(model(images).numpy())
    finally:
        for step in undo:
            step()
    result.codes = len(np.unique(result.nodes[-1].output.data))
    return result


def _tensor(value: Value) -> torch.Tensor:
    data = torch.from_numpy(np.ascontiguousarray(value.data, dtype=np.uint8))
    if value.channels_last:
        data = data.contiguous(memory_format=torch.channels_last)
    return torch._make_per_tensor_quantized_tensor(data, value.scale, value.zero_point)


def _wrap_functional(module, name, method, record):
    """Records calls of one method of a QFunctional, which hooks do not see."""
    original = getattr(module, method)

    def call(a, b):
        return record(name, method, [a, b], original(a, b), module)

    module.__dict__[method] = call
    return lambda: module.__dict__.pop(method)


def _wrap_cat(module, name, record):
    original = module.cat

    def call(parts, dim):
        return record(name, "cat", list(parts), original(parts, dim), module)

    module.__dict__["cat"] = call
    return lambda: module.__dict__.pop("cat")


def _called(function: str, path: str) -> str:
    return f"{path}.{function}" if path else function


def _wrap_pool(function, owner, stack, record):
    """Records a pool whether its module, a block or the model's own forward calls it."""
    original = getattr(nn.functional, function)

    def call(x, *args, **kwargs):
        output = original(x, *args, **kwargs)
        path, module = stack[-1]
        if isinstance(module, owner):
            return record(path, function, [x], output, module)
        return record(_called(function, path), function, [x], output)

    setattr(nn.functional, function, call)
    return lambda: setattr(nn.functional, function, original)


def _wrap_mean(stack, record):
    original = torch.Tensor.mean

    def call(x, *args, **kwargs):
        output = original(x, *args, **kwargs)
        return record(_called("mean", stack[-1][0]), "mean", [x], output) if x.is_quantized else output

    torch.Tensor.mean = call
    return lambda: setattr(torch.Tensor, "mean", original)
