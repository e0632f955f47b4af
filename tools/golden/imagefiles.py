"""Image files of every kind that PIL reads, from PIL's encoders and from the writers below, and damaged ones.

files(seed) yields (name, bytes). formats.py makes golden data of them; tools/transforms/formats.py compares fresh ones.
"""

import io
import itertools
import lzma
import random
import struct
import zlib

import numpy as np
from PIL import Image


def picture(rng, width, height, channels):
    """Waves, an edge and noise."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    out = np.empty((height, width, channels))
    for c in range(channels):
        fx, fy, phase = rng.normal(size=3)
        out[..., c] = 128 + 110 * np.sin(6 * fx * x / width + 6 * fy * y / height + 3 * phase)
    out[height // 3 :, width // 2 :] *= rng.uniform(0.2, 1.3)
    out += rng.normal(size=out.shape) * 6
    return np.clip(out, 0, 255).astype(np.uint8)


def saved(image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


# Netpbm.


def plain(header, values, between=b" ", line=17):
    values = [str(int(v)).encode() for v in values]
    return header + b"\n".join(between.join(values[i : i + line]) for i in range(0, len(values), line)) + b"\n"


def packed(samples, bits):
    """Rows of samples of 1 to 16 bits, each row padded to a byte."""
    rows = []
    for row in samples:
        text = "".join(format(int(v), f"0{bits}b") for v in row)
        text += "0" * (-len(text) % 8)
        rows.append(int(text, 2).to_bytes(len(text) // 8, "big"))
    return b"".join(rows)


def pnm(rng, draw):
    w, h = draw.randint(1, 21), draw.randint(1, 17)
    size = b"%d %d\n" % (w, h)
    rgb, bits = picture(rng, w, h, 3), rng.integers(0, 2, (h, w))
    gray = rgb[..., 0]
    yield "p1.pbm", plain(b"P1\n# a comment\n" + size, bits.ravel())
    yield "p1_dense.pbm", plain(b"P1 %d %d\n" % (w, h), bits.ravel(), b"")
    yield "p1_comments.pbm", plain(b"P1\n" + size, bits.ravel(), b" # 0 1 x\n")
    yield "p1_long.pbm", plain(b"P1\n" + size, bits.ravel()) + b"1 0 1"
    yield "p1_short.pbm", plain(b"P1\n" + size, bits.ravel()[:-1])
    yield "p1_wrong.pbm", plain(b"P1\n" + size, bits.ravel()) + b"2"
    yield "p4.pbm", b"P4\n" + size + packed(bits, 1)
    yield "p4_short.pbm", b"P4\n" + size + packed(bits, 1)[:-1]
    for most in (1, 2, 15, 100, 254, 255, 256, 1000, 4095, 65534, 65535):
        a = (rgb.astype(np.int64) * most // 255) if draw.random() < 0.5 else rng.integers(0, most + 1, (h, w, 3))
        g = a[..., 0]
        dtype = ">u2" if most > 255 else "u1"
        yield f"p2_{most}.pgm", plain(b"P2\n" + size + b"%d\n" % most, g.ravel())
        yield f"p3_{most}.ppm", plain(b"P3 " + size + b"# x\n%d " % most, a.ravel(), b"\t")
        yield f"p5_{most}.pgm", b"P5\n" + size + b"%d\n" % most + g.astype(dtype).tobytes()
        yield f"p6_{most}.ppm", b"P6\n" + size + b"%d\n" % most + a.astype(dtype).tobytes()
    yield "p5_beyond.pgm", b"P5\n" + size + b"100\n" + gray.tobytes()
    yield "p6_beyond.ppm", b"P6\n" + size + b"1000\n" + rng.integers(0, 65536, (h, w, 3)).astype(">u2").tobytes()
    yield "p2_beyond.pgm", plain(b"P2\n" + size + b"9\n", [10] * (w * h))
    yield "p3_short.ppm", plain(b"P3\n" + size + b"255\n", rgb.ravel()[:-1])
    yield "p6_short.ppm", b"P6\n" + size + b"255\n" + rgb.tobytes()[:-1]
    yield "p6_longer.ppm", b"P6\n" + size + b"255\n" + rgb.tobytes() + b"more"
    yield "p6_comment.ppm", b"P6\n#one\n%d#two\n #three\n%d\r255\n" % (w, h) + rgb.tobytes()
    yield "p6_split_number.ppm", b"P6\n" + size + b"2#x\n55\n" + rgb.tobytes()
    yield "p6_zero_max.ppm", b"P6\n" + size + b"0\n" + rgb.tobytes()
    yield "p6_big_max.ppm", b"P6\n" + size + b"65536\n" + rgb.tobytes() * 2
    yield "p6_no_space.ppm", b"P6%d %d 255\n" % (w, h) + rgb.tobytes()
    yield "p6_long_number.ppm", b"P6\n" + size + b"00000000255\n" + rgb.tobytes()
    yield "p7.pam", b"P7\nWIDTH %d\nHEIGHT %d\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n" % (w, h) + rgb.tobytes()
    f = rng.normal(size=(h, w)) * 200
    f.ravel()[0] = np.nan
    yield "pf_little.pfm", b"Pf\n" + size + b"-1.0\n" + f.astype("<f4").tobytes()
    yield "pf_big.pfm", b"Pf\n" + size + b"2\n" + f.astype(">f4").tobytes()


# BMP.


def bmp(width, height, bits, pixels, palette=b"", colors=None, header=40, compression=0, masks=b"", extra=b"", offset=None):
    """A file; pixels are its rows as they lie in it."""
    entry = 3 if header == 12 else 4
    colors = len(palette) // entry if colors is None else colors
    if header == 12:
        head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(pixels), 2835, 2835, colors, 0)
        head += (masks if header > 40 else b"").ljust(header - 40, b"\0")
        head += masks if header == 40 else b""
    start = 14 + len(head) + len(palette) + len(extra)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start if offset is None else offset) + head + palette + extra + pixels


def padded(rows, to=4):
    return b"".join(r + b"\0" * (-len(r) % to) for r in rows)


def rle(rng, draw, index, four, fancy):
    """Runs, pixels as they are and, if fancy, steps and ends of lines that come early."""
    out = bytearray()
    for row in index:
        x, w = 0, len(row)
        while x < w:
            if fancy and draw.random() < 0.1:
                break
            if fancy and draw.random() < 0.1:
                step = min(draw.randint(1, 3), w - x)
                out += bytes([0, 2, step, 0])
                x += step
            elif w - x >= 3 and draw.random() < 0.5:
                n = draw.randint(3, min(w - x, 255))
                pixels = bytes(int(v) for v in row[x : x + n])
                if four:
                    pixels = packed([pixels], 4)
                out += bytes([0, n]) + pixels + b"\0" * (len(pixels) % 2)
                x += n
            else:
                n = draw.randint(1, w - x + (3 if fancy and draw.random() < 0.2 else 0))
                n = min(n, 255)
                v = int(row[x])
                out += bytes([n, v << 4 | int(rng.integers(0, 16)) if four else v])
                x += n
        out += b"\0\0"
    return bytes(out) + b"\0\1"


def bmps(rng, draw):
    w, h = draw.randint(1, 23), draw.randint(1, 15)
    rgb = picture(rng, w, h, 3)
    colors = rng.integers(0, 256, (256, 3), np.uint8)

    def table(n, entry=4, gray=False):
        rows = [[i, i, i] for i in range(n)] if gray else colors[:n]
        return b"".join(bytes([int(v) for v in r]) + b"\0" * (entry - 3) for r in rows)

    for bits in (1, 4, 8):
        index = rng.integers(0, 1 << bits, (h, w))
        rows = [packed([r], bits) for r in index]
        pixels = padded(rows)
        yield f"bits{bits}.bmp", bmp(w, h, bits, pixels, table(1 << bits))
        yield f"bits{bits}_top_down.bmp", bmp(w, -h, bits, pixels, table(1 << bits))
        yield f"bits{bits}_os2.bmp", bmp(w, h, bits, pixels, table(1 << bits, 3), header=12)
        yield f"bits{bits}_os2_v2.bmp", bmp(w, h, bits, pixels, table(1 << bits), header=64)
        yield f"bits{bits}_gray.bmp", bmp(w, h, bits, pixels, table(1 << bits, gray=True))
        yield f"bits{bits}_few.bmp", bmp(w, h, bits, pixels, table((1 << bits) // 2 + 1))
        yield f"bits{bits}_v5.bmp", bmp(w, h, bits, pixels, table(1 << bits), header=124)
        yield f"bits{bits}_gap.bmp", bmp(w, h, bits, pixels, table(1 << bits), extra=b"abcde")
        yield f"bits{bits}_short.bmp", bmp(w, h, bits, pixels[: -1 - (-len(rows[0]) % 4)], table(1 << bits))
        yield f"bits{bits}_no_padding.bmp", bmp(w, h, bits, pixels[: len(pixels) - (-len(rows[0]) % 4)], table(1 << bits))
        yield f"bits{bits}_no_count.bmp", bmp(w, h, bits, pixels, table(1 << bits), colors=0)
    index = rng.integers(0, 16, (h, w))
    yield "bits1_black_white.bmp", bmp(w, h, 1, padded([packed([r], 1) for r in index & 1]), bytes([0, 0, 0, 0, 255, 255, 255, 0]))
    yield "bits8_gray16.bmp", bmp(w, h, 8, padded([packed([r], 8) for r in index * 3]), table(16, gray=True))
    yield "bits8_black_white.bmp", bmp(w, h, 8, padded([packed([r], 8) for r in index & 1]), bytes([0, 0, 0, 0, 255, 255, 255, 0]))
    for four, fancy, down in itertools.product((False, True), (False, True), (1, -1)):
        bits = 4 if four else 8
        data = rle(rng, draw, rng.integers(0, 1 << bits, (h, w)), four, fancy)
        name = f"rle{bits}{'_fancy' if fancy else ''}{'_top_down' if down < 0 else ''}"
        yield f"{name}.bmp", bmp(w, down * h, bits, data, table(1 << bits), compression=2 if four else 1)
        yield f"{name}_odd.bmp", bmp(w, down * h, bits, data, table(1 << bits), compression=2 if four else 1, extra=b"x")
        yield f"{name}_short.bmp", bmp(w, down * h, bits, data[: len(data) // 2], table(1 << bits), compression=2 if four else 1)
    yield "rle8_gray.bmp", bmp(w, h, 8, rle(rng, draw, rng.integers(0, 256, (h, w)), False, False), table(256, gray=True), compression=1)
    v16 = rng.integers(0, 65536, (h, w)).astype("<u2")
    p16, p24 = padded([r.tobytes() for r in v16]), padded([r.tobytes() for r in rgb])
    p32 = rng.integers(0, 256, (h, w, 4), np.uint8).tobytes()
    yield "bits16.bmp", bmp(w, h, 16, p16)
    yield "bits24.bmp", bmp(w, h, 24, p24)
    yield "bits24_os2.bmp", bmp(w, h, 24, p24, header=12)
    yield "bits24_top_down.bmp", bmp(w, -h, 24, p24)
    yield "bits24_short.bmp", bmp(w, h, 24, p24[:-4])
    yield "bits24_no_offset.bmp", bmp(w, h, 24, p24, offset=0)
    yield "bits32.bmp", bmp(w, h, 32, p32)
    fields = {
        "555": (16, (0x7C00, 0x3E0, 0x1F)), "565": (16, (0xF800, 0x7E0, 0x1F)), "444": (16, (0xF00, 0xF0, 0xF)),
        "bgr": (24, (0xFF0000, 0xFF00, 0xFF)), "bgrx": (32, (0xFF0000, 0xFF00, 0xFF, 0)), "xbgr": (32, (0xFF000000, 0xFF0000, 0xFF00, 0)),
        "bgxr": (32, (0xFF000000, 0xFF00, 0xFF, 0)), "abgr": (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)),
        "rgba": (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)), "bgra": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
        "bgar": (32, (0xFF000000, 0xFF00, 0xFF, 0xFF0000)), "none": (32, (0, 0, 0, 0)), "odd": (32, (0xFF, 0xFF00, 0xFF0000, 0)),
    }
    for name, (bits, masks) in fields.items():
        pixels = {16: p16, 24: p24, 32: p32}[bits]
        packed_masks = struct.pack(f"<{len(masks)}I", *masks)
        for header in (40, 52, 56, 108, 124):
            if header == draw.choice((40, 108, 124)) or header == 56 or name in ("565", "rgba"):
                m = packed_masks[:12] if header in (40, 52) else packed_masks
                yield f"fields_{name}_{header}.bmp", bmp(w, h, bits, pixels, header=header, compression=3, masks=m)
    yield "bits2.bmp", bmp(w, h, 2, p16, table(4))
    yield "jpeg_inside.bmp", bmp(w, h, 24, p24, compression=4)
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield f"pil_{mode}.bmp", saved(Image.fromarray(rgb).convert(mode), "BMP")


# TIFF.


def lzw(data):
    """Codes of 9 to 12 bits, most significant bit first, with a real table."""
    out, bits, width, table = 0, 0, 9, {}

    def emit(code):
        nonlocal out, bits
        out, bits = out << width | code, bits + width

    emit(256)
    table, prefix = {bytes([i]): i for i in range(256)}, b""
    following = 258
    for byte in data:
        longer = prefix + bytes([byte])
        if longer in table:
            prefix = longer
            continue
        emit(table[prefix])
        table[longer] = following
        following += 1
        if following == 4094:
            emit(256)
            table, width, following = {bytes([i]): i for i in range(256)}, 9, 258
        elif following >= 1 << width:
            width += 1
        prefix = bytes([byte])
    if prefix:
        emit(table[prefix])
        following += 1
        if following >= 1 << width:
            width = min(12, width + 1)
    emit(257)
    pad = -bits % 8
    return (out << pad).to_bytes((bits + pad) // 8, "big")


def packbits(data):
    out, i = bytearray(), 0
    while i < len(data):
        n = 1
        while i + n < len(data) and data[i + n] == data[i] and n < 128:
            n += 1
        if n > 1:
            out += bytes([257 - n, data[i]])
        else:
            while i + n < len(data) and n < 128 and (i + n + 1 >= len(data) or data[i + n] != data[i + n + 1]):
                n += 1
            out += bytes([n - 1]) + data[i : i + n]
        i += n
    return bytes(out)


def zstandard(data):
    return b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data)) + (1 | len(data) << 3).to_bytes(3, "little") + data


COMPRESS = {
    1: bytes, 5: lzw, 8: zlib.compress, 32946: zlib.compress, 32773: packbits, 50000: zstandard,
    34925: lambda d: lzma.compress(d, check=lzma.CHECK_NONE), 99: bytes,
}


def tiff_file(order, tags, blocks, big=False, tiled=False, magic=None):
    """blocks are the compressed strips or tiles; tags a dict of lists of integers, floats (fractions) or bytes."""
    tags = dict(tags)
    head = 16 if big else 8
    body, offsets = bytearray(), []
    for b in blocks:
        offsets.append(head + len(body))
        body += b
    tags[324 if tiled else 273], tags[325 if tiled else 279] = offsets, [len(b) for b in blocks]
    body += b"\0" * (len(body) % 2)
    inline = 8 if big else 4
    start = head + len(body)
    directory_size = (8 if big else 2) + (20 if big else 12) * len(tags) + inline
    entries, tail = b"", b""
    for tag, values in sorted(tags.items()):
        if isinstance(values, bytes):
            kind, count, data = 7, len(values), values
        elif any(isinstance(v, float) for v in values):
            kind, count, data = 5, len(values), b"".join(struct.pack(order + "II", round(v * 10000), 10000) for v in values)
        elif tag in (273, 279, 324, 325):
            kind, count, data = 4, len(values), struct.pack(f"{order}{len(values)}I", *values)
        else:
            kind, count, data = 3, len(values), struct.pack(f"{order}{len(values)}H", *values)
        if len(data) > inline:
            where = start + directory_size + len(tail)
            tail += data + b"\0" * (len(data) % 2)
            data = struct.pack(order + ("Q" if big else "I"), where)
        entries += struct.pack(order + ("HHQ" if big else "HHI"), tag, kind, count) + data.ljust(inline, b"\0")
    mark = b"II" if order == "<" else b"MM"
    if big:
        header = mark + struct.pack(order + "HHHQ", 43, 8, 0, start)
    else:
        header = mark + (magic or struct.pack(order + "H", 42)) + struct.pack(order + "I", start)
    count = struct.pack(order + ("Q" if big else "H"), len(tags))
    return header + bytes(body) + count + entries + b"\0" * inline + tail


def differences(rows, predictor, bits):
    """rows [h, w, n]; predictor 2 of integers."""
    if predictor != 2:
        return rows
    out = rows.copy()
    with np.errstate(over="ignore"):
        out[:, 1:] = rows[:, 1:] - rows[:, :-1]
    return out


def float_planes(rows, order):
    """Predictor 3: the bytes of each row by significance, and their differences."""
    out = b""
    for row in rows:
        planes = np.frombuffer(row.astype(">f4").tobytes(), np.uint8).reshape(-1, 4).T.ravel()
        n = rows.shape[2]
        diff = planes.copy()
        diff[n:] = planes[n:] - planes[:-n]
        out += diff.tobytes()
    return out


def tiff(a, photometric, bits=None, compression=1, predictor=None, separate=False, tile=None, rows=None, order="<", extra=None,
         format=None, big=False, reverse=False, subsampling=None, more=None, cut=0, magic=None):
    """a is [h, w, n] of samples."""
    h, w, n = a.shape
    bits = bits or a.dtype.itemsize * 8
    tags = {256: [w], 257: [h], 258: [bits] * n, 259: [compression], 262: [photometric], 277: [n], 284: [2 if separate else 1]}
    if predictor:
        tags[317] = [predictor]
    if extra is not None:
        tags[338] = list(extra)
    if format:
        tags[339] = [format] * n
    if reverse:
        tags[266] = [2]
    if subsampling:
        tags[530] = list(subsampling)
    tags.update(more or {})
    rows = rows or h
    tw, th = tile or (w, rows)
    if tile:
        tags[322], tags[323] = [tw], [th]
    else:
        tags[278] = [rows]
    blocks = []
    for plane in (range(n) if separate else [slice(None)]):
        for y in range(0, h, th):
            for x in range(0, w, tw):
                part = a[y : y + th, x : x + tw, plane]
                part = part[..., None] if part.ndim == 2 else part
                if tile:
                    part = np.pad(part, ((0, th - part.shape[0]), (0, tw - part.shape[1]), (0, 0)), mode="edge")
                if subsampling:
                    ch, cv = subsampling
                    part = np.pad(part, ((0, -part.shape[0] % cv), (0, -part.shape[1] % ch), (0, 0)), mode="edge")
                    units = []
                    for uy in range(0, part.shape[0], cv):
                        for ux in range(0, part.shape[1], ch):
                            u = part[uy : uy + cv, ux : ux + ch]
                            units.append(u[..., 0].tobytes() + bytes([u[0, 0, 1], u[0, 0, 2]]))
                    data = b"".join(units)
                elif predictor == 3:
                    data = float_planes(part, order)
                elif bits in (8, 16, 32, 64):
                    part = differences(part, predictor, bits)
                    data = part.astype(part.dtype.newbyteorder(order)).tobytes()
                else:
                    data = packed(part.reshape(part.shape[0], -1), bits)
                if reverse and compression == 1:
                    data = bytes(int(f"{b:08b}"[::-1], 2) for b in data)
                data = COMPRESS[compression](data)
                if reverse and compression != 1:
                    data = bytes(int(f"{b:08b}"[::-1], 2) for b in data)
                blocks.append(data[: len(data) - cut])
    return tiff_file(order, tags, blocks, big, bool(tile), magic)


def tiffs(rng, draw):
    w, h = draw.randint(1, 37), draw.randint(1, 33)
    a8 = picture(rng, w, h, 6)
    wide = rng.integers(0, 65536, (h, w, 4), np.uint16)
    low = rng.integers(0, 300, (h, w, 4)).astype(np.uint16)
    tile = (16 * draw.randint(1, 2), 16)
    rows = draw.randint(1, h)
    codecs = (1, 5, 8, 32946, 32773, 50000, 34925)
    for c in codecs:
        for order in "<>":
            o = dict(compression=c, order=order, big=draw.random() < 0.3 and order == "<", rows=draw.choice((None, rows)))
            if draw.random() < 0.3:
                o["tile"], o["rows"] = tile, None
            name = f"{c}{'le' if order == '<' else 'be'}"
            yield f"gray_{name}.tif", tiff(a8[..., :1], draw.choice((0, 1)), **o)
            yield f"rgb_{name}.tif", tiff(a8[..., :3], 2, **o)
            yield f"gray16_{name}.tif", tiff(low[..., :1], 1, **o)
            yield f"rgb16_{name}.tif", tiff(wide[..., :3], 2, **o)
            yield f"cmyk_{name}.tif", tiff(a8[..., :4], 5, **o)
            yield f"cmyk16_{name}.tif", tiff(wide, 5, **o)
            yield f"lab_{name}.tif", tiff(a8[..., :3], 8, **o)
            yield f"float_{name}.tif", tiff((rng.normal(size=(h, w, 1)) * 150).astype(np.float32), draw.choice((0, 1)), format=3, **o)
            yield f"int32_{name}.tif", tiff(rng.integers(-100, 400, (h, w, 1)).astype(np.int32), 1, format=2, **o)
            yield f"int16_{name}.tif", tiff(rng.integers(-100, 400, (h, w, 1)).astype(np.int16), 1, format=2, **o)
            yield f"uint32_{name}.tif", tiff(rng.integers(0, 400, (h, w, 1)).astype(np.uint32), 1, format=1, **o)
            yield f"rgba_{name}.tif", tiff(a8[..., :4], 2, extra=[draw.choice((0, 1, 2))], **o)
            yield f"rgba16_{name}.tif", tiff(wide, 2, extra=[draw.choice((0, 1, 2))], **o)
            yield f"separate_{name}.tif", tiff(a8[..., :3], 2, separate=True, **o)
            yield f"separate4_{name}.tif", tiff(a8[..., :4], draw.choice((2, 5)), separate=True, extra=draw.choice((None, [0], [1], [2])), **o)
            yield f"separate16_{name}.tif", tiff(wide[..., :3], 2, separate=True, **o)
            yield f"separate_lab_{name}.tif", tiff(a8[..., :3], 8, separate=True, **o)
            yield f"separate_gray_{name}.tif", tiff(a8[..., :1], 1, separate=True, **o)
            for bits in (1, 2, 4):
                samples = rng.integers(0, 1 << bits, (h, w, 1), np.uint8)
                yield f"gray{bits}_{name}.tif", tiff(samples, draw.choice((0, 1)), bits=bits, **{**o, "tile": None})
                colors = rng.integers(0, 65536, 3 << bits).tolist()
                yield f"palette{bits}_{name}.tif", tiff(samples, 3, bits=bits, more={320: colors}, **{**o, "tile": None})
            colors = rng.integers(0, 65536, 768).tolist()
            yield f"palette8_{name}.tif", tiff(a8[..., :1], 3, more={320: colors}, **o)
            if c in (5, 8, 50000, 34925):
                for kind, x in {"gray": a8[..., :1], "rgb": a8[..., :3], "rgba": a8[..., :4], "gray16": low[..., :1], "rgb16": wide[..., :3]}.items():
                    photometric = 1 if kind.startswith("gray") else 2
                    extra = [2] if kind == "rgba" else None
                    yield f"predicted_{kind}_{name}.tif", tiff(x, photometric, predictor=2, extra=extra, **o)
                yield f"predicted_separate_{name}.tif", tiff(a8[..., :3], 2, predictor=2, separate=True, **o)
                yield f"predicted_int32_{name}.tif", tiff(rng.integers(-100, 400, (h, w, 1)).astype(np.int32), 1, format=2, predictor=2, **o)
                f = (rng.normal(size=(h, w, 1)) * 150).astype(np.float32)
                yield f"predicted_float_{name}.tif", tiff(f, 1, format=3, predictor=3, **o)
    for c in (1, 5, 8):
        for sub in ((1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (4, 2), (4, 4)):
            whole = 4 * draw.randint(1, 4)
            o = dict(compression=c, subsampling=sub, rows=draw.choice((None, whole)))
            x = a8[..., :3]
            if draw.random() < 0.3:
                o["more"] = {529: [0.2126, 0.7152, 0.0722], 532: [16.0, 235.0, 128.0, 240.0, 128.0, 240.0]}
            yield f"ycc{sub[0]}{sub[1]}_{c}.tif", tiff(x, 6, **o)
            if c != 1:
                yield f"ycc_tiles{sub[0]}{sub[1]}_{c}.tif", tiff(x, 6, **{**o, "rows": None, "tile": (16, 16)})
    yield "ycc_plain.tif", tiff(a8[..., :3], 6, more={530: [1, 1]})
    yield "ycc_separate.tif", tiff(a8[..., :3], 6, compression=8, separate=True, more={530: [1, 1]})
    x3, x4 = a8[..., :3], a8[..., :4]
    yield "orientation.tif", tiff(x3, 2, compression=5, more={274: [draw.randint(1, 8)]})
    yield "gray12.tif", tiff(rng.integers(0, 400, (h, w, 1)), 1, bits=12)
    yield "gray12_lzw.tif", tiff(rng.integers(0, 400, (h, w, 1)), 1, bits=12, compression=5)
    yield "white16.tif", tiff(low[..., :1], 0)
    for extra in ([0, 0], [1, 0], [2, 0], [0, 0, 0], [1, 0, 0], [2, 0, 0], [2, 2]):
        n = 3 + len(extra)
        yield f"extra{''.join(map(str, extra))}.tif", tiff(a8[..., :n], 2, extra=extra, compression=draw.choice((1, 5)))
    yield "extra999.tif", tiff(x4, 2, extra=[999], compression=draw.choice((1, 5)))
    yield "no_extra.tif", tiff(x4, 2)
    yield "cmyk_extra.tif", tiff(a8[..., :5], 5, extra=[0], compression=draw.choice((1, 5)))
    for extra in (0, 1, 2):
        yield f"gray_alpha{extra}.tif", tiff(a8[..., :2], 1, extra=[extra], compression=draw.choice((1, 5)))
        yield f"palette_alpha{extra}.tif", tiff(a8[..., :2], 3, extra=[extra], compression=draw.choice((1, 5)), more={320: colors})
    for c in (1, 5, 8):
        yield f"reversed_gray_{c}.tif", tiff(a8[..., :1], draw.choice((0, 1)), compression=c, reverse=True)
        yield f"reversed_bits_{c}.tif", tiff(rng.integers(0, 2, (h, w, 1)), draw.choice((0, 1)), bits=1, compression=c, reverse=True)
        yield f"reversed_rgb_{c}.tif", tiff(x3, 2, compression=c, reverse=True)
        yield f"reversed_16_{c}.tif", tiff(low[..., :1], 1, compression=c, reverse=True)
        yield f"reversed_cmyk_{c}.tif", tiff(x4, 5, compression=c, reverse=True)
        yield f"reversed_palette_{c}.tif", tiff(a8[..., :1], 3, compression=c, reverse=True, more={320: colors})
    yield "wrong_magic_le.tif", tiff(x3, 2, magic=b"\0*")
    yield "wrong_magic_be.tif", tiff(x3, 2, order=">", magic=b"*\0")
    for c in codecs:
        yield f"cut_{c}.tif", tiff(x3, 2, compression=c, cut=draw.randint(1, 9), rows=rows)
    yield "cut_file.tif", tiff(x3, 2, compression=5)[: draw.randint(8, 60)]
    yield "double.tif", tiff(rng.normal(size=(h, w, 1)), 1, format=3)
    yield "signed_rgb.tif", tiff(x3, 2, format=2)
    yield "signed_gray.tif", tiff(a8[..., :1], 1, format=2)
    im = Image.fromarray(x3.copy())
    modes = {"1": im.convert("1"), "L": im.convert("L"), "P": im.quantize(40), "RGB": im, "CMYK": im.convert("CMYK"), "YCbCr": im.convert("YCbCr"), "LAB": None,
             "RGBA": Image.fromarray(x4.copy(), "RGBA"), "F": Image.fromarray((rng.normal(size=(h, w)) * 150).astype(np.float32)),
             "I": Image.fromarray(rng.integers(-100, 400, (h, w)).astype(np.int32)), "I16": Image.fromarray(low[..., 0].copy())}
    modes["LAB"] = Image.frombytes("LAB", (w, h), x3.tobytes())
    for mode, m in modes.items():
        for c in ("raw", "tiff_lzw", "packbits", "tiff_adobe_deflate", "zstd", "lzma", "jpeg", "webp", "group3", "group4"):
            try:
                content = saved(m, "TIFF", compression=c)
            except Exception:
                continue
            yield f"pil_{mode}_{c}.tif", content
    for sub in ("4:4:4", "4:2:2", "4:2:0"):
        yield f"pil_jpeg_{sub.replace(':', '')}.tif", saved(modes["YCbCr"], "TIFF", compression="jpeg", quality=draw.randint(40, 95), subsampling=sub, strip_size=draw.choice((512, 65536)))
    yield "pil_big.tif", saved(im, "TIFF", compression="tiff_lzw", big_tiff=True)
    large = Image.fromarray(picture(rng, draw.randint(40, 60), draw.randint(40, 60), 3))
    for c in ("jpeg", "tiff_lzw", "packbits"):
        yield f"pil_strips_{c}.tif", saved(large, "TIFF", compression=c, strip_size=1500)


# The compressions of CCITT, written by libtiff.


def runs(rng, draw, w, h):
    """Bits of a page: runs of any length, rows that resemble the one above."""
    mean = draw.choice((2, 8, 60, 900))
    page = np.zeros((h, w), bool)
    for y in range(h):
        kind = draw.randint(0, 4)
        if y and kind == 0:
            page[y] = page[y - 1]
        elif y and kind == 1:
            page[y] = np.roll(page[y - 1], draw.randint(-4, 4))
        elif y and kind == 2:  # like the row above, but for a part
            page[y] = page[y - 1]
            x = draw.randint(0, w - 1)
            page[y, x : x + draw.randint(1, 40)] ^= True
        elif kind == 3:
            page[y] = draw.choice((False, True))
        else:
            x, black = 0, draw.choice((False, True))
            while x < w:
                n = int(rng.exponential(mean)) + 1
                page[y, x : x + n] = black
                x, black = x + n, not black
    return page


def faxes(rng, draw):
    for compression in ("group3", "group4", "tiff_ccitt"):  # not tiff_raw_16, which libtiff cannot read back
        for options in (None, 0, 1, 4, 5) if compression == "group3" else (None,):
            for photometric in (0, 1):
                for order in (1, 2):
                    w, h = draw.choice((draw.randint(1, 70), draw.randint(70, 6000))), draw.randint(1, 24)
                    tags = {262: photometric, 266: order} | ({} if options is None else {292: options})
                    size = draw.choice((65536, 300))
                    content = saved(Image.fromarray(runs(rng, draw, w, h)), "TIFF", compression=compression, tiffinfo=tags, strip_size=size)
                    yield f"fax_{compression}_{options}_{photometric}_{order}.tif", content


# JPEG and PNG, damaged.


def jpegs(rng, draw):
    w, h = draw.randint(1, 70), draw.randint(1, 60)
    im = Image.fromarray(picture(rng, w, h, 3))
    kinds = {
        "444": (im, dict(subsampling="4:4:4")), "420": (im, dict(subsampling="4:2:0")), "gray": (im.convert("L"), {}),
        "cmyk": (im.convert("CMYK"), {}), "restart": (im, dict(restart_marker_blocks=draw.randint(1, 5), subsampling="4:2:0")),
        "restart_rows": (im, dict(restart_marker_rows=1)), "progressive": (im, dict(progressive=True)),
        "progressive_restart": (im, dict(progressive=True, restart_marker_rows=1)), "optimized": (im, dict(optimize=True)),
    }
    for kind, (m, options) in kinds.items():
        b = saved(m, "JPEG", quality=draw.randint(30, 95), **options)
        scan = b.index(b"\xff\xda") + 14
        at = draw.randint(scan, len(b) - 2)
        yield f"{kind}.jpg", b
        yield f"{kind}_cut.jpg", b[:at]
        yield f"{kind}_cut_end.jpg", b[:at] + b"\xff\xd9"
        yield f"{kind}_late_cut_end.jpg", b[: len(b) - draw.randint(3, 8)] + b"\xff\xd9"
        yield f"{kind}_no_end.jpg", b[:-2]
        yield f"{kind}_no_end_more.jpg", b[:-2] + bytes(draw.randint(8, 40))
        yield f"{kind}_more.jpg", b + b"more of it"
        yield f"{kind}_header_cut.jpg", b[: draw.randint(3, scan - 15)]
        for i in range(3):
            broken = bytearray(b)
            for _ in range(draw.randint(1, 3)):
                broken[draw.randint(scan, len(b) - 3)] ^= 1 << draw.randint(0, 7)
            yield f"{kind}_flipped{i}.jpg", bytes(broken)
            there = draw.randint(scan, len(b) - 3)
            yield f"{kind}_lost{i}.jpg", b[:there] + b[there + draw.randint(1, 60) :].lstrip(b"\0")
        markers = [i for i in range(scan, len(b) - 2) if b[i] == 0xFF and 0xD0 <= b[i + 1] <= 0xD7]
        if markers:
            i = draw.choice(markers)
            yield f"{kind}_no_marker.jpg", b[:i] + b[i + 2 :]
            yield f"{kind}_other_marker.jpg", b[: i + 1] + bytes([0xD0 + draw.randint(0, 7)]) + b[i + 2 :]
            yield f"{kind}_junk_marker.jpg", b[:i] + b"junk" + b[i:]
            j = draw.choice(markers)
            yield f"{kind}_lost_marker.jpg", b[: min(i, j)] + b[max(i, j) :]


def chunk(name, content, crc=None):
    crc = zlib.crc32(name + content) if crc is None else crc
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", crc)


def pngs(rng, draw):
    w, h = draw.randint(1, 40), draw.randint(2, 30)
    colors = rng.integers(0, 256, 768, np.uint8).tobytes()
    for kind, (color, bits, n) in {"rgb": (2, 8, 3), "gray": (0, 8, 1), "palette": (3, 8, 1), "rgba": (6, 8, 4), "rgb16": (2, 16, 6), "gray1": (0, 1, 1)}.items():
        size = (w * n * min(bits, 8) + 7) // 8
        filters = [draw.randint(0, 4) for _ in range(h)]
        raw = b"".join(bytes([f]) + rng.integers(0, 256, size, np.uint8).tobytes() for f in filters)
        before = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, bits, color, 0, 0, 0))
        if color == 3:
            before += chunk(b"PLTE", colors) + chunk(b"tRNS", bytes(range(100)))
        end = chunk(b"IEND", b"")
        z = zlib.compress(raw, draw.choice((0, 6)))
        row = size + 1
        at = draw.randint(3, len(z) - 5)
        text = chunk(b"tEXt", b"key\0text")
        for name, content in {
            "sound": before + chunk(b"IDAT", z) + end,
            "no_end": before + chunk(b"IDAT", z),
            "no_crc": before + chunk(b"IDAT", z)[:-4],
            "half_sum": before + chunk(b"IDAT", z)[:-6],
            "no_sum": before + chunk(b"IDAT", z[:-4]) + end,
            "wrong_sum": before + chunk(b"IDAT", z[:-4] + b"abcd") + end,
            "sum_apart": before + chunk(b"IDAT", z[:-4]) + chunk(b"IDAT", b"abcd") + end,
            "sum_half_apart": before + chunk(b"IDAT", z[:-2]) + chunk(b"IDAT", b"cd") + end,
            "cut": before + chunk(b"IDAT", z)[: 8 + at],
            "wrong_crc": before + chunk(b"IDAT", z, 1) + end,
            "wrong_head_crc": before[:-4] + b"abcd" + chunk(b"IDAT", z) + end,
            "wrong_text_crc": before + chunk(b"tEXt", b"key\0text", 1) + chunk(b"IDAT", z) + end,
            "wrong_text_crc_behind": before + chunk(b"IDAT", z) + chunk(b"tEXt", b"key\0text", 1) + end,
            "extra_row": before + chunk(b"IDAT", zlib.compress(raw + raw[:row])) + end,
            "extra_row_wrong_sum": before + chunk(b"IDAT", zlib.compress(raw + raw[:row])[:-4] + b"abcd") + end,
            "extra_bytes": before + chunk(b"IDAT", zlib.compress(raw + b"ab")) + end,
            "missing_row": before + chunk(b"IDAT", zlib.compress(raw[:-row])) + end,
            "missing_row_wrong_sum": before + chunk(b"IDAT", zlib.compress(raw[:-row])[:-4] + b"abcd") + end,
            "missing_row_no_sum": before + chunk(b"IDAT", zlib.compress(raw[:-row])[:-4]) + end,
            "missing_bytes": before + chunk(b"IDAT", zlib.compress(raw[:-1])) + end,
            "junk_behind": before + chunk(b"IDAT", z) + b"junk and more of it",
            "text_between": before + chunk(b"IDAT", z[:at]) + text + chunk(b"IDAT", z[at:]) + end,
            "pieces": before + b"".join(chunk(b"IDAT", z[i : i + 7], draw.choice((None, 5))) for i in range(0, len(z), 7)) + end,
            "empty_pieces": before + chunk(b"IDAT", b"") + chunk(b"IDAT", z) + chunk(b"IDAT", b"") + end,
            "late_data": before + chunk(b"IDAT", z) + text + chunk(b"IDAT", b"123") + end,
            "too_long": before + struct.pack(">I", len(z) + 50) + b"IDAT" + z,
            "too_long_end": before + struct.pack(">I", len(z) + 50) + b"IDAT" + z + end,
            "wrong_zlib": before + chunk(b"IDAT", b"\x79\x9c" + z[2:]) + end,
            "wrong_filter": before + chunk(b"IDAT", zlib.compress(b"\7" + raw[1:])) + end,
            "flipped": before + chunk(b"IDAT", z[:at] + bytes([z[at] ^ 16]) + z[at + 1 :]) + end,
            "no_data": before + end,
        }.items():
            yield f"{kind}_{name}.png", content


def may_refuse(name):
    """What octet refuses and PIL may read. Progressive JPEGs that end before all their scans: libjpeg guesses details
    by smoothing. JPEGs without an end marker: libjpeg reads them if it happens to have looked ahead far enough."""
    return name.startswith("progressive") or name.endswith("_no_end.jpg")


FAMILIES = {"pnm": pnm, "bmp": bmps, "tiff": tiffs, "jpeg": jpegs, "png": pngs, "fax": faxes}


def files(seed, families=None):
    rng, draw = np.random.default_rng(seed), random.Random(seed)
    for family in families or FAMILIES:
        yield from FAMILIES[family](rng, draw)


def pixels(content):
    """What PIL shows, or None where it refuses."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.asarray(image.convert("RGB"))
    except Exception:
        return None
