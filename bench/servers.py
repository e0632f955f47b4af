"""The servers that are compared, each as a process on a port of its own."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from engines import NotMeasured

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Kind:
    name: str
    family: str  # octet, fastapi, mlserver
    threads: int = 0  # of the engine for one request; 0 for all of the run's


KINDS = [
    Kind("octet", "octet"),
    Kind("FastAPI", "fastapi"),
    Kind("FastAPI, 1 thread", "fastapi", 1),  # for an inference: several compute side by side
    Kind("MLServer", "mlserver"),
]


class Server:
    """A server process with a model in a folder."""

    def __init__(self, kind: Kind, settings, folder: Path, work: Path):
        self.kind, self.port = kind, free_port()
        threads = kind.threads or settings.threads
        environment = os.environ | {"PYTHONPATH": str(HERE), "PYTHONWARNINGS": "ignore"}
        arch = folder.name.split("-seed")[0]
        if kind.family == "octet":
            command = [settings.binary, "serve", str(folder / "fbgemm.pth"), "--arch", arch, "--backend", "fbgemm",
                       "--http", f"127.0.0.1:{self.port}", "--grpc", "", "--admin", "", "--threads", str(threads)]
            self.ready_path, self.infer_path = "/v2/health/ready", "/v2/models/fbgemm/infer"
        elif kind.family == "fastapi":
            command = [need(settings.fastapi, "--fastapi"), "-m", "uvicorn", "serve_fastapi:app", "--host", "127.0.0.1",
                       "--port", str(self.port), "--log-level", "warning"]
            environment |= {"BENCH_MODEL": str(folder / "int8-reduced.onnx"), "BENCH_THREADS": str(threads)}
            self.ready_path, self.infer_path = "/ready", "/raw"
        else:
            python = need(settings.mlserver, "--mlserver")
            place = work / f"mlserver-{arch}-{self.port}"
            place.mkdir(parents=True)
            (place / "settings.json").write_text(json.dumps({
                "host": "127.0.0.1", "http_port": self.port, "grpc_port": free_port(), "metrics_port": free_port(), "debug": False}))
            (place / "model-settings.json").write_text(json.dumps({
                "name": "m", "implementation": "serve_mlserver.Runtime", "parameters": {"uri": str(folder / "int8-reduced.onnx")}}))
            command = [str(Path(python).parent / "mlserver"), "start", str(place)]
            environment |= {"BENCH_THREADS": str(threads)}
            self.ready_path, self.infer_path = "/v2/models/m/ready", "/v2/models/m/infer"
        self.log = open(work / f"{kind.family}-{self.port}.log", "w+b")
        started = time.perf_counter()
        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log, start_new_session=True)
        self.wait(started + settings.patience)
        self.ready_s = time.perf_counter() - started

    def wait(self, until: float) -> None:
        while time.perf_counter() < until:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{self.ready_path}", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.002)
        self.log.seek(0)
        message = self.log.read().decode(errors="replace").strip()
        self.close()
        raise NotMeasured(f"the server is not ready: {message[-500:]}")

    def peak_mb(self) -> float:
        """The largest resident memory of the process and those that it has started, together."""
        total, parents = 0.0, {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                except OSError:
                    continue
        for pid in parents:
            ancestor = pid
            while ancestor not in (0, self.process.pid):
                ancestor = parents.get(ancestor, 0)
            if ancestor == self.process.pid:
                try:
                    status = Path(f"/proc/{pid}/status").read_text()
                except OSError:
                    continue
                total += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024 / 1e6
        return total

    def close(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(20)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # workers that it has left behind
        except ProcessLookupError:
            pass
        self.process.wait()
        self.log.close()


def need(python: str | None, flag: str) -> str:
    if not python:
        raise NotMeasured(f"{flag} names no Python that has it")
    return python


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
