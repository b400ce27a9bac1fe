"""What all tests share: the small profile, a home of their own, and real images where they are."""

import os
from pathlib import Path

import pytest
import torch

os.environ["AIMSSSL_PROFILE"] = "ci"  # before anything is imported: kernels and subprocesses inherit it


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
