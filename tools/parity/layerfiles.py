"""The folder in which integers travel between this tool and octet; README.md states the convention.

A folder holds index.json and one .npy per value: uint8 for quint8 values (NCHW order, C-contiguous), float32 otherwise.
"""

import json
from pathlib import Path

import numpy as np

from capture import Node, Trace, Value

FORMAT, VERSION, INDEX = "octet-layers", 1, "index.json"


class LayerFilesError(Exception):
    """A folder that does not follow the convention."""


def input_file(name: str, position: int) -> str:
    return f"{name}.in{position}.npy"


def output_file(name: str) -> str:
    return f"{name}.npy"


def _entry(value: Value, file: str) -> dict:
    entry = {"file": file, "dtype": value.dtype, "shape": list(value.data.shape)}
    if value.scale is not None:
        entry |= {"scale": value.scale, "zero_point": value.zero_point}
    return entry


def write_feed(folder: Path, trace: Trace, arch: str, backend: str) -> None:
    """Every node's inputs as files; outputs only as their declared type."""
    folder.mkdir(parents=True)
    nodes = []
    for node in trace.nodes:
        inputs = []
        for position, value in enumerate(node.inputs):
            file = input_file(node.name, position)
            np.save(folder / file, value.data)
            inputs.append(_entry(value, file))
        nodes.append({"name": node.name, "op": node.op, "inputs": inputs, "output": _entry(node.output, output_file(node.name))})
    write_index(folder, arch, backend, nodes)


def write_outputs(folder: Path, outputs: dict[str, Value], ops: dict[str, str], arch: str, backend: str) -> None:
    """What octet writes: every node's output and an index in execution order."""
    folder.mkdir(parents=True, exist_ok=True)
    nodes = []
    for name, value in outputs.items():
        np.save(folder / output_file(name), value.data)
        nodes.append({"name": name, "op": ops[name]} | _entry(value, output_file(name)))
    write_index(folder, arch, backend, nodes)


def write_index(folder: Path, arch: str, backend: str, nodes: list[dict]) -> None:
    index = {"format": FORMAT, "version": VERSION, "arch": arch, "backend": backend, "nodes": nodes}
    (folder / INDEX).write_text(json.dumps(index, indent=1))


def read_feed(folder: Path) -> list[Node]:
    """The nodes of a feed folder, with empty outputs."""
    return [
        Node(n["name"], n["op"], [_read_value(folder, entry) for entry in n["inputs"]], None)
        for n in _read_index(folder)["nodes"]
    ]


def read_outputs(folder: Path) -> dict[str, Value]:
    """Outputs by node name, in the order of the index."""
    return {entry["name"]: _read_value(folder, entry) for entry in _read_index(folder)["nodes"]}


def _read_index(folder: Path) -> dict:
    try:
        index = json.loads((folder / INDEX).read_text())
    except (OSError, ValueError) as problem:
        raise LayerFilesError(f"{folder / INDEX}: {problem}") from problem
    if index.get("format") != FORMAT or index.get("version") != VERSION:
        raise LayerFilesError(f"{folder / INDEX}: expected format {FORMAT} version {VERSION}")
    return index


def _read_value(folder: Path, entry: dict) -> Value:
    path = folder / entry["file"]
    if path.parent != folder:
        raise LayerFilesError(f"{path}: outside the folder")
    try:
        data = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as problem:
        raise LayerFilesError(f"{path}: {problem}") from problem
    quantized = entry["dtype"] == "quint8"
    expected = np.uint8 if quantized else np.float32
    if data.dtype != expected or list(data.shape) != entry["shape"]:
        raise LayerFilesError(f"{path}: index says {entry['dtype']} {entry['shape']}, file holds {data.dtype} {list(data.shape)}")
    return Value(data, entry["scale"], entry["zero_point"]) if quantized else Value(data)
