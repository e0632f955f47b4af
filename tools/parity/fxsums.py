"""What a network converted in FX graph mode gives when no sum saturates, and the proof that nothing else keeps PyTorch
from it.

Every convolution and linear layer is computed a second time, in exact sums, from PyTorch's own integers: its int8 weights
and the codes that it was given. The two may differ where a pair of products leaves 16 bits (see saturation.py), and nowhere
else.
"""

from dataclasses import dataclass, field

import torch
from torch.fx import Interpreter

import arithmetic
import saturation
from capture import OPS, Node, Value, _tensor


class Recorder(Interpreter):
    """Runs a graph and notes its layers; with exact, it goes on with exact sums in the place of PyTorch's."""

    def __init__(self, net, exact):
        super().__init__(net)
        self.exact = exact
        self.layers = []

    def call_module(self, target, args, kwargs):
        output = super().call_module(target, args, kwargs)
        module = self.fetch_attr(target)
        op = OPS.get(type(module), "")
        if not op.startswith(("conv2d", "linear")):
            return output
        node = Node(target, op, [Value.of(args[0])], Value.of(output), module)
        self.layers.append(node)
        if not self.exact:
            return output
        node.output.data = arithmetic.compute(node, "fbgemm")
        return _tensor(node.output)


@dataclass
class Sums:
    own: torch.Tensor  # PyTorch's logits
    exact: torch.Tensor  # those of exact sums
    saturated: dict[str, int] = field(default_factory=dict)  # codes that differ, by layer


def logits(net, images):
    """Logits of a network converted for fbgemm, from PyTorch and from exact sums. Stops where a code differs although no
    pair of its products saturates."""
    saturates = saturation.probe()
    run = Recorder(net, exact=False)
    with torch.no_grad():
        sums = Sums(run.run(images), Recorder(net, exact=True).run(images))
    for node in run.layers:
        differs = arithmetic.compute(node, "fbgemm") != node.output.data
        pairs = saturation.mask(node, saturates)
        unexplained = differs if pairs is None else differs & ~pairs
        assert not unexplained.any(), f"{node.name}: {unexplained.sum()} codes differ from exact sums, and no pair saturates"
        if differs.any():
            sums.saturated[node.name] = int(differs.sum())
    return sums
