"""Runs ONNX's backend node tests through `octet run`, and counts.

    python tools/onnxnode/run.py OCTET [PATTERN] [--json FILE]

OCTET is the binary; PATTERN is a regular expression over names of tests. Run in an
environment with onnx==1.23.2 and numpy. What is in scope is said by cases.py; skipped are
tests whose inputs or outputs are no tensors of numbers: sequences, optionals, strings.
Element types that NumPy lacks are wider ones in the arrays. `go run ./tools/onnxnode` is
faster, and runs the reference, too: this is the way of the command line."""
import argparse
import collections
import concurrent.futures
import json
import pathlib
import re
import subprocess
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper

from cases import cases

KINDS = "fiub"  # of numpy's element types


def wide(array):
    """an array of a type that NumPy has"""
    name = array.dtype.name
    if name == "bfloat16" or name.startswith(("float8", "float4")):
        return array.astype(np.float32)
    if name in ("int4", "int2", "uint4", "uint2"):
        return array.astype(np.uint8 if name[0] == "u" else np.int8)
    return array


def arrays(model, data_set):
    """The inputs and outputs of a test by name; None where one is no tensor."""
    weights = {t.name for t in model.graph.initializer}
    names = [[v.name for v in model.graph.input if v.name not in weights], [v.name for v in model.graph.output]]
    found = []
    for values, of in zip(data_set, names):
        if len(values) > len(of):
            return None
        converted = {}
        for value, name in zip(values, of):
            if isinstance(value, onnx.TensorProto):
                value = numpy_helper.to_array(value)
            value = wide(np.asarray(value)) if isinstance(value, (np.ndarray, np.generic)) else None
            if value is None or value.dtype.kind not in KINDS or value.dtype.itemsize > 8 or value.dtype.names:
                return None
            converted[name] = value
        found.append(converted)
    return found


def run(octet, case):
    model, data = case.model, arrays(case.model, case.data_sets[0])
    if data is None:
        return "skipped", "inputs or outputs that are no tensors of numbers"
    inputs, outputs = data
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        onnx.save(model, folder / "model.onnx")
        args = [octet, "run", str(folder / "model.onnx"), "-q", "-o", str(folder / "y.npz")]
        for i, (name, value) in enumerate(inputs.items()):
            np.save(folder / f"{i}.npy", value)
            args += ["--input", f"{name}={folder / f'{i}.npy'}"]
        done = subprocess.run(args, capture_output=True, text=True, timeout=60)
        if done.returncode:
            lines = [line.strip() for line in done.stderr.strip().splitlines()]
            return "failed", " ".join(lines)[:300]
        got = np.load(folder / "y.npz")
        for name, want in outputs.items():
            y = got[name]
            if y.shape != want.shape or y.dtype != want.dtype:
                return "failed", f"{name} is {y.dtype}{y.shape}, expected {want.dtype}{want.shape}"
            if not np.allclose(y.astype(np.float64), want.astype(np.float64), rtol=case.rtol, atol=case.atol, equal_nan=True):
                return "failed", f"{name} differs by {np.nanmax(np.abs(y.astype(np.float64) - want.astype(np.float64)))}"
    return "passed", ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("octet")
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--json")
    given = parser.parse_args()
    chosen = [(c, reason) for c, _, reason in cases() if re.search(given.pattern, c.name)]
    results, scope = {}, {c.name for c, reason in chosen if not reason}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (case, _), result in zip(chosen, pool.map(lambda c: run(given.octet, c[0]), chosen)):
            results[case.name] = result
    for inside in (True, False):
        for plain in (True, False):
            some = [r for n, r in results.items() if ("_expanded" not in n) == plain and (n in scope) == inside]
            print("in scope," if inside else "outside of scope,", "plain" if plain else "expanded", dict(collections.Counter(r[0] for r in some)))
    reasons = collections.Counter(re.sub(r"/tmp/\S+|[0-9.e+-]+|test_\w+", "#", r[1])[:150] for r in results.values() if r[0] == "failed")
    for reason, count in reasons.most_common(60):
        print(count, reason)
    if given.json:
        pathlib.Path(given.json).write_text(json.dumps({n: list(r) for n, r in sorted(results.items())}, indent=1))


main()
