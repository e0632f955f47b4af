"""Writes testdata/nhwc/: a network as converters from TensorFlow write it, with a Transpose on each side of every
convolution and pooling, its input and ONNX Runtime's output.

    python tools/onnxgolden/nhwc.py        from the root, with onnx 1.23.2, onnxruntime 1.32.0
"""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER, SEED = "testdata/nhwc/", 3


class Writer:
    def __init__(self):
        self.rng, self.weights, self.nodes = np.random.default_rng(SEED), [], []

    def weight(self, name, *shape):
        self.weights.append(numpy_helper.from_array((self.rng.standard_normal(shape) * 0.3).astype(np.float32), name))
        return name

    def node(self, kind, inputs, output, **attrs):
        self.nodes.append(helper.make_node(kind, inputs, [output], **attrs))
        return output

    def channels_first(self, kind, inputs, name, **attrs):
        x = self.node("Transpose", inputs[:1], name + "/in", perm=[0, 3, 1, 2])
        y = self.node(kind, [x, *inputs[1:]], name + "/first", **attrs)
        return self.node("Transpose", [y], name + "/out", perm=[0, 2, 3, 1])

    def conv(self, x, inputs, outputs, name, stride=1, groups=1):
        weights = [self.weight(name + "/w", outputs, inputs // groups, 3, 3), self.weight(name + "/b", outputs)]
        return self.channels_first("Conv", [x, *weights], name, kernel_shape=[3, 3], pads=[1] * 4, strides=[stride] * 2, group=groups)


def main():
    w = Writer()
    x = w.node("Relu", [w.conv("x", 3, 8, "a", stride=2)], "a/relu")
    d = w.node("Relu", [w.conv(x, 8, 8, "b", groups=8)], "b/relu")
    y = w.node("Relu", [w.node("Add", [w.conv(d, 8, 8, "c"), x], "add")], "add/relu")
    y = w.node("Concat", [w.node("Add", [y, w.weight("channels", 8)], "biased"), d], "cat", axis=3)
    y = w.channels_first("MaxPool", [y], "pool", kernel_shape=[2, 2], strides=[2, 2])
    y = w.node("ReduceMean", [w.conv(y, 16, 16, "e")], "mean", axes=[1, 2], keepdims=0)
    w.node("Gemm", [y, w.weight("fc/w", 16, 10), w.weight("fc/b", 10)], "y")
    value = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)  # noqa: E731
    graph = helper.make_graph(w.nodes, "nhwc", [value("x", "n", 16, 16, 3)], [value("y", "n", 10)], w.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, FOLDER + "model.onnx")
    x = w.rng.standard_normal((2, 16, 16, 3)).astype(np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    np.savez(FOLDER + "golden.npz", x=x, y=session.run(None, {"x": x})[0])


main()
