"""Calls from one process to another: values, gradients and networks arrive as they were, and nonsense as an error."""

import random
import socket
import threading

import numpy as np
import pytest
import torch
from torch import nn

from aimsssl.grading.carrying import HEAD, Carrier, Garbled
from aimsssl.grading.judging import _network
from aimsssl.grading.sandbox import End, Ended, _writer


@pytest.fixture
def ends():
    """Two ends of one conversation; the second answers until the first is closed."""
    here, there = socket.socketpair()
    with here, there, here.makefile("rwb") as one, there.makefile("rwb") as other:
        judge, student = End(one.read, _writer(one)), End(other.read, _writer(other))
        judge.carrier.module = lambda description: _network(judge, description)

        def answer():
            try:
                while True:
                    student.answer(student.receive())
            except Ended:
                pass

        thread = threading.Thread(target=answer)
        thread.start()
        yield judge, student
        here.shutdown(socket.SHUT_RDWR)
        thread.join()


def remote(ends, function):
    judge, student = ends
    return judge.foreign(student.carrier.number(function))


VALUES = [
    None, True, 3, -(10**30), 0.1, float("inf"), "τ \ud800 \0", [1, (2.0, {3}), {"a": [None]}], (), {1: 2, (3, "b"): 4},
    torch.arange(6).reshape(2, 3), torch.zeros(0, 3), torch.tensor(True), torch.randn(2, 2).bfloat16(),
    torch.randn(3, 2).T, torch.randn(4, 4)[:, ::2], torch.tensor(1 + 2j), np.arange(3), np.float32(2.5), np.int64(7),
    np.array("text"), torch.float16, frozenset({1}),
]  # fmt: skip


def same(a, b):
    if isinstance(a, torch.Tensor | np.ndarray | np.generic):
        return type(a) is type(b) and a.dtype == b.dtype and a.shape == b.shape and bool((a == b).all())
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_arrives_as_it_was(ends, value):
    assert same(remote(ends, lambda x: x)(value), value)
    assert same(remote(ends, lambda f: f(value))(lambda x: [x, x]), [value, value]), "and through a call back"


def test_an_object_that_only_one_end_knows_comes_back_as_itself(ends):
    thing = object()
    assert remote(ends, lambda x: {"it": x})(thing)["it"] is thing


def test_a_generator_arrives_with_its_state(ends):
    generator = torch.Generator().manual_seed(3)
    expected = torch.rand(2, generator=torch.Generator().manual_seed(3))
    assert torch.equal(remote(ends, lambda g: torch.rand(2, generator=g))(generator), expected)


def test_gradients_are_those_of_a_call_here(ends):
    def function(x, y, n):
        return (x * y.sin()).sum() * n, {"parts": [x.exp(), n, y.detach()]}

    inputs = [torch.randn(3, requires_grad=True), torch.randn(3, requires_grad=True)]
    results = []
    for f in (function, remote(ends, function)):
        total, more = f(*inputs, 2)
        assert total.requires_grad and more["parts"][0].requires_grad and not more["parts"][2].requires_grad
        results.append(torch.autograd.grad(total + more["parts"][0].sum(), inputs))
    assert all(map(torch.equal, *results))
    assert not remote(ends, lambda x: x.detach() * 2)(inputs[0]).requires_grad


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
        self.scale = nn.Parameter(torch.ones(4))

    def forward(self, x):
        return self.layers(x) * self.scale


@pytest.mark.parametrize("make", [Own, lambda: nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))])
def test_a_network_can_be_looked_at_called_and_followed_back(ends, make):
    real = make().eval()
    copy = remote(ends, lambda: real)()
    assert [type(m).__name__ for m in copy.modules()] == [type(m).__name__ for m in real.modules()]
    assert [isinstance(m, nn.Linear) for m in copy.modules()] == [isinstance(m, nn.Linear) for m in real.modules()]
    state, there = copy.state_dict(), real.state_dict()
    assert list(state) == list(there) and all(torch.equal(state[key], there[key]) for key in state)
    x = torch.randn(5, 3, requires_grad=True)
    gradients = [torch.autograd.grad(m(x).square().sum(), [x, *m.parameters()]) for m in (real, copy)]
    assert torch.equal(real(x), copy(x)) and all(map(torch.equal, *gradients))


@pytest.mark.parametrize("error", [ValueError("why"), NotImplementedError(), KeyError("a"), SystemExit(3)])
def test_an_error_keeps_its_name_and_its_words(ends, error):
    def function():
        raise error

    with pytest.raises(Exception) as caught:
        remote(ends, function)()
    assert type(caught.value).__name__ == type(error).__name__ and bool(caught.value.args) == bool(error.args)


def test_nonsense_is_an_error_and_nothing_else():
    """Messages with bytes changed, cut or made up: never a crash, never code."""
    carrier = Carrier(lambda number: number, lambda description: description)
    rng = random.Random(0)
    good = carrier.pack(["result", 0, [torch.arange(4.0), {"a": nn.Linear(2, 2)}, np.arange(3), lambda: 0]])
    outcomes = {"value": 0, "error": 0}
    for _ in range(3000):
        data = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.choice(b'0123456789[]{}",:-ntf\x00\xff')
        data = bytes(data[: rng.choice([len(data), rng.randrange(len(data))])])
        rest = memoryview(data)

        def read(size):
            nonlocal rest
            taken, rest = rest[:size], rest[size:]
            return bytes(taken)

        try:
            carrier.unpack(read)
            outcomes["value"] += 1
        except (Garbled, EOFError):
            outcomes["error"] += 1
    assert min(outcomes.values()) > 20
    with pytest.raises(Garbled, match="too large"):
        carrier.unpack(lambda size: HEAD.pack(2**31, 2**31)[:size])


def test_a_generator_goes_on_where_the_other_end_left_it(ends):
    there = remote(ends, lambda generator: torch.rand(3, generator=generator))
    here, same_seed = torch.Generator().manual_seed(3), torch.Generator().manual_seed(3)
    for _ in range(2):
        assert torch.equal(there(here), torch.rand(3, generator=same_seed))
