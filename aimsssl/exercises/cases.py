"""What is tried, what was seen, and what a mistake is: the words that an exercise is written in."""

from collections.abc import Callable
from dataclasses import dataclass, field

from aimsssl.exercises.calling import Raised, Wrong
from aimsssl.exercises.compare import Difference, difference, same


@dataclass(frozen=True)
class Case:
    """One thing to try.

    Attributes:
        what: words for it, such as "the loss of N = 4 images at temperature 0.5".
        inputs: makes the arguments. Random numbers begin anew before each call.
        observe: `observe(function, *inputs)` gives what is compared; by default the result. A dictionary is compared
            part by part, under the names of its parts.
        shown: whether what was expected is told.
        alone: a question of its own; where each case is, each one that fails gets its own mistake.
    """

    what: str
    inputs: Callable[[], tuple] = tuple
    observe: Callable | None = None
    rtol: float = 1e-4
    atol: float = 1e-7
    shown: bool = True
    alone: bool = False


@dataclass
class Seen:
    """What a function did in one case: `came` was observed, or `trouble` came of it. A reference fills `expected`."""

    case: Case
    inputs: tuple = ()
    named: dict[str, object] = field(default_factory=dict)  # the inputs by name, defaults that were left out too
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
            one, another = self.trouble.error, other.trouble.error
            if type(one) is RuntimeError is type(another):  # PyTorch raises it for many reasons: the words tell
                return str(one)[:20] == str(another)[:20]
            return type(one) is type(another)
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
