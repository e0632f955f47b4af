"""Golden data of files whose weights alone are codes: what ONNX Runtime computes of
DequantizeLinear in front of products, convolutions and gathers, in float32.

    python tools/golden/weightonly.py         # writes testdata/weightonly.zip

Needs numpy, onnx 1.23.2 and onnxruntime 1.32.0, whose fused product would quantize activations,
too, unless qdq_matmulnbits_accuracy_level says 1.
"""
import io
import pathlib
import zipfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

K, N, V = 48, 20, 30
r = np.random.default_rng(20261130)


def codes(dtype, *shape):
    i = np.iinfo(dtype)
    return r.integers(i.min, i.max + 1, shape).astype(dtype)


def scales(*shape):
    return r.uniform(1e-3, 1e-2, shape).astype(np.float32)


def four(*shape):
    return r.integers(-8, 8, shape).astype(np.int8)


def dequantize(weight, scale, zero=None, **at):
    names = ["w", "s"] + ["z"] * (zero is not None)
    consts = {"w": weight, "s": scale} | ({"z": zero} if zero is not None else {})
    return helper.make_node("DequantizeLinear", names, ["d"], **at), consts


x = r.standard_normal((2, 5, K)).astype(np.float32)
rows = r.standard_normal((3, K)).astype(np.float32)
image = r.standard_normal((2, 3, 8, 8)).astype(np.float32)
ids = r.integers(-V, V, (2, 5))
bias = r.standard_normal(N).astype(np.float32)
product = [helper.make_node("MatMul", ["x", "d"], ["p"]), helper.make_node("Add", ["p", "b"], ["y"])]

# name: input, dequantized weight, nodes behind it, kind of the layer that octet has
CASES = {
    "tensor": (x, dequantize(codes(np.int8, K, N), scales()), product, "weight_only_linear"),
    "channel": (x, dequantize(codes(np.int8, K, N), scales(N), axis=1), product, "weight_only_linear"),
    "unsigned": (rows, dequantize(codes(np.uint8, N, K), scales(N), codes(np.uint8, N), axis=0), [helper.make_node("Gemm", ["x", "d", "b"], ["y"], transB=1)], "weight_only_linear"),
    "blocks": (x, dequantize(codes(np.int8, K, N), scales(K // 16, N), axis=0, block_size=16), product, "weight_only_linear"),
    "last": (rows, dequantize(codes(np.uint8, N, K), scales(N, K // 8), codes(np.uint8, N, K // 8), axis=1, block_size=8), [helper.make_node("Gemm", ["x", "d", "b"], ["y"], transB=1)], "weight_only_linear"),
    "transposed": (x, dequantize(codes(np.int8, N, K), scales(N, 3), axis=-1, block_size=16), [helper.make_node("Transpose", ["d"], ["t"], perm=[1, 0]), helper.make_node("MatMul", ["x", "t"], ["y"])], "weight_only_linear"),
    "four": (x, dequantize(four(K, N), scales(K // 16, N), axis=0, block_size=16), product, "weight_only_linear"),
    "wrong": (x, dequantize(codes(np.int8, K, N), scales(K), axis=0), product, "linear"),  # scales of inputs, not of outputs
    "embedding": (ids, dequantize(codes(np.int8, V, K), scales(V), axis=0), [helper.make_node("Gather", ["d", "x"], ["y"])], "weight_only_embedding"),
    "conv": (image, dequantize(codes(np.int8, 8, 3, 3, 3), scales(8), axis=0), [helper.make_node("Conv", ["x", "d"], ["y"], pads=[1, 1, 1, 1])], "conv2d"),
}


def model(name, value, consts, nodes):
    consts = {k: numpy_helper.from_array(np.asarray(v), k) for k, v in consts.items()}
    if name == "four":
        consts["w"] = helper.make_tensor("w", TensorProto.INT4, [K, N], np.asarray(numpy_helper.to_array(consts["w"])).ravel())
    if any("b" in n.input for n in nodes):
        consts["b"] = numpy_helper.from_array(bias, "b")
    shape = ["n"] + list(value.shape[1:])
    kind = helper.np_dtype_to_tensor_dtype(value.dtype)
    g = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", kind, shape)], [helper.make_empty_tensor_value_info("y")], list(consts.values()))
    m = helper.make_model(g, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return onnx.shape_inference.infer_shapes(m)


def main():
    assert onnx.__version__ == "1.23.2" and ort.__version__ == "1.32.0", (onnx.__version__, ort.__version__)
    with zipfile.ZipFile(pathlib.Path(__file__).parents[2] / "testdata" / "weightonly.zip", "w", zipfile.ZIP_DEFLATED) as z:
        def add(name, data):
            z.writestr(zipfile.ZipInfo(name, (2026, 11, 30, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)

        for name, (value, (node, consts), behind, kind) in CASES.items():
            m = model(name, value, consts, [node] + behind)
            o = ort.SessionOptions()
            o.intra_op_num_threads = 1
            o.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
            y = ort.InferenceSession(m.SerializeToString(), o, providers=["CPUExecutionProvider"]).run(None, {"x": value})[0]
            add(f"{name}.{kind}.onnx", m.SerializeToString())
            for what, v in (("x", value), ("y", y)):
                b = io.BytesIO()
                np.save(b, v)
                add(f"{name}.{kind}.{what}.npy", b.getvalue())


if __name__ == "__main__":
    main()
