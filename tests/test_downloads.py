"""Downloads against a server on loopback that fails in every way: refused, gone on from, or mended; never wrong."""

import contextlib
import gzip
import hashlib
import io
import json
import pickle
import shutil
import struct
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from aimsssl.cli import main
from aimsssl.datasets import download, load, nuts
from aimsssl.datasets.download import fetch, has_digest

CONTENT = bytes(np.random.default_rng(0).integers(0, 256, 300_000, np.uint8))


class Server:
    """Serves `files` by path; `fault` says how; `asked` has the Range of every request, None where there was none."""

    def __init__(self):
        self.files, self.fault, self.asked = {}, None, []
        self.go_on = threading.Event()  # what stalls waits for the end of the test
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def do_GET(self):
                owner.answer(self)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/"

    def answer(self, request):
        request.close_connection = True
        span = request.headers.get("Range")
        self.asked.append(span)
        fault = self.fault
        content = self.files.get(request.path.lstrip("/"))
        if fault in (404, 500, 503) or content is None:
            return request.send_error(fault if isinstance(fault, int) else 404)
        if fault == "redirect loop":
            request.send_response(302)
            request.send_header("Location", request.path)
            request.send_header("Content-Length", "0")
            return request.end_headers()
        if fault == "no answer":
            return self.go_on.wait()
        start = int(span[6:-1]) if span and fault != "no ranges" else 0
        if start >= len(content):
            return request.send_error(416)
        body = content[start:]
        if fault == "flipped":
            body = bytes([body[0] ^ 255]) + body[1:]
        if fault == "web page":
            body = b"<html>please log in</html>"
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        cut = body[: len(body) // 2] if fault in ("cut", "stall", "broken chunk", "bad chunk") else body
        if fault in ("broken chunk", "bad chunk", "chunks"):
            request.send_header("Transfer-Encoding", "chunked")
            request.end_headers()
            request.wfile.write(f"{len(cut):x}\r\n".encode() + cut + b"\r\n")
            request.wfile.write(
                {"chunks": b"0\r\n\r\n", "bad chunk": b"zebra\r\n"}.get(fault, b"ffff\r\n" + body[len(cut) :][:99])
            )
        else:
            length = {"too long": len(body) + 5, "huge": 10**15, "no number": "many"}.get(fault, len(body))
            if fault != "no length":
                request.send_header("Content-Length", str(length))
            request.end_headers()
            with contextlib.suppress(OSError):
                request.wfile.write(cut)
                request.wfile.flush()
        if fault == "stall":
            self.go_on.wait()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.3)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Server()
    server.files["file.bin"] = CONTENT
    yield server
    server.go_on.set()
    server.http.shutdown()
    server.http.server_close()


def sha256(content):
    return has_digest("sha256", hashlib.sha256(content).hexdigest())


