"""Picture files of every kind, mode and damage: each read as it looks, or refused by name, and nothing hangs."""

import os
import re
import struct
import subprocess
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aimsssl.datasets import FolderWarning, MemoryWarning, load, memory, pictures

pytestmark = pytest.mark.filterwarnings("ignore::aimsssl.datasets.FolderWarning")
WHITE = (255, 255, 255)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(path, colour_type, bits, row, *extra, side=8):
    """A PNG written by hand, the same `row` of bytes `side` times, with other chunks before the picture."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, bits, colour_type, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress((b"\0" + row) * side))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + body + chunk(b"IEND", b""))
    return path


def pixel(path, size=None):
    return tuple(pictures.read(str(path), size)[2, 2].tolist())


def read_folder(folder, **options):
    return load(f"folder:{folder}", "all", **options)


# ---- transparency ----------------------------------------------------------------------------------------------------

GREY, COLOUR, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 4, 6


@pytest.mark.parametrize(
    ("colour_type", "bits", "row", "key", "shown"),
    [
        (GREY, 1, b"\xff", 1, None), (GREY, 1, b"\xff", 0, WHITE), (GREY, 1, b"\0", 1, (0, 0, 0)),
        (GREY, 2, b"\x55" * 2, 1, None), (GREY, 2, b"\x55" * 2, 2, (85,) * 3),
        (GREY, 4, b"\x33" * 4, 3, None), (GREY, 4, b"\x33" * 4, 51, (51,) * 3),
        (GREY, 8, b"\x20" * 8, 0x20, None), (GREY, 8, b"\x20" * 8, 0x21, (32,) * 3),
        (GREY, 16, b"\x12\x34" * 8, 0x1234, None), (GREY, 16, b"\x12\x34" * 8, 0x1235, (0x12,) * 3),
        (COLOUR, 8, b"\x0a\x14\x1e" * 8, (10, 20, 30), None),
        (COLOUR, 8, b"\x0a\x14\x1e" * 8, (10, 20, 31), (10, 20, 30)),
        (COLOUR, 16, b"\x0a\x01\x14\x02\x1e\x03" * 8, (0x0A01, 0x1402, 0x1E03), None),
        (COLOUR, 16, b"\x0a\x01\x14\x02\x1e\x03" * 8, (10, 20, 30), (10, 20, 30)),
    ],
)  # fmt: skip
def test_a_transparent_colour_is_laid_on_white(colour_type, bits, row, key, shown, tmp_path):
    values = key if isinstance(key, tuple) else (key,)
    path = png(tmp_path / "a.png", colour_type, bits, row, chunk(b"tRNS", struct.pack(f">{len(values)}H", *values)))
    for size in (None, 4, 16):
        assert pixel(path, size) == (shown or WHITE)


@pytest.mark.parametrize("mode", ["LA", "RGBA", "La", "RGBa", "P"])
@pytest.mark.parametrize("kind", ["png", "webp", "tiff", "gif", "tga", "ico"])
def test_alpha_is_laid_on_white_in_every_mode_that_a_format_keeps(mode, kind, tmp_path):
    clear = Image.new("RGBA", (32, 32), (10, 20, 30, 0))
    clear.paste((10, 20, 30, 255), (16, 0, 32, 32))
    path = tmp_path / f"a.{kind}"
    try:
        (clear.convert("LA").convert(mode) if mode in ("La", "LA", "PA") else clear.convert(mode)).save(path)
    except (OSError, ValueError, KeyError):
        pytest.skip(f"{kind} does not keep {mode}")
    with Image.open(path) as kept:
        if not kept.has_transparency_data:
            pytest.skip(f"{kind} drops the transparency of {mode}")
    read = pictures.read(str(path), None)
    assert (read[4:28, 2:12] == 255).all() and (read[4:28, 20:30] < 60).all()
    small = pictures.read(str(path), 16)
    assert (small[:, :6] > 250).all() and (small[:, 10:] < 65).all()  # no dark rim from colours under the clear part


def test_alpha_of_pictures_that_are_in_memory():
    clear = Image.new("RGBA", (8, 8), (10, 20, 30, 0))
    for picture in (clear, clear.convert("RGBa"), clear.convert("LA"), clear.convert("LA").convert("La")):
        assert pictures.to_rgb(picture).getpixel((4, 4)) == WHITE, picture.mode


# ---- depths and formats ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind", "shown"),
    [
        (np.full((8, 8), 100 * 256 + 7, np.uint16), "png", 100),
        (np.full((8, 8), 100 * 256 + 7, np.uint16), "tiff", 100),
        (np.full((8, 8), 100 * 256, np.int32), "tiff", 100), (np.full((8, 8), 100, np.int32), "tiff", 100),
        (np.full((8, 8), 0.5, np.float32), "tiff", 128), (np.full((8, 8), 100.2, np.float32), "tiff", 100),
        (np.full((8, 8), 25700.0, np.float32), "tiff", 100), (np.zeros((8, 8), np.float32), "tiff", 0),
        (np.full((8, 8), 1.0, np.float32), "tiff", 255),
    ],
)  # fmt: skip
def test_grey_of_any_depth(values, kind, shown, tmp_path):
    Image.fromarray(values).save(tmp_path / f"a.{kind}")
    assert pixel(tmp_path / f"a.{kind}") == (shown,) * 3


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0, 1e9])
def test_floats_that_say_no_brightness_are_named(value, tmp_path):
    Image.fromarray(np.array([[0.5, value]], np.float32)).save(tmp_path / "a.tiff")
    with pytest.raises(ValueError, match=r"a\.tiff \(values from .* expected 0 to 1, 0 to 255 or 0 to 65535"):
        read_folder(tmp_path)


@pytest.mark.parametrize("suffix", [".ppm", ".pgm", ".tif", ".bmp", ".tga", ".pcx", ".sgi", ".jp2", ".avif", ".qoi",
                                    ".webp", ".gif", ".dib", ".dds", ".ico", ".jfif", ".JPE", ".TIFF"])  # fmt: skip
def test_other_formats(suffix, tmp_path):
    if suffix.lower() not in pictures.suffixes():
        pytest.skip(f"this Pillow reads no {suffix}")
    try:
        Image.new("L" if suffix == ".pgm" else "RGB", (16, 16), 90 if suffix == ".pgm" else (90, 90, 90)).save(
            tmp_path / f"a{suffix}"
        )
    except (OSError, KeyError, ValueError):
        pytest.skip(f"this Pillow writes no {suffix}")
    data = read_folder(tmp_path)
    assert len(data) == 1 and (data.images[0].float() - 90).abs().max() < 6


def test_colour_spaces_and_first_frames(tmp_path):
    for mode, kind in (("CMYK", "jpg"), ("CMYK", "tif"), ("YCbCr", "tif"), ("LAB", "tif"), ("1", "png"), ("L", "jpg")):
        Image.new("RGB", (8, 8), WHITE).convert("RGB" if mode == "LAB" else mode).save(tmp_path / f"{mode}.{kind}")
    assert (read_folder(tmp_path).images >= 250).all()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    for kind in ("gif", "webp", "png", "tiff"):
        frames[0].save(tmp_path / f"moving.{kind}", save_all=True, append_images=frames[1:])
        red, _, blue = pixel(tmp_path / f"moving.{kind}")
        assert red > 240 and blue < 20


@pytest.mark.parametrize("turn", range(1, 9))
def test_every_exif_turn_and_a_cut_commute(turn, tmp_path):
    from PIL import ImageOps

    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = turn
    picture.save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    assert np.array_equal(pictures.read(str(tmp_path / "a.png"), None), np.asarray(upright))
    expected = np.asarray(pictures.square(upright, 16)).astype(int)
    assert np.abs(pictures.read(str(tmp_path / "a.png"), 16) - expected).max() <= 2


@pytest.mark.parametrize(
    "block", [b"", b"x", b"II*\0", b"MM\0*\xff\xff\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"\0" * 40]
)
def test_a_broken_exif_block_costs_nothing(block, tmp_path):
    png(tmp_path / "a.png", COLOUR, 8, b"\x0a\x14\x1e" * 8, chunk(b"eXIf", block))
    assert pixel(tmp_path / "a.png") == pixel(tmp_path / "a.png", 4) == (10, 20, 30)


# ---- what is no picture ----------------------------------------------------------------------------------------------


def test_a_picture_that_calls_itself_eps_starts_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: pytest.fail("a process was started"))
    monkeypatch.setattr(os, "system", lambda *a: pytest.fail("a process was started"))
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n(x) = showpage\n%%EOF\n"
    for name in ("a.jpg", "b.png", "c.tif"):
        (tmp_path / name).write_bytes(eps)
    (tmp_path / "d.eps").write_bytes(eps)
    with pytest.raises(ValueError, match="3 of 3 images cannot be read.*a.jpg .no picture of a kind that is read here"):
        read_folder(tmp_path)
    assert not {"EPS", "WMF", "PDF", "MPEG"} & set(pictures.formats())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_a_fifo_a_device_and_a_link_to_nothing_do_not_hang(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    os.symlink("/dev/zero", tmp_path / "b.png")
    os.symlink("nothing", tmp_path / "c.png")
    (tmp_path / "d.png").mkdir()
    with pytest.raises(
        ValueError, match=r"3 of 3 .*a.png \(not a regular file\).*b.png \(not a reg.*c.png \(a link to nothing"
    ):
        read_folder(tmp_path)


def damages(whole):
    random = np.random.default_rng(0)
    yield from (whole[:cut] for cut in (0, 1, 10, len(whole) // 2, len(whole) - 30))
    yield b"\0" * len(whole)
    yield random.integers(0, 256, len(whole), np.uint8).tobytes()
    yield b"<html>please log in</html>"
    for _ in range(12):
        flipped = bytearray(whole)
        for place in random.integers(0, len(whole), 5):
            flipped[place] ^= 1 << random.integers(8)
        yield bytes(flipped)


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "bmp", "webp", "tiff", "ppm", "tga", "jp2", "pcx", "sgi", "ico"])
def test_any_damage_is_read_or_named_and_can_be_skipped(kind, tmp_path):
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 256, (24, 24, 3), np.uint8))
    if f".{kind}" not in pictures.suffixes():
        pytest.skip(f"this Pillow reads no {kind}")
    picture.save(tmp_path / f"whole.{kind}")
    for number, content in enumerate(damages((tmp_path / f"whole.{kind}").read_bytes())):
        (tmp_path / f"{number:02}.{kind}").write_bytes(content)
    with pytest.raises(ValueError) as caught:
        read_folder(tmp_path)
    assert re.match(r"\d+ of 21 images cannot be read, .* leave them out with --skip-damaged", str(caught.value))
    with pytest.warns(FolderWarning, match="damaged images left out: .*00"):
        data = read_folder(tmp_path, skip_damaged=True)
    assert f"whole.{kind}" in data.sources and len(data.sources) == len(data) < 21
    assert f"{21 - len(data)} damaged images left out" in data.report


# ---- size ------------------------------------------------------------------------------------------------------------


def test_a_decompression_bomb_is_refused_by_its_head(tmp_path):
    for side in (11_000, 20_000, 60_000):
        png(tmp_path / f"{side}.png", GREY, 8, b"", side=0)
        content = bytearray((tmp_path / f"{side}.png").read_bytes())
        content[16:24] = struct.pack(">II", side, side)
        content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
        (tmp_path / f"{side}.png").write_bytes(content)
    with pytest.raises(
        ValueError, match="3 of 3 images .*11,000 x 11,000 pixels, more than 100,000,000; shrink .*20000.png .more"
    ):
        read_folder(tmp_path)


def test_large_pictures_wait_for_each_other_and_small_ones_do_not(tmp_path, monkeypatch):
    inside, most = [0], [0]
    lock, original = threading.Lock(), pictures.to_rgb

    def counted(image, size=None):
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        try:
            threading.Event().wait(0.01)
            return original(image, size)
        finally:
            with lock:
                inside[0] -= 1

    monkeypatch.setattr(pictures, "to_rgb", counted)
    monkeypatch.setattr("aimsssl.datasets.folder.THREADS", 8)
    for i in range(8):
        Image.new("RGB", (100, 100)).save(tmp_path / f"{i}.png")
    read_folder(tmp_path)
    assert most[0] > 1
    most[0] = 0
    monkeypatch.setattr(pictures, "LARGE", 9_999)
    read_folder(tmp_path)
    assert most[0] == 1


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "CMYK", "1", "I;16"])
def test_a_large_picture_looks_the_same_in_strips(mode, tmp_path, monkeypatch):
    rows, columns = np.mgrid[0:700, 0:900]
    pixels = np.stack([rows * 255 // 700, columns * 255 // 900, (rows + columns) * 255 // 1600], 2).astype(np.uint8)
    picture = Image.fromarray(pixels)
    if mode in ("RGBA", "LA"):
        picture.putalpha(Image.fromarray(pixels[:, :, 1]))
    picture = picture.convert("L").convert("I").convert("I;16") if mode == "I;16" else picture.convert(mode)
    picture.save(path := tmp_path / ("a.tif" if mode == "CMYK" else "a.png"))
    whole = pictures.read(str(path), 32)
    monkeypatch.setattr(pictures, "LARGE", 1000)
    strips = pictures.read(str(path), 32)
    assert np.abs(whole.astype(int) - strips).max() <= (40 if mode in "1P" else 4)  # these two are dithered
    assert len(np.unique(whole)) > 20 or mode == "I;16"  # which holds small numbers here: black


def test_memory_is_said_beforehand(tmp_path, monkeypatch):
    for i in range(100):
        Image.fromarray(np.full((16, 16, 3), i, np.uint8)).save(tmp_path / f"{i:02}.png")
    need = 100 * 16 * 16 * 3
    told = []
    monkeypatch.setattr(
        pictures, "read", lambda file, side, large: told.append(file) or np.zeros((side, side, 3), np.uint8)
    )
    monkeypatch.setattr(memory, "free", lambda: need * 3)
    load(f"folder:{tmp_path}", "all")
    monkeypatch.setattr(memory, "free", lambda: need * 3 - 1)
    with pytest.warns(MemoryWarning, match="100 images of 16x16 take 0.1 MB, and .* free, more than a third .*--limit"):
        load(f"folder:{tmp_path}", "all")
    told.clear()
    monkeypatch.setattr(memory, "free", lambda: need - 1)
    with pytest.raises(ValueError, match="100 images of 16x16 take 0.1 MB"):
        load(f"folder:{tmp_path}", "all")
    assert not told and load(f"folder:{tmp_path}", "all", limit=20) and load(f"folder:{tmp_path}", "all", image_size=8)
    with pytest.raises(ValueError, match="ask for a smaller limit"):
        load("shapes", limit=30)
    monkeypatch.undo()
    assert memory.free() is None or memory.free() > 1 << 20


def test_any_set_comes_at_any_size():
    small = load("digits", limit=20, image_size=8)
    assert small.images.shape == (20, 1, 8, 8) and small.images.dtype == torch.uint8
    assert torch.equal(load("digits", limit=20, image_size=32).images, load("digits", limit=20).images)
    means = [load("digits", limit=20, image_size=s).images.float().mean((1, 2, 3)) for s in (8, 32, 64)]
    assert (means[0] - means[1]).abs().max() < 3 and (means[2] - means[1]).abs().max() < 3
    for wrong in (0, -1, 2.5, True, 5000, "64"):
        with pytest.raises(ValueError, match="image_size is .*, expected None or a side in pixels from 1 to 4096"):
            load("digits", image_size=wrong)
    with pytest.raises(ValueError, match="group_by is for folder:PATH, and name is 'digits'"):
        load("digits", group_by="x")
    with pytest.raises(ValueError, match="skip_damaged is for folder:PATH"):
        load("digits", skip_damaged=True)


def test_nothing_is_written_beside_the_images(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    before = {path: path.stat().st_mtime_ns for path in Path(tmp_path).rglob("*")}
    read_folder(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in Path(tmp_path).rglob("*")} == before
