"""What a converted network gives when no sum saturates, and the proof that nothing else keeps PyTorch from it.

On x86 CPUs without VNNI, FBGEMM adds pairs of products in 16 bits (vpmaddubsw). Codes above 127 with large weights do not
fit, and the sums are wrong; octet's are exact. The integers here come from tools/parity, which computes every layer in
float64 from the codes that it is given.
"""
import pathlib
import sys

import numpy as np

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
import arithmetic
import capture
import saturation


def logits(net, images):
    """Logits of a network converted for fbgemm, with exact sums. Stops where PyTorch differs from them in a layer, fed
    with the same codes, and no pair of products leaves 16 bits."""
    own = capture.trace(net, images)
    saturates = saturation.probe()
    saturated = 0
    for node in own.nodes:
        differs = computed(node) != node.output.data
        if node.op.startswith(("conv2d", "linear")):
            pairs = saturation.mask(node, saturates)
            explained = differs if pairs is None else differs & ~pairs
            saturated += int(differs.sum())
        else:
            explained = differs
        assert not explained.any(), f"{node.name}: {explained.sum()} codes differ from exact sums, and no pair saturates"
    print(f"{saturated} codes are others in PyTorch, all where a pair of products saturates")
    return np.ascontiguousarray(capture.trace(net, images, computed).logits)


def computed(node):
    """The codes of a node; poolings have no sums that saturate, so PyTorch's are taken."""
    return node.output.data if "pool2d" in node.op else arithmetic.compute(node, "fbgemm")
