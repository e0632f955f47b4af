"""One engine of another project behind the protocol of `octet bench-worker`.

The first line on standard output says that the first answer is there; for every line {"run": N} on standard input
N runs are timed. A line with "error" says why the engine cannot be measured.
"""

import argparse
import json
import sys
import time
from pathlib import Path


def peak_mb() -> float | None:
    """The largest resident memory of this process, in units of 10^6 bytes."""
    try:
        with open("/proc/self/status") as f:
            for line in f:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    return None


def torch_engine(args, x):
    import torch

    torch.set_num_threads(args.threads)
    torch.set_num_interop_threads(1)
    if args.backend:
        torch.backends.quantized.engine = args.backend
    model = torch.jit.load(args.model)
    x = torch.from_numpy(x).contiguous(memory_format=torch.channels_last)

    def run():
        with torch.inference_mode():
            return model(x)

    return run, lambda y: y.numpy(), f"ATen {torch.backends.cpu.get_cpu_capability()}; fbgemm and oneDNN choose by themselves"


def torch_calibration(args, x):
    """torch.ao's eager mode as its users run it, each time from observers that have seen nothing."""
    import copy

    import torch
    import torchvision
    from torch.ao import quantization as tq

    torch.set_num_threads(args.threads)
    torch.set_num_interop_threads(1)
    torch.backends.quantized.engine = args.backend
    name = Path(args.model).parent.name.split("-seed")[0]
    model = getattr(torchvision.models.quantization, name)(weights=None, quantize=False)
    model.load_state_dict(torch.load(args.model))
    model.eval().fuse_model(is_qat=False)
    model.qconfig = tq.get_default_qconfig(args.backend)
    tq.prepare(model, inplace=True)
    x = torch.from_numpy(x)

    def run():
        observed = copy.deepcopy(model)  # a hundredth of the time that follows
        with torch.inference_mode():
            for batch in x.split(args.calibrate):
                observed(batch)

    return run, lambda y: None, f"ATen {torch.backends.cpu.get_cpu_capability()}"


def onnxruntime_engine(args, x):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = args.threads
    options.inter_op_num_threads = 1
    if args.exact:
        options.add_session_config_entry("session.x64quantprecision", "1")
    session = ort.InferenceSession(args.model, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": x})[0], lambda y: y, "not told by ONNX Runtime"


def openvino_engine(args, x):
    import openvino as ov

    core = ov.Core()
    model = core.read_model(args.model)
    model.reshape({0: list(x.shape)})
    compiled = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": args.threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    return lambda: request.infer([x], share_inputs=True)[0], lambda y: y, openvino_isa(compiled)


def openvino_isa(compiled) -> str:
    """The kinds of primitives of the compiled graph, most frequent first."""
    counts = {}
    for node in compiled.get_runtime_model().get_ordered_ops():
        info = node.get_rt_info()
        if "primitiveType" in info:
            kind = str(info["primitiveType"].astype(str))
            counts[kind] = counts.get(kind, 0) + 1
    return ", ".join(f"{k} x{n}" for k, n in sorted(counts.items(), key=lambda e: -e[1])[:4])


ENGINES = {"torch": torch_engine, "torch-calibration": torch_calibration, "onnxruntime": onnxruntime_engine, "openvino": openvino_engine}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("model")
    parser.add_argument("--input", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--backend")
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--calibrate", type=int, help="images per batch of torch-calibration")
    args = parser.parse_args()
    say = lambda line: print(json.dumps(line), flush=True)
    try:
        import numpy as np

        x = np.load(args.input)
        run, as_array, isa = ENGINES[args.engine](args, x)
        y = as_array(run())
    except Exception as e:
        say({"error": f"{type(e).__name__}: {e}"})
        return
    say({"ready": True, "images": len(x), "threads": args.threads, "argmax": None if y is None else y.argmax(1).tolist(), "peak_rss_mb": peak_mb(), "isa": isa})
    for line in sys.stdin:
        times = []
        for _ in range(json.loads(line)["run"]):
            start = time.perf_counter_ns()
            run()
            times.append(time.perf_counter_ns() - start)
        say({"ns": times, "peak_rss_mb": peak_mb()})


if __name__ == "__main__":
    main()
