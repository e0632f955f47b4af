"""Dynamic quantization by torch.ao.quantization.quantize_dynamic: testdata/dynamic.zip, which the tests of the root
package read. For every network the program of torch.export.save, the float state dict, and for fbgemm and qnnpack
the quantized state dict, inputs and what PyTorch computes for them; of one with GRUs, for which ONNX has no dynamic
operator, the file that octet writes and what ONNX Runtime 1.32 computes by it."""
import argparse
import io
import pathlib
import subprocess
import tempfile
import zipfile

import numpy as np
import onnxruntime as ort
import torch
import torch.ao.quantization as tq
from torch import nn


class Layers(nn.Module):
    """Two linear layers, one without bias, and one that reads what both of them do."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.tail = nn.Linear(13, 29), nn.Linear(29, 11, bias=False), nn.Linear(24, 5)

    def forward(self, x):
        y = self.second(torch.relu(self.first(x)))
        return self.tail(torch.cat((x, y), -1))


class Recurrent(nn.Module):
    """A recurrence of two directions or of two layers, with a linear layer at the end."""

    def __init__(self, cell, bidirectional, **how):
        super().__init__()
        self.cell = cell(7, 11, num_layers=1 if bidirectional else 2, bidirectional=bidirectional, **how)
        self.fc = nn.Linear(22 if bidirectional else 11, 3)

    def forward(self, x):
        return self.fc(self.cell(x)[0])


NETWORKS = {
    "layers": (Layers, (6, 13)),
    "lstm": (lambda: Recurrent(nn.LSTM, True), (5, 3, 7)),
    "gru": (lambda: Recurrent(nn.GRU, False), (5, 3, 7)),
    "grus": (lambda: Recurrent(nn.GRU, True, batch_first=True), (3, 9, 7)),
}
ZIP_TIME = (2026, 1, 1, 0, 0, 0)


def saved(save, what):
    f = io.BytesIO()
    save(what, f)
    return f.getvalue()


def of_octet(program, name, files):
    """The ONNX file of a network, and the outputs of ONNX Runtime."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder) / f"{name}.pt2", pathlib.Path(folder) / f"{name}_int8.onnx"
        source.write_bytes(files[source.name])
        subprocess.run([program, "quantize", source, "--dynamic", "--backend", "onnx", "--output", target, "--quiet"], check=True)
        session = ort.InferenceSession(target)
        x = np.load(io.BytesIO(files[f"{name}_x.npy"]))
        return target.read_bytes(), session.run(None, {session.get_inputs()[0].name: x})[0]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parents[2] / "testdata" / "dynamic.zip")
    p.add_argument("--octet", required=True, type=pathlib.Path, help="the program")
    args = p.parse_args()
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    torch.manual_seed(20261130)
    files = {}
    for name, (make, shape) in NETWORKS.items():
        net = make().eval()
        x = torch.randn(shape) * 2 + 0.3
        files[f"{name}.pt2"] = saved(torch.export.save, torch.export.export(net, (x,)))
        files[f"{name}.pth"] = saved(torch.save, net.state_dict())
        arrays = {"x": x, "float": net(x)}
        for engine in ("fbgemm", "qnnpack"):
            torch.backends.quantized.engine = engine
            quantized = tq.quantize_dynamic(net, {nn.Linear, nn.LSTM, nn.GRU}, dtype=torch.qint8)
            files[f"{name}_{engine}.pth"] = saved(torch.save, quantized.state_dict())
            arrays[engine] = quantized(x)
        for key, v in arrays.items():
            f = io.BytesIO()
            np.save(f, v.detach().numpy())
            files[f"{name}_{key}.npy"] = f.getvalue()
    files["grus_int8.onnx"], y = of_octet(args.octet, "grus", files)
    f = io.BytesIO()
    np.save(f, y)
    files["grus_ort.npy"] = f.getvalue()
    with zipfile.ZipFile(args.out, "w", zipfile.ZIP_DEFLATED) as z:
        for name in sorted(files):
            z.writestr(zipfile.ZipInfo(name, ZIP_TIME), files[name], zipfile.ZIP_DEFLATED)
    print(args.out, args.out.stat().st_size, "bytes:", *sorted(files))


if __name__ == "__main__":
    main()
