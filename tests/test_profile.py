"""How long a lesson takes here, and which precision is faster: from times that the tests set."""

import json
from dataclasses import replace

import pytest

from aimsssl import profile


@pytest.fixture
def recorded(monkeypatch, tmp_path):
    """Lesson 04 took 300 seconds on a machine whose yardstick takes 10 ms."""
    file = tmp_path / "lesson_minutes.json"
    file.write_text(json.dumps({"04": {"cpu": {"seconds": 300.0, "speed": 0.010}}}))
    monkeypatch.setattr(profile, "LESSON_MINUTES", file)
    monkeypatch.setenv(profile.VARIABLE, "cpu")


@pytest.mark.parametrize("speed,minutes", [(0.010, 5), (0.020, 10), (0.0001, 1)])
def test_a_lesson_takes_longer_on_a_slower_machine(recorded, monkeypatch, speed, minutes):
    monkeypatch.setattr(profile, "machine_speed", lambda: speed)
    assert f"about {minutes} min on this machine" in profile.lesson_estimate("04")


def test_a_time_that_nobody_measured_is_not_made_up(recorded, monkeypatch):
    assert "not been timed under the profile cpu" in profile.lesson_estimate("05")
    monkeypatch.setattr(profile, "LESSON_MINUTES", profile.LESSON_MINUTES.with_name("missing.json"))
    assert "not been timed" in profile.lesson_estimate("04")


def test_a_time_on_a_gpu_is_not_scaled_by_the_cpu(recorded, monkeypatch):
    gpu = replace(profile.PROFILES["cpu"], device="cuda")
    monkeypatch.setattr(profile, "current", lambda: gpu)
    monkeypatch.setattr(profile, "machine_speed", lambda: 1 / 0)
    assert "about 5 min" in profile.lesson_estimate("04")


@pytest.mark.parametrize("bfloat16,chosen", [(0.5, "bfloat16"), (0.95, "float32"), (2.0, "float32")])
def test_bfloat16_has_to_win_by_a_tenth(monkeypatch, bfloat16, chosen):
    seconds = {"float32": 1.0, "bfloat16": bfloat16}
    monkeypatch.setattr(profile, "_training_step", lambda precision, width: precision)
    monkeypatch.setattr(profile, "fastest_in_turn", lambda *steps, repeats: [seconds[step] for step in steps])
    assert profile.faster_precision.__wrapped__(16) == chosen


def test_the_yardstick_is_a_training_step_in_that_precision():
    assert profile.fastest_in_turn(profile._training_step("bfloat16", 4), repeats=2)[0] > 0
    assert profile.machine_speed() == profile.machine_speed() > 0, "measured once"


def test_a_machine_that_is_slow_for_a_while_is_slow_for_both(monkeypatch):
    """The second half of all calls takes ten times as long; the steps take turns, so their order is told right."""
    clock, calls = [0.0], []

    def step(name, cost):
        calls.append(name)
        clock[0] += cost * (10 if len(calls) > 9 else 1)

    monkeypatch.setattr(profile.time, "perf_counter", lambda: clock[0])
    found = profile.fastest_in_turn(lambda: step("a", 1.0), lambda: step("b", 0.5), repeats=8)
    assert found == pytest.approx([1.0, 0.5]) and calls == ["a", "b"] * 9


@pytest.mark.parametrize(("images", "batch_size"), [(10_000, 128), (342, 128), (341, 127), (19, 7), (6, 2)])
def test_a_profile_fits_its_batches_to_few_images_and_says_so(images, batch_size, capsys):
    given = profile.PROFILES["cpu"]
    assert given.fitted(images) == replace(given, batch_size=batch_size)
    assert (f"a batch has {batch_size} images" in capsys.readouterr().out) == (batch_size < 128)
    with pytest.raises(ValueError, match="images must be at least 6, got 5"):
        given.fitted(5)
