"""The engines that are compared, each as the command line of a worker process."""

import functools
import json
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Engine:
    name: str
    family: str  # octet, torch, onnxruntime, openvino
    file: str  # of the model, in its folder
    backend: str = ""
    exact: bool = False
    threads: int = 0  # instead of the run's
    calibrate: int = 0  # a run is no inference: it observes the input in batches of so many images


ENGINES = [
    Engine("octet int8", "octet", "fbgemm.pth", "fbgemm"),
    Engine("torch fbgemm", "torch", "fbgemm.ts", "fbgemm"),
    Engine("torch x86", "torch", "x86.ts", "x86"),
    Engine("torch onednn", "torch", "onednn.ts", "onednn"),
    Engine("ONNX Runtime int8", "onnxruntime", "int8-reduced.onnx"),
    Engine("OpenVINO int8", "openvino", "int8.onnx"),
    Engine("octet int8 0..255", "octet", "full.pth", "fbgemm"),
    Engine("ONNX Runtime int8 exact", "onnxruntime", "int8.onnx", exact=True),
    Engine("octet fp32", "octet", "float.pth"),
    Engine("ONNX Runtime fp32", "onnxruntime", "float.onnx"),
    Engine("torch fp32", "torch", "float.ts"),
]

# Rounds with several threads also run this one, so that the gain from threads is a ratio of one run too.
SINGLE = Engine("octet int8, 1 thread", "octet", "fbgemm.pth", "fbgemm", threads=1)

# What octet is compared with.
RATIOS = {
    "octet int8": ["torch fbgemm", "torch x86", "torch onednn", "ONNX Runtime int8", "OpenVINO int8"],
    "octet int8 0..255": ["ONNX Runtime int8 exact"],
    "octet fp32": ["ONNX Runtime fp32", "torch fp32"],
}


CALIBRATION = [Engine("octet", "octet", "float.pth", "fbgemm"), Engine("torch.ao", "torch-calibration", "float.pth", "fbgemm")]


# What cpuid.c hides from the other engines, and the features that octet is left with.
LIMITS = {
    "": ("", ""),
    "avx2": ("avx512,avxvnni,amx", "avx2+fma"),
    "avxvnni": ("avx512,amx", "avx2+fma+avxvnni"),
    "avx512vnni": ("amx", "avx2+fma+avx512+avx512vnni+avx512vbmi"),
}


class NotMeasured(Exception):
    """An engine that is missing or failed, with the reason."""


class Process:
    """A process that computes on request, bound to the first CPUs that this process may use."""

    def __init__(self, command: list[str], threads: int, environment: dict | None = None, patience: float = 300):
        self.patience, self.buffer = patience, b""
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), "PYTHONWARNINGS": "ignore"} | (environment or {})
        self.started = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=environment, preexec_fn=pin(threads))
        self.ready = self.read()
        self.startup_ms = (time.perf_counter() - self.started) * 1e3

    def read(self) -> dict:
        """The next line; a silent or failed process is ended and reported."""
        end = time.monotonic() + self.patience
        out = self.process.stdout.fileno()
        while b"\n" not in self.buffer:
            readable, _, _ = select.select([out], [], [], max(0.0, end - time.monotonic()))
            if not readable:
                self.close()
                raise NotMeasured(f"no answer within {self.patience:.0f} s")
            data = os.read(out, 1 << 20)
            if not data:
                message = self.process.stderr.read().decode(errors="replace").strip()
                self.close()
                raise NotMeasured(f"the process ended: {message[-300:]}")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        answer = json.loads(line)
        if "error" in answer:
            self.close()
            raise NotMeasured(answer["error"] if isinstance(answer["error"], str) else answer["error"]["message"])
        return answer

    def run(self, count: int) -> list[float]:
        """Milliseconds of each of count runs."""
        try:
            self.process.stdin.write(json.dumps({"run": count}).encode() + b"\n")
            self.process.stdin.flush()
        except OSError as e:
            self.close()
            raise NotMeasured(f"the process ended: {e}") from e
        answer = self.read()
        self.peak_mb = answer["peak_rss_mb"]
        return [ns / 1e6 for ns in answer["ns"]]

    def close(self) -> None:
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


class Worker(Process):
    """The process of an engine with the model in a folder."""

    def __init__(self, engine: Engine, octet: str, limit: str, folder: Path, batch: int, threads: int, patience: float = 300):
        self.engine = engine
        threads = engine.threads or threads
        hidden, features = LIMITS[limit]
        model = folder / engine.file
        if not model.exists():
            raise NotMeasured(f"{engine.file} could not be made")
        data = str(folder / f"input{batch}.npy")
        if engine.family == "octet":
            command = [octet, "bench-worker", str(model), "--quiet", "--arch", folder.name.split("-seed")[0]]
            command += ["--backend", engine.backend] if engine.backend else []
            command += ["--cpu", features] if features and not engine.calibrate else []
        else:
            command = [sys.executable, str(HERE / "worker.py"), engine.family, str(model)]
            command += ["--backend", engine.backend] if engine.backend else []
            command += ["--exact"] if engine.exact else []
        command += ["--input", data, "--threads", str(threads)]
        command += ["--calibrate", str(engine.calibrate)] if engine.calibrate else []
        environment = {}
        if hidden and engine.family != "octet":
            environment |= hiding(hidden, folder.parent)
        if engine.calibrate and "avx512" in hidden:  # observers run on what the CPU has
            environment |= {"GODEBUG": "cpu.avx512f=off"}
        super().__init__(command, threads, environment, patience)


def hiding(features: str, folder: Path) -> dict:
    """The environment in which a process does not see these features of the CPU."""
    return {"LD_PRELOAD": str(preload(folder)), "HIDE": features}


@functools.cache
def preload(folder: Path) -> Path:
    """The library of cpuid.c, compiled into a folder."""
    library = folder / "cpuid.so"
    try:
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(HERE / "cpuid.c")], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as e:
        raise NotMeasured(f"--isa needs Linux on x86-64 and a C compiler named cc: {getattr(e, 'stderr', None) or e}") from e
    return library


def pin(threads: int):
    """What a new process does before it starts; None where processes cannot be bound to CPUs."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    cpus = sorted(os.sched_getaffinity(0))[:threads]
    return lambda: os.sched_setaffinity(0, cpus)
