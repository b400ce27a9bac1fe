"""A student's process: it runs one answer, examines it, and then calls it as the judge says.

`Zygote` has imported PyTorch once and forks a process for each answer. Where there is no fork (Windows), each answer
gets a new Python, which costs seconds: `python -m aimsssl.grading.sandbox`.
"""

import contextlib
import linecache
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from .. import exercises
from .carrying import Carrier, Garbled
from .confining import confine, limits

PRELOADED = ("scipy.optimize", "torch._dynamo")  # else each process that needs them takes seconds


class Ended(BaseException):
    """The other process is gone."""


class End:
    """One end of a conversation: calls objects of the other end, and answers calls to its own."""

    def __init__(self, read: Callable[[int], bytes], write: Callable[[bytes], object], module: Callable | None = None):
        self._read, self._write = read, write
        self.carrier = Carrier(self.foreign, module)
        self.calls: list[tuple[list, list]] = []  # tensors with gradients that came in and went out, by call

    def send(self, value: object) -> None:
        try:
            self._write(self.carrier.pack(value))
        except OSError:
            raise Ended from None

    def receive(self) -> object:
        try:
            return self.carrier.unpack(self._read)
        except (EOFError, OSError):
            raise Ended from None

    def foreign(self, number: int) -> Callable:
        """A function that calls the other end's object of this number."""

        def student(*args: object, **kwargs: object) -> object:
            return self.ask(number, args, kwargs)

        student._number, student.__module__ = number, "student"
        return student

    def ask(self, number: int, args: tuple, kwargs: dict, weights: Sequence[torch.Tensor] = ()) -> object:
        """Have the other end call its object, and answer what it asks meanwhile.

        `weights`: copies of those of the network that is called; gradients come back to them, too.
        """
        self.send(["call", number, args, kwargs])
        given = [*self.carrier.tracked, *weights]
        while True:
            what, *rest = self.receive()
            if what == "result":
                call, result, advanced = rest
                for mine, its in zip(_generators(args, kwargs), advanced, strict=False):
                    mine.set_state(its.get_state())  # it was drawn from over there
                return _joined(self, call, given, self.carrier.tracked, result)
            if what == "error":
                raise _error(*rest)
            self.answer([what, *rest])

    def answer(self, request: list) -> None:
        """Do what the other end asks: call an object, or go back along its gradients."""
        what, number, *rest = request
        came = self.carrier.tracked
        try:
            if what == "call":
                args, kwargs = rest
                for tensor in came:
                    tensor.requires_grad_()
                target = self.carrier.mine[number]
                came = [*came, *weights_of(target)] if isinstance(target, nn.Module) else came
                result = target(*args, **kwargs)
                # pack before the call is kept: it says which of the results need gradients
                message = self.carrier.pack(["result", len(self.calls), result, _generators(args, kwargs)])
                self.calls.append((came, self.carrier.tracked))
            elif what == "backward":
                inputs, outputs = self.calls[number]
                able = [tensor for tensor in inputs if tensor.requires_grad]
                found = torch.autograd.grad(outputs, able, rest[0], retain_graph=True, allow_unused=True)
                found = dict(zip(map(id, able), found, strict=True))
                message = self.carrier.pack(["result", -1, [found.get(id(tensor)) for tensor in inputs], []])
            else:
                raise Garbled(f"{what} is nothing to do")
        except (Exception, SystemExit, KeyboardInterrupt, GeneratorExit) as error:
            message = self.carrier.pack(["error", type(error).__name__, bool(error.args), str(error)[:1000]])
        try:
            self._write(message)
        except OSError:
            raise Ended from None


def _generators(args: Sequence, kwargs: dict) -> list[torch.Generator]:
    return [value for value in (*args, *kwargs.values()) if isinstance(value, torch.Generator)]


def weights_of(network: nn.Module) -> list[torch.Tensor]:
    """All weights, in an order that a copy of the network has, too."""
    layers = (layer for _, layer in network.named_modules(remove_duplicate=False))
    return [weight for layer in layers for weight in layer._parameters.values() if weight is not None]


class _Joined(torch.autograd.Function):
    """Results that came from the other end, joined to the inputs that went there: the way back asks the other end."""

    @staticmethod
    def forward(ctx, end: End, call: int, results: list, *inputs: torch.Tensor):
        ctx.end, ctx.call = end, call
        return tuple(results)

    @staticmethod
    def backward(ctx, *gradients: torch.Tensor):
        ctx.end.send(["backward", ctx.call, list(gradients)])
        what, *rest = ctx.end.receive()
        if what != "result":
            raise _error(*rest)
        return None, None, None, *rest[1]


def _joined(end: End, call: int, inputs: list, outputs: list, result: object) -> object:
    if not inputs or not outputs:
        return result
    joined = _Joined.apply(end, call, outputs, *inputs)
    new = {id(old): tensor for old, tensor in zip(outputs, joined, strict=True)}

    def swap(value: object) -> object:
        if isinstance(value, list | tuple):
            return type(value)(swap(item) for item in value)
        return {k: swap(v) for k, v in value.items()} if isinstance(value, dict) else new.get(id(value), value)

    return swap(result)


