"""Pins what PyTorch's integers depend on, and records the machine. `pin` must run before torch is imported."""

import os
import platform
import sys
import warnings

FBGEMM_ISA = "FBGEMM_ENABLE_INSTRUCTIONS"


def pin(fbgemm_isa: str) -> None:
    """ATen's AVX2 kernels, FBGEMM's AVX2 kernels (or the CPU's own: "native"), one thread."""
    if "torch" in sys.modules:
        raise RuntimeError("environment.pin must run before torch is imported")
    os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
    os.environ["OMP_NUM_THREADS"] = "1"
    if fbgemm_isa == "native":
        os.environ.pop(FBGEMM_ISA, None)
    else:
        os.environ[FBGEMM_ISA] = fbgemm_isa.upper()
    # Every quantized tensor prints a deprecation notice in this release.
    warnings.filterwarnings("ignore")
    import torch

    torch.set_num_threads(1)
    torch.set_grad_enabled(False)


def cpu_record() -> dict:
    """CPU model and the flags that decide between kernels (Linux; elsewhere only the platform's name)."""
    model, flags = platform.processor() or platform.machine(), []
    try:
        with open("/proc/cpuinfo") as info:
            for line in info:
                key, _, value = line.partition(":")
                if key.strip() == "model name":
                    model = value.strip()
                elif key.strip() in ("flags", "Features"):
                    flags = value.split()
                    break
    except OSError:
        pass
    telling = ("avx", "vnni", "amx", "fma", "sse4", "asimd", "i8mm", "sve")
    return {"model": model, "machine": platform.machine(), "flags": [f for f in flags if f.startswith(telling) or "vnni" in f]}


def record() -> dict:
    """The environment section of the report; call after `pin`."""
    import numpy
    import torch
    import torchvision

    import saturation

    return {
        "cpu": cpu_record(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "numpy": numpy.__version__,
        "python": platform.python_version(),
        "aten_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "fbgemm_isa": os.environ.get(FBGEMM_ISA, "native"),
        "fbgemm_pair_saturation": saturation.probe(),
    }
