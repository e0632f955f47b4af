"""octet serve beside FastAPI and MLServer, in turns: servers and clients share the same CPUs. See README.md."""

import argparse
import datetime
import io
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

import machine
import numpy as np
from engines import ENGINES, NotMeasured, Worker
from PIL import Image
from run import HERE, build_models, build_octet, common
from servers import KINDS, Server
from turns import spread

BODIES = ("jpeg", "raw", "json")


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, parents=[common()])
    p.add_argument("--models", default="resnet18,mobilenet_v2", help="quantizable networks of torchvision")
    p.add_argument("--bodies", default=",".join(BODIES), help="what requests hold")
    p.add_argument("--clients", default="1,2,4,8", help="each waits for its answer before it sends again")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of a server (default %(default)s)")
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--seconds", type=float, default=5, help="how long a server is asked in a round")
    p.add_argument("--starts", type=int, default=5, help="starts of each server that are timed")
    p.add_argument("--fastapi", help="a Python that has requirements-serve.txt")
    p.add_argument("--mlserver", help="a Python, older than 3.13, that has requirements-mlserver.txt")
    p.add_argument("--patience", type=float, default=120, help="seconds that a server may take to be ready")
    p.add_argument("--quick", action="store_true", help="a round of half a second each: does it work?")
    p.add_argument("--json", type=Path, help="write all figures")
    args = p.parse_args()
    if args.quick:
        args.rounds, args.seconds, args.starts = 1, 0.5, 1
    args.models, args.bodies = args.models.split(","), args.bodies.split(",")
    args.clients = [int(n) for n in args.clients.split(",")]
    return args


def main() -> None:
    args = arguments()
    args.binary = args.octet or build_octet(args.cache)
    args.load = str(args.cache / "serveload")
    subprocess.run(["go", "build", "-o", args.load, "./tools/serveload"], cwd=HERE.parent, check=True)
    build_models(args.cache, args.models, [1], args.seed)
    doc = {
        "taken": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "machine": machine.describe(args.binary),
        "settings": {k: str(v) if isinstance(v, Path) else v for k, v in vars(args).items() if k != "json"}, "models": [],
    }
    work = Path(tempfile.mkdtemp(prefix="octet-serve-"))
    try:
        for model in args.models:
            doc["models"].append(compare(args, model, work))
            if args.json:
                args.json.write_text(json.dumps(doc, indent=1))
    finally:
        shutil.rmtree(work)


def compare(args, model: str, work: Path) -> dict:
    """All figures of a model."""
    folder = args.cache / "models" / f"{model}-seed{args.seed}"
    bodies = write_bodies(folder, work)
    out = {"model": model, "starts": starts(args, folder, work), "cases": []}
    for name, figures in out["starts"]["ready_s"].items():
        print(f"{model}: {name} is ready after {figures['median']:.3f} s ({figures['min']:.3f} to {figures['max']:.3f})", flush=True)
    servers, missing = {}, out["starts"]["missing"]
    try:
        for kind in KINDS:
            if kind.name not in missing:
                servers[kind.name] = Server(kind, args, folder, work)
        engine = Worker(next(e for e in ENGINES if e.name == "octet int8"), args.binary, "", folder, 1, args.threads)
        try:
            for clients in args.clients:
                out["cases"].append(case(args, model, clients, servers, bodies, engine))
        finally:
            engine.close()
        out["peak_mb"] = {name: s.peak_mb() for name, s in servers.items()}
    finally:
        for s in servers.values():
            s.close()
    for name, peak in out["peak_mb"].items():
        print(f"{model}: {name} has used {peak:.0f} MB of memory at its peak")
    for name, reason in missing.items():
        print(f"{model}: {name} is not measured: {reason}")
    return out


def starts(args, folder: Path, work: Path) -> dict:
    """Seconds from the start of a process to its first word that it is ready."""
    times, missing = {}, {}
    for _ in range(max(1, args.starts)):
        for kind in KINDS:
            if kind.name in missing:
                continue
            try:
                server = Server(kind, args, folder, work)
                server.close()
                times.setdefault(kind.name, []).append(server.ready_s)
            except (NotMeasured, OSError) as e:
                missing[kind.name] = str(e)
    return {"ready_s": {name: spread(t) for name, t in times.items()}, "missing": missing}


