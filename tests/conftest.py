"""What all tests share: the small profile, a home of their own, and real images where they are."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest
import torch

os.environ["AIMSSSL_PROFILE"] = "ci"  # before anything is imported: kernels and subprocesses inherit it


def _browser() -> bool:
    """Whether tests/test_browser_lessons.py runs here, and is not skipped."""
    packages = all(map(importlib.util.find_spec, ("playwright", "axe_playwright_python")))
    return packages and any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if any(Path(argument).name == "lessons" for argument in config.args):
        how = "run in a browser, not again by nbval" if _browser() else "run by nbval only: there is no browser"
        terminalreporter.write_line(f"students' notebooks were {how}")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A student's notebook that a browser runs, whose errors are seen there, is not run by nbval as well."""
    chosen = {item.callspec.params["notebook"] for item in items if item.path.name == "test_browser_lessons.py"}
    if not chosen or not _browser():
        return
    again = [item for item in items if item.path.parent.name == "lessons" and item.path.name in chosen]
    config.hook.pytest_deselected(items=again)
    left_out = set(again)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("AIMSSSL_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with MNIST and a folder copy of CIFAR-10, or a skip that says what is missing."""
    root = os.environ.get("AIMSSSL_DATA")
    if not root or not (Path(root) / "cifar10" / "train").is_dir() or not (Path(root) / "MNIST" / "raw").is_dir():
        pytest.skip("needs real images: AIMSSSL_DATA with MNIST/raw and cifar10/{train,test}")
    return Path(root)


@pytest.fixture(autouse=True)
def same_random_numbers():
    """Each test draws the same numbers, whichever tests ran before it in the same process."""
    torch.manual_seed(0)
