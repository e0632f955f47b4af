"""Writes testdata/sequences/: lists of tensors whose places are constants, with inputs and ONNX Runtime's outputs.
chunk.onnx is what PyTorch's exporter writes for a chunk of channels, nodes.onnx has the other forms.

    python tools/onnxgolden/sequences.py        from the root, with torch 2.15.0, onnx 1.23.2, onnxruntime 1.32.0
"""

import pathlib

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

FOLDER, SEED = pathlib.Path("testdata/sequences"), 29


class Shuffle(nn.Module):
    """A unit of ShuffleNet: half of the channels is convolved."""

    def __init__(self):
        super().__init__()
        self.stem, self.branch = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        a, b = x.chunk(2, dim=1)
        y = torch.cat([a, torch.relu(self.branch(b))], 1)
        n, c, h, w = y.shape
        return y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


def run(path, feed):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return dict(zip([o.name for o in session.get_outputs()], session.run(None, feed)))


def chunk(rng, golden):
    torch.manual_seed(SEED)
    x = rng.standard_normal((2, 3, 5, 4)).astype(np.float32)
    path = FOLDER / "chunk.onnx"
    batch = torch.export.Dim("batch")
    torch.onnx.export(Shuffle().eval(), (torch.from_numpy(x),), str(path), dynamo=True, optimize=False, external_data=False, dynamic_shapes={"x": {0: batch}}, input_names=["x"], output_names=["y"])
    print(sorted({n.op_type for n in onnx.load(path).graph.node}))
    golden |= {"chunk.x": x, "chunk.y": run(path, {"x": x})["y"]}


def nodes(rng, golden):
    """of x, whose first extent is free"""
    made, outputs = [], []
    weights = {f"at_{i}": np.array(i, np.int64) for i in (-2, -1, 0, 1, 2)} | {"size": np.array(3, np.int64), "sizes": np.array([1, 4, 2], np.int64)}
    cases = {
        "ones": ([], {"axis": 1}, [0, -1]), "dropped": ([], {"axis": -1, "keepdims": 0}, [1, -2]),
        "parts": (["size"], {"axis": 1}, [0, 2, -1]), "listed": (["sizes"], {"axis": 1, "keepdims": 0}, [1, -1]),
    }  # fmt: skip
    for name, (split, attrs, places) in cases.items():
        made.append(helper.make_node("SplitToSequence", ["x", *split], [name], name=name, **attrs))
        for at in places:
            made.append(helper.make_node("SequenceAt", [name, f"at_{at}"], [f"{name}.{at}"], name=f"{name}.{at}"))
            outputs.append(helper.make_tensor_value_info(f"{name}.{at}", TensorProto.FLOAT, None))
    x = rng.standard_normal((2, 7, 4)).astype(np.float32)
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 7, 4])
    graph = helper.make_graph(made, "nodes", [value], outputs, [numpy_helper.from_array(w, n) for n, w in weights.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), FOLDER / "nodes.onnx")
    golden |= {"nodes.x": x} | run(FOLDER / "nodes.onnx", {"x": x})


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    rng, golden = np.random.default_rng(SEED), {}
    chunk(rng, golden)
    nodes(rng, golden)
    np.savez(FOLDER / "golden.npz", **golden)


main()