def case(args, model: str, clients: int, servers: dict, bodies: dict, engine: Worker) -> dict:
    """Rounds in which every server is asked with every kind of body, and the engine alone runs in between."""
    turns = [(body, name) for body in args.bodies for name, s in servers.items() if (body, s.kind.family) in bodies]
    rounds, alone = {t: [] for t in turns}, []
    for body, name in turns:  # warm
        ask(args, servers[name], bodies[body, servers[name].kind.family], clients, min(1, args.seconds))
    for r in range(args.rounds):
        at = r % len(turns)
        for body, name in turns[at:] + turns[:at]:
            rounds[body, name].append(ask(args, servers[name], bodies[body, servers[name].kind.family], clients, args.seconds))
        alone.append(statistics.median(engine.run(20)[1:]))
    out = {"clients": clients, "session_run_ms": alone, "servers": [{"body": b, "server": n, "rounds": f} for (b, n), f in rounds.items()]}
    report(model, clients, rounds, alone)
    return out


def ask(args, server: Server, body: tuple[Path, str, list[str]], clients: int, seconds: float) -> dict:
    file, path, headers = body
    command = [args.load, "load", "-clients", str(clients), "-length", f"{seconds}s", "-body", str(file)]
    for h in headers:
        command += ["-header", h]
    command.append(f"http://127.0.0.1:{server.port}{path or server.infer_path}")
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def report(model: str, clients: int, rounds: dict, alone: list[float]) -> None:
    """A line for each server and body; how many times as many answers octet gave, as the spread of the rounds."""
    for (body, name), figures in rounds.items():
        rate, p99 = (statistics.median(f[key] for f in figures) for key in ("rate", "p99_ms"))
        line = f"{model}, {body}, {clients} clients: {name} {rate:.1f}/s, p99 {p99:.1f} ms"
        if failed := sum(f["failed"] for f in figures):
            line += f", {failed} FAILED"
        own = rounds.get((body, "octet"))
        if name != "octet" and own:
            s = spread([a["rate"] / b["rate"] if b["rate"] else float("inf") for a, b in zip(own, figures)])
            line += f"; octet answers {s['median']:.2f} times as many ({s['min']:.2f} to {s['max']:.2f})"
        print(line, flush=True)
    if ("raw", "octet") in rounds and ("json", "MLServer") in rounds:
        s = spread([a["rate"] / b["rate"] for a, b in zip(rounds["raw", "octet"], rounds["json", "MLServer"]) if b["rate"]])
        print(f"{model}, {clients} clients: octet's raw tensors beside MLServer's JSON: {s['median']:.2f} ({s['min']:.2f} to {s['max']:.2f})")
    if clients == 1 and ("raw", "octet") in rounds:
        s = spread([f["p50_ms"] - a for f, a in zip(rounds["raw", "octet"], alone)])
        print(f"{model}: a raw tensor takes {s['median']:.2f} ms more than Session.Run alone ({s['min']:.2f} to {s['max']:.2f})", flush=True)


def write_bodies(folder: Path, work: Path) -> dict:
    """Files of requests by body and server: (file, path or None, headers)."""
    x = np.load(folder / "input1.npy")
    jpeg = io.BytesIO()
    image(x).save(jpeg, "JPEG", quality=90)
    head = json.dumps({"parameters": {"binary_data_output": True}, "inputs": [
        {"name": "x", "datatype": "FP32", "shape": list(x.shape), "parameters": {"binary_data_size": x.nbytes}}]}).encode()
    form = b"--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"x.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg.getvalue() + b"\r\n--b--\r\n"
    tensor = {"name": "x", "datatype": "FP32", "shape": list(x.shape), "data": x.ravel().tolist()}
    contents = {"form": form, "v2": head + x.tobytes(), "bytes": x.tobytes(), "json": json.dumps({"inputs": [tensor]}).encode()}
    files = {}
    for name, content in contents.items():
        files[name] = work / f"{folder.name}.{name}"
        files[name].write_bytes(content)
    multipart, json_type = ["Content-Type: multipart/form-data; boundary=b"], ["Content-Type: application/json"]
    return {
        ("jpeg", "octet"): (files["form"], None, multipart), ("jpeg", "fastapi"): (files["form"], "/image", multipart),
        ("raw", "octet"): (files["v2"], None, [f"Inference-Header-Content-Length: {len(head)}"]), ("raw", "fastapi"): (files["bytes"], None, []),
        ("json", "octet"): (files["json"], None, json_type), ("json", "mlserver"): (files["json"], None, json_type),
    }


def image(x: np.ndarray) -> Image.Image:
    """A picture of 500 x 375 with the structure of the input."""
    plane = x[0].transpose(1, 2, 0)
    plane = (plane - plane.min()) / (plane.max() - plane.min()) * 255
    return Image.fromarray(plane.astype(np.uint8)).resize((500, 375), Image.Resampling.BILINEAR)


if __name__ == "__main__":
    main()
