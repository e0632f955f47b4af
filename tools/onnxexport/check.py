"""Exports torchvision's quantizable networks with octet, float and int8, and compares what other runtimes make of the files.

    python tools/onnxexport/check.py --octet ./octet FOLDER [NAME ...]

Weights are random (tools/parity/models.py). Each network is checked by onnx.checker, run by ONNX Runtime, and, with
--openvino, by OpenVINO; the table says how far their outputs lie from those of octet's own file, and, under "same file",
how far ONNX Runtime's lie from what octet computes of the exported file itself. Beyond the bounds the script fails.
OpenVINO 2026.4.1 refuses operators on codes, and is left out of them.
"""

import argparse
import itertools
import json
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime as ort
import torch

TOOLS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOOLS / "parity"))
import models

SIZE, IMAGES, SEED = 96, 4, 20261129
# Relative to the largest logit: float32 sums in another order, in up to a hundred layers.
FLOAT_BOUND = 3e-5
# Share of logits at most one code of the last layer away from octet's.
NEAR_BOUND = 0.5
# Codes of the last layer between octet and ONNX Runtime, of one file.
SAME_FILE_BOUND = 1


def octet(program, *args):
    done = subprocess.run([program, *map(str, args), "--json", "--quiet"], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"octet {' '.join(map(str, args))}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout) if done.stdout else None


def runtime(path, x, exact=True):
    """Outputs of ONNX Runtime. Exact, it keeps to integers that do not saturate."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    if exact:
        options.add_session_config_entry("session.x64quantprecision", "1")
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (port,) = session.get_inputs()
    return session.run(None, {port.name: x})[0]


def openvino(path, x):
    import openvino as ov

    model = ov.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return model(x)[0]


def sqnr(want, got):
    noise = np.sum((want.astype(np.float64) - got) ** 2)
    return np.inf if noise == 0 else 10 * np.log10(np.sum(want.astype(np.float64) ** 2) / noise)


def quantum(path):
    """Scale of the codes that the output is dequantized from."""
    model = onnx.load(path)
    last = next(n for n in model.graph.node if n.op_type == "DequantizeLinear" and n.output[0] == model.graph.output[0].name)
    return float(next(onnx.numpy_helper.to_array(t) for t in model.graph.initializer if t.name == last.input[1]))


def describe(want, got, step):
    codes = np.abs(want - got) / step
    return f"equal {np.mean(codes < 0.5):6.1%}  within one {np.mean(codes < 1.5):6.1%}  worst {codes.max():5.1f}  {sqnr(want, got):5.1f} dB", np.mean(codes < 1.5)


def check(args, name, folder, failures):
    rng = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        net = models.build_float(name, (SIZE, SIZE), rng)
        batch = models.random_images(IMAGES, (SIZE, SIZE), rng).numpy()
        calibration = models.random_images(16, (SIZE, SIZE), rng).numpy()
    arch, _, transform = name.partition("+")
    torch.save(net.state_dict(), folder / "float.pth")
    np.save(folder / "x.npy", batch)
    np.save(folder / "calibration.npy", calibration)
    size = ["--resize", SIZE, "--crop", SIZE]

    def fail(text):
        failures.append(f"{name}: {text}")

    octet(args.octet, "export", folder / "float.pth", "--arch", arch, *size, "--opset", args.opsets[0], "-o", folder / "float.onnx")
    octet(args.octet, "run", folder / "float.pth", "--arch", arch, "--input", folder / "x.npy", "-o", folder / "y.npy")
    want = np.load(folder / "y.npy")
    onnx.checker.check_model(str(folder / "float.onnx"), full_check=True)
    others = {"ort": runtime(folder / "float.onnx", batch)}
    if args.openvino:
        others["openvino"] = openvino(folder / "float.onnx", batch)
    for who, got in others.items():
        far = float(np.abs(got - want).max() / np.abs(want).max())
        print(f"{name:28} float   {who:9} {far:.1e} of the largest", flush=True)
        if not far <= FLOAT_BOUND and who == "ort":
            fail(f"float differs by {far:.1e}")

    for backend in models.BACKENDS:
        for qconfig in args.qconfigs:
            pth = folder / f"{backend}.pth"
            octet(args.octet, "quantize", folder / "float.pth", "--arch", arch, "--backend", backend, "--qconfig", qconfig, "--calibration", folder / "calibration.npy", "-o", pth)
            octet(args.octet, "run", pth, "--input", folder / "x.npy", "-o", folder / "y.npy")
            want = np.load(folder / "y.npy")
            for form, opset in itertools.product(args.formats, args.opsets):
                file = folder / f"{backend}.{form}.{opset}.onnx"
                octet(args.octet, "export", pth, *size, "--opset", opset, "--format", form, "-o", file)
                onnx.checker.check_model(str(file), full_check=True)
                step = quantum(file)
                others = {"ort": (want, runtime(file, batch))}
                octet(args.octet, "run", file, "--input", folder / "x.npy", "-o", folder / "z.npy")
                others["same file"] = (np.load(folder / "z.npy"), others["ort"][1])
                if args.openvino and form == "qdq":
                    others["openvino"] = (want, openvino(file, batch))
                for who, (a, b) in others.items():
                    text, near = describe(a, b, step)
                    print(f"{name:28} {backend:7} {form:9} {opset} {who:9} {qconfig:8} {text}", flush=True)
                    if near < NEAR_BOUND and who == "ort":
                        fail(f"{backend}, {form}: {near:.1%} of the logits are within one code")
                    if who == "same file" and np.abs(a - b).max() > (SAME_FILE_BOUND + 0.5) * step:
                        fail(f"{backend}, {form}, operator set {opset}: ONNX Runtime's outputs are {np.abs(a - b).max() / step:.1f} codes from octet's of the file")
                file.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--octet", default="octet")
    parser.add_argument("--opsets", nargs="*", type=int, default=[17])
    parser.add_argument("--formats", nargs="*", default=["qdq", "qoperator"])
    parser.add_argument("--qconfigs", nargs="*", default=["default"])
    parser.add_argument("--openvino", action="store_true")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("names", nargs="*", default=models.NAMES)
    args = parser.parse_args()
    failures = []
    for name in args.names or models.NAMES:
        folder = args.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        check(args, name, folder, failures)
    print("\n".join(failures) or "all within bounds")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
