"""Writes testdata/optimized/: a model of the operators that ONNX Runtime's optimizer of transformers makes, with its
input and ONNX Runtime's outputs.

    python tools/onnxgolden/optimized.py        from the root, with onnx 1.23.2, onnxruntime 1.32.0
"""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER, SEED, WIDTH = "testdata/optimized/", 17, 8


def main():
    r = np.random.default_rng(SEED)
    weights = {name: r.standard_normal(WIDTH).astype(np.float32) for name in ("gamma", "beta", "bias")}
    make = lambda kind, inputs, outputs, **attrs: helper.make_node(kind, inputs, outputs, domain="com.microsoft", **attrs)  # noqa: E731
    nodes = [
        make("FastGelu", ["x"], ["fast"]),
        make("FastGelu", ["x", "bias"], ["fast_bias"]),
        make("BiasGelu", ["x", "bias"], ["bias_gelu"]),
        make("SkipLayerNormalization", ["fast", "x", "gamma", "beta", "bias"], ["norm", "", "", "sum"], epsilon=1e-5),
        make("SkipLayerNormalization", ["sum", "bias_gelu", "gamma"], ["plain"], epsilon=1e-3),
    ]
    names = ["fast_bias", "bias_gelu", "norm", "sum", "plain"]
    shape = ["batch", "tokens", WIDTH]
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)  # noqa: E731
    graph = helper.make_graph(nodes, "optimized", [value("x")], [value(n) for n in names], [numpy_helper.from_array(w, n) for n, w in weights.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)], ir_version=8)
    onnx.save(model, FOLDER + "model.onnx")
    x = r.standard_normal((2, 3, WIDTH)).astype(np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    np.savez(FOLDER + "golden.npz", x=x, **dict(zip(names, session.run(names, {"x": x}))))


main()
