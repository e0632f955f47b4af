"""Runs the octet binary on the files of a case. A missing feature or a failure is an OctetError, never a crash."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np

import layerfiles
from capture import Value

REPOSITORY = Path(__file__).resolve().parents[2]


class OctetError(Exception):
    """octet refused, failed, ran too long, or wrote something unexpected."""


def build(folder: Path) -> Path:
    """Compiles ./cmd/octet of this repository."""
    binary = folder / "octet"
    done = subprocess.run(
        ["go", "build", "-o", str(binary), "./cmd/octet"], cwd=REPOSITORY, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise OctetError(f"go build ./cmd/octet: {done.stderr.strip()[-600:]}")
    return binary


class Octet:
    def __init__(self, binary: Path, timeout: float = 900):
        self.binary, self.timeout = Path(binary), timeout

    def call(self, *arguments) -> str:
        command = [str(self.binary), *(str(a) for a in arguments)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=self.timeout)
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise OctetError(f"{problem}") from problem
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise OctetError(f"octet {arguments[0]}: exit {done.returncode}: {' / '.join(said[-3:])}")
        return done.stdout

    def logits(self, model: Path, arch: str, backend: str, images: Path, dump: Path | None = None) -> np.ndarray:
        """Float32 logits; with `dump`, every node's output as well."""
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "logits.npy"
            extra = [] if dump is None else ["--dump-layers", dump]
            self.call("run", model, "--arch", arch, "--backend", backend, "--input", images, "--output", output, *extra)
            return self._load(output)

    def layers(self, model: Path, arch: str, backend: str, feed: Path, output: Path) -> dict[str, Value]:
        """Every node alone, on the inputs in `feed`."""
        self.call("parity-layers", model, "--arch", arch, "--backend", backend, "--feed", feed, "--output", output)
        return self.read(output)

    def quantize(
        self, model: Path, arch: str, backend: str, weights: str, calibration: Path, batch_size: int, recipe: str, output: Path
    ) -> None:
        self.call(
            "quantize", model, "--arch", arch, "--backend", backend, "--calibration", calibration,
            "--batch-size", batch_size, "--qconfig", recipe, f"--{weights}", "--output", output,
        )  # fmt: skip

    def read(self, folder: Path) -> dict[str, Value]:
        try:
            return layerfiles.read_outputs(folder)
        except (layerfiles.LayerFilesError, KeyError, TypeError) as problem:
            raise OctetError(f"layer files: {problem!r}") from problem

    def _load(self, path: Path) -> np.ndarray:
        try:
            logits = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as problem:
            raise OctetError(f"{path.name}: {problem}") from problem
        if logits.dtype != np.float32:
            raise OctetError(f"{path.name}: expected float32, found {logits.dtype}")
        return logits
