"""octet beside ONNX Runtime on dynamically quantized transformers, in turns: time and agreement with float32.

    python bench/dynamic.py minilm.onnx --tokens 8,128 --batch 1,16

octet quantize --dynamic against onnxruntime's quantize_dynamic (qint8 and quint8 weights, per tensor and per channel), each
in its own runtime. octet_tensor is the form of --backend onnx, with the range of the whole tensor. A time is the smallest
median of the rounds; the ratio is of these. Agreement is the mean and the smallest cosine of the first output with that of
the float model, over random sentences of each length.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import turns
from onnxfiles import Engine, inputs_of, worker

HERE = Path(__file__).resolve().parent
SENTENCES = 24  # of the agreement


def tokens(model: Path, batch: int, length: int, seed: int) -> dict:
    """Random sentences: what begins and ends one, as BERT has it, and words between."""
    import numpy as np

    feed = inputs_of(model, {}, seed)
    feed = {name: np.broadcast_to(v.reshape(-1)[0], (batch, length)).copy() for name, v in feed.items()}
    ids = np.random.default_rng(seed).integers(1000, 20000, (batch, length))
    ids[:, 0], ids[:, -1] = 101, 102
    for name in feed:
        if "mask" not in name and "type" not in name:
            feed[name] = ids
    return feed


def quantized(model: Path, folder: Path, octet: str) -> list:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    own = folder / "octet.onnx"
    subprocess.run([octet, "quantize", str(model), "--dynamic", "--output", str(own), "--quiet"], check=True)
    tensor = folder / "octet_tensor.onnx"
    subprocess.run([octet, "quantize", str(model), "--dynamic", "--backend", "onnx", "--output", str(tensor), "--quiet"], check=True)
    engines = [Engine("octet", "octet", own), Engine("octet_tensor", "octet", tensor), Engine("octet_float", "octet", model),
               Engine("ort_octet", "ort", own), Engine("ort_octet_tensor", "ort", tensor), Engine("ort_float", "ort", model)]
    for name, kind in (("s8", QuantType.QInt8), ("u8", QuantType.QUInt8)):
        for per_channel in (False, True):
            out = folder / f"ort_{name}{'_channel' if per_channel else ''}.onnx"
            quantize_dynamic(model, out, weight_type=kind, per_channel=per_channel)
            engines.append(Engine(out.stem, "ort", out))
    return engines


def outputs(engine: Engine, binary: str, threads: int, feed: dict, folder: Path):
    import numpy as np

    arrays = saved(feed, folder)
    p = worker(engine, binary, threads, arrays)
    p.close()
    return np.array(next(iter(p.ready["results"].values())), np.float64)


def saved(feed: dict, folder: Path) -> list:
    import numpy as np

    arrays = []
    for name, v in feed.items():
        np.save(folder / f"{name}.npy", v)
        arrays.append(f"{name}={folder / f'{name}.npy'}")
    return arrays


def cosines(model: Path, engines: list, binary: str, args, length: int, folder: Path) -> dict:
    found = {}
    for seed in range(SENTENCES):
        feed = tokens(model, 1, length, seed)
        results = {e.name: outputs(e, binary, args.threads, feed, folder) for e in engines}
        want = results["ort_float"]
        for name, got in results.items():
            cosine = float(got @ want / ((got @ got) ** 0.5 * (want @ want) ** 0.5))
            found.setdefault(name, []).append(cosine)
    return {name: (round(sum(c) / len(c), 5), round(min(c), 5)) for name, c in found.items()}


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", type=Path)
    p.add_argument("--tokens", default="8,128")
    p.add_argument("--batch", default="1,16")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--rounds", type=int, default=15)
    p.add_argument("--slice-ms", type=float, default=200, help="time of an engine in a round")
    p.add_argument("--no-times", action="store_true", help="measure agreement alone")
    args = p.parse_args()
    with tempfile.TemporaryDirectory() as t:
        folder = Path(t)
        binary, octet = f"{t}/onnxbench", f"{t}/octet"
        for out, package in ((binary, "./tools/onnxbench"), (octet, "./cmd/octet")):
            subprocess.run(["go", "build", "-o", out, package], check=True, cwd=HERE.parent)
        model = args.model.resolve()
        engines = quantized(model, folder, octet)
        print("bytes ", {e.name: e.model.stat().st_size for e in engines}, flush=True)
        for length in map(int, args.tokens.split(",")):
            print(f"cosine, {length} tokens", cosines(model, engines, binary, args, length, folder), flush=True)
        if args.no_times:
            return
        for batch in map(int, args.batch.split(",")):
            for length in map(int, args.tokens.split(",")):
                arrays = saved(tokens(model, batch, length, 0), folder)
                result = turns.race(engines, lambda e: worker(e, binary, args.threads, arrays), args.rounds, args.slice_ms)
                best = {name: round(e["best_ms"], 3) for name, e in result["engines"].items()}
                peer = min(v for n, v in best.items() if n.startswith("ort_") and not n.startswith(("ort_float", "ort_octet")))
                print(json.dumps({"batch": batch, "tokens": length, "threads": args.threads, "ratio": round(best["octet"] / peer, 3), "best_ms": best}), flush=True)
                for name, why in result["missing"].items():
                    print(f"  {name}: {why}", file=sys.stderr)


if __name__ == "__main__":
    main()
