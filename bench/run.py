"""octet beside PyTorch, ONNX Runtime and OpenVINO on the same models, in turns. See README.md."""

import argparse
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

import machine
import report
import turns
from engines import ENGINES, LIMITS, RATIOS, SINGLE, Worker

HERE = Path(__file__).resolve().parent


def common() -> argparse.ArgumentParser:
    """The options of every command here."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "octet-bench"
    p = argparse.ArgumentParser(add_help=False)
    p.add_argument("--isa", default="", choices=LIMITS, help="keep the engines that can be limited to this instruction set")
    p.add_argument("--octet", help="a binary, instead of building this checkout")
    p.add_argument("--cache", type=Path, default=cache, help="where the models are kept (default %(default)s)")
    p.add_argument("--seed", type=int, default=1, help="of the weights and images")
    return p


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, parents=[common()])
    p.add_argument("--models", default="resnet18,resnet50,mobilenet_v2", help="quantizable networks of torchvision")
    p.add_argument("--threads", default="1,2")
    p.add_argument("--batches", default="1,8")
    p.add_argument("--rounds", type=int, default=25)
    p.add_argument("--slice-ms", type=float, default=200, help="about how long an engine runs in a round")
    p.add_argument("--starts", type=int, default=5, help="fresh processes of each engine; 0 leaves this part out")
    p.add_argument("--engines", default="", help="only those whose name contains one of these words, comma-separated")
    p.add_argument("--quick", action="store_true", help="resnet18 and mobilenet_v2, one thread, batch 1, few rounds: does it work?")
    p.add_argument("--json", type=Path, help="write all figures")
    p.add_argument("--markdown", type=Path, help="write the tables")
    args = p.parse_args()
    if args.quick:
        args.models, args.threads, args.batches = "resnet18,mobilenet_v2", "1", "1"
        args.rounds, args.slice_ms, args.starts = 5, 50, 2
    args.models = args.models.split(",")
    args.threads, args.batches = ([int(n) for n in v.split(",")] for v in (args.threads, args.batches))
    return args


def main() -> None:
    args = arguments()
    octet = args.octet or build_octet(args.cache)
    build_models(args.cache, args.models, sorted({1, *args.batches}), args.seed)
    chosen = [e for e in ENGINES if not args.engines or any(w in e.name for w in args.engines.split(","))]
    doc = {
        "taken": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": machine.describe(octet),
        "settings": {k: str(v) if isinstance(v, Path) else v for k, v in vars(args).items() if k not in ("json", "markdown")},
        "cases": [], "starts": [],
    }
    warn(doc["machine"], args)
    for model in args.models:
        folder = args.cache / "models" / f"{model}-seed{args.seed}"
        for batch in args.batches:
            for threads in args.threads:
                doc["cases"].append(case(args, octet, chosen, folder, model, batch, threads))
                print(report.case(doc["cases"][-1]) + "\n", flush=True)
                save(args, doc)
        if args.starts > 0:
            threads = max(args.threads)
            make = lambda e: Worker(e, octet, args.isa, folder, 1, threads)
            doc["starts"].append({"model": model, "threads": threads, **turns.starts(chosen, make, args.starts)})
            print(report.start(doc["starts"][-1]) + "\n", flush=True)
            save(args, doc)
    print(report.means(doc["cases"]))


def case(args, octet: str, chosen, folder: Path, model: str, batch: int, threads: int) -> dict:
    engines = chosen + [SINGLE] if threads > 1 and any(e.name == "octet int8" for e in chosen) else chosen
    result = turns.race(engines, lambda e: Worker(e, octet, args.isa, folder, batch, threads), args.rounds, args.slice_ms)
    c = {"model": model, "batch": batch, "threads": threads, **result, "speeds": turns.speeds(result, RATIOS)}
    gain = turns.speeds(result, {"octet int8": [SINGLE.name]})
    if gain:
        c["speedup"] = gain["octet int8"][SINGLE.name]
    return c


def build_octet(cache: Path) -> str:
    cache.mkdir(parents=True, exist_ok=True)
    binary = cache / ("octet.exe" if os.name == "nt" else "octet")
    subprocess.run(["go", "build", "-o", str(binary), "./cmd/octet"], cwd=HERE.parent, check=True, env=os.environ | {"CGO_ENABLED": "0"})
    return str(binary)


def build_models(cache: Path, models: list[str], batches: list[int], seed: int) -> None:
    """In a process of its own, so that this one stays small."""
    subprocess.run([sys.executable, str(HERE / "models.py"), str(cache / "models"), "--models", ",".join(models),
                    "--batches", ",".join(map(str, batches)), "--seed", str(seed)], check=True)


def warn(m: dict, args) -> None:
    if m["load"] and m["load"][0] > 0.5:
        print(f"warning: the load of this machine is {m['load'][0]:.2f}; figures are only worth keeping from an idle one", file=sys.stderr)
    if max(args.threads) > len(m["cpus"]):
        print(f"warning: {max(args.threads)} threads on {len(m['cpus'])} CPUs", file=sys.stderr)


def save(args, doc: dict) -> None:
    """After every part, so that an interrupted run leaves what it has."""
    if args.json:
        args.json.write_text(json.dumps(doc, indent=1) + "\n")
    if args.markdown:
        args.markdown.write_text(report.markdown(doc))


if __name__ == "__main__":
    main()
