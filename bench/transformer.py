"""octet beside ONNX Runtime on an encoder block of a transformer and its parts in float32, in turns. See README.md.

Both sides build each case from the same hash of the names of its parameters, and their results are compared before
anything is measured. Rivals: ONNX Runtime with the operators of the standard, which it fuses as it can, and, where a case
has attention, with its own operator for that (MultiHeadAttention).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import turns
from engines import LIMITS, Process, hiding

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "tools" / "golden"))

CASES = ["vit_b16_block", "bert_block", "matmul_197x768x2304", "matmul_197x768x768", "matmul_197x768x3072", "matmul_197x3072x768",
         "matmul_128x768x768", "matmul_128x768x3072", "matmul_128x3072x768", "scores", "context", "attention",
         "gelu", "gelu_tanh", "sigmoid", "tanh", "softmax", "layer_norm"]
SAMPLING = 997  # as in tools/transformer


class Model:
    """The twin of tools/transformer/cases.go: an ONNX model and its inputs."""

    def __init__(self, case: str, own_attention: bool):
        from onnx import TensorProto, helper

        self.helper, self.float = helper, TensorProto.FLOAT
        self.nodes, self.params, self.inputs, self.own_attention = [], [], {}, own_attention
        self.build(case)
        info = lambda name, shape: helper.make_tensor_value_info(name, self.float, shape)
        graph = helper.make_graph(self.nodes, case, [info(k, v.shape) for k, v in self.inputs.items()], [info("y", None)], self.params)
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
        self.bytes = helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()

    def build(self, case: str) -> None:
        if case.startswith("matmul_"):
            m, k, n = map(int, case.removeprefix("matmul_").split("x"))
            self.node("MatMul", [self.input("x", m, k), self.param("w", 1 / 32, k, n)], "y")
        elif case in ("vit_b16_block", "bert_block"):
            tokens = 197 if case == "vit_b16_block" else 128
            self.block(self.input("x", 1, tokens, 768), 768, 12)
        elif case == "scores":
            q, k = self.input("q", 1, 12, 128, 64), self.input("k", 1, 12, 128, 64)
            self.node("MatMul", [q, self.node("Transpose", [k], "kt", perm=[0, 1, 3, 2])], "y")
        elif case == "context":
            self.node("MatMul", [self.input("p", 1, 12, 128, 128), self.input("v", 1, 12, 128, 64)], "y")
        elif case == "attention":
            self.attention(*(self.input(name, 1, 12, 197, 64) for name in "qkv"), "y")
        else:
            kind = {"gelu": "Gelu", "gelu_tanh": "Gelu", "softmax": "Softmax", "layer_norm": "LayerNormalization", "sigmoid": "Sigmoid", "tanh": "Tanh"}[case]
            more = {"gelu_tanh": {"approximate": "tanh"}, "layer_norm": {"epsilon": 1e-6}}.get(case, {})
            x = [self.input("x", 1, 197, 3072)]
            if case == "layer_norm":
                x += [self.param("norm.weight", 1, 3072), self.param("norm.bias", 1, 3072)]
            self.node(kind, x, "y", **more)

    def uniform(self, name: str, scale: float, shape: tuple):
        import hashweights
        import numpy as np

        return hashweights.uniform(name, int(np.prod(shape)), 1).reshape(shape) * np.float32(scale)

    def input(self, name: str, *shape: int) -> str:
        self.inputs[name] = self.uniform(name, 1, shape)
        return name

    def const(self, name: str, values) -> str:
        from onnx import numpy_helper

        self.params.append(numpy_helper.from_array(values, name))
        return name

    def param(self, name: str, scale: float, *shape: int) -> str:
        return self.const(name, self.uniform(name, scale, shape))

    def node(self, kind: str, inputs: list, output: str, **attributes) -> str:
        self.nodes.append(self.helper.make_node(kind, inputs, [output], **attributes))
        return output

    def shape(self, name: str, *dims: int) -> str:
        import numpy as np

        return self.const(name, np.array(dims, np.int64))

    def linear(self, name: str, x: str, inputs: int, outputs: int) -> str:
        weight = self.const(name + ".weight", self.uniform(name + ".weight", 1 / 16, (outputs, inputs)).T.copy())
        product = self.node("MatMul", [x, weight], name + ".product")
        return self.node("Add", [product, self.param(name + ".bias", 1 / 8, outputs)], name)

    def norm(self, name: str, x: str, width: int) -> str:
        params = [self.param(name + ".weight", 1, width), self.param(name + ".bias", 1 / 8, width)]
        return self.node("LayerNormalization", [x, *params], name, epsilon=1e-6)

    def attention(self, q: str, k: str, v: str, out: str) -> str:
        import numpy as np

        if self.own_attention:
            q = self.node("Reshape", [self.node("Transpose", [q], "q.t", perm=[0, 2, 1, 3]), self.shape("q.s", 0, 0, -1)], "q.rows")
            rows = self.node("MultiHeadAttention", [q, k, v], "own.rows", domain="com.microsoft", num_heads=12, scale=1 / 8)
            return self.node("Transpose", [self.node("Reshape", [rows, self.shape("own.s", 0, 0, 12, 64)], "own.heads")], out, perm=[0, 2, 1, 3])
        scores = self.node("MatMul", [q, self.node("Transpose", [k], "kt", perm=[0, 1, 3, 2])], "scores")
        scaled = self.node("Mul", [scores, self.const("scale", np.array([1 / 8], np.float32))], "scaled")
        return self.node("MatMul", [self.node("Softmax", [scaled], "softmax", axis=-1), v], out)

    def block(self, x: str, width: int, heads: int) -> None:
        qkv = self.linear("qkv", self.norm("norm1", x, width), width, 3 * width)
        parts = ["q.part", "k.part", "v.part"]
        self.nodes.append(self.helper.make_node("Split", [qkv, self.shape("sizes", width, width, width)], parts, axis=-1))
        if self.own_attention:
            rows = self.node("MultiHeadAttention", parts, "rows", domain="com.microsoft", num_heads=heads, scale=1 / 8)
        else:
            split = self.shape("split", 0, 0, heads, width // heads)
            q, k, v = (self.node("Transpose", [self.node("Reshape", [p, split], p[0] + ".heads")], p[0], perm=[0, 2, 1, 3]) for p in parts)
            joined = self.node("Transpose", [self.attention(q, k, v, "context")], "joined", perm=[0, 2, 1, 3])
            rows = self.node("Reshape", [joined, self.shape("join", 0, 0, width)], "rows")
        x = self.node("Add", [x, self.linear("proj", rows, width, width)], "add1")
        h = self.node("Gelu", [self.linear("fc1", self.norm("norm2", x, width), width, 4 * width)], "gelu")
        self.node("Add", [x, self.linear("fc2", h, 4 * width, width)], "y")


def work(case: str, own_attention: bool, threads: int) -> None:
    """ONNX Runtime's worker: this file runs itself for it."""
    import onnxruntime as ort

    model = Model(case, own_attention)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(model.bytes, options, providers=["CPUExecutionProvider"])
    # Inputs and the result stay where they are: nothing is copied in or out in a run.
    binding = session.io_binding()
    for name, values in model.inputs.items():
        binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(values))
    first = session.run(None, model.inputs)[0]
    binding.bind_ortvalue_output("y", ort.OrtValue.ortvalue_from_numpy(first.copy()))
    say = lambda line: print(json.dumps(line), flush=True)
    say({"ready": True, "argmax": None, "sample": first.reshape(-1)[::SAMPLING].tolist()})
    for line in sys.stdin:
        times = []
        for _ in range(json.loads(line)["run"]):
            start = time.perf_counter_ns()
            session.run_with_iobinding(binding)
            times.append(time.perf_counter_ns() - start)
        say({"ns": times, "peak_rss_mb": None})


