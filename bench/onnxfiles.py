"""octet beside ONNX Runtime (and OpenVINO) on ONNX files of one's own, in turns. See README.md.

Each file is run as it is in float32, and as int8: octet's own quantization against the fastest of what ONNX Runtime's
quantizer makes (QDQ u8s8 per channel, QOperator u8u8, dynamic) in ONNX Runtime, and its QDQ in OpenVINO. Free extents are
set on the command line; what is not said is 1. The results of the float model are compared before anything is measured.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import turns
from engines import NotMeasured, Process

HERE = Path(__file__).resolve().parent
SAMPLES = 6  # of calibration


def inputs_of(model: Path, given: dict, seed: int) -> dict:
    """Random inputs: floats from 0 to 1, whole numbers from 0 to 100, masks of ones."""
    import numpy as np
    import onnxruntime as ort

    r = np.random.default_rng(seed)
    arrays = {}
    for i in ort.InferenceSession(str(model), providers=["CPUExecutionProvider"]).get_inputs():
        shape = given.get(i.name) or [d if isinstance(d, int) and d > 0 else 1 for d in i.shape]
        if i.type == "tensor(float)":
            arrays[i.name] = r.random(shape, np.float32)
        elif i.type == "tensor(int64)":
            arrays[i.name] = np.ones(shape, np.int64) if "mask" in i.name else r.integers(0, 100, shape) * ("type" not in i.name)
        else:
            raise SystemExit(f"{model}: input {i.name} is {i.type}: only floats and int64 are made up")
    return arrays


def reason(e: Exception) -> str:
    """The first line of an exception's message, or what it is where it has none."""
    return next(iter(str(e).splitlines()), repr(e))


