"""Makes testdata/onnxexport: what ONNX Runtime computes of files that octet exports, and the SHA-256 of these files. go test
exports them again: equal bytes have these outputs, which must be octet's. The files of testdata/onnx, which ONNX Runtime
quantized, are exported in both formats: ONNX Runtime's exact mode must give the same bits for them as for the originals.

    python tools/onnxexport/golden.py ./octet

Run in an environment with numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0."""

import hashlib
import json
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from check import octet, quantum, runtime

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "testdata" / "onnxexport"
MODELS = {
    "fashion_mobilenet": ("cmd/octet/demodata/fashion_mobilenet.pth", (1, 28, 28), 17),
    "mobilenet_v2": ("testdata/fx/mobilenet_v2.quantizable.ptq.pth", (3, 64, 64), 17),
    "shufflenet_v2_x0_5": ("testdata/fx/shufflenet_v2_x0_5.quantizable.ptq.pth", (3, 64, 64), 13),
}
# The same as files that take pixels: their input type and layout.
PIXELS = {"fashion_mobilenet": ("uint8", "nchw"), "mobilenet_v2": ("uint8", "nhwc")}


def pixels(program, path, arrays):
    """what ONNX Runtime computes of models that normalise pixels themselves, and the files' SHA-256"""
    files = {}
    for name, (kind, layout) in PIXELS.items():
        model, (channels, size, _), opset = MODELS[name]
        octet(program, "export", ROOT / model, "--resize", size, "--crop", size, "--opset", opset, "--input-type", kind, "--input-layout", layout, "-o", path)
        onnx.checker.check_model(str(path), full_check=True)
        x = np.random.default_rng(2).integers(0, 256, (2, channels, size, size) if layout == "nchw" else (2, size, size, channels), dtype=np.uint8)
        arrays[name + ".pixels"], arrays[name + ".of_pixels"] = x, runtime(path, x)
        files[name] = {"model": model, "size": size, "opset": opset, "layout": layout, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    return files


def main():
    program = sys.argv[1]
    OUT.mkdir(exist_ok=True)
    arrays, files = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.onnx"
        for name, (model, shape, opset) in MODELS.items():
            octet(program, "export", ROOT / model, "--resize", f"{shape[1]}", "--crop", f"{shape[1]}", "--opset", opset, "-o", path)
            onnx.checker.check_model(str(path), full_check=True)
            x = np.random.default_rng(1).standard_normal((2, *shape), dtype=np.float32)
            arrays[name + ".x"], arrays[name + ".y"] = x, runtime(path, x)
            int8 = "testdata/fx" in model
            files[name] = {
                "model": model, "size": shape[1], "opset": opset, "quantum": quantum(path) if int8 else 0,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }  # fmt: skip
        images = pixels(program, path, arrays)
        golden = np.load(ROOT / "testdata" / "onnx" / "golden.npz")
        again = {}
        for original in sorted((ROOT / "testdata" / "onnx").glob("q*.onnx")):
            for form in ("qdq", "qoperator"):
                octet(program, "export", original, "--format", form, "-o", path)
                onnx.checker.check_model(str(path), full_check=True)
                # With operators of int8 activations its exact mode refuses a model, whoever wrote it.
                y = runtime(path, golden["x"], exact=form == "qdq" or "s8s8" not in original.stem)
                if not np.array_equal(y, golden[original.stem]):
                    raise SystemExit(f"{original.stem} as {form}: ONNX Runtime gives other outputs, by {np.abs(y - golden[original.stem]).max()}")
                again[f"{original.stem} as {form}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    np.savez(OUT / "golden.npz", **arrays)
    (OUT / "golden.json").write_text(json.dumps(files, indent=1) + "\n")
    (OUT / "pixels.json").write_text(json.dumps(images, indent=1) + "\n")
    (OUT / "again.json").write_text(json.dumps(again, indent=1) + "\n")


if __name__ == "__main__":
    main()
