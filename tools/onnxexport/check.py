"""Exports every architecture of the zoo with octet, float and int8, and holds what other runtimes make of the files to bounds.

    python tools/onnxexport/check.py FOLDER [NAME ...] --octet ./octet
    python tools/onnxexport/check.py --table FOLDER/rows.jsonl

A cell of the grid is a network, float or the int8 of a backend in a format, and an operator set. Its file must pass
onnx.checker and run in ONNX Runtime and OpenVINO. ONNX Runtime's outputs must be within one code of the last layer of
octet's outputs of the same file, of a float one within float32's roundings. Beside that is measured how far they are
from the outputs of octet's .pth, whose arithmetic is PyTorch's. What cannot be expressed has to be refused.

Cells are appended to FOLDER/rows.jsonl as they are done, and those that are there are not done again. A cell that fails
ends nothing; the script fails in the end. --table prints the rows as Markdown.
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

IMAGES, SEED = 4, 20261129
BACKENDS, FORMATS, OPSETS = ("fbgemm", "qnnpack"), ("qdq", "qoperator"), (10, 13, 17, 21)
# Relative to the largest logit: float32 sums in another order, in up to a hundred layers.
FLOAT_BOUND = 3e-5
# Codes of the last layer between octet and ONNX Runtime, of one file.
SAME_FILE_BOUND = 1


class Failed(Exception):
    """What is wrong with a cell."""


def octet(program, *args):
    done = subprocess.run([program, *map(str, args), "--json", "--quiet"], capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"octet {args[0]}: {' '.join((done.stdout + done.stderr).split())}")
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


def quantum(path):
    """Scale of the codes that the output is dequantized from."""
    model = onnx.load(path)
    last = next(n for n in model.graph.node if n.op_type == "DequantizeLinear" and n.output[0] == model.graph.output[0].name)
    return float(next(onnx.numpy_helper.to_array(t) for t in model.graph.initializer if t.name == last.input[1]))


def expected(backend, form, opset):
    """What the refusal of a cell has to say; none where it has to be written."""
    if (backend, form) == ("fbgemm", "qdq") and opset < 13:  # per channel, the axis of DequantizeLinear
        return "needs operator set 13"
    return None


def distance(want, got, step):
    """How far outputs are apart, in codes: the worst, and the shares that are equal and within one."""
    codes = np.abs(want - got) / step
    return {"worst": float(codes.max()), "equal": float(np.mean(codes < 0.5)), "near": float(np.mean(codes < 1.5))}


class Network:
    """The files of an architecture, which are made where they are asked for."""

    def __init__(self, args, name):
        import networks

        self.program, self.folder = args.octet, args.folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.arch, state, self.x, calibration = networks.network(name, IMAGES, SEED)
        import torch

        torch.save(state, self.folder / "float.pth")
        np.save(self.folder / "x.npy", self.x)
        np.save(self.folder / "calibration.npy", calibration)
        self.size = ["--resize", self.x.shape[-1], "--crop", self.x.shape[-1]]
        self.outputs = {}

    def model(self, backend):
        """The .pth of a backend, the float one's if it is none, with the flag that names its architecture."""
        path = self.folder / f"{backend}.pth"
        arch = ["--arch", self.arch] if backend == "float" else []
        if not path.exists():
            octet(self.program, "quantize", self.folder / "float.pth", "--arch", self.arch, "--backend", backend, "--qconfig", "default", "--calibration", self.folder / "calibration.npy", "-o", path)
        if backend not in self.outputs:
            self.outputs[backend] = self.run(path, *arch)
        return [path, *arch]

    def run(self, path, *flags):
        octet(self.program, "run", path, *flags, "--input", self.folder / "x.npy", "-o", self.folder / "y.npy")
        return np.load(self.folder / "y.npy")

    def cell(self, backend, form, opset):
        """What is found of a cell."""
        path = self.folder / "model.onnx"
        path.unlink(missing_ok=True)
        model, refusal = self.model(backend), expected(backend, form, opset)
        flags = [] if backend == "float" else ["--format", form]
        try:
            octet(self.program, "export", *model, *self.size, "--opset", opset, *flags, "-o", path)
        except Failed as e:
            if refusal is None or refusal not in str(e):
                raise
            return {"state": "refused", "why": str(e)}
        if refusal is not None:
            raise Failed(f"it is written, and was to be refused: {refusal}")
        onnx.checker.check_model(str(path), full_check=True)
        own, same, got = self.outputs[backend], self.run(path), runtime(path, self.x)
        step = float(np.abs(own).max()) if backend == "float" else quantum(path)
        found = {"state": "ok", "same file": distance(same, got, step), "own": distance(own, got, step)}
        try:
            found["openvino"] = distance(own, openvino(path, self.x), step)
        except Exception as e:
            if form != "qoperator":  # which it has no rules for
                raise
            found["openvino"] = " ".join(str(e).split())[:200]
        worst = found["same file"]["worst"]
        if backend == "float" and not max(worst, found["own"]["worst"]) <= FLOAT_BOUND:
            found |= {"state": "failed", "why": f"ONNX Runtime's outputs differ by {worst:.1e} of the largest, from those of the .pth by {found['own']['worst']:.1e}"}
        if backend != "float" and not worst <= SAME_FILE_BOUND + 0.5:
            found |= {"state": "failed", "why": f"ONNX Runtime's outputs are {worst:.1f} codes from octet's of the file"}
        return found

    def clear(self):
        for path in self.folder.iterdir():
            path.unlink()
        self.folder.rmdir()


