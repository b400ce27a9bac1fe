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
from dataclasses import dataclass, field, replace
from itertools import combinations

from aimsssl.exercises import record
from aimsssl.exercises.advice import advice
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
from aimsssl.exercises.compare import Difference, describe, difference, same
from aimsssl.exercises.display import show
from aimsssl.exercises.relations import relation

GENERAL = {
    "not a function": "`check` takes the function itself: its name, without parentheses.",
    "wrong arguments": "Keep the arguments of the function as the exercise gives them.",
    "nothing returned": "The function gave back None. Is there a `return` on every way through it?",
    "wrong type": "The result is of another type than the contract says.",
    "wrong dtype": "The numbers are of another type than the contract says.",
    "wrong shape": "The numbers do not lie in the shape that the contract says.",
    "not finite": "There is a NaN or an infinity in the result. A division by zero? A log of 0? A large exp?",
    "wrong value": "Type and shape are right, the value is not.",
    "input changed in place": "The function changed something that it was given. The caller still needs the old "
    "values: make a new tensor, and beware of methods that end in `_`, of `+=` and of assigning to `x[…]`.",
    "a seed set inside": "The function sets the seed of all random numbers. Whoever draws after it draws the same "
    "numbers each time: other images, other views, another epoch, and yet always the same draw.",
    "unreadable result": "The check could not work with what the function returned.",
}
"""Mistakes that can happen in every exercise. An exercise may have a mistake of its own under one of these names."""

__all__ = ["Case", "Exercise", "Mistake", "Outcome", "Raised", "Seen", "Wrong", "call"]


@dataclass(frozen=True)
class Case:
    """One thing to try.

    Attributes:
        what: words for it, such as "the loss of N = 4 images at temperature 0.5".
        inputs: makes the arguments. Random numbers begin anew before each call.
        observe: `observe(function, *inputs)` gives what is compared; by default the result. A dictionary is compared
            part by part, under the names of its parts.
        shown: whether what was expected is told.
    """

    what: str
    inputs: Callable[[], tuple] = tuple
    observe: Callable | None = None
    rtol: float = 1e-4
    atol: float = 1e-7
    shown: bool = True


@dataclass
class Seen:
    """What a function did in one case: `came` was observed, or `trouble` came of it. A reference fills `expected`."""

    case: Case
    inputs: tuple = ()
    names: tuple[str, ...] = ()
    came: object = None
    trouble: Raised | Wrong | None = None
    expected: object = None

    @property
    def difference(self) -> Difference | None:
        """How what came differs from what was expected."""
        return difference(self.came, self.expected, self.case.rtol, self.case.atol)

    @property
    def fails(self) -> bool:
        return self.trouble is not None or self.difference is not None

    def agrees(self, other: "Seen") -> bool:
        """Whether another function did the same here."""
        if self.trouble is None and other.trouble is None:
            return same(self.came, other.came, self.case.rtol, self.case.atol)
        if isinstance(self.trouble, Raised) and isinstance(other.trouble, Raised):
            return type(self.trouble.error) is type(other.trouble.error)
        if isinstance(self.trouble, Wrong) and isinstance(other.trouble, Wrong):
            return self.trouble.mistake == other.trouble.mistake
        return False

    def part(self) -> tuple[str, object, object]:
        """The first part that differs: its name, what came, what was expected. Without parts the whole."""
        if isinstance(self.came, dict) and isinstance(self.expected, dict) and self.came.keys() == self.expected.keys():
            for name, expected in self.expected.items():
                if not same(self.came[name], expected, self.case.rtol, self.case.atol):
                    return name, self.came[name], expected
        return "", self.came, self.expected


