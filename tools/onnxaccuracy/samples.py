"""The inputs that measure.py calibrates on and compares: six and eight of each kind, the same on every machine."""
import importlib.util
import pathlib
import re

import numpy as np
from PIL import Image, ImageDraw, ImageFont

CALIBRATION, TEST = 6, 8
WORDS = ("the quick brown fox jumps over a lazy dog while seven wizards box five dozen liquor jugs and my bright vixen quickly "
         "pays for judge packing quartz 2026 invoice total 483.20 order 77-1093 street road north river mountain price paid").split()


def split(inputs):
    return inputs[:CALIBRATION], inputs[CALIBRATION:CALIBRATION + TEST]


def pictures():
    folder = pathlib.Path(importlib.util.find_spec("foolbox").submodule_search_locations[0]) / "data"
    return [Image.open(p).convert("RGB") for p in sorted(folder.glob("imagenet_*.jpg"))]


def image(picture, plain):
    x = np.asarray(picture, np.float32) / 255
    if not plain:
        x = (x - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])
    return np.ascontiguousarray(x.transpose(2, 0, 1)[None].astype(np.float32))


def photos(name, size, plain=False):
    return lambda _: split([{name: image(p.resize((size, size), Image.BILINEAR), plain)} for p in pictures()])


def line(rng, size, words, dark=True):
    """A line of text on a page of nearly one colour."""
    ground = tuple(int(v) for v in rng.integers(200, 256, 3))
    ink = tuple(int(v) for v in rng.integers(0, 90, 3))
    picture = Image.new("RGB", size, ground if dark else ink)
    height = int(size[1] * rng.uniform(0.55, 0.75))
    text = " ".join(words)
    font = ImageFont.load_default(height)
    while font.getlength(text) > size[0] - 8 and " " in text:
        text = text.rsplit(" ", 1)[0]
    ImageDraw.Draw(picture).text((4, (size[1] - height) // 2 - 2), text, ink if dark else ground, font)
    noisy = np.asarray(picture, np.float32) + rng.normal(0, 4, (size[1], size[0], 3))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def centred(picture):
    return np.ascontiguousarray(((np.asarray(picture, np.float32) / 255 - 0.5) / 0.5).transpose(2, 0, 1)[None])


def some(rng, n):
    return [WORDS[i] for i in rng.integers(0, len(WORDS), n)]


def lines(_):
    rng = np.random.default_rng(1)
    return split([{"x": centred(line(rng, (320, 48), some(rng, 6), i % 3 > 0))} for i in range(CALIBRATION + TEST)])


def turned(_):
    rng = np.random.default_rng(2)
    inputs = []
    for i in range(CALIBRATION + TEST):
        picture = line(rng, (192, 48), some(rng, 4), i % 3 > 0)
        inputs.append({"x": centred(picture.rotate(180) if i % 2 else picture)})
    return split(inputs)


def pages(_):
    rng = np.random.default_rng(3)
    inputs = []
    for picture in pictures()[:CALIBRATION + TEST]:
        page = picture.resize((320, 320), Image.BILINEAR)
        for _ in range(4):
            strip = line(rng, (int(rng.integers(100, 220)), int(rng.integers(18, 36))), some(rng, 3))
            page.paste(strip, (int(rng.integers(0, 100)), int(rng.integers(0, 280))))
        inputs.append({"x": image(page, False)})
    return split(inputs)


def captchas(_):
    rng = np.random.default_rng(4)
    inputs = []
    for _ in range(CALIBRATION + TEST):
        letters = "".join(rng.choice(list("abcdefghkmnpqrstuvwxyz23456789"), 5))
        grey = np.asarray(line(rng, (160, 64), [letters]).convert("L"), np.float32)
        inputs.append({"input1": ((grey / 255 - 0.5) / 0.5)[None, None]})
    return split(inputs)


def wave(rng, n):
    """Something like speech: harmonics with a slow envelope, and noise."""
    t = np.arange(n) / 16000
    pitch = rng.uniform(90, 220)
    x = sum(rng.uniform(0.1, 1) / k * np.sin(2 * np.pi * pitch * k * t + rng.uniform(0, 6)) for k in range(1, 12))
    x *= 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(2, 6) * t + rng.uniform(0, 6))
    return (0.1 * rng.uniform(0.2, 1) * x + rng.normal(0, 0.003, n)).astype(np.float32)


def audio(_):
    rng = np.random.default_rng(5)
    return split([{"input": wave(rng, 576)[None], "state": rng.normal(0, 0.3, (2, 1, 128)).astype(np.float32), "sr": np.array(16000, np.int64)}
                  for _ in range(CALIBRATION + TEST)])


def audio_sequence(_):
    rng = np.random.default_rng(6)
    inputs = []
    for _ in range(CALIBRATION + TEST):
        x = wave(rng, 64 + 8 * 512)
        inputs.append({"input": np.stack([x[i * 512:i * 512 + 576] for i in range(8)]),
                       "h": rng.normal(0, 0.3, (1, 1, 128)).astype(np.float32), "c": rng.normal(0, 0.3, (1, 1, 128)).astype(np.float32)})
    return split(inputs)


def sentences(models):
    vocabulary = {w: i for i, w in enumerate((models / "minilm/vocab.txt").read_text(encoding="utf8").split("\n"))}
    rng = np.random.default_rng(7)
    inputs = []
    for _ in range(CALIBRATION + TEST):
        ids = [vocabulary[w] for w in re.findall(r"\w+", " ".join(some(rng, 40))) if w in vocabulary][:17]
        ids = np.array([[vocabulary["[CLS]"], *ids, vocabulary["[SEP]"]]], np.int64)
        inputs.append({"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)})
    return split(inputs)


def kept(want, got):
    """Of YOLO's detections: boxes whose best score is at least 0.25, found where the quantized model has one as good."""
    found = total = 0
    for a, b in zip(want, got):
        a, b = next(iter(a.values()))[0], next(iter(b.values()))[0]
        for i in np.flatnonzero(a[4:].max(0) >= 0.25):
            total += 1
            near = np.abs(b[:2] - a[:2, i:i + 1]).max(0) < 16
            found += bool((b[4 + a[4:, i].argmax()][near] >= 0.25).any())
    return f"{found} of {total} boxes"


def read(want, got):
    """Of CTC's steps that are not blank, those that say the same."""
    same = total = 0
    for a, b in zip(want, got):
        a, b = next(iter(a.values()))[0].argmax(-1), next(iter(b.values()))[0].argmax(-1)
        same, total = same + (a == b)[a != 0].sum(), total + (a != 0).sum()
    return f"{100 * same / max(1, total):.1f} % of {total} characters"


TASKS = {"320n.onnx": kept, "ch_PP-OCRv4_rec_infer.onnx": read}