FAULTS = {  # what the message says, and whether what came is kept
    "cut": ("150,000 bytes came, expected 300,000", True), "stall": ("timed out", True),
    "no answer": ("timed out", False),
    "broken chunk": ("IncompleteRead", True), "bad chunk": ("IncompleteRead", True), 404: ("HTTP Error 404", False),
    500: ("HTTP Error 500", False), 503: ("HTTP Error 503", False), "redirect loop": ("redirect", False),
    "flipped": ("its sha256 is", False), "web page": ("its sha256 is", False), "too long": ("expected 300,005", True),
    "huge": ("1,000,000,000,000,000 bytes are announced", False),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_sentence_and_the_same_command_goes_on(fault, server, tmp_path):
    words, kept = FAULTS[fault]
    target, server.fault = tmp_path / "new" / "file.bin", fault
    with pytest.raises(OSError, match=words) as caught:
        fetch([server.url + "file.bin"], target, sha256(CONTENT), "run: again")
    assert "\n" not in str(caught.value) and "check connection and disk, then run: again" in str(caught.value)
    assert "bytes that came are kept" in str(caught.value) if kept else "kept" not in str(caught.value)
    assert not target.exists() and (target.parent / "file.bin.part").exists() == kept
    server.fault = None
    fetch([server.url + "file.bin"], target, sha256(CONTENT), "run: again")
    assert target.read_bytes() == CONTENT and [file.name for file in target.parent.iterdir()] == ["file.bin"]
    assert bool(server.asked[-1]) == kept  # only what was missing, where something was kept


@pytest.mark.parametrize("fault", [None, "chunks", "no length", "no number"])
def test_servers_that_say_little_are_believed_by_the_sum_alone(fault, server, tmp_path):
    server.fault = fault
    fetch([server.url + "file.bin"], tmp_path / "file.bin", sha256(CONTENT), "")
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("fault", [None, "no ranges", "chunks"])
@pytest.mark.parametrize("part", [b"x" * 1000, CONTENT[:1000], CONTENT, CONTENT + b"more", b"y" * 400_000, b""])
def test_any_part_that_lies_there_ends_in_the_right_file(part, fault, server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(part)
    server.fault = fault
    fetch([server.url + "file.bin"], tmp_path / "file.bin", sha256(CONTENT), "")
    assert (tmp_path / "file.bin").read_bytes() == CONTENT and not (tmp_path / "file.bin.part").exists()
    if part == CONTENT[:1000] and fault is None:
        assert server.asked == ["bytes=1000-"]


def test_a_part_that_is_a_link_writes_nowhere(server, tmp_path):
    (tmp_path / "mine").write_text("precious")
    (tmp_path / "file.bin.part").symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="file.bin.part is no plain file; delete it"):
        fetch([server.url + "file.bin"], tmp_path / "file.bin", sha256(CONTENT), "")
    assert (tmp_path / "mine").read_text() == "precious"


def test_the_next_mirror_takes_over(server, tmp_path):
    urls = [server.url + "gone.bin", server.url + "file.bin"]
    fetch(urls, tmp_path / "file.bin", sha256(CONTENT), "")
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    with pytest.raises(OSError, match="gone.bin: HTTP Error 404.*gone2.bin: HTTP Error 404"):
        fetch([server.url + "gone.bin", server.url + "gone2.bin"], tmp_path / "x", sha256(CONTENT), "")


def test_nobody_there(tmp_path, monkeypatch):
    monkeypatch.delenv("http_proxy", raising=False)
    with pytest.raises(OSError, match="could not be downloaded to .*; check connection and disk"):
        fetch(["http://127.0.0.1:9/file.bin"], tmp_path / "file.bin", sha256(CONTENT), "run: again")


# ---- torchvision's sets ----------------------------------------------------------------------------------------------


def idx(values):
    return struct.pack(f">{1 + values.ndim}I", 0x800 + values.ndim, *values.shape) + values.tobytes()


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def mnist(server, monkeypatch):
    random = np.random.default_rng(1)
    resources = []
    for prefix, count in (("train", 30), ("t10k", 20)):
        for kind, values in (("images-idx3", random.integers(0, 256, (count, 28, 28), np.uint8)),
                             ("labels-idx1", random.integers(0, 10, count).astype(np.uint8))):  # fmt: skip
            name = f"{prefix}-{kind}-ubyte.gz"
            server.files[name] = gzip.compress(idx(values))
            resources.append((name, md5(server.files[name])))
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [server.url])
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", resources)
    return server