def quantized(model: Path, given: dict, folder: Path) -> dict:
    """The int8 files of ONNX Runtime's quantizer by kind; what it cannot make is left out."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.left = iter([inputs_of(model, given, seed) for seed in range(SAMPLES)])

        def get_next(self):
            return next(self.left, None)

    source = model
    if {o.domain: o.version for o in onnx.load(model, load_external_data=False).opset_import}.get("", 0) < 13:
        source = folder / "newer.onnx"  # DequantizeLinear has an axis from 13 on
        try:
            onnx.save(onnx.version_converter.convert_version(onnx.load(model), 17), source)
        except Exception as e:  # noqa: BLE001 whatever the converter cannot do
            print(f"  version converter: {reason(e)}", file=sys.stderr)
            source = model
    try:
        quant_pre_process(str(source), str(folder / "prepared.onnx"))
        source = folder / "prepared.onnx"
    except Exception as e:  # noqa: BLE001
        print(f"  quant_pre_process: {reason(e)}", file=sys.stderr)
    u8, s8 = QuantType.QUInt8, QuantType.QInt8
    makers = {
        "qdq": lambda out: quantize_static(source, out, Reader(), QuantFormat.QDQ, per_channel=True, activation_type=u8, weight_type=s8),
        "qoperator": lambda out: quantize_static(source, out, Reader(), QuantFormat.QOperator, activation_type=u8, weight_type=u8),
        "dynamic": lambda out: quantize_dynamic(source, out, weight_type=u8),
    }
    files = {}
    for kind, make in makers.items():
        out = folder / f"{kind}.onnx"
        try:
            make(out)
            files[kind] = out
        except Exception as e:  # noqa: BLE001
            print(f"  {kind}: {reason(e)}", file=sys.stderr)
    return files


def work(family: str, model: str, threads: int, arrays: list) -> None:
    """A peer's worker: this file runs itself for it."""
    import time

    import numpy as np

    feed = {name: np.load(path) for name, path in (a.split("=", 1) for a in arrays)}
    if family == "ort":
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        names = [o.name for o in session.get_outputs()]

        def run():
            return session.run(None, feed)
    else:
        import openvino as ov

        core = ov.Core()
        compiled = core.compile_model(core.read_model(model), "CPU", {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"})
        request, names = compiled.create_infer_request(), [o.any_name for o in compiled.outputs]

        def run():
            return list(request.infer(feed).values())

    results = run()
    print(json.dumps({"ready": True, "results": {n: v.ravel().tolist() for n, v in zip(names, results) if v.dtype == np.float32}}), flush=True)
    for line in sys.stdin:
        ns = []
        for _ in range(json.loads(line)["run"]):
            start = time.perf_counter_ns()
            run()
            ns.append(time.perf_counter_ns() - start)
        print(json.dumps({"ns": ns, "peak_rss_mb": 0}), flush=True)


class Engine:
    def __init__(self, name: str, family: str, model: Path):
        self.name, self.family, self.model = name, family, model


def worker(engine: Engine, binary: str, threads: int, arrays: list) -> Process:
    if engine.family == "octet":
        command = [binary, "-threads", str(threads), str(engine.model), *arrays]
    else:
        command = [sys.executable, str(HERE / "onnxfiles.py"), "--worker", engine.family, "--threads", str(threads), str(engine.model), *arrays]
    p = Process(command, threads)
    p.ready.setdefault("argmax", None)
    return p


def difference(a: dict, b: dict) -> float:
    """The largest difference, relative to the largest number of the output."""
    import numpy as np

    worst = 0.0
    for name, want in b.items():
        want, got = np.array(want), np.array(a[name])
        if want.size:
            worst = max(worst, float(np.abs(got - want).max() / max(1e-12, np.abs(want).max())))
    return worst


def measure(model: Path, given: dict, args, binary: str, octet: str) -> dict | None:
    import numpy as np

    row = {"model": model.stem, "threads": args.threads}
    with tempfile.TemporaryDirectory() as t, contextlib.chdir(t):  # the quantizer leaves files where it runs
        folder = Path(t)
        feed, arrays, calibration = inputs_of(model, given, 100), [], []
        for name, v in feed.items():
            path = folder / f"in{len(arrays)}.npy"
            np.save(path, v)
            arrays.append(f"{name}={path}")
        engines = [Engine("octet", "octet", model), Engine("ort", "ort", model)]
        if args.openvino:
            engines.append(Engine("openvino", "openvino", model))
        if args.int8:
            for i, name in enumerate(feed):
                path = folder / f"cal{i}.npy"
                np.save(path, np.concatenate([inputs_of(model, given, s)[name] for s in range(SAMPLES)]))
                calibration += ["--calibration", f"{name}={path}" if len(feed) > 1 else str(path)]
            own = folder / "octet.onnx"
            made = subprocess.run([octet, "quantize", str(model), *calibration, "--output", str(own), "--quiet"], capture_output=True, text=True)
            if made.returncode == 0:
                engines.append(Engine("octet_int8", "octet", own))
            else:
                print(f"  octet quantize: {made.stderr.strip()[-200:]}", file=sys.stderr)
            files = quantized(model, given, folder)
            engines += [Engine(f"ort_{k}", "ort", f) for k, f in files.items()]
            if args.openvino and "qdq" in files:
                engines.append(Engine("openvino_qdq", "openvino", files["qdq"]))
        if args.compare:
            ready = {}
            for e in engines[:2]:
                p = worker(e, binary, args.threads, arrays)
                ready[e.name] = p.ready["results"]
                p.close()
            row["difference"] = difference(ready["octet"], ready["ort"])
        result = turns.race(engines, lambda e: worker(e, binary, args.threads, arrays), args.rounds, args.slice_ms)
    times = {name: e["rounds_ms"] for name, e in result["engines"].items()}
    row |= {"missing": result["missing"], "median_ms": {n: round(statistics.median(v), 3) for n, v in times.items()}}
    for kind, mine in (("float", "octet"), ("int8", "octet_int8")):
        peers = [v for n, v in times.items() if n in (("ort", "openvino") if kind == "float" else [p for p in times if p.startswith(("ort_", "openvino_"))])]
        if mine in times and peers:
            row[kind] = round(statistics.median(m / min(p) for m, *p in zip(times[mine], *peers)), 3)
    return row


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("models", nargs="+", help="MODEL.onnx, or MODEL.onnx:NAME=1x3x320x320 with extents of inputs")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--rounds", type=int, default=15)
    p.add_argument("--slice-ms", type=float, default=200, help="time of an engine in a round")
    p.add_argument("--int8", action="store_true", help="also quantize, with both quantizers")
    p.add_argument("--openvino", action="store_true")
    p.add_argument("--no-compare", dest="compare", action="store_false")
    p.add_argument("--json", help="append a line of JSON per model to this file")
    p.add_argument("--worker", help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.worker:
        work(args.worker, args.models[0], args.threads, args.models[1:])
        return
    with tempfile.TemporaryDirectory() as t:
        binary, octet = f"{t}/onnxbench", f"{t}/octet"
        for out, package in ((binary, "./tools/onnxbench"), (octet, "./cmd/octet")):
            subprocess.run(["go", "build", "-o", out, package], check=True, cwd=HERE.parent)
        rows = []
        for spec in args.models:
            path, *extents = spec.split(":")
            given = {n: [int(d) for d in s.split("x")] for n, s in (e.split("=") for e in extents)}
            try:
                row = measure(Path(path).resolve(), given, args, binary, octet)
            except NotMeasured as e:
                print(f"{Path(path).stem}: {e}", file=sys.stderr)
                continue
            rows.append(row)
            print("{model:32} float {float} int8 {int8} {median_ms} {missing}".format_map({"float": "-", "int8": "-"} | row), flush=True)
            if args.json:
                with open(args.json, "a") as f:
                    f.write(json.dumps(row) + "\n")
        for kind in ("float", "int8"):
            ratios = [r[kind] for r in rows if kind in r]
            if ratios:
                print(f"{kind}: time of octet / best peer: geometric mean {statistics.geometric_mean(ratios):.3f}, worst {max(ratios):.3f} of {len(ratios)}")


if __name__ == "__main__":
    main()
