"""Writes ONNX's backend node tests as files that `go run ./tools/onnxnode` reads.

    python tools/onnxnode/cases.py CASES.zip            # all of them
    python tools/onnxnode/cases.py CASES.zip --small    # some small ones of each operator

Run in an environment with onnx==1.23.2 and numpy. Each member of the archive is the model of
one test; its inputs and expected outputs are initializers test/input/NAME and
test/output/NAME, and its metadata says what it is of: its operator, its tolerances, and, of
tests outside of octet's scope, why they are.

The archive is the same for the same version of onnx: seeds and times are fixed."""
import argparse
import pathlib
import re
import warnings
import zipfile

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases

VERSION = "1.23.2"

# Groups of tests that octet does not answer for, by the operators they are of.
OUT = {
    "sequences": "SequenceInsert SequenceMap SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceLength SplitToSequence ConcatFromSequence",
    "optionals": "Optional OptionalGetElement OptionalHasElement",
    "strings": "StringConcat StringNormalizer StringSplit RegexFullMatch",
    "random": "Bernoulli RandomNormal RandomNormalLike RandomUniform RandomUniformLike Multinomial",
    "losses": "NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss",
    "image decoding": "ImageDecoder",
    "Loop and Scan": "Loop Scan",
    "attention of operator sets above 22": "Attention LinearAttention CausalConvWithState TensorScatter",
}
REASONS = {operator: reason for reason, operators in OUT.items() for operator in operators.split()}

# The committed archive: bytes of a file, and files of an operator.
SMALL, EACH = 6000, 3


def operators(model):
    """All operators of a model, with those in subgraphs."""
    found = []

    def walk(graph):
        for node in graph.node:
            found.append((node.domain + "." if node.domain else "") + node.op_type)
            for a in node.attribute:
                for g in [a.g] if a.HasField("g") else a.graphs:
                    walk(g)

    walk(model.graph)
    return found


def out_of_scope(model, own):
    """Why a test is left out, "" where it is not; own is the operator that it tests."""
    if "." in own:
        return "other domains"
    found = set(operators(model)) | {own}
    for operator, reason in REASONS.items():
        if operator in found and reason not in ("attention of operator sets above 22",):
            return reason
    if own in REASONS:
        return REASONS[own]
    for value in [*model.graph.input, *model.graph.output]:
        kind = value.type.WhichOneof("value")
        if kind == "sequence_type":
            return "sequences"
        if kind == "optional_type":
            return "optionals"
        if value.type.tensor_type.elem_type == TensorProto.STRING:
            return "strings"
    for node in model.graph.node:
        for a in node.attribute:
            if a.name == "training_mode" and a.i:
                return "training"
    if own == "Dropout" and len(model.graph.node[0].input) > 2 and model.graph.node[0].input[2] and "zero_ratio" not in model.graph.name:
        return "training"
    return ""


def tensor_of(value, declared, name):
    """A value of a test as a TensorProto; None where it is no tensor."""
    if isinstance(value, TensorProto):
        value = onnx.TensorProto.FromString(value.SerializeToString())
        value.name = name
        return value
    if not isinstance(value, (np.ndarray, np.generic, int, float, bool)) or declared.type.WhichOneof("value") != "tensor_type":
        return None
    t = numpy_helper.from_array(np.asarray(value), name)
    if t.data_type != declared.type.tensor_type.elem_type:
        raise ValueError(f"{name} is {t.data_type}, declared {declared}")
    return t


def tensors(model, data_set):
    """The inputs and outputs of a test as initializers, None where one is no tensor."""
    weights = {t.name for t in model.graph.initializer}
    found = []
    for what, values, of in zip(("input", "output"), data_set, ([v for v in model.graph.input if v.name not in weights], model.graph.output)):
        for value, declared in zip(values, of, strict=True):
            t = tensor_of(value, declared, f"test/{what}/{declared.name}")
            if t is None:
                return None
            found.append(t)
    return found


def cases():
    """All tests: name, model with its data or None, operator, group outside of scope or ""."""
    if onnx.__version__ != VERSION:
        raise SystemExit(f"onnx {onnx.__version__}; the tests of {VERSION} are counted")
    warnings.simplefilter("ignore")
    np.random.seed(0)
    own = {}
    for c in collect_testcases(None):
        base, expanded, _ = c.name.partition("_expanded")
        found = operators(c.model)
        if expanded and base in own:
            operator = own[base]
        else:
            operator = own[base] = next((o for o in found if o in REASONS or "." in o), found[0])
        yield c, operator, out_of_scope(c.model, operator)


def file_of(c, operator, reason):
    """The model of a test with its data, or None where that is no tensors."""
    data = tensors(c.model, c.data_sets[0])
    if data is None:
        return None
    model = onnx.ModelProto.FromString(c.model.SerializeToString())
    model.graph.initializer.extend(data)
    onnx.helper.set_model_props(model, {"test.operator": operator, "test.out": reason, "test.rtol": str(c.rtol), "test.atol": str(c.atol)})
    return model.SerializeToString(deterministic=True)


def choose(files):
    """The smallest files of each operator, and of casts those of each element type."""
    found = {}
    for name, operator, reason, data in files:
        if reason or data is None or len(data) > SMALL or "_expanded" in name:
            continue
        kind = operator + re.sub(r".*_to_", "", name) if operator in ("Cast", "BitCast") else operator
        found.setdefault(kind, []).append((len(data), name, operator, reason, data))
    return [chosen[1:] for _, some in sorted(found.items()) for chosen in sorted(some)[:EACH]]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("archive", type=pathlib.Path)
    parser.add_argument("--small", action="store_true", help="for tools/onnxnode/testdata/small.zip")
    given = parser.parse_args()
    files = [(c.name, operator, reason, file_of(c, operator, reason)) for c, operator, reason in cases()]
    chosen = choose(files) if given.small else [(name, operator, reason, data) for name, operator, reason, data in files]
    counts = {}
    with zipfile.ZipFile(given.archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for name, operator, reason, data in chosen:
            if data is None and not reason:
                raise SystemExit(f"{name} is in scope, and has data that are no tensors")
            counts[reason or "in scope"] = counts.get(reason or "in scope", 0) + 1
            z.writestr(zipfile.ZipInfo(f"{name}.onnx" if data else f"{name}.out/{reason}"), data or operator, zipfile.ZIP_DEFLATED)
    for reason, count in sorted(counts.items()):
        print(f"{count:5} {reason}")


if __name__ == "__main__":
    main()