def tar_of(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def cifar10(server, monkeypatch):
    random, folder, reader = np.random.default_rng(2), "cifar-10-batches-py", torchvision.datasets.CIFAR10
    names = ["data_batch_1", "test_batch"]
    files = {name: pickle.dumps({"data": random.integers(0, 256, (10, 3072), np.uint8), "labels": list(range(10))})
             for name in names}  # fmt: skip
    files["batches.meta"] = pickle.dumps({"label_names": [f"class {i}" for i in range(10)]})
    archive = tar_of({f"{folder}/{name}": content for name, content in files.items()} | {"../evil": b"x"})
    server.files["c.tar.gz"] = archive
    for key, value in {
        "url": server.url + "c.tar.gz", "filename": "c.tar.gz", "tgz_md5": md5(archive),
        "train_list": [[names[0], md5(files[names[0]])]], "test_list": [[names[1], md5(files[names[1]])]],
        "meta": {"filename": "batches.meta", "key": "label_names", "md5": md5(files["batches.meta"])},
    }.items():  # fmt: skip
        monkeypatch.setattr(reader, key, value)
    return server


@pytest.fixture
def stl10(server, monkeypatch):
    random, reader = np.random.default_rng(3), torchvision.datasets.STL10
    files = {
        f"{part}_X.bin": random.integers(0, 256, (4, 3, 96, 96), np.uint8).tobytes()
        for part in ("train", "test", "unlabeled")
    }
    files |= {f"{part}_y.bin": bytes([1, 2, 1, 2]) for part in ("train", "test")}
    sums = {name: md5(content) for name, content in files.items()}
    files["class_names.txt"] = b"plane\ncar\n"
    archive = tar_of({f"stl10_binary/{name}": content for name, content in files.items()})
    server.files["s.tar.gz"] = archive
    for key, value in {
        "url": server.url + "s.tar.gz", "filename": "s.tar.gz", "tgz_md5": md5(archive),
        "train_list": [[n, sums[n]] for n in ("train_X.bin", "train_y.bin", "unlabeled_X.bin")],
        "test_list": [[n, sums[n]] for n in ("test_X.bin", "test_y.bin")],
    }.items():  # fmt: skip
        monkeypatch.setattr(reader, key, value)
    return server


@pytest.mark.parametrize("name", ["mnist", "cifar10", "stl10", "nuts"])
def test_any_damaged_or_missing_file_is_mended_by_the_command_that_the_message_names(name, request, tmp_path, capsys):
    server = request.getfixturevalue(name if name != "nuts" else "nuts_server")
    command = ["data", "download", name, "--root", str(tmp_path / "all")]
    assert main(command) == 0
    right = load(name, "test", root=tmp_path / "all")
    files = [file for file in sorted((tmp_path / "all").rglob("*")) if file.is_file() and file.suffix != ".sha256"]
    for file in files:
        whole = file.read_bytes()
        for damage in (None, b"", whole[: len(whole) // 2], bytes([whole[0] ^ 255]) + whole[1:], b"<html></html>"):
            file.unlink() if damage is None else file.write_bytes(damage)
            with contextlib.suppress(OSError):  # either the damage is not in what is read, or it is refused
                assert torch.equal(load(name, "test", root=tmp_path / "all").images, right.images)
            capsys.readouterr()
            assert main(command) == 0, (file, damage, capsys.readouterr().err)
            assert file.suffix == ".gz" or file.read_bytes() == whole, (file, damage)
    assert torch.equal(load(name, "test", root=tmp_path / "all").labels, right.labels)
    assert not list(tmp_path.rglob("evil")) and not list((tmp_path / "all").rglob("*.part"))
    server.files.clear()  # whole: no network
    assert main(command) == 0


@pytest.mark.parametrize("name", ["mnist", "cifar10", "stl10", "nuts"])
@pytest.mark.parametrize("fault", ["stall", "broken chunk", "flipped", 404])
def test_a_set_that_cannot_be_fetched_is_one_sentence(name, fault, request, tmp_path, capsys):
    server = request.getfixturevalue(name if name != "nuts" else "nuts_server")
    server.fault = fault
    assert main(["data", "download", name, "--root", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("aimsssl: error: ") and error.count("\n") == 1
    assert f"then run: aimsssl data download {name}" in error
    with pytest.raises(FileNotFoundError, match=f"{name} is not in .*; run: aimsssl data download {name}"):
        load(name, root=tmp_path / "elsewhere")
    server.fault = None
    assert main(["data", "download", name, "--root", str(tmp_path)]) == 0


def test_stl10_without_its_class_names_is_damaged(stl10, tmp_path):
    load("stl10", root=tmp_path, download=True)
    for damage in (None, b""):
        names = tmp_path / "stl10_binary" / "class_names.txt"
        names.unlink() if damage is None else names.write_bytes(damage)
        with pytest.raises(OSError, match="class_names.txt is missing.*; run: aimsssl data download stl10"):
            load("stl10", root=tmp_path)
        assert load("stl10", root=tmp_path, download=True).classes == ("plane", "car")
    assert load("stl10/unlabeled", root=tmp_path).labels.tolist() == [-1] * 4


def test_mnist_files_that_were_put_there_need_no_network(mnist, tmp_path):
    load("mnist", root=tmp_path, download=True)
    mnist.files.clear()
    for archive in (tmp_path / "MNIST" / "raw").glob("*.gz"):
        archive.unlink()
    assert len(load("mnist", root=tmp_path, download=True)) == 30
    file = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(OSError, match="could not be downloaded"):
        load("mnist", root=tmp_path, download=True)


# ---- nuts ------------------------------------------------------------------------------------------------------------


def nuts_zip(change=None, **options):
    """Two photographs, two boxes each; `change` gets the archive before it is closed."""
    buffer, picture = io.BytesIO(), io.BytesIO()
    Image.effect_noise((60, 40), 60).convert("RGB").save(picture, "PNG")
    with zipfile.ZipFile(buffer, "w", **options) as archive:
        for split in ("train", "val"):
            coco = {"categories": [{"id": 1, "name": "fig"}],
                    "images": [{"id": 1, "file_name": "images/1.png", "width": 60, "height": 40}],
                    "annotations": [{"image_id": 1, "category_id": 1, "bbox": [5, 5, 20, 20]}] * 2}  # fmt: skip
            archive.writestr(f"nuts/{split}.json", json.dumps(coco))
        archive.writestr("nuts/images/1.png", picture.getvalue())
        if change:
            change(archive)
    return buffer.getvalue()


@pytest.fixture
def nuts_server(server, monkeypatch):
    monkeypatch.setattr(nuts, "URL", server.url + "nuts.zip")
    server.files["nuts.zip"] = nuts_zip()
    return server


def encrypted(content):
    content = bytearray(content)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag in each head
        at = content.find(mark)
        while at >= 0:
            content[at + place] |= 1
            at = content.find(mark, at + 1)
    return bytes(content)


def packed_in_an_unknown_way(content):
    content = bytearray(content)
    for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = content.find(mark)
        while at >= 0:
            content[at + place] = 97
            at = content.find(mark, at + 1)
    return bytes(content)


def bomb(archive):
    with archive.open("nuts/bomb.json", "w") as file:
        for _ in range(60):
            file.write(b" " * (1 << 20))


ZIPS = {
    "encrypted": (lambda: encrypted(nuts_zip()), "encrypted|password"),
    "unknown compression": (lambda: packed_in_an_unknown_way(nuts_zip()), "compression"),
    "bomb": (lambda: nuts_zip(bomb, compression=zipfile.ZIP_DEFLATED), "would take 62,914,560 bytes"),
    "no zip": (lambda: b"<html></html>", "not a zip"),
    "another zip": (lambda: gzip.compress(b"x"), "not a zip"),
    "empty": (lambda: b"PK\x05\x06" + b"\0" * 18, "0 files called train.json"),
    "two of a name": (lambda: nuts_zip(lambda a: a.writestr("other/train.json", "{}")), "2 files called train.json"),
    "deep JSON": (lambda: nuts_zip(lambda a: a.writestr("val.json", "[" * 100_000)), "val.json|recursion"),
}


@pytest.mark.parametrize("kind", ZIPS)
def test_zips_that_cannot_be_what_they_should(kind, nuts_server, tmp_path):
    make, words = ZIPS[kind]
    nuts_server.files["nuts.zip"] = make()
    with pytest.raises(OSError, match=f"({words}).*run: aimsssl data download nuts"):
        load("nuts", root=tmp_path, download=True)
    assert not list((tmp_path / "nuts").iterdir())
    (tmp_path / "nuts" / "nuts.zip").write_bytes(make())  # put there by hand
    with pytest.raises(OSError, match="nuts.zip is damaged .*; run: aimsssl data download nuts"):
        load("nuts", root=tmp_path)
        load("nuts", "test", root=tmp_path)
    nuts_server.files["nuts.zip"] = nuts_zip()
    assert len(load("nuts", root=tmp_path, download=True)) == 2


def test_names_that_climb_out_of_a_zip_write_nothing(nuts_server, tmp_path):
    nuts_server.files["nuts.zip"] = nuts_zip(lambda a: a.writestr("../../evil.png", b"x"))
    assert len(load("nuts", root=tmp_path / "root", download=True)) == 2
    assert sorted(f.name for f in tmp_path.rglob("*") if f.is_file()) == ["nuts.zip", "nuts.zip.sha256"]


def test_the_first_nuts_are_remembered(nuts_server, tmp_path):
    load("nuts", root=tmp_path, download=True)
    path, record = tmp_path / "nuts" / "nuts.zip", tmp_path / "nuts" / "nuts.zip.sha256"
    first = path.read_bytes()
    assert record.read_text() == f"{hashlib.sha256(first).hexdigest()}  nuts.zip\n"
    other = nuts_zip()  # noise of its own
    path.write_bytes(other)
    with pytest.raises(OSError, match="not the file that was first downloaded, by its SHA-256"):
        load("nuts", root=tmp_path)
    assert len(load("nuts", root=tmp_path, download=True)) == 2 and path.read_bytes() == first
    path.unlink()
    nuts_server.files["nuts.zip"] = other
    with pytest.raises(OSError, match="not the file that was first downloaded.* delete .*nuts.zip.sha256"):
        load("nuts", root=tmp_path, download=True)
    record.unlink()
    assert len(load("nuts", root=tmp_path, download=True)) == 2


def test_data_list_goes_on_after_a_damaged_set(nuts_server, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AIMSSSL_DATA", str(tmp_path))
    for name in ("MNIST/raw/t10k-images-idx3-ubyte", "stl10_binary/test_X.bin", "nuts/nuts.zip"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(b"half a file")
    assert main(["data", "list"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "damaged" in lines["nuts"] and "damaged" in lines["stl10"] and "data download nuts" in lines["nuts"]
    assert "not here" in lines["cifar10"] and "360 images" in lines["digits"] and len(lines) == 7
    shutil.rmtree(tmp_path / "nuts")
    (tmp_path / "nuts").write_text("a file in the place of a folder")
    assert main(["data", "list"]) == 0