@dataclass
class Mistake:
    """A wrong function in one or more forms, with a name, what the student thought, and the message.

    `looks` may say of what was seen in a failing case whether this mistake explains it, where no function can.
    """

    name: str
    message: str
    forms: list[Callable]
    looks: Callable[[Seen], bool] | None = None

    @property
    def thought(self) -> str:
        """The first line of what the student thought."""
        return self.forms[0].__doc__.strip().splitlines()[0]

    def is_seen_in(self, seen: Seen) -> bool:
        if self.looks is None:
            return False
        try:
            return bool(self.looks(seen))
        except Exception:  # it stumbled over an odd result: then it does not explain it
            return False


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
    hints_shown: int = field(default=0, init=False)
    _known: dict = field(default_factory=dict, init=False, repr=False)

    # ---- writing an exercise

    def mistake(self, name: str, message: str, looks: Callable[[Seen], bool] | None = None) -> Callable:
        """A decorator: the function below is a wrong answer. Its docstring says what the student thought."""

        def add(function: Callable) -> Callable:
            self.mistakes[name] = Mistake(name, message, [function], looks)
            return function

        return add

    def also(self, name: str) -> Callable:
        """A decorator: the function below is another form of a mistake that is there already."""

        def add(function: Callable) -> Callable:
            self.mistakes[name].forms.append(function)
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
                if not any(one.fails for one in seen) and not self.may_seed and self._seeds_inside(student):
                    return self._outcome("wrong", "a seed set inside", (GENERAL["a seed set inside"],), "named")
                failing = [one for one in seen if one.fails]
                return self._explained(seen, failing) if failing else self._passed()
        except NotAttempted:
            return self._not_attempted()

    def passes(self, function: Callable) -> bool:
        """Whether a function passes all cases; quicker than `judge`, which explains what is wrong."""
        with same_random_state():
            fails = any(self._try(function, case).fails for case in self.cases)
            return not fails and (self.may_seed or not self._seeds_inside(function))

    def check(self, student: Callable) -> Callable:
        """Judge a function, show and record the outcome, and give back the function that the lesson goes on with."""
        outcome = self.examine(student)
        if outcome.kind == "passed":
            banner = f"From here on the notebook uses your {self.name}."
        else:
            banner = (
                f"▲ FALLBACK: from here on the notebook uses the package's own {self.name}. "
                f"The exercise is not solved. Hints: lesson.{self.name}.hint()"
            )
        if outcome.kind != "not attempted":
            solved = outcome.kind == "passed"
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
            return results[-1]

        seed_everything(0)
        seen = Seen(case, case.inputs(), self._names(case))
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

    def _names(self, case: Case) -> tuple[str, ...]:
        """What the inputs of a case are called."""
        if case.observe:
            return tuple(inspect.signature(case.observe).parameters)[1:]
        return tuple(inspect.signature(self.reference).parameters)

    def _unreadable(self, case: Case, error: Exception, results: list) -> Wrong | Raised:
        """The result of the student's function that stopped what observes: in what it differs from the reference's."""
        if their_line(error):  # it came from a function that the student's returned
            return Raised(error, [])
        right = []
        if results:
            seed_everything(0)
            case.observe(lambda *a, **k: right.append(call(self.reference, *a, **k)) or right[-1], *case.inputs())
            one = difference(results[-1], right[len(results) - 1], case.rtol, case.atol)
            if one is not None and one.name != "wrong value":
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

    # ---- explaining

    def _explained(self, seen: list[Seen], failing: list[Seen]) -> Outcome:
        """The mistake by its name, two mistakes by theirs, or the difference in words."""
        names = self._one_mistake(seen, failing)
        if not names and isinstance(failing[0].trouble, Wrong) and failing[0].trouble.mistake != "unreadable result":
            return self._general(seen, failing)
        described = "" if names else relation(failing)
        if not names and not described:
            names = self._two_mistakes(seen, failing)
        if not names and not described:
            names, described = self._scaled_mistake(seen, failing)
        if not names and not described:  # several mistakes at once: the first to mend
            names = [m.name for m in self.mistakes.values() if m.is_seen_in(failing[0])][:1]
        if names:
            messages = [self.mistakes[name].message for name in names]
            details = [*messages, *([described] if described else []), *self._where(failing[0])]
            return self._outcome("wrong", ", and ".join(names), tuple(details), "named")
        if isinstance(failing[0].trouble, Raised):
            return self._raised(failing[0])
        return self._general(seen, failing, described)

    def _one_mistake(self, seen: list[Seen], failing: list[Seen]) -> list[str]:
        """The mistake that does the same in all cases; else the first one that is seen in all failing cases.

        A case that observes may tell a mistake of the exercise itself: it raises `Wrong` with its name.
        """
        told = failing[0].trouble
        if isinstance(told, Wrong) and told.mistake in self.mistakes:
            return [told.mistake]
        for mistake, done in self._mistake_seen():
            if all(mine.agrees(its) for mine, its in zip(seen, done, strict=True)):
                return [mistake.name]
        for mistake in self.mistakes.values():
            if all(mistake.is_seen_in(one) for one in failing):
                return [mistake.name]
        return []

    def _two_mistakes(self, seen: list[Seen], failing: list[Seen]) -> list[str]:
        """Two mistakes that explain all failing cases between them, and spoil no other case."""
        explains: dict[str, set[int]] = {}
        for mistake, done in self._mistake_seen():
            agree = {i for i, (mine, its) in enumerate(zip(seen, done, strict=True)) if mine.agrees(its)}
            if all(i in agree for i, one in enumerate(seen) if not one.fails):
                explains.setdefault(mistake.name, set()).update(i for i in agree if seen[i].fails)
        for mistake in self.mistakes.values():
            looked = {i for i, one in enumerate(seen) if one.fails and mistake.is_seen_in(one)}
            explains[mistake.name] = explains.get(mistake.name, set()) | looked
        wanted = {i for i, one in enumerate(seen) if one.fails}
        for one, other in combinations(explains, 2):
            if explains[one] and explains[other] and explains[one] | explains[other] == wanted:
                first = min(wanted)  # the one that explains the first failing case comes first
                return [one, other] if first in explains[one] else [other, one]
        return []

    def _scaled_mistake(self, seen: list[Seen], failing: list[Seen]) -> tuple[list[str], str]:
        """A mistake whose every result the student's is a known multiple of: two mistakes at once."""
        for mistake, done in self._mistake_seen():
            pairs = [replace(mine, expected=its.came) for mine, its in zip(seen, done, strict=True)]
            if any(one.trouble or its.trouble for one, its in zip(seen, done, strict=True)):
                continue
            if not any(its.agrees(self._reference_seen(its.case)) for its in done):
                words = relation([one for one in pairs if one.fails], only_factors=True)
                if words:
                    return [mistake.name], f"Besides that: {words[0].lower()}{words[1:]}"
        return [], ""

    def _where(self, one: Seen) -> list[str]:
        """The lines under a message: which case, which part, what came and what was expected."""
        if one.trouble is not None:
            return [f"where: {one.case.what}"]
        name, came, expected = one.part()
        found = difference(came, expected, one.case.rtol, one.case.atol)
        lines = [f"where: {name}; {one.case.what}" if name else f"where: {one.case.what}", f"came: {describe(came)}"]
        if one.case.shown:
            lines.append(f"expected: {describe(expected)}")
            if found and found.place:
                lines.append(f"the first difference: {found.place}")
        return lines

    def _general(self, seen: list[Seen], failing: list[Seen], described: str = "") -> Outcome:
        """No mistake of this exercise explains it: the general name, and all that a machine can say."""
        one = failing[0]
        if isinstance(one.trouble, Wrong):
            mistake, sentences = one.trouble.mistake, [one.trouble.details]
            where = [f"where: {one.trouble.what or one.case.what}"]
        else:
            found = one.difference
            mistake, sentences = found.name, [found.sentence if found.name != "wrong value" else "", described]
            if not one.case.shown:
                sentences = [described]
            where = self._where(one)
        right = [case.case.what for case in seen if not case.fails]
        if right and len(failing) < len(seen) and mistake in ("wrong value", "not finite"):
            where.append("right for: " + "; ".join(right[:3]) + ("; …" if len(right) > 3 else ""))
        details = [GENERAL[mistake], *filter(None, sentences), *where]
        return self._outcome("wrong", mistake, tuple(details), "described" if described else "general")

    def _raised(self, one: Seen) -> Outcome:
        error, inputs = one.trouble.error, one.trouble.inputs
        text = f"{type(error).__name__}: {error}".rstrip(": ")
        words = advice(error)
        details = [f"error: {text}", *their_line(error), *([words] if words else [])]
        details += ["\n    ".join(("called with:", *inputs))] if inputs else []
        details += [f"where: {one.case.what}"]
        title = f"✗ YOUR CODE RAISED AN ERROR · {self.name}"
        return Outcome("raised", title, tuple(details), how="described" if words else "general")

    # ---- the four outcomes

    def _passed(self) -> Outcome:
        return Outcome("passed", f"✓ PASSED · {self.name} {self.difficulty}")

    def _outcome(self, kind: str, mistake: str, details: tuple[str, ...], how: str) -> Outcome:
        return Outcome(kind, f"✗ NOT YET · {self.name}: {mistake}", details, mistake, how)

    def _not_attempted(self, own: bool = False) -> Outcome:
        details = (f"{self.title} About {self.minutes} minutes.",)
        if own:
            details = (f"This is the package's own {self.name}. Run the cell with your function, then this one.",)
        return Outcome("not attempted", f"○ NOT ATTEMPTED · {self.name} {self.difficulty}", details)

    def _is_the_packages_own(self, student: object) -> bool:
        """After a fallback the name holds the package's function: to check that again must not count as solved."""
        return student is self.reference or str(getattr(student, "__module__", "")).split(".")[0] == "aimsssl"
