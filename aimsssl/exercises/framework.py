"""What an exercise is: a contract, a reference, cases to try, hints, and its mistakes, each written once.

A **case** is one call of the student's function: words for it, inputs, and where needed a function that observes more
than the result. A **mistake** is a wrong function with a name, what the student thought, and the message:

    double = Exercise(..., reference=lambda x: 2 * x, cases=(Case("two numbers", lambda: (torch.ones(2),)),))

    @double.mistake("halved", "Half is not double.")
    def _(x):
        \"\"\"What the student thought.\"\"\"
        return x / 2

The student's function runs on all cases. Where it differs from the reference, the mistake is named whose function
agrees with the student's on all of them; where there is none, the difference itself is described.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field

from aimsssl.exercises import record, solutions
from aimsssl.exercises.calling import (
    NotAttempted,
    Raised,
    Wrong,
    call,
    random_states,
    same_random_state,
    seed_everything,
    their_line,
)
from aimsssl.exercises.cases import Case, Mistake, Seen
from aimsssl.exercises.compare import describe, difference, kind, same
from aimsssl.exercises.display import show
from aimsssl.exercises.explaining import GENERAL, explain

__all__ = ["GENERAL", "Case", "Exercise", "Mistake", "Outcome", "Raised", "Seen", "Wrong", "call"]


@dataclass(frozen=True)
class Outcome:
    """What a check found. `kind` is passed, wrong, raised or not attempted; `mistake` is its name where it is wrong.

    `how` tells how a wrong answer was explained: named (by a mistake of the exercise), described (a relation to what
    was expected, or advice on an error), general.
    """

    kind: str
    title: str
    details: tuple[str, ...] = ()
    mistake: str = ""
    how: str = ""

    @property
    def text(self) -> str:
        return "\n".join((self.title, *self.details))


@dataclass
class Exercise:
    """One exercise. `may_seed` is for a function whose contract is to draw from a seed that it is given."""

    lesson: str
    name: str
    title: str
    difficulty: str
    minutes: int
    reference: Callable
    hints: tuple[str, str, str]
    cases: tuple[Case, ...]
    may_seed: bool = False
    mistakes: dict[str, Mistake] = field(default_factory=dict)
    pairs: list[tuple[tuple[str, ...], Callable]] = field(default_factory=list)  # two mistakes in one function
    hints_shown: int = field(default=0, init=False)
    attempted: bool = field(default=False, init=False)
    _known: dict = field(default_factory=dict, init=False, repr=False)

    # ---- writing an exercise

    def mistake(self, name: str, message: str, looks: Callable[[Seen], bool] | None = None) -> Callable:
        """A decorator: the function below is a wrong answer. Its docstring says what the student thought.

        Raises `ValueError` for a name that is taken: it would put another mistake out of use.
        """
        if name in self.mistakes:
            raise ValueError(f"{self.name} has a mistake {name!r} already; `also` adds a form to it")

        def add(function: Callable) -> Callable:
            self.mistakes[name] = Mistake(name, message, [function], looks)
            return function

        return add

    def also(self, *names: str) -> Callable:
        """A decorator: the function below is another form of a mistake that is there already, or makes two at once."""

        def add(function: Callable) -> Callable:
            if len(names) == 1:
                self.mistakes[names[0]].forms.append(function)
            else:
                self.pairs.append((names, function))
            return function

        return add

    # ---- judging

    def examine(self, student: object) -> Outcome:
        """Judge a function without printing or recording anything. Never raises on a student's mistake."""
        if student is None or student is ... or self._is_the_packages_own(student):
            return self._not_attempted(own=student is not None and student is not ...)
        return self.judge(student)

    def judge(self, student: object) -> Outcome:
        """As `examine`, but of any function, the package's own too."""
        if not callable(student):
            message = f"It is {describe(student)}."
            return self._outcome("wrong", "not a function", (GENERAL["not a function"], message), "general")
        try:
            with same_random_state():
                seen = [self._try(student, case) for case in self.cases]
                fails = any(one.fails for one in seen)
                if any(self._try(student, one.case).fails for one in [o for o in seen if not o.fails][:1]):
                    return self._of_all_inputs("kept from call to call")
                if not fails and not self.may_seed and self._seeds_inside(student):
                    return self._of_all_inputs("a seed set inside")
                return self._explained(seen) if fails else self._passed()
        except NotAttempted:
            return self._not_attempted()

    def passes(self, function: Callable) -> bool:
        """Whether a function passes all cases; quicker than `judge`, which explains what is wrong.

        The last case comes first: they are the smaller and odder ones.
        """
        with same_random_state():
            fails = any(self._try(function, case).fails for case in reversed(self.cases))
            return not fails and (self.may_seed or not self._seeds_inside(function))

    def check(self, student: Callable) -> Callable:
        """Judge a function, show and record the outcome, and give back the function that the lesson goes on with."""
        outcome = self.examine(student)
        if outcome.kind == "passed":
            seen = " Its solution was seen, so it is not counted as solved." if self._entry()["seen"] else ""
            banner = f"From here on the notebook uses your {self.name}.{seen}"
        else:
            banner = (
                f"▲ FALLBACK: from here on the notebook uses the package's own {self.name}. "
                f"The exercise is not solved. Hints: lesson.{self.name}.hint()"
            )
        if outcome.kind != "not attempted":
            self.attempted, solved = True, outcome.kind == "passed"
            record.note_attempt(self.lesson, self.name, outcome.mistake or outcome.kind, solved)
        show(outcome.kind, outcome.title, [*outcome.details, banner])
        return student if outcome.kind == "passed" else self.reference

    def hint(self) -> None:
        """Show the next of the three hints; after the last one, all of them again."""
        self.hints_shown = min(self.hints_shown + 1, len(self.hints) + 1)
        last = min(self.hints_shown, len(self.hints))
        record.note_hints(self.lesson, self.name, last)
        if self.hints_shown <= len(self.hints):
            show("hint", f"Hint {last} of {len(self.hints)} · {self.name}", [self.hints[last - 1]])
        else:
            lines = [f"{number}. {hint}" for number, hint in enumerate(self.hints, start=1)]
            show("hint", f"There are no more hints · {self.name}. All of them again:", lines)

    def solution(self) -> None:
        """Show the lesson's solution, after an attempt and all hints. It counts as seen, not as solved."""
        entry, code = self._entry(), solutions.of(self.lesson, self.name)
        if code is None:
            show("note", f"No solution · {self.name}", ["Solutions are switched off in this copy of the course."])
            return
        missing = (
            [] if self.attempted or entry["attempts"] else [f"check an attempt of yours: lesson.{self.name}.check"]
        )
        if max(self.hints_shown, entry["hints"]) < len(self.hints):
            missing.append(f"read all {len(self.hints)} hints with lesson.{self.name}.hint()")
        if missing and not entry["solved"]:
            show("note", f"Not yet · {self.name}", [f"Before the solution, {' and '.join(missing)}."])
            return
        record.note_seen(self.lesson, self.name)
        counted = "You solved it before; it stays solved." if entry["solved"] else "It counts as seen, not as solved."
        show("solution", f"One solution · {self.name}", [*code.splitlines(), counted], monospace=True)

    def _entry(self) -> dict:
        return record.entry(self.lesson, self.name)

    # ---- running the cases

    def _try(self, function: Callable, case: Case) -> Seen:
        """Run a function on a case, beside what the reference does there."""
        seen = self._run(function, case)
        seen.expected = self._reference_seen(case).came
        return seen

    def _run(self, function: Callable, case: Case) -> Seen:
        results = []

        def guarded(*args: object, **keywords: object) -> object:
            results.append(call(function, *args, **keywords))
            came = results[-1]
            return came.copy() if type(came) is list else came  # what a later call adds to it does not belong to it

        seed_everything(0)
        inputs = case.inputs()
        seen = Seen(case, inputs, self._named(case, inputs))
        try:
            seen.came = case.observe(guarded, *seen.inputs) if case.observe else guarded(*seen.inputs)
            same(seen.came, seen.came)  # an odd object may raise when it is compared: better here than later
        except (Raised, Wrong) as trouble:
            seen.trouble = trouble
        except NotAttempted:
            raise
        except Exception as error:  # what observes stumbled over an odd result
            seen.trouble = self._unreadable(case, error, results)
        return seen

    def _named(self, case: Case, inputs: tuple) -> dict[str, object]:
        """The inputs of a case by their names."""
        if case.observe:
            return dict(zip(list(inspect.signature(case.observe).parameters)[1:], inputs, strict=False))
        bound = inspect.signature(self.reference).bind(*inputs)
        bound.apply_defaults()
        return dict(bound.arguments)

    def _unreadable(self, case: Case, error: Exception, results: list) -> Wrong | Raised:
        """The result of the student's function that stopped what observes: in what it differs from the reference's."""
        if their_line(error):  # it came from a function that the student's returned
            return Raised(error, [])
        right = []
        if results:
            seed_everything(0)
            case.observe(lambda *a, **k: right.append(call(self.reference, *a, **k)) or right[-1], *case.inputs())
            came, expected = results[-1], right[len(results) - 1]
            one = difference(came, expected, case.rtol, case.atol)
            if one is not None and one.name != "wrong value" and kind(came) != "a module":
                return Wrong(one.name, one.sentence, case.what)
        return Wrong("unreadable result", f"{type(error).__name__}: {error}", case.what)

    def _reference_seen(self, case: Case) -> Seen:
        if id(case) not in self._known:
            self._known[id(case)] = self._run(self.reference, case)
        return self._known[id(case)]

    def _mistake_seen(self) -> list[tuple[Mistake, list[Seen]]]:
        """What each form of each mistake does on all cases; computed once."""
        if "mistakes" not in self._known:
            self._known["mistakes"] = [
                (mistake, [self._run(form, case) for case in self.cases])
                for mistake in self.mistakes.values()
                for form in mistake.forms
            ]
        return self._known["mistakes"]

    def _pairs_seen(self) -> list[tuple[tuple[str, ...], list[Seen]]]:
        """The same for two mistakes at once."""
        if "pairs" not in self._known:
            self._known["pairs"] = [(names, [self._run(f, case) for case in self.cases]) for names, f in self.pairs]
        return self._known["pairs"]

    def _seeds_inside(self, student: Callable) -> bool:
        """Whether random numbers are the same after the call, whatever they were before it."""
        after = []
        for seed in (0, 1):
            seed_everything(seed)
            inputs = self.cases[0].inputs()
            observe = self.cases[0].observe
            _ = observe(student, *inputs) if observe else student(*inputs)
            after.append(random_states())
        return any(one == other for one, other in zip(*after, strict=True))

    # ---- the four outcomes

    def _explained(self, seen: list[Seen]) -> Outcome:
        found = explain(self.mistakes, self._mistake_seen(), seen, self._pairs_seen)
        if found.raised:
            return Outcome("raised", f"✗ YOUR CODE RAISED AN ERROR · {self.name}", found.details, how=found.how)
        return self._outcome("wrong", found.mistake, found.details, found.how)

    def _passed(self) -> Outcome:
        return Outcome("passed", f"✓ PASSED · {self.name} {self.difficulty}")

    def _outcome(self, kind: str, mistake: str, details: tuple[str, ...], how: str) -> Outcome:
        return Outcome(kind, f"✗ NOT YET · {self.name}: {mistake}", details, mistake, how)

    def _of_all_inputs(self, mistake: str) -> Outcome:
        """A mistake that no single case shows."""
        return self._outcome("wrong", mistake, (GENERAL[mistake],), "named")

    def _not_attempted(self, own: bool = False) -> Outcome:
        details = (f"{self.title} About {self.minutes} minutes.",)
        if own:
            details = (f"This is the package's own {self.name}. Run the cell with your function, then this one.",)
        return Outcome("not attempted", f"○ NOT ATTEMPTED · {self.name} {self.difficulty}", details)

    def _is_the_packages_own(self, student: object) -> bool:
        """After a fallback the name holds the package's function: to check that again must not count as solved."""
        return student is self.reference or str(getattr(student, "__module__", "")).split(".")[0] == "aimsssl"
