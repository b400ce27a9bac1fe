"""Two processes are one: the same loss, gradients and weights; and one that is left alone says so."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
import torch
import torch.distributed as dist
from helpers import free_port
from torch import nn

from aimsssl.augment import TwoViews
from aimsssl.datasets import load
from aimsssl.losses import nt_xent
from aimsssl.training import Run, SimCLRConfig, distributed, load_encoder, simclr, train_simclr

pytestmark = pytest.mark.skipif(not dist.is_gloo_available(), reason="needs the gloo backend")

GUARD = 600  # seconds after which a test that hangs is ended; none waits so long
# the last words as in aimsssl/__main__.py: gloo's threads now and then abort an interpreter that ends the usual way
SCRIPT = (
    "import os, sys; sys.path.insert(0, {folder!r}); import test_distributed as t; t.{function}({arguments}); "
    "sys.stdout.flush(); os._exit(0)"
)


def start(function: str, *arguments, world: int = 2) -> list[subprocess.Popen]:
    """`function(*arguments)` of this file in `world` processes that know of each other."""
    script = SCRIPT.format(
        folder=os.path.dirname(__file__), function=function, arguments=", ".join(map(repr, arguments))
    )
    common = {**os.environ, "WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    common |= {"OMP_NUM_THREADS": "1"}
    return [
        subprocess.Popen(
            [sys.executable, "-c", script],
            env={**common, "RANK": str(rank)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(world)
    ]


def meet() -> None:
    """Wait until all processes have come so far: `together` lets them go on."""
    print("ready", flush=True)
    sys.stdin.readline()


def together(processes: list[subprocess.Popen]) -> None:
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        print(file=process.stdin, flush=True)


def finish(processes: list[subprocess.Popen]) -> None:
    for process in processes:
        _, error = process.communicate(timeout=GUARD)
        assert process.returncode == 0, error


# --- the loss -------------------------------------------------------------------------------------------------------


def embeddings() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(6, 5, generator=generator, dtype=torch.float64) for _ in range(2))


def one_share_of_the_loss(path: str, chunk_size: int | None) -> None:
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    z1, z2 = (z[3 * rank : 3 * rank + 3].clone().requires_grad_() for z in embeddings())
    loss = nt_xent(z1, z2, 0.3, chunk_size=chunk_size, group=dist.group.WORLD)
    grads = torch.autograd.grad(loss, [z1, z2])
    half = [z.detach().bfloat16().requires_grad_() for z in (z1, z2)]
    with torch.autocast("cpu", torch.bfloat16):  # as the trainer calls it
        inside = nt_xent(*half, 0.3, chunk_size=chunk_size, group=dist.group.WORLD)
    grads += torch.autograd.grad(inside, half)
    torch.save((loss.detach(), inside.detach(), *grads), f"{path}/{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()


@pytest.mark.parametrize("chunk_size", [None, 2])
def test_loss_and_gradients_are_those_of_the_whole_batch(tmp_path, chunk_size):
    finish(start("one_share_of_the_loss", str(tmp_path), chunk_size))
    z1, z2 = (z.requires_grad_() for z in embeddings())
    whole = nt_xent(z1, z2, 0.3)
    shares = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2)]
    torch.testing.assert_close((shares[0][0] + shares[1][0]) / 2, whole.detach())
    for i, grad in enumerate(torch.autograd.grad(whole, [z1, z2]), start=2):
        # gradients reach a process already summed over both losses; DistributedDataParallel then takes the mean
        torch.testing.assert_close(torch.cat([share[i] for share in shares]) / 2, grad)

    half = [z.detach().bfloat16().double().requires_grad_() for z in (z1, z2)]
    whole = nt_xent(*half, 0.3)
    assert all(share[1].dtype == torch.float32 for share in shares)
    torch.testing.assert_close((shares[0][1] + shares[1][1]).double() / 2, whole.detach(), rtol=1e-6, atol=1e-6)
    for i, grad in enumerate(torch.autograd.grad(whole, half), start=4):
        found = torch.cat([share[i] for share in shares]).double() / 2  # rounded once, to bfloat16
        torch.testing.assert_close(found, grad, rtol=2**-8, atol=1e-6)


def test_a_share_of_a_batch_gets_the_views_it_has_in_the_whole():
    images = torch.rand(6, 3, 16, 16)
    views = TwoViews(16, blur=0.5)
    whole = views(images, torch.Generator().manual_seed(5))
    for rank in range(2):
        part = views(images[3 * rank : 3 * rank + 3], torch.Generator().manual_seed(5), (rank, 2))
        for view, expected in zip(part, whole, strict=True):
            torch.testing.assert_close(view, expected[3 * rank : 3 * rank + 3])


# --- a run ----------------------------------------------------------------------------------------------------------


class Plain(nn.Sequential):
    """An encoder without batch norm, whose result does not depend on who else is in the batch."""

    def __init__(self, *ignored):
        super().__init__(
            nn.Conv2d(3, 8, 5, 4), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )
        self.feature_dim = 16


def plain_encoder(name: str, *, stem: str, width: int, in_channels: int) -> nn.Module:
    return Plain(stem, width, in_channels)


CONFIG = SimCLRConfig(
    width=4, epochs=2, batch_size=32, optimizer="lars", learning_rate=1.0, d_hidden=16, d_out=8, precision="float32",
    held_out=20, bank=100, head_norm=False,
)  # fmt: skip


def train(path: str, plain: bool = True, epochs: int = 2, pause_at: int | None = None) -> Run:
    if plain:
        simclr.build_encoder = plain_encoder
    config = SimCLRConfig(**{**CONFIG.__dict__, "epochs": epochs})

    def progress(run):
        print(run.history[-1]["epoch"], flush=True)
        if run.history[-1]["epoch"] == pause_at:
            sys.stdin.readline()

    return train_simclr(load("shapes", "train", limit=200), config, path, progress=progress)


def test_two_processes_end_with_the_weights_of_one(tmp_path, monkeypatch):
    finish(start("train", str(tmp_path / "two")))
    monkeypatch.setattr(simclr, "build_encoder", plain_encoder)
    one = train(str(tmp_path / "one"))
    two = torch.load(tmp_path / "two" / "checkpoint.pt", weights_only=True)
    for (name, expected), came in zip(one.model.state_dict().items(), two["model"].values(), strict=True):
        torch.testing.assert_close(came, expected, rtol=1e-4, atol=1e-5, msg=name)
    for a, b in zip(two["history"][1:], one.history[1:], strict=True):
        assert abs(a["loss"] - b["loss"]) < 1e-4 and a["learning_rate"] == b["learning_rate"]


def wait_for_a_slow_main_process() -> None:
    meet()  # so that joining takes no longer than that
    distributed.TIMEOUT = timedelta(seconds=3)
    processes = distributed.Processes(torch.device("cpu"), batch_size=2)
    assert processes.from_main(lambda: time.sleep(4) or "clusters") == "clusters"
    processes.close()


def test_the_others_wait_for_what_the_main_process_computes():
    """DeepCluster's clustering may take longer than a process that has died is waited for."""
    processes = start("wait_for_a_slow_main_process")
    together(processes)
    finish(processes)


