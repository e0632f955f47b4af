"""Compares octet with ONNX Runtime on models that ONNX Runtime's quantizer made: every form of
QDQ and QOperator, types of activations and weights, per tensor and per channel, and dynamic.

    python tools/onnxgrid/run.py OCTET FOLDER [NAME ...] [--rapidocr FOLDER] [--nudenet FILE] [--forms PATTERN]

OCTET is the binary. FOLDER, outside of the repository, takes the models; what is there is not
made again. Networks of torchvision and a small U-Net are exported with random weights and
batch norms by seeds; the detector (320n.onnx of nudenet 3.4.2) and the OCR models (of
rapidocr_onnxruntime 1.4.4) are taken from the given places.

For each static form the model is cut at every activation in codes: each becomes an input and
an output, so that every node gets ONNX Runtime's own integers. Both run the cut model, ONNX
Runtime in its exact mode. Of int8 activations it has none on this processor: products are
compared with those of the same codes 128 higher, other nodes with its own for int8. It has no
integers for ConvTranspose: it computes float32, so that this counts among the others. Of its
optimizations WeightBiasQuantization is off: it quantizes float weights that a file left float,
those of ConvTranspose in QOperator files, so that the model becomes another. Then the whole
model runs, also without graph optimizations, where
ONNX Runtime has no exact mode. "naive" is the time of octet's operators without a kernel, by `octet bench`,
as a share of all.

    python tools/onnxgrid/run.py --table ROWS.jsonl

sums up what was printed.

Needs torch==2.15.0 torchvision==0.29.2 onnx==1.23.2 onnxruntime==1.32.0."""
import argparse
import itertools
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
import torch
import torchvision
from onnx import helper, version_converter
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

SEED = 20261129
TYPES = {"u8": QuantType.QUInt8, "s8": QuantType.QInt8}
NETWORKS = ["resnet18", "mobilenet_v2", "mobilenet_v3_large", "shufflenet_v2_x1_0", "squeezenet1_1", "densenet121", "efficientnet_b0"]
PRODUCTS = {"Conv", "Gemm", "MatMul", "QLinearConv", "QLinearMatMul", "QGemm"}
# Where the parameters of the result stand among the operands.
ZERO = {"QuantizeLinear": 2, "QLinearConv": 7, "QLinearMatMul": 7, "QLinearAdd": 7, "QLinearMul": 7, "QLinearWhere": 8, "QGemm": 8, "QLinearConcat": 1,
        "QLinearGlobalAveragePool": 4, "QLinearAveragePool": 4, "QLinearSigmoid": 4, "QLinearLeakyRelu": 4, "QLinearSoftmax": 4}
MOVERS = {"MaxPool", "Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Slice", "Split", "Gather", "DepthToSpace", "SpaceToDepth", "Pad", "Resize", "Identity", "Concat"}


class UNet(torch.nn.Module):
    """A segmenter: two steps down, two up by transposed convolution and by resizing, with skips."""

    def __init__(self):
        super().__init__()
        nn = torch.nn
        block = lambda i, o: nn.Sequential(nn.Conv2d(i, o, 3, 1, 1), nn.BatchNorm2d(o), nn.ReLU(), nn.Conv2d(o, o, 3, 1, 1), nn.BatchNorm2d(o), nn.ReLU())
        self.a, self.b, self.c = block(3, 16), block(16, 32), block(32, 64)
        self.up = nn.ConvTranspose2d(64, 32, 2, 2)
        self.d, self.e, self.head = block(64, 32), block(48, 16), nn.Conv2d(16, 5, 1)

    def forward(self, x):
        a = self.a(x)
        b = self.b(torch.max_pool2d(a, 2))
        c = self.c(torch.max_pool2d(b, 2))
        d = self.d(torch.cat([self.up(c), b], 1))
        d = torch.nn.functional.interpolate(d, scale_factor=2.0, mode="nearest")
        return self.head(self.e(torch.cat([d, a], 1)))