def grid(args):
    """The cells of an architecture."""
    for opset in args.opsets:
        yield "float", "", opset
    yield from itertools.product(args.backends, args.formats, args.opsets)


def run(args):
    """Does the cells that are left, and returns how many failed."""
    import networks

    args.folder.mkdir(parents=True, exist_ok=True)
    rows = args.folder / "rows.jsonl"
    done = {(r["name"], r["backend"], r["format"], r["opset"]): r for r in read(rows)}
    for name in args.names or networks.NAMES:
        left = [c for c in grid(args) if (name, *c) not in done]
        network = None
        for cell in left:
            row = dict(zip(("name", "backend", "format", "opset"), (name, *cell)))
            try:
                network = network or Network(args, name)
                row |= network.cell(*cell)
            except Exception as e:  # the others are done nevertheless
                row |= {"state": "failed", "why": f"{type(e).__name__}: {' '.join(str(e).split())[:500]}"}
            done[name, *cell] = row
            with rows.open("a") as f:
                f.write(json.dumps(row) + "\n")
            print(*(v for v in (name, *cell) if v != ""), row["state"], row.get("why", ""), json.dumps(row.get("same file", "")), flush=True)
        if network:
            network.clear()
    failed = [r for r in done.values() if r["state"] == "failed"]
    print(f"{len(done)} cells, {len(failed)} failed")
    return len(failed)


def read(rows):
    return [json.loads(line) for line in rows.read_text().splitlines()] if rows.exists() else []


def table(rows):
    """A line of Markdown for each network, of what is worst."""
    print("| network | cells | float: ONNX Runtime, OpenVINO | int8, same file: ONNX Runtime | .pth of fbgemm: ONNX Runtime, OpenVINO | of qnnpack |")
    print("|---|---|---|---|---|---|")
    for name in dict.fromkeys(r["name"] for r in rows):
        cells = [r for r in rows if r["name"] == name]
        states = ", ".join(f"{n} {state}" for state in ("ok", "refused", "failed") if (n := sum(r["state"] == state for r in cells)))

        def found(who, *backends):
            return [r[who] for r in cells if r["backend"] in backends and isinstance(r.get(who), dict)]

        def worst(list):
            return f"{max(f['worst'] for f in list):.0e}" if list else "-"

        def near(list):
            return f"{min(f['near'] for f in list):.0%}" if list else "-"

        same = found("same file", *BACKENDS)
        equal = f"{min(f['equal'] for f in same):.1%} equal, worst {max(f['worst'] for f in same):.0f}" if same else "-"
        of = [f"{near(found('own', b))}, {near(found('openvino', b))}" for b in BACKENDS]
        print("|", " | ".join([name, states, f"{worst(found('own', 'float'))}, {worst(found('openvino', 'float'))}", equal, *of]), "|")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--octet", default="octet")
    parser.add_argument("--opsets", nargs="*", type=int, default=OPSETS)
    parser.add_argument("--formats", nargs="*", default=FORMATS)
    parser.add_argument("--backends", nargs="*", default=BACKENDS)
    parser.add_argument("--table", type=pathlib.Path, metavar="ROWS")
    parser.add_argument("folder", type=pathlib.Path, nargs="?")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    if args.table:
        return table(read(args.table))
    if not args.folder:
        parser.error("name a folder for the files")
    sys.exit(run(args) > 0)


if __name__ == "__main__":
    main()