@dataclass(frozen=True)
class Side:
    name: str
    own_attention: bool = False


SIDES = [Side("octet"), Side("ONNX Runtime"), Side("ONNX Runtime MHA", True)]


def race(case: str, threads: int, octet: str, args, folder: Path) -> dict:
    hidden, features = LIMITS[args.isa]
    samples = {}

    def start(side: Side) -> Process:
        if side.name == "octet":
            command = [octet, "-cpu", features, case, str(threads)]
        else:
            command = [sys.executable, __file__, "--work", case, "--threads", str(threads)] + ["--own-attention"] * side.own_attention
        p = Process(command, threads, hiding(hidden, folder) if hidden and side.name != "octet" else {})
        samples[side.name] = p.ready["sample"]
        return p

    sides = [s for s in SIDES if not s.own_attention or case == "attention" or case.endswith("_block")]
    result = turns.race(sides, start, args.rounds, args.slice_ms)
    for name, sample in samples.items():
        size = max(abs(v) for v in sample)
        off = max(abs(a - b) for a, b in zip(sample, samples["octet"], strict=True)) / size
        if off > 1e-4:
            raise SystemExit(f"{case}: {name} and octet give different results, by {off:.1e} of the largest number")
    return result


def line(case: str, threads: int, result: dict) -> str:
    engines = result["engines"]
    text = f"{case:22} {threads} "
    for side in SIDES:
        if side.name in engines:
            e = engines[side.name]
            text += f" {side.name} {e['best_ms']:8.4f} ms (median {e['median_ms']:8.4f})"
    for side in SIDES[1:]:
        if side.name in engines and "octet" in engines:
            own, other = engines["octet"], engines[side.name]
            ratio = turns.spread([a / b for a, b in zip(own["rounds_ms"], other["rounds_ms"])])["median"]
            text += f"  octet/{side.name}: best {own['best_ms'] / other['best_ms']:.3f}, median {ratio:.3f}"
    return text + "".join(f"  {name}: {reason}" for name, reason in result["missing"].items())


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--cases", default=",".join(CASES), help="default: all")
    p.add_argument("--threads", default="1,2")
    p.add_argument("--rounds", type=int, default=25)
    p.add_argument("--slice-ms", type=float, default=60, help="about how long each side runs in a round")
    p.add_argument("--isa", default="", choices=LIMITS, help="keep both sides to this instruction set")
    p.add_argument("--octet", help="a binary of ./tools/transformer, instead of building this checkout")
    p.add_argument("--json", type=Path, help="write all figures")
    p.add_argument("--work", help=argparse.SUPPRESS)
    p.add_argument("--own-attention", action="store_true", help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.work:
        return work(args.work, args.own_attention, int(args.threads))
    doc = []
    with tempfile.TemporaryDirectory() as folder:
        octet = args.octet or f"{folder}/transformer"
        if not args.octet:
            subprocess.run(["go", "build", "-o", octet, "./tools/transformer"], cwd=HERE.parent, check=True)
        for threads in map(int, args.threads.split(",")):
            for case in args.cases.split(","):
                result = race(case, threads, octet, args, Path(folder))
                print(line(case, threads, result), flush=True)
                doc.append({"case": case, "threads": threads, **result})
    if args.json:
        args.json.write_text(json.dumps(doc, indent=1) + "\n")


if __name__ == "__main__":
    main()