def export(net, size, path):
    torch.manual_seed(SEED)
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.running_mean.normal_(0, 0.1)
            m.running_var.uniform_(0.5, 1.5)
    torch.onnx.export(net.eval(), torch.randn(1, 3, size, size), str(path), dynamo=False, opset_version=17, input_names=["x"], output_names=["y"])


def pictures(n, height, width, seed):
    """noise of several wavelengths, within about 2"""
    rng, out = np.random.default_rng(seed), np.zeros((n, 1, 3, height, width), np.float32)
    for step in (1, 4, 16):
        coarse = rng.standard_normal((n, 1, 3, -(-height // step), -(-width // step)))
        out += np.repeat(np.repeat(coarse, step, 3), step, 4)[..., :height, :width].astype(np.float32) * 0.5
    return out


def prepared(name, folder, given):
    """The float model with operator set 13 at least, and the size of its input."""
    path = folder / name / "float.onnx"
    size = {"nudenet": (160, 160), "det": (160, 160), "rec": (48, 160), "unet": (64, 64)}.get(name, (96, 96))
    if path.exists():
        return path, size
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = path.with_name("raw.onnx")
    if name in NETWORKS:
        torch.manual_seed(SEED)
        export(getattr(torchvision.models, name)(weights=None), size[0], raw)
    elif name == "unet":
        torch.manual_seed(SEED)
        export(UNet(), size[0], raw)
    else:
        source = given.nudenet if name == "nudenet" else str(pathlib.Path(given.rapidocr) / f"ch_PP-OCRv4_{name}_infer.onnx")
        model = onnx.load(source)
        if model.opset_import[0].version < 13:
            model = version_converter.convert_version(model, 17)
        for axis, extent in enumerate([1, 3, *size]):
            model.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = extent
        onnx.save(model, raw)
    quant_pre_process(str(raw), str(path))
    return path, size


class Batches(CalibrationDataReader):
    def __init__(self, name, arrays):
        self.rows = iter([{name: a} for a in arrays])

    def get_next(self):
        return next(self.rows, None)


def session(model, optimized=True, exact=True):
    o = ort.SessionOptions()
    if exact:
        o.add_session_config_entry("session.x64quantprecision", "1")
    o.intra_op_num_threads = 1
    o.log_severity_level = 4
    if not optimized:
        o.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(model.SerializeToString(), o, providers=["CPUExecutionProvider"], disabled_optimizers=["WeightBiasQuantization"])


def unsigned(model):
    """The same model with codes of uint8 for those of int8, and zero points 128 higher: for
    activations of int8 ONNX Runtime has no exact mode on this processor, and no QGemm."""
    same = onnx.ModelProto()
    same.CopyFrom(model)
    for t in same.graph.initializer:
        if t.data_type == onnx.TensorProto.INT8:
            t.CopyFrom(onnx.numpy_helper.from_array((onnx.numpy_helper.to_array(t).astype(np.int16) + 128).astype(np.uint8), t.name))
    for v in itertools.chain(same.graph.input, same.graph.output, same.graph.value_info):
        if v.type.tensor_type.elem_type == onnx.TensorProto.INT8:
            v.type.tensor_type.elem_type = onnx.TensorProto.UINT8
    return same


def is_signed(model):
    kinds = {t.data_type for t in model.graph.initializer}
    return onnx.TensorProto.INT8 in kinds and onnx.TensorProto.UINT8 not in kinds


def own(model, feed):
    """ONNX Runtime's outputs of int8 codes as they are; none where it has no operator for them."""
    try:
        s = session(model, exact=False)
    except Exception:
        return {}
    return dict(zip([o.name for o in s.get_outputs()], s.run(None, {i.name: feed[i.name] for i in s.get_inputs()})))


def reference(model, feed, optimized=True):
    """ONNX Runtime's outputs by name."""
    signed = is_signed(model)
    shift = lambda v, by, to: (v.astype(np.int16) + by).astype(to)
    if signed:
        feed = {k: shift(v, 128, np.uint8) if v.dtype == np.int8 else v for k, v in feed.items()}
    s = session(unsigned(model) if signed else model, optimized)
    out = dict(zip([o.name for o in s.get_outputs()], s.run(None, {i.name: feed[i.name] for i in s.get_inputs()})))
    return {k: shift(v, -128, np.int8) if signed and v.dtype == np.uint8 else v for k, v in out.items()}


def octet(given, model, feed):
    """The outputs of octet run by name, or why there are none."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        onnx.save(model, folder / "model.onnx")
        args = [given.octet, "run", str(folder / "model.onnx"), "-q", "-o", str(folder / "y.npz")]
        for i, (name, value) in enumerate(feed.items()):
            np.save(folder / f"{i}.npy", value)
            args += ["--input", f"{name}={folder / f'{i}.npy'}"]
        done = subprocess.run(args, capture_output=True, text=True)
        if done.returncode:
            return " ".join(done.stderr.split())[:300]
        return dict(np.load(folder / "y.npz"))


def cut(model):
    """The model with an input and an output for every activation in codes, and what computes
    each: the kind of the node whose result it is."""
    g, codes, kind = model.graph, {}, {}
    weights = {t.name: t for t in g.initializer}
    by = {o: n for n in g.node for o in n.output}
    for n in g.node:
        if n.op_type in ZERO and n.input[0] not in weights and len(n.input) > ZERO[n.op_type]:
            codes[n.output[0]] = weights[n.input[ZERO[n.op_type]]].data_type
            kind[n.output[0]] = n.op_type
            if n.op_type == "QuantizeLinear" and n.input[0] in by:
                kind[n.output[0]] = by[n.input[0]].op_type
        elif n.op_type in MOVERS and n.input and n.input[0] in codes:
            for o in n.output:
                codes[o], kind[o] = codes[n.input[0]], n.op_type
    uses = {t for n in g.node for t in n.input if t in codes}
    had = {o.name for o in g.output}
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    for m in (whole, model):
        m.graph.output.extend(helper.make_tensor_value_info(t, codes[t], None) for t in codes if t not in had)
    for n in g.node:
        for i, t in enumerate(n.input):
            if t in uses:
                n.input[i] = t + "__in"
    return whole, model, codes, uses, kind


def nodes(given, model, x):
    """How the nodes of the cut model differ: by whether they are products."""
    name = model.graph.input[0].name
    whole, pieces, codes, uses, kind = cut(model)
    values = reference(whole, {name: x})
    for t in sorted(uses):
        pieces.graph.input.append(helper.make_tensor_value_info(t + "__in", codes[t], values[t].shape))
    feed = {name: x} | {t + "__in": values[t] for t in uses}
    want = reference(pieces, feed)
    if is_signed(pieces):
        want |= {t: v for t, v in own(pieces, feed).items() if t in codes and kind[t] not in PRODUCTS}
    got = octet(given, pieces, {k.name: feed[k.name] for k in pieces.graph.input})
    if isinstance(got, str):
        return {"error": got}
    result = {"products": 0, "unequal products": {}, "others": 0, "others off by one": {}, "others off by more": {}}
    for t in codes:
        a, b = got[t], want[t]
        if a.dtype != b.dtype or a.shape != b.shape:
            return {"error": f"{t} is {a.dtype}{a.shape}, expected {b.dtype}{b.shape}"}
        d = np.abs(a.astype(int) - b.astype(int))
        product = kind[t] in PRODUCTS
        result["products" if product else "others"] += 1
        if d.any():
            where = result["unequal products" if product else "others off by one" if d.max() == 1 else "others off by more"]
            where[f"{kind[t]} {t}"] = f"{int((d > 0).sum())} of {d.size}, by {int(d.max())} at most"
    return result


def choice(y):
    """The choices that an output makes: classes, characters, pixels."""
    if y.ndim == 2:
        return y.argmax(1)
    if y.ndim == 3 and y.shape[1] < 100:  # a detector's boxes and scores: classes of what is detected
        return np.where(y[:, 4:].max(1) >= 0.25, y[:, 4:].argmax(1), -1)
    if y.ndim == 3:
        return y.argmax(2)
    return y.argmax(1) if y.shape[1] > 1 else y > 0.5


def finals(given, path, x):
    model, out = onnx.load(path), {}
    name = model.graph.input[0].name
    got = octet(given, model, {name: x})
    if isinstance(got, str):
        return {"error": got}
    y = next(iter(got.values()))
    for mode in (True, False):
        want = next(iter(reference(model, {name: x}, mode).values()))
        key = "exact" if mode else "unoptimized"
        out[key] = float(np.abs(y - want).max() / max(1e-30, np.abs(want).max()))
        out[key + " agree"] = float((choice(y) == choice(want)).mean())
    return out


def naive(given, path, x):
    """The share of the time that operators without a kernel take."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(folder + "/x.npy", x)
        done = subprocess.run([given.octet, "bench", str(path), "--input", folder + "/x.npy", "--threads", "1", "--duration", "300ms", "--json"], capture_output=True, text=True)
    if done.returncode:
        return " ".join(done.stderr.split())[:200]
    return sum(l["share"] for l in json.loads(done.stdout)["layers"] if l["kernel"] == "operator")


def forms():
    for form, (a, w), channel in itertools.product(QuantFormat, [("u8", "s8"), ("s8", "s8"), ("u8", "u8")], [False, True]):
        yield f"{form.name.lower()}_{a}{w}_{'channel' if channel else 'tensor'}", dict(quant_format=form, per_channel=channel, activation_type=TYPES[a], weight_type=TYPES[w])
    yield "dynamic_u8", dict(weight_type=QuantType.QUInt8)


def table(rows):
    """a table of Markdown, a line for each model and format"""
    models = {}
    for line in pathlib.Path(rows).read_text().splitlines():
        row = json.loads(line)
        if not row["form"].startswith("dynamic"):
            models.setdefault((row["model"], row["form"].split("_")[0]), {})[row["form"]] = row
    print("| model | format | forms | products: nodes, equal | others: equal, within one code, farther | outputs differ by | choices agree |")
    print("|---|---|---|---|---|---|---|")
    for (model, form), every in models.items():
        ran = [r for r in every.values() if "products" in r]
        products, others = (sum(r[k] for r in ran) for k in ("products", "others"))
        off, near, far = (sum(len(r[k]) for r in ran) for k in ("unequal products", "others off by one", "others off by more"))
        print(f"| {model} | {form} | {len(ran)} of {len(every)} | {products}, {products - off} | {others - near - far}, {near}, {far} | "
              f"{max(r['exact'] for r in ran):.1%} | {min(r['exact agree'] for r in ran):.1%} |")  # fmt: skip


def main():
    if sys.argv[1:2] == ["--table"]:
        return table(sys.argv[2])
    p = argparse.ArgumentParser()
    p.add_argument("octet")
    p.add_argument("folder", type=pathlib.Path)
    p.add_argument("names", nargs="*")
    p.add_argument("--rapidocr")
    p.add_argument("--nudenet")
    p.add_argument("--forms", default="")
    given = p.parse_args()
    names = given.names or NETWORKS + ["unet"] + ["nudenet"] * bool(given.nudenet) + ["det", "rec"] * bool(given.rapidocr)
    for name in names:
        source, size = prepared(name, given.folder, given)
        for form, options in forms():
            if not re.search(given.forms, form):
                continue
            path = given.folder / name / f"{form}.onnx"
            row = {"model": name, "form": form}
            try:
                inputs = onnx.load(source).graph.input[0].name
                if not path.exists():
                    if form.startswith("dynamic"):
                        quantize_dynamic(str(source), str(path), **options)
                    else:
                        quantize_static(str(source), str(path), Batches(inputs, pictures(3, *size, SEED)), **options)
                x = pictures(1, *size, SEED + 1)[0]
                reference(onnx.load(path), {inputs: x})
            except Exception as refused:
                print(json.dumps(row | {"refused by ONNX Runtime": str(refused)[:160]}), flush=True)
                continue
            row |= finals(given, path, x)
            if not form.startswith("dynamic"):
                row |= nodes(given, onnx.load(path), x)
            row["naive"] = naive(given, path, x)
            print(json.dumps(row), flush=True)


main()
