"""The judge: it takes an answer out of a notebook, has it run in a process of its own, and believes only what it sees.

The answer is examined twice. First in the student's process, where every mistake can be named. If it passes there, the
judge examines it again in this process: the checks run here, and only calls of the student's function go over to it.
What the student's process says about itself can thus cost marks, and never give any.

    python -m aimsssl.grading.judging      requests (a line of JSON each) on standard input, verdicts on its output
"""

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass

import torch
from torch import nn

from .. import exercises
from . import answers
from .carrying import Garbled
from .confining import limits
from .sandbox import End, Ended, NewPython, Process, Zygote, weights_of


@dataclass(frozen=True)
class Verdict:
    """`kind` is one of `KINDS`; `detail` is the mistake's name, the error, the place, …"""

    kind: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind


KINDS = {
    "solved": "✓",
    "solution seen": "◇",  # it passes, and the notebook asks for the solution
    "look at it": "▲",  # passes in its own process and not in ours, or takes the package's function
    "wrong": "✗",
    "raised": "✗",
    "timed out": "✗",
    "stopped": "✗",
    "syntax error": "✗",
    "no function of this name": "✗",
    "not attempted": "○",
}
"""From the best to the least, with their signs."""


def judge(request: dict, processes: Zygote | NewPython, home: str) -> Verdict:
    """The verdict on one exercise. `request`: lesson, name, cells, course, others, solved, seconds, memory."""
    name = request["name"]
    answer = answers.find(request["cells"], name, request["others"], request["solved"], request["course"])
    if answer.problem:
        return Verdict(*answer.problem)
    own_home = tempfile.mkdtemp(dir=home)
    task = {key: request[key] for key in ("lesson", "name", "seconds", "memory")}
    task |= {"pieces": answer.pieces, "sources": answer.sources, "fallbacks": answer.fallbacks, "home": own_home}
    late = threading.Event()
    process = Process(None, None, None)
    try:
        with processes.process() as process:
            timer = threading.Timer(request["seconds"], lambda: (late.set(), process.kill()))
            timer.daemon = True
            timer.start()
            try:
                verdict = _converse(task, process)
            finally:
                timer.cancel()
    except Ended:
        verdict = Verdict("timed out", f"{request['seconds']:g} s") if late.is_set() else _stopped(process.status)
    finally:
        shutil.rmtree(own_home, ignore_errors=True)
    if verdict.kind == "solved" and answer.borrowed:
        return Verdict("look at it", f"it {answer.borrowed}")
    return verdict


def _converse(task: dict, process: Process) -> Verdict:
    end = End(process.read, process.write)
    end.carrier.module = lambda description: _network(end, description)
    end.send(task)
    try:
        kind, mistake, text, number = map(_plain, end.receive())
        if kind == "not attempted":
            return Verdict(kind)
        if kind == "wrong":
            return Verdict(kind, mistake)
        if kind != "passed":
            told = next((line[7:] for line in text.splitlines() if line.startswith("error: ")), "")
            return Verdict("raised", told)
        exercise = exercises.exercises_of(exercises.lessons()[task["lesson"]])[task["name"]]
        outcome = exercise.examine(end.foreign(number))
    except (Garbled, ValueError, TypeError) as error:
        return Verdict("look at it", f"its process gives answers that are none ({type(error).__name__})")
    if outcome.kind == "passed":
        return Verdict("solved")
    return Verdict("look at it", "it passes only where it runs itself: does it change the checks?")


def _plain(value: object) -> str | int:
    if not isinstance(value, str | int):
        raise Garbled(f"{type(value).__name__}")
    return value


def _stopped(status: int | None) -> Verdict:
    """A process that ended while it was asked something."""
    if status is not None and status < 0:
        number = -status
        known = {s.value: s.name for s in signal.Signals}
        if known.get(number) == "SIGXCPU":
            return Verdict("timed out", "no processor time left")
        return Verdict("stopped", f"its process was ended by {known.get(number, number)}")
    return Verdict("stopped", "its process ended while it ran")


def _network(end: End, description: dict) -> nn.Module:
    """A network of the student's: its layers and weights can be looked at; it runs where it is."""
    name, number = str(description["name"]), description["number"]
    standard = getattr(nn, name, None) if description["standard"] is True else None
    bases = (standard,) if isinstance(standard, type) and issubclass(standard, nn.Module) else (nn.Module,)

    def forward(self: nn.Module, *args: object, **kwargs: object) -> object:
        return end.ask(number, args, kwargs, weights_of(self))

    module = object.__new__(type(name, bases, {"forward": forward, "__module__": "student"}))
    nn.Module.__init__(module)
    vars(module).update({k: v for k, v in description["plain"].items() if k not in vars(module) and k != "forward"})
    module.training, module._number = bool(description["plain"].get("training", True)), number
    for key, tensor in description["tensors"].items():
        if key in description["buffers"]:
            module.register_buffer(key, tensor)
        else:
            module.register_parameter(key, nn.Parameter(tensor, requires_grad=tensor.is_floating_point()))
    for key, child in description["children"].items():
        module.add_module(key, child)
    return module


def main() -> None:
    """Answer requests until there are no more. Standard output belongs to the verdicts."""
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asks
    torch.set_num_threads(1)
    exercises.lessons()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    processes = Zygote() if hasattr(os, "fork") else NewPython()
    home = os.getcwd()  # an empty folder: whoever started this made it
    print(json.dumps("ready"), file=out, flush=True)
    limited = False
    for line in sys.stdin:
        request = json.loads(line)
        if not limited:
            limits(2 * request["memory"], 0)
            limited = True
        print(json.dumps(asdict(judge(request, processes, home))), file=out, flush=True)


if __name__ == "__main__":
    main()
