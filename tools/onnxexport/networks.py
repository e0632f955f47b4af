"""The networks of the grid: random weights with settled batch norms, and images for them."""

import pathlib
import sys

import torch
import torchvision

ROOT = pathlib.Path(__file__).resolve().parents[2]
for folder in ("parity", "golden"):
    sys.path.insert(0, str(ROOT / "tools" / folder))
import models  # noqa: E402
import zoo  # noqa: E402

# Networks of the demo, which torchvision has not, with the weights of its files.
DEMO = ("fashion_resnet8", "fashion_mobilenet")
NAMES = (*DEMO, *zoo.ARCHS, "googlenet+transform_input", "inception_v3+transform_input")
SIZE, DEMO_SIZE, CALIBRATION = 96, 28, 16


def network(name, images, seed):
    """The architecture's name, a state dict, images and other images for calibration."""
    rng = torch.Generator().manual_seed(seed)
    arch = name.partition("+")[0]
    size = (DEMO_SIZE, DEMO_SIZE) if name in DEMO else (SIZE, SIZE)
    with torch.no_grad():
        if name in DEMO:
            state = torch.load(ROOT / "cmd" / "octet" / "demodata" / f"{name}.pth", weights_only=True)
        else:
            state = models.build_float(name, size, rng, models.BUILDERS.get(name, lambda **_: torchvision.models.get_model(name))).state_dict()
        x, calibration = models.random_images(images, size, rng).numpy(), models.random_images(CALIBRATION, size, rng).numpy()
    if name in DEMO:
        x, calibration = x[:, :1].copy(), calibration[:, :1].copy()
    return arch, state, x, calibration