def _error(name: str, has_words: bool, words: str) -> Exception:
    """The same kind of error at this end; one that is not Python's own gets its name only."""
    import builtins

    kind = getattr(builtins, str(name), None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = type(str(name), (Exception,), {})
    with contextlib.suppress(TypeError):  # a UnicodeError wants five arguments
        return kind(str(words)) if has_words else kind()
    return Exception(f"{name}: {words}")


# ---- inside the student's process


def serve(read: Callable[[int], bytes], write: Callable[[bytes], object]) -> None:
    """Take one answer, confine this process, run and examine the answer, then do what the judge asks until it ends."""
    end = End(read, write)
    task = end.receive()
    for name in ("HOME", "AIMSSSL_HOME", "TMPDIR", "PWD", "OLDPWD"):
        os.environ[name] = task["home"]
    tempfile.tempdir = task["home"]  # else tempfile writes a byte to try, and nothing can be written
    os.chdir(task["home"])
    exercise = exercises.exercises_of(exercises.lessons()[task["lesson"]])[task["name"]]
    limits(task["memory"], task["seconds"])
    confine(task["home"])
    function = _define(task, exercise)
    try:
        outcome = exercise.examine(function)
        found = [outcome.kind, outcome.mistake, outcome.text[:5000]]
    except (KeyboardInterrupt, GeneratorExit, SystemExit) as error:
        found = ["raised", "", f"error: {type(error).__name__}"]
    end.send([*found, end.carrier.number(function)])
    while True:
        end.answer(end.receive())


def _define(task: dict, exercise: exercises.Exercise) -> object:
    """Execute the pieces of the answer; the object of the exercise's name. A piece that raises is passed over."""
    module = types.ModuleType("student")
    sys.modules["student"] = module
    there = exercises.exercises_of(exercises.lessons()[task["lesson"]])
    for label, source in task["sources"].items():
        linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)
    errors = []
    for label, text in task["pieces"]:
        try:
            exec(compile(text, label, "exec"), vars(module))
        except BaseException as error:  # SystemExit, too: the next piece may be all that is needed
            errors.append(error)
        vars(module).update({name: there[name].reference for name in task["fallbacks"]})
    function = getattr(module, task["name"], None)
    if function is None and errors:

        def function(*_: object) -> None:
            raise errors[-1]

    return function


# ---- how such a process begins and ends


@dataclass
class Process:
    """A student's process as the judge sees it. Once it has ended, `status` is its exit code, or minus a signal."""

    read: Callable[[int], bytes]
    write: Callable[[bytes], object]
    kill: Callable[[], None]
    status: int | None = None


class Zygote:
    """A process that has imported everything and forks another one for each answer. It sees no submission."""

    def __init__(self):
        exercises.lessons()
        for name in PRELOADED:
            with contextlib.suppress(ImportError):
                __import__(name)
        self.control, there = socket.socketpair()
        if os.fork() == 0:
            try:
                _close_all_but(there.fileno())
                _fork_for_each(there)
            finally:
                os._exit(0)
        there.close()

    @contextlib.contextmanager
    def process(self) -> Iterator[Process]:
        """A new process, in a session of its own. It is gone when this ends."""
        here, there = socket.socketpair()
        with here, here.makefile("rwb") as file:
            with there:
                socket.send_fds(self.control, [b"x"], [there.fileno()])
            pid = int(self.control.recv(32) or 0)
            if not pid:
                raise Ended
            running = threading.Lock()  # the pid is this process's as long as the zygote has not waited for it

            def kill() -> None:
                with running, contextlib.suppress(OSError):
                    if process.status is None:
                        os.kill(pid, signal.SIGKILL)
                        os.killpg(pid, signal.SIGKILL)

            process = Process(file.read, _writer(file), kill)
            try:
                yield process
            finally:
                with running:
                    with contextlib.suppress(OSError):  # what it started, where the system could not forbid that
                        os.killpg(pid, signal.SIGKILL)
                    self.control.sendall(b"k")
                    process.status = os.waitstatus_to_exitcode(int(self.control.recv(32) or -1))
                with contextlib.suppress(OSError):
                    file.close()


def _fork_for_each(control: socket.socket) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        message, descriptors, *_ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()
                _close_all_but(descriptors[0])
                with socket.socket(fileno=descriptors[0]) as channel, channel.makefile("rwb") as file:
                    serve(file.read, _writer(file))
            finally:
                os._exit(0)
        os.close(descriptors[0])
        control.sendall(str(pid).encode())
        control.recv(1)  # the judge has heard enough, or is gone
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
        control.sendall(str(os.waitpid(pid, 0)[1]).encode())


class NewPython:
    """A new Python for each answer, where there is no fork."""

    @contextlib.contextmanager
    def process(self) -> Iterator[Process]:
        command = [sys.executable, "-m", "aimsssl.grading.sandbox"]
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        with subprocess.Popen(command, **pipes, start_new_session=True) as started:
            process = Process(started.stdout.read, _writer(started.stdin), started.kill)
            try:
                yield process
            finally:
                process.status = started.poll()
                started.kill()


def _writer(file) -> Callable[[bytes], None]:
    def write(data: bytes) -> None:
        file.write(data)
        file.flush()

    return write


def _close_all_but(descriptor: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, os.sysconf("SC_OPEN_MAX"))


def main() -> None:
    """A student's process of its own: the judge is at the other end of standard input and output."""
    torch.set_num_threads(1)
    read, write = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    with contextlib.suppress(Ended):
        serve(read.read, _writer(write))
    os._exit(0)


if __name__ == "__main__":
    main()
