"""What a figure depends on besides the code: the machine, the versions, what else runs."""

import importlib.metadata
import json
import os
import platform
import subprocess

# The flags that decide between kernels of the engines.
FLAGS = ("avx", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx_vnni", "avx512_bf16",
         "amx_int8", "amx_bf16", "amx_tile", "asimd", "asimddp", "i8mm", "bf16", "sve")


def describe(octet: str) -> dict:
    model, flags = cpu()
    return {
        "cpu": model,
        "flags": [f for f in FLAGS if f in flags],
        "cpus": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1)),
        "platform": platform.platform(),
        "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
        "versions": {name: version(name) for name in ("torch", "torchvision", "onnxruntime", "openvino", "numpy")},
        "octet": octet_facts(octet),
    }


def cpu() -> tuple[str, set[str]]:
    model, flags = platform.processor() or platform.machine(), set()
    try:
        with open("/proc/cpuinfo") as f:
            for line in f:
                key, _, value = line.partition(":")
                if key.strip() == "model name":
                    model = value.strip()
                elif key.strip() in ("flags", "Features"):
                    flags = set(value.split())
                    break
    except OSError:
        pass
    return model, flags


def version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def octet_facts(octet: str) -> dict:
    """Version, CPU features and the kernels that are no portable code."""
    say = lambda *args: json.loads(subprocess.run([octet, *args, "--json"], check=True, capture_output=True).stdout)
    kernels = say("cpu")
    return {
        "version": say("version")["version"],
        "features": [f["name"] for f in kernels["features"] if f["present"]],
        "kernels": [k["name"] for k in kernels["kernels"] if k["picked"] and k["isa"] != "go"],
        "binary_mb": os.path.getsize(octet) / 1e6,
    }
