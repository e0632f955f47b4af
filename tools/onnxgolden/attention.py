"""Writes testdata/attention/: models of ONNX Runtime's operators for blocks of transformers, with their inputs and ONNX
Runtime's outputs. encoder_*.onnx are a small encoder as its optimizer writes it; nodes.onnx has the other forms.

    python tools/onnxgolden/attention.py        from the root, with torch 2.15.0, onnx 1.23.2, onnxruntime 1.32.0
"""

import logging
import pathlib
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions
from torch import nn

FOLDER, SEED, HEADS, WIDTH = pathlib.Path("testdata/attention"), 23, 2, 8
BATCH, TOKENS, PAST, WORDS = 2, 5, 3, 11


class Attention(nn.Module):
    """Self-attention in the words of BERT, which the optimizer knows."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.dense = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, x, mask):
        apart = lambda y: y.view(y.shape[0], y.shape[1], HEADS, WIDTH // HEADS).permute(0, 2, 1, 3)  # noqa: E731
        scores = torch.matmul(apart(self.query(x)), apart(self.key(x)).transpose(-1, -2)) / (WIDTH // HEADS) ** 0.5 + mask
        y = torch.matmul(torch.softmax(scores, -1), apart(self.value(x))).permute(0, 2, 1, 3).contiguous()
        return self.norm(self.dense(y.view(y.shape[0], y.shape[1], WIDTH)) + x)


class Encoder(nn.Module):
    """Embeddings and two layers."""

    def __init__(self):
        super().__init__()
        self.words, self.places, self.kinds = nn.Embedding(WORDS, WIDTH), nn.Embedding(2 * TOKENS, WIDTH), nn.Embedding(2, WIDTH)
        self.register_buffer("position_ids", torch.arange(2 * TOKENS)[None])
        self.norm = nn.LayerNorm(WIDTH)
        self.attention = nn.ModuleList(Attention() for _ in range(2))
        self.up, self.down = (nn.ModuleList(nn.Linear(a, b) for _ in range(2)) for a, b in ((WIDTH, 12), (12, WIDTH)))
        self.after = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))

    def forward(self, input_ids, attention_mask, token_type_ids):
        mask = (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * -10000.0
        x = self.norm(self.words(input_ids) + self.kinds(token_type_ids) + self.places(self.position_ids[:, : input_ids.shape[1]]))
        for attention, up, down, after in zip(self.attention, self.up, self.down, self.after):
            x = attention(x, mask)
            x = after(down(nn.functional.gelu(up(x))) + x)
        return x


def run(model, feed):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return dict(zip([o.name for o in session.get_outputs()], session.run(None, feed)))


def encoders(rng, golden):
    torch.manual_seed(SEED)
    feed = {
        "input_ids": rng.integers(0, WORDS, (BATCH, TOKENS)), "attention_mask": np.array([[1] * TOKENS, [1] * 3 + [0] * (TOKENS - 3)]),
        "token_type_ids": rng.integers(0, 2, (BATCH, TOKENS)),
    }  # fmt: skip
    golden |= {"encoder." + k: v for k, v in feed.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/encoder.onnx"
        axes = {name: {0: "batch", 1: "tokens"} for name in (*feed, "y")}
        torch.onnx.export(Encoder().eval(), tuple(map(torch.from_numpy, feed.values())), path, dynamo=False, opset_version=17, input_names=list(feed), output_names=["y"], dynamic_axes=axes)
        for name, apart in (("encoder_joined", False), ("encoder_apart", True)):
            options = FusionOptions("bert")
            options.use_multi_head_attention = apart
            model = optimizer.optimize_model(path, "bert", HEADS, WIDTH, options, opt_level=0).model
            print(name, sorted({n.op_type for n in model.graph.node}))
            onnx.save(model, FOLDER / f"{name}.onnx")
            golden[name + ".y"] = run(model.SerializeToString(), feed)["y"]


class Nodes:
    """A model of single nodes, each with inputs and outputs of its own."""

    def __init__(self, rng):
        self.rng, self.nodes, self.inputs, self.outputs, self.weights, self.feed = rng, [], [], [], [], {}

    def given(self, name, value):
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        self.feed[name] = value
        self.inputs.append(helper.make_tensor_value_info(name, kind, [None] * value.ndim))
        return name

    def real(self, name, *shape):
        return self.given(name, self.rng.standard_normal(shape).astype(np.float32))

    def weight(self, name, *shape):
        self.weights.append(numpy_helper.from_array(self.rng.standard_normal(shape).astype(np.float32) * np.float32(0.5), name))
        return name

    def add(self, kind, name, inputs, results=1, **attrs):
        outputs = [name] + [f"{name}.{i}" for i in range(1, results)]
        self.nodes.append(helper.make_node(kind, inputs, outputs, domain="com.microsoft", name=name, **attrs))
        kinds = [TensorProto.FLOAT] * results
        if kind == "EmbedLayerNormalization":
            kinds[1] = TensorProto.INT32
        self.outputs += [helper.make_tensor_value_info(o, k, None) for o, k in zip(outputs, kinds)]

    def model(self):
        graph = helper.make_graph(self.nodes, "nodes", self.inputs, self.outputs, self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)], ir_version=8)


def masks(n):
    total = TOKENS
    int32 = lambda v: np.array(v, np.int32)  # noqa: E731
    return {
        "ends": n.given("ends", int32([TOKENS, 2])), "bounds": n.given("bounds", int32([TOKENS, 4, 1, 2])),
        "tokens": n.given("tokens", int32([[1] * total, [0, 1, 1, 0, 1]])), "pairs": n.given("pairs", n.rng.integers(0, 2, (BATCH, TOKENS, total)).astype(np.int32)),
    }  # fmt: skip


def nodes(rng, golden):
    n = Nodes(rng)
    x, w, b = n.real("x", BATCH, TOKENS, 6), n.weight("w", 6, 3 * WIDTH), n.weight("b", 3 * WIDTH)
    n.add("Attention", "plain", [x, w, b], num_heads=HEADS)
    n.add("Attention", "unbiased", [x, w], num_heads=HEADS, scale=0.25)
    for name, mask in masks(n).items():
        n.add("Attention", "masked_" + name, [x, w, b, mask], num_heads=HEADS, mask_filter_value=-50.0)
    n.add("Attention", "causal", [x, w, b, "tokens"], num_heads=HEADS, unidirectional=1)
    n.add("Attention", "added", [x, w, b, "", "", n.real("addends", BATCH, HEADS, TOKENS, TOKENS)], num_heads=HEADS)
    n.add("Attention", "added_to_all", [x, w, b, "", "", n.real("addends_of_all", 1, 1, TOKENS, TOKENS)], num_heads=HEADS)
    n.add("Attention", "uneven", [x, n.weight("w_uneven", 6, 4 + 4 + 10), n.weight("b_uneven", 18)], num_heads=HEADS, qkv_hidden_sizes=[4, 4, 10])
    n.add("Attention", "past", [x, w, b, "", n.real("earlier", 2, BATCH, HEADS, PAST, WIDTH // HEADS)], results=2, num_heads=HEADS, unidirectional=1)
    q, k, v = n.real("q", BATCH, 3, WIDTH), n.real("k", BATCH, TOKENS, WIDTH), n.real("v", BATCH, TOKENS, WIDTH)
    n.add("MultiHeadAttention", "cross", [q, k, v, b], num_heads=HEADS)
    n.add("MultiHeadAttention", "cross_unbiased", [q, k, n.real("wide", BATCH, TOKENS, 6)], num_heads=HEADS, scale=0.7)
    n.add("MultiHeadAttention", "cross_tokens", [q, k, v, b, "tokens"], num_heads=HEADS)
    n.add("MultiHeadAttention", "cross_ends", [q, k, v, "", "ends"], num_heads=HEADS)
    n.add("MultiHeadAttention", "cross_added", [q, k, v, "", "", n.real("addends_of_heads", 1, HEADS, 3, TOKENS)], num_heads=HEADS)
    heads = [n.real(name, BATCH, HEADS, TOKENS, WIDTH // HEADS) for name in ("k_heads", "v_heads")]
    n.add("MultiHeadAttention", "by_heads", [q, *heads], num_heads=HEADS)
    earlier = [n.real(name, BATCH, HEADS, PAST, WIDTH // HEADS) for name in ("k_earlier", "v_earlier")]
    n.add("MultiHeadAttention", "cross_past", [k, k, v, b, "", "", *earlier], results=3, num_heads=HEADS, unidirectional=1)
    tables = [n.weight(name, rows, WIDTH) for name, rows in (("words", WORDS), ("places", 2 * TOKENS), ("kinds", 2))]
    norm = [n.weight("gamma", WIDTH), n.weight("beta", WIDTH)]
    ids, kinds = (n.given(name, rng.integers(0, most, (BATCH, TOKENS)).astype(np.int32)) for name, most in (("ids", WORDS), ("of_kinds", 2)))
    places = n.given("at", rng.integers(0, 2 * TOKENS, (BATCH, TOKENS)).astype(np.int32))
    n.add("EmbedLayerNormalization", "embedded", [ids, kinds, *tables, *norm, "tokens"], results=3, epsilon=1e-5)
    n.add("EmbedLayerNormalization", "embedded_words", [ids, "", tables[0], tables[1], "", *norm], results=2)
    n.add("EmbedLayerNormalization", "embedded_at", [ids, kinds, *tables, *norm, "", places], results=2)
    model = n.model()
    onnx.save(model, FOLDER / "nodes.onnx")
    golden |= {"nodes." + k: v for k, v in n.feed.items()} | run(model.SerializeToString(), n.feed)


def main():
    logging.disable(logging.WARNING)
    FOLDER.mkdir(parents=True, exist_ok=True)
    rng, golden = np.random.default_rng(SEED), {}
    encoders(rng, golden)
    nodes(rng, golden)
    np.savez(FOLDER / "golden.npz", **golden)


main()
