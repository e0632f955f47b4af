"""Compares the weights' transforms of octet with torchvision's on freshly drawn images.

    python tools/transforms/compare.py [--images 200] [--seed N]    # exit status 1 if a bound is crossed

Sizes are 17 to 4000; images are gray, palette, with alpha, CMYK, progressive, turned by EXIF. Formats without
loss must give torchvision's tensor to the bit; a JPEG's may differ by 3 levels of 255 in 4 % of the samples.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy as np
import torch
from PIL import Image, ImageOps
from torchvision import models

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOSSLESS = ("RGB.png", "L.png", "P.png", "RGBA.png", "LA.png", "1.png", "RGB.bmp", "RGB.webp")
LOSSY = ("RGB.jpg", "L.jpg", "CMYK.jpg", "RGB.progressive.jpg", "L.progressive.jpg")


def picture(rng, width, height, channels):
    """Waves, an edge and noise."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    out = np.empty((height, width, channels), np.float32)
    for c in range(channels):
        fx, fy, phase = rng.normal(size=3)
        out[..., c] = 128 + 100 * np.sin(9 * fx * x / width + 9 * fy * y / height + 3 * phase)
    out[height // 3 :, width // 2 :] *= rng.uniform(0.2, 1.2)
    out += rng.normal(size=out.shape).astype(np.float32) * rng.choice([0.5, 8])
    return np.clip(out, 0, 255).astype(np.uint8)


def edge(draw):
    """17 to 4000, small ones as often as large ones."""
    return int(round(17 * (4000 / 17) ** draw.random()))


def create(draw, rng, folder, i):
    kind = draw.choice(LOSSLESS + 2 * LOSSY)
    width, height = edge(draw), edge(draw)
    mode, suffix = kind.split(".")[0], kind.split(".")[-1]
    image = Image.fromarray(picture(rng, width, height, 4 if mode == "CMYK" else 3), "CMYK" if mode == "CMYK" else "RGB")
    image = image.quantize(draw.randint(2, 256)) if mode == "P" else image.convert(mode)
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.fromarray(picture(rng, width, height, 1)[..., 0]))
    options, turned = {}, draw.random() < 0.3 and suffix in ("jpg", "png", "webp")
    if turned:
        exif = Image.Exif()
        exif[274] = draw.randint(1, 8)
        options["exif"] = exif
    if suffix == "webp":
        options["lossless"] = True
    if suffix == "jpg":
        options.update(quality=draw.randint(30, 98), progressive="progressive" in kind)
        if mode == "RGB":
            options["subsampling"] = draw.choice(["4:4:4", "4:2:2", "4:2:0"])
    path = folder / f"{i}.{suffix}"
    image.save(path, **options)
    return path, f"{kind} {width}x{height}" + (" turned" if turned else ""), turned and draw.random() < 0.5


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    print("seed", options.seed)
    draw, rng = random.Random(options.seed), np.random.default_rng(options.seed)
    torch.set_num_threads(1)
    enums = [str(w) for name in models.list_models(module=models.quantization) for w in models.get_model_weights(name)]
    with tempfile.TemporaryDirectory() as folder:
        cases = [create(draw, rng, pathlib.Path(folder), i) + (draw.choice(enums),) for i in range(options.images)]
        lines = "".join(json.dumps({"image": str(p), "weights": w, "exif": exif}) + "\n" for p, _, exif, w in cases)
        raw = subprocess.run(["go", "run", "./tools/transforms"], cwd=ROOT, input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout
        numbers, at, worst, wrong, exact = np.frombuffer(raw, "<f4"), 0, (0.0, 0), 0, 0
        for path, what, exif, weights in cases:
            transforms = models.get_weight(weights).transforms()
            with Image.open(path) as image:
                want = transforms((ImageOps.exif_transpose(image) if exif else image).convert("RGB")).numpy()
            got = numbers[at : at + want.size].reshape(want.shape)
            at += want.size
            if np.array_equal(got, want):
                exact += 1
                continue
            levels = np.abs(got - want) * np.reshape(transforms.std, (3, 1, 1)) * 255
            share = float((levels > 1e-3).mean())
            print(f"{what}, {weights}: {levels.max():.2f} levels, {share:.2%} of the samples")
            worst = max(worst, (float(levels.max()), share))
            wrong += path.suffix != ".jpg" or levels.max() > 3.001 or share > 0.04
        print(f"{len(cases)} images: {exact} equal to the bit, worst {worst[0]:.2f} levels in {worst[1]:.2%}; {wrong} beyond the bounds")
        sys.exit(1 if wrong or at != numbers.size else 0)


if __name__ == "__main__":
    main()