def wait_for_a_main_process_that_dies() -> None:
    processes = distributed.Processes(torch.device("cpu"), batch_size=2)
    processes.from_main(lambda: os.kill(os.getpid(), signal.SIGKILL))


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_patience_ends_when_the_main_process_does():
    main, other = start("wait_for_a_main_process_that_dies")
    _, error = other.communicate(timeout=GUARD)
    main.communicate(timeout=GUARD)
    assert main.returncode == -signal.SIGKILL and other.returncode == 1 and "RuntimeError" in error


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_when_one_is_killed_the_other_says_so_and_the_run_goes_on_alone(tmp_path):
    processes = start("train", str(tmp_path), False, 40, 2)
    for _ in range(3):
        processes[0].stdout.readline()
    processes[1].kill()
    processes[1].communicate()
    _, error = processes[0].communicate("\n", timeout=GUARD)  # it goes on from the second epoch, alone
    assert processes[0].returncode != 0
    assert "RunError: process 0 of 2 lost another one" in error and "to go on" in error
    reached = Run.open(tmp_path).history[-1]["epoch"]
    assert reached == 2
    resumed = train(str(tmp_path), plain=False, epochs=40)
    assert [row["epoch"] for row in resumed.history] == list(range(41))


def test_torchrun_from_the_command_line(tmp_path):
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        *("-m", "aimsssl", "train", "simclr", "--data", "shapes", "--limit", "200", "--run-dir", str(tmp_path / "run")),
        *("--epochs", "1", "--held-out", "20", "--batch-size", "32"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("next: aimsssl evaluate") == 1, "only the main process speaks"
    assert len(load_encoder(tmp_path / "run")[1].history) == 2
    odd = [*command[:-1], "33", "--run-dir", str(tmp_path / "odd")]
    done = subprocess.run(odd, capture_output=True, text=True)
    assert done.returncode != 0 and "batch_size 33 cannot be shared equally by 2 processes" in done.stderr
