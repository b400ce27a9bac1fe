"""The record of a student's progress: whatever lies in its place, and whoever writes at the same time."""

import io
import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aimsssl import profile
from aimsssl.cli import main
from aimsssl.exercises import display, progress_table, record

GOOD = {"attempts": 3, "solved": True, "seen": False, "hints": 1, "last": "passed"}


def put(content: str | bytes) -> None:
    record.path().parent.mkdir(parents=True, exist_ok=True)
    record.path().write_bytes(content.encode() if isinstance(content, str) else content)


def pipe():
    record.path().parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(record.path())


def text(value: object) -> str:
    return json.dumps(value)


DAMAGES = {
    "nothing": "", "half": text({"04": {"x": GOOD}})[:20], "brackets": "[" * 100_000, "objects": '{"a":' * 100_000,
    "not utf-8": b'{"\xff": 1}', "a list": "[1]", "a number": "1", "null": "null", "lesson is a list": '{"04": [1]}',
    "entry is a list": '{"04": {"x": [1]}}', "entry is text": '{"04": {"x": "solved"}}',
    "a long number": '{"04": {"x": {"attempts": ' + "9" * 10_000 + "}}}", "large": " " * 10_000_001,
    **{
        f"{key} is {value!r}": text({"04": {"lars_step": {**GOOD, key: value}}})
        for key in GOOD
        for value in (None, "3", -1, 1.5, [1], {"a": 1}, True)
        if not (key in ("solved", "seen") and value is True) and not (key == "last" and value == "3")
    },
    "a folder": lambda: record.path().mkdir(parents=True),
}  # fmt: skip
if hasattr(os, "mkfifo"):
    DAMAGES["a pipe"] = pipe


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_set_aside_and_a_new_one_begins(damage, capsys, monkeypatch):
    monkeypatch.setattr(record, "_told", set())
    made = DAMAGES[damage]
    made() if callable(made) else put(made)
    assert record.entry("04", "lars_step") == record.EMPTY
    assert "was damaged; it is kept as progress.damaged.json" in capsys.readouterr().out
    kept = record.path().with_name("progress.damaged.json")
    assert kept.exists() and (
        callable(made) or kept.read_bytes() == (made if isinstance(made, bytes) else made.encode())
    )
    record.note_attempt("04", "lars_step", "passed", True)
    assert record.entry("04", "lars_step") == {**record.EMPTY, "attempts": 1, "solved": True, "last": "passed"}
    assert "✓ solved" in progress_table()


def test_what_was_set_aside_earlier_stays():
    for number in (1, 2, 3):
        put(f"damage {number}")
        assert record.read() == {}
    names = ["progress.damaged.json", "progress.damaged-2.json", "progress.damaged-3.json"]
    kept = [record.path().with_name(name).read_text() for name in names]
    assert kept == ["damage 1", "damage 2", "damage 3"]


def test_a_lone_surrogate_goes_in_and_out(capsys):
    put('{"04": {"lars_step": {"attempts": 1, "solved": false, "hints": 0, "last": "\\ud800", "more": 1}}}')
    record.note_attempt("04", "lars_step", "\udfff", False)
    assert record.entry("04", "lars_step") == {**record.EMPTY, "attempts": 2, "last": "\udfff", "more": 1}
    display.show("note", progress_table(), ["\ud800"])
    assert "?" in capsys.readouterr().out


def test_several_notebooks_write_at_once(monkeypatch):
    """A lock belongs to an open file, so threads meet at it as processes do, and importing PyTorch costs nothing."""
    monkeypatch.setattr(record, "PATIENCE", 60)
    start = threading.Barrier(4)

    def write(name):
        start.wait()
        for number in range(25):
            record.note_attempt("04", "lars_step", "wrong", False)
            record.note_hints("04", name, number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abcd"))
    assert record.entry("04", "lars_step")["attempts"] == 100
    assert [record.entry("04", name)["hints"] for name in "abcd"] == [24] * 4


def test_a_lock_that_another_one_keeps_costs_patience_only(monkeypatch):
    monkeypatch.setattr(record, "PATIENCE", 0.02)
    monkeypatch.setattr(record, "_lock", lambda file: False)
    record.note_attempt("04", "lars_step", "passed", True)
    assert record.entry("04", "lars_step")["solved"]


@pytest.mark.skipif(os.name == "nt", reason="HOME is POSIX's")
def test_homes(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AIMSSSL_HOME", "~/x")
    assert record.path() == tmp_path / "home" / "x" / "progress.json"
    monkeypatch.delenv("AIMSSSL_HOME")
    assert record.path() == tmp_path / "home" / ".aimsssl" / "progress.json"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIMSSSL_HOME", "~nobody-of-this-name/x")
    assert record.path() == tmp_path / ".aimsssl" / "progress.json"
    monkeypatch.delenv("AIMSSSL_HOME")
    monkeypatch.delenv("HOME")
    import pwd

    def nobody(number):
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert record.path() == tmp_path / ".aimsssl" / "progress.json", "no home at all: no folder named ~"
    record.note_attempt("04", "lars_step", "passed", True)
    assert not Path("~").exists() and record.entry("04", "lars_step")["solved"]


def test_a_folder_that_is_none_costs_the_record_only(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(record, "_told", set())
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("AIMSSSL_HOME", str(tmp_path / "file" / "below"))
    record.note_attempt("04", "lars_step", "passed", True)
    record.note_hints("04", "lars_step", 1)
    assert record.entry("04", "lars_step") == record.EMPTY and "The lesson goes on" in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
@pytest.mark.parametrize("command", ["progress", "doctor", "grade"])
def test_every_console_can_show_it(command, encoding, tmp_path, monkeypatch):
    """A console of Windows, or a pipe, knows no ✓: its words say the same."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(profile, "machine_speed", lambda: 0.1)
    monkeypatch.setattr(profile, "faster_precision", lambda: "float32")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "é τ.ipynb").write_text("{}")
    record.note_attempt("04", "lars_step", "τ", True)
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    status = main([command, *(["in", "--out", "g.csv"] if command == "grade" else [])])
    for stream in (out, err):
        stream.flush()
    said, trouble = out.buffer.getvalue().decode(encoding), err.buffer.getvalue().decode(encoding)
    assert status in (0, 1) and "charmap" not in trouble and "codec" not in trouble
    assert {"progress": "1 of ", "doctor": "GiB free", "grade": "it is no notebook"}[command] in said
    assert ("✓" in said) == (encoding == "utf-8")
