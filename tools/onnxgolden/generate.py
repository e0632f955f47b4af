"""Makes testdata/onnx: a small network, quantized by ONNX Runtime in every form, with the
inputs and outputs of ONNX Runtime's exact mode. Run in an environment with
torch==2.15.0 onnx==1.23.2 onnxruntime==1.32.0."""
import itertools
import pathlib
import tempfile

import numpy as np
import onnxruntime as ort
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

OUT = pathlib.Path(__file__).parents[2] / "testdata" / "onnx"


class Net(torch.nn.Module):
    """Every kind of layer that has a form on codes, with sizes that no tile divides."""

    def __init__(self):
        super().__init__()
        nn = torch.nn
        self.stem = nn.Sequential(nn.Conv2d(3, 10, 3, 2, 1, bias=False), nn.BatchNorm2d(10), nn.ReLU())
        self.depthwise = nn.Sequential(nn.Conv2d(10, 10, 3, 1, 1, groups=10), nn.Hardswish())
        self.pointwise = nn.Conv2d(10, 14, 1)
        self.skip = nn.Conv2d(10, 14, 1)
        self.grouped = nn.Sequential(nn.Conv2d(14, 14, 3, 1, 1, groups=2), nn.LeakyReLU(0.1))
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(14, 5, 1), nn.ReLU(), nn.Conv2d(5, 14, 1), nn.Sigmoid())
        self.head = nn.Linear(28, 7)

    def forward(self, x):
        x = self.stem(x)
        y = torch.relu(self.pointwise(self.depthwise(x)) + self.skip(x))
        y = torch.nn.functional.max_pool2d(y, 2, 2)
        z = self.grouped(y)
        z = z * self.gate(z)
        return self.head(torch.nn.functional.adaptive_avg_pool2d(torch.cat([y, z], 1), 1).flatten(1))


class Batches(CalibrationDataReader):
    def __init__(self, arrays):
        self.rows = iter([{"x": a} for a in arrays])

    def get_next(self):
        return next(self.rows, None)


def exact(path, x):
    options = ort.SessionOptions()
    options.add_session_config_entry("session.x64quantprecision", "1")
    options.intra_op_num_threads = 1
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def main():
    torch.manual_seed(20261129)
    rng = np.random.default_rng(20261129)
    OUT.mkdir(parents=True, exist_ok=True)
    net = Net()
    net.train()
    for _ in range(4):
        net(torch.randn(8, 3, 19, 23))
    net.eval()
    x = rng.standard_normal((3, 3, 19, 23)).astype(np.float32)
    golden = {"x": x}
    with tempfile.TemporaryDirectory() as folder:
        float_path = str(OUT / "float.onnx")
        torch.onnx.export(net, torch.from_numpy(x), float_path, dynamo=False, opset_version=17, input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "batch"}})
        golden["float"] = exact(float_path, x)
        prepared = folder + "/prepared.onnx"
        quant_pre_process(float_path, prepared)
        types = {"u8": QuantType.QUInt8, "s8": QuantType.QInt8}
        for form, (a, w), per_channel in itertools.product(QuantFormat, [("u8", "s8"), ("s8", "s8"), ("u8", "u8")], [False, True]):
            name = f"{form.name.lower()}_{a}{w}_{'channel' if per_channel else 'tensor'}"
            calibration = Batches([rng.standard_normal((4, 3, 19, 23)).astype(np.float32) for _ in range(3)])
            quantize_static(prepared, str(OUT / f"{name}.onnx"), calibration, quant_format=form, per_channel=per_channel, activation_type=types[a], weight_type=types[w])
            path = OUT / f"{name}.onnx"
            try:
                golden[name] = exact(str(path), x)
            except Exception as refused:  # its QGemm takes no per-channel zero points of int8
                print(name, "is refused by ONNX Runtime itself:", str(refused)[:120])
                path.unlink()
    np.savez(OUT / "golden.npz", **golden)


def dynamic():
    """The same network quantized dynamically: ConvInteger and MatMulInteger behind
    DynamicQuantizeLinear. ONNX Runtime has ConvInteger for unsigned weights."""
    x = np.load(OUT / "golden.npz")["x"]
    golden = {}
    for weight, per_channel in [("u8", False), ("u8", True), ("s8", False), ("s8", True)]:
        name = f"dynamic_{weight}_{'channel' if per_channel else 'tensor'}"
        path = str(OUT / f"{name}.onnx")
        only = {} if weight == "u8" else {"op_types_to_quantize": ["MatMul", "Gemm"]}
        quantize_dynamic(str(OUT / "float.onnx"), path, per_channel=per_channel, weight_type={"u8": QuantType.QUInt8, "s8": QuantType.QInt8}[weight],
                         extra_options={"MatMulConstBOnly": False}, **only)
        golden[name] = exact(path, x)
    np.savez(OUT / "dynamic.npz", **golden)


main()
dynamic()
