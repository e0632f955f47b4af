"""Compares octet's integers with PyTorch's, node by node, and explains the differences that are PyTorch's own."""

from dataclasses import dataclass, field

import numpy as np

import saturation
from capture import Node, Trace, Value

BLOCK = 64  # elements per step of ATen's AVX2 pointwise kernels
VECTORS = 8  # channels per step of its channels-last concatenation
ADDS = ("add", "add_relu", "hardswish", "hardsigmoid", "cat")  # what is computed by two formulas
ADD_ODDS = 100_000  # at most one of their results in this many may differ


@dataclass
class NodeResult:
    """Differences of one node. `wrong` counts those nothing documented explains."""

    name: str
    op: str
    elements: int = 0
    saturating: int = 0  # outputs excluded: PyTorch's pairs saturate there
    saturating_differ: int = 0  # of them, those that differ
    tail: int = 0  # adds off by one in the scalar tail
    wrong: int = 0
    worst: int = 0
    problem: str = ""

    @property
    def ok(self) -> bool:
        return not self.wrong and not self.problem

    @property
    def differs(self) -> bool:
        return bool(self.problem or self.wrong or self.tail or self.saturating_differ)


@dataclass
class LayersResult:
    nodes: list[NodeResult] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)  # nodes of octet that PyTorch does not have

    def total(self, what: str) -> int:
        return sum(getattr(node, what) for node in self.nodes)

    @property
    def adds(self) -> int:
        return sum(node.elements for node in self.nodes if node.op in ADDS)

    @property
    def failures(self) -> list[NodeResult]:
        return [node for node in self.nodes if not node.ok]


def tail_mask(value: Value) -> np.ndarray:
    """The last n mod 64 elements in memory order, which PyTorch computes with its scalar formula."""
    size = value.data.size
    flat = np.zeros(size, bool)
    flat[size - size % BLOCK :] = True
    if not value.channels_last:
        return flat.reshape(value.data.shape)
    n, c, h, w = value.data.shape
    return flat.reshape(n, h, w, c).transpose(0, 3, 1, 2)


def cat_tail_mask(node: Node) -> np.ndarray:
    """The last C mod 8 channels of each operand of a concatenation, if it takes the channels-last formula at all."""
    mask = np.zeros(node.output.data.shape, bool)
    at = 0
    for x in node.inputs:
        channels = x.data.shape[1]
        if all(part.channels_last for part in node.inputs):
            mask[:, at + channels - channels % VECTORS : at + channels] = True
        at += channels
    return mask


def compare_node(node: Node, ours: Value | None, saturating: dict[str, bool], backend: str) -> NodeResult:
    """One node's output under the rules: all equal, save saturating outputs and adds off by one in the tail."""
    theirs = node.output
    result = NodeResult(node.name, node.op, theirs.data.size)
    result.problem = _type_problem(theirs, ours)
    if result.problem:
        return result
    delta = np.abs(ours.data.astype(np.int32) - theirs.data.astype(np.int32))
    differs = delta != 0
    excluded = saturation.mask(node, saturating) if backend == "fbgemm" else None
    if excluded is not None:
        result.saturating = int(excluded.sum())
        result.saturating_differ = int((differs & excluded).sum())
        differs &= ~excluded
    if node.op == "cat" or node.op in ADDS and backend == "fbgemm":
        tail = differs & (delta == 1) & (cat_tail_mask(node) if node.op == "cat" else tail_mask(theirs))
        result.tail = int(tail.sum())
        differs &= ~tail
    result.wrong = int(differs.sum())
    result.worst = int(delta[differs].max()) if result.wrong else 0
    return result


def _type_problem(theirs: Value, ours: Value | None) -> str:
    if ours is None:
        return "missing"
    if ours.data.shape != theirs.data.shape:
        return f"shape {list(ours.data.shape)}, PyTorch {list(theirs.data.shape)}"
    if ours.dtype != theirs.dtype:
        return f"{ours.dtype}, PyTorch {theirs.dtype}"
    # PyTorch's modules keep a scale as the float64 of a float32: equality is meant to the bit.
    if ours.scale != theirs.scale or ours.zero_point != theirs.zero_point:
        return f"parameters ({ours.scale}, {ours.zero_point}), PyTorch ({theirs.scale}, {theirs.zero_point})"
    return ""


def compare_layers(trace: Trace, ours: dict[str, Value], saturating: dict[str, bool], backend: str) -> LayersResult:
    """Each node on PyTorch's own inputs."""
    result = LayersResult([compare_node(node, ours.get(node.name), saturating, backend) for node in trace.nodes])
    result.extra = sorted(set(ours) - {node.name for node in trace.nodes})
    return result


@dataclass
class EndToEnd:
    identical: bool
    differing: int = 0  # logits
    worst: float = 0.0
    first: str = ""  # first node, in execution order, whose output differs
    causes: list[NodeResult] = field(default_factory=list)  # nodes that differ although their inputs agree
    traced: bool = True  # every cause is PyTorch's saturation or tail
    problem: str = ""

    @property
    def ok(self) -> bool:
        return not self.problem and (self.identical or self.traced)


def compare_logits(trace: Trace, logits: np.ndarray) -> EndToEnd:
    """Bits of the float logits; `explain` says where a difference began."""
    if logits.shape != trace.logits.shape:
        shapes = f"logits {list(logits.shape)}, PyTorch {list(trace.logits.shape)}"
        return EndToEnd(False, traced=False, problem=shapes)
    differs = logits.view(np.int32) != trace.logits.view(np.int32)
    if not differs.any():
        return EndToEnd(True)
    worst = float(np.abs(logits.astype(np.float64) - trace.logits).max())
    return EndToEnd(False, int(differs.sum()), worst, traced=False)


def explain(outcome: EndToEnd, trace: Trace, ours: dict[str, Value], saturating: dict[str, bool], backend: str) -> None:
    """Finds every node whose inputs are PyTorch's and whose output is not, and whether that is documented."""
    changed: set[str] = set()
    producers = Producers(trace)
    for node in trace.nodes:
        value = ours.get(node.name)
        same = value is not None and np.array_equal(value.data, node.output.data)
        if same and not _type_problem(node.output, value):
            continue
        changed.add(node.name)
        outcome.first = outcome.first or node.name
        if not changed.intersection(producers.of(node)):
            outcome.causes.append(compare_node(node, value, saturating, backend))
    outcome.traced = bool(outcome.causes) and all(cause.ok for cause in outcome.causes)
    if not changed:
        outcome.problem = "every node agrees, the logits do not: the last dequantize differs"


class Producers:
    """Which node made a value: the latest earlier node whose output holds the same integers and parameters.

    Shuffling and splitting channels leave parameters only: those stand for the latest node that gave them.
    """

    def __init__(self, trace: Trace):
        self.made: dict[str, list[str]] = {}
        seen: dict[tuple, str] = {}
        for node in trace.nodes:
            makers = [seen.get(_key(value)) or seen.get(_parameters(value)) for value in node.inputs]
            self.made[node.name] = [maker for maker in makers if maker]
            seen[_key(node.output)] = seen[_parameters(node.output)] = node.name

    def of(self, node: Node) -> list[str]:
        return self.made[node.name]


def _key(value: Value) -> tuple:
    # Flattening keeps the bytes of a contiguous array, so the shape is left out.
    return value.data.dtype.str, value.data.size, hash(value.data.tobytes()), value.scale, value.zero_point


def _parameters(value: Value) -> tuple:
    return value.scale, value.zero_point
