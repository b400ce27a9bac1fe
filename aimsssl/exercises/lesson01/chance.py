"""Which classes rotation cannot tell: read it off the confusion counts, with a margin for luck."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from aimsssl.exercises.compare import kind
from aimsssl.exercises.framework import Case, Exercise, Seen, Wrong


def _shares(counts: Tensor) -> tuple[Tensor, Tensor]:
    """For each class the share of right answers and the number of all answers."""
    asked = counts.sum(dim=(1, 2)).double()
    return counts.diagonal(dim1=1, dim2=2).sum(dim=1) / asked, asked


def _margin(n: Tensor | float, errors: float = 3) -> Tensor | float:
    return errors * (3 / 16 / n) ** 0.5


def _named(classes: Sequence[str], chosen: Tensor) -> list[str]:
    return [name for name, yes in zip(classes, chosen.tolist(), strict=True) if yes]


def _reference_at_chance(counts: Tensor, classes: Sequence[str]) -> list[str]:
    """The classes whose share of right answers is at most 1/4 + 3·√(1/4 · 3/4 / n)."""
    share, asked = _shares(counts)
    return _named(classes, share <= 1 / 4 + _margin(asked))


def _table(right: int, asked: int) -> Tensor:
    """One class `[4, 4]`, its turns asked about equally often, with so many right answers; wrong ones lie anywhere."""
    table = torch.zeros(4, 4, dtype=torch.int64)
    for turn in range(4):
        of_turn = right // 4 + (turn < right % 4)
        wrong = asked // 4 + (turn < asked % 4) - of_turn
        table[turn, turn] = of_turn
        table[turn, (turn + 1) % 4] = wrong - wrong // 3
        table[turn, (turn + 2) % 4] = wrong // 3
    return table


def _counts(**classes: tuple[int, int]) -> tuple[Tensor, list[str]]:
    """Classes by name, each with its right answers and all its answers."""
    return torch.stack([_table(*numbers) for numbers in classes.values()]), list(classes)


def _one_answer_for_all() -> tuple[Tensor, list[str]]:
    """A network that always says "not turned" is right for one row, and at chance all the same."""
    counts, classes = _counts(kite=(360, 400), boat=(100, 400), tree=(348, 400))
    counts[0] = 0
    counts[0, :, 0] = 100
    counts[2, 0] = torch.tensor([20, 40, 40, 0])  # unturned images are hard, the others are not
    return counts, classes


def _turns_asked_unequally() -> tuple[Tensor, list[str]]:
    """The mean over the turns is another one than the mean over the answers."""
    counts, classes = _counts(moon=(0, 400), leaf=(0, 400))
    counts[0] = torch.tensor([[60, 80, 80, 80], [1, 18, 0, 1], [1, 1, 18, 0], [0, 1, 1, 18]])  # 114 of 360
    counts[1] = torch.tensor([[270, 10, 10, 10], [7, 1, 6, 6], [6, 7, 1, 6], [6, 6, 7, 1]])  # 273 of 360
    return counts, classes


def _chosen(function: Callable, counts: Tensor, classes: list[str]) -> dict:
    """For each class whether it is in the list."""
    came = function(counts, classes)
    if not isinstance(came, list | tuple):
        raise Wrong("wrong type", f"It is {kind(came)}; a list of names is asked for.")
    for name in came:
        if not isinstance(name, str):
            raise Wrong("numbers for names")
        if name not in classes:
            raise Wrong("not a name of a class")
    if len(set(came)) < len(came):
        raise Wrong("a name twice")
    right, asked = counts.diagonal(dim1=1, dim2=2).sum(dim=1).tolist(), counts.sum(dim=(1, 2)).tolist()
    return {
        f"whether {name} is in the list ({good} of {n} answers right, a share of {good / n:.4f})": name in came
        for name, good, n in zip(classes, right, asked, strict=True)
    }


at_chance = Exercise(
    lesson="01",
    name="at_chance",
    title="Find the classes whose rotation the network cannot tell, from the counts of its answers.",
    difficulty="●●○",
    minutes=15,
    reference=_reference_at_chance,
    hints=(
        "For each class, two numbers are enough: how often the network was asked, and how often it was right. In its "
        "4×4 table, where do the right answers stand?",
        "The sum of the diagonal over the sum of the whole table is the share that is right. Someone who guesses among "
        "four turns is right in a quarter of the cases, but not exactly. How far may the share lie above that?",
        "A class is at chance where its share is at most a quarter plus the margin of the contract, 3·√(3/16/n), with "
        "n the sum of that class's table. torch's diagonal needs dim1=1 and dim2=2 here. Collect the names.",
    ),
    cases=(
        Case(
            "six classes, each asked 400 times",
            lambda: _counts(
                disc=(100, 400), cup=(380, 400), arrow=(160, 400), ring=(96, 400), house=(360, 400), axe=(320, 400)
            ),
            _chosen,
        ),
        Case("three classes; for the first, the answer is always 'not turned'", _one_answer_for_all, _chosen),
        Case("two classes, and both were learned", lambda: _counts(sun=(380, 400), key=(150, 400)), _chosen),
        Case(
            "the same share of 0.3 among few answers and among many",
            lambda: _counts(
                wheel=(3600, 12_000), cloud=(36, 120), lamp=(3030, 12_000), cone=(8, 30),
 star=(28, 80), axe=(3061, 12_000), bus=(3110, 12_000),
            ),
            _chosen,
        ),
        Case(
            "classes at the limit: it is 21 of 48 answers and 840 of 3072",
            lambda: _counts(pear=(22, 48), shoe=(21, 48), boot=(840, 3072), hat=(841, 3072), cap=(38, 100)),
            _chosen,
        ),
        Case(
            "one class that the network tells far worse than by guessing",
            lambda: _counts(tree=(370, 400), moon=(12, 400)),
            _chosen,
        ),
        Case("two classes whose first turn was asked far more often than the others", _turns_asked_unequally, _chosen),
    ),
)  # fmt: skip


def _mistake(name: str, thought: str, message: str, *rules: Callable[[Tensor], Tensor]) -> None:
    """A mistake whose forms are other rules: each tells from the counts which classes to name."""
    for number, rule in enumerate(rules):

        def wrong(counts, classes, rule=rule):
            return _named(classes, rule(counts.double()))

        wrong.__doc__ = thought
        (at_chance.also(name) if number else at_chance.mistake(name, message))(wrong)


def _by(rule: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A rule on the share of right answers and the number of answers, each `[K]`."""
    return lambda counts: rule(*_shares(counts))


@at_chance.mistake(
    "numbers for names",
    "The result is a list of names of classes. `classes` has them in the order of the table.",
)
def _(counts, classes):
    """The positions say it all."""
    return [k for k, name in enumerate(classes) if name in _reference_at_chance(counts, classes)]


@at_chance.also("numbers for names")
def _(counts, classes):
    return [share for share, n in zip(*map(Tensor.tolist, _shares(counts)), strict=True) if share <= 0.25 + _margin(n)]


@at_chance.mistake(
    "not a name of a class", "The list holds words that are no names of classes. Put the names in just as they come."
)
def _(counts, classes):
    """Name and share together."""
    share, _ = _shares(counts)
    return [f"{name}: {x:.2f}" for name, x in zip(classes, share.tolist(), strict=True)]


@at_chance.also("not a name of a class")
def _(counts, classes):
    return ["disc", "ring"]


@at_chance.mistake("a name twice", "A class is in the list more than once. Is it put in once for each turn?")
def _(counts, classes):
    """Each turn at which it fails adds the name."""
    return [name for name, table in zip(classes, counts, strict=True) for _ in range(4)]


_mistake(
    "the other classes",
    "The list of those that work.",
    "These are the classes that the network can tell.",
    _by(lambda share, n: share > 0.25 + _margin(n)),
    _by(lambda share, n: share >= 0.25 + _margin(n)),
)
_mistake(
    "the wrong answers counted",
    "The share that is wrong.",
    "The share is that of the *wrong* answers. In the table of a class, where do the right ones stand?",
    _by(lambda share, n: 1 - share <= 0.25 + _margin(n)),
    lambda c: c.flip(2).diagonal(dim1=1, dim2=2).sum(dim=1) / c.sum(dim=(1, 2)) <= 0.25 + _margin(c.sum(dim=(1, 2))),
)
_mistake(
    "divided by too much",
    "Right answers of a class, over all answers.",
    "The right answers of a class are divided by the answers to all classes. Then every share is small.",
    lambda c: c.diagonal(dim1=1, dim2=2).sum(dim=1) / c.sum() <= 0.25 + _margin(c.sum(dim=(1, 2))),
    lambda c: c.diagonal(dim1=1, dim2=2).sum(dim=1) / c.sum() <= 0.25 + _margin(c.sum()),
)
_mistake(
    "only one turn looked at",
    "The first row is enough.",
    "The share right comes from a single turn. The network must be right for all four: if it says 'not turned' to "
    "everything, it is always right about the unturned images, and it knows nothing.",
    *(
        lambda c, turn=turn: c[:, turn, turn] / c[:, turn].sum(dim=1) <= 0.25 + _margin(c.sum(dim=(1, 2)))
        for turn in range(4)
    ),
    lambda c: c[:, 0, 0] / c[:, 0].sum(dim=1) <= 0.25 + _margin(c[:, 0].sum(dim=1)),
    lambda c: c[:, 0, 0] / c.sum(dim=(1, 2)) <= 0.25 + _margin(c.sum(dim=(1, 2))),
)


def _turns(c: Tensor) -> Tensor:
    """The share of right answers of each turn: [K, 4]."""
    return c.diagonal(dim1=1, dim2=2) / c.sum(dim=2)


_mistake(
    "a mean of the four turns",
    "First the share of each turn, then their mean.",
    "The share is the mean of the shares of the four turns. Where one turn was asked more often than the others, that "
    "is not the share of all answers that are right.",
    lambda c: _turns(c).mean(dim=1) <= 0.25 + _margin(c.sum(dim=(1, 2))),
)
_mistake(
    "columns for rows",
    "Of all answers '90 degrees', how many are right?",
    "The right answers are divided by how often each answer was *given*, the sum of a column. A row holds the images "
    "of one turn: who always says 'not turned' gives one answer only.",
    lambda c: (c.diagonal(dim1=1, dim2=2) / c.sum(dim=1)).mean(dim=1) <= 0.25 + _margin(c.sum(dim=(1, 2))),
    lambda c: (
        (c.diagonal(dim1=1, dim2=2) / c.sum(dim=1)).nan_to_num(0).mean(dim=1) <= 0.25 + _margin(c.sum(dim=(1, 2)))
    ),
)
_mistake(
    "a vote of each turn",
    "Chance is where another answer comes more often than the right one.",
    "It was asked whether the right answer is the most frequent one of a turn. A network that guesses may well have "
    "it so, and a good one may fail at one turn; the contract asks for the share of all right answers.",
    *(lambda c, how=how: how(c.argmax(dim=2) != torch.arange(4), dim=1) for how in (torch.any, torch.all)),
)
_mistake(
    "the most frequent answer taken for the right one",
    "The highest count of a turn is its right answers.",
    "For each turn the most frequent answer was counted, whatever it is. Right is only the answer that is the turn.",
    lambda c: c.amax(dim=2).sum(dim=1) / c.sum(dim=(1, 2)) <= 0.25 + _margin(c.sum(dim=(1, 2))),
)
_mistake(
    "turn by turn",
    "A class is at chance where each of its turns is, or one of them.",
    "Each turn is judged by itself. The contract adds up the answers of all turns of a class, and judges once.",
    *(
        lambda c, how=how, n=n: how(_turns(c) <= 0.25 + _margin(n(c)), dim=1)
        for how in (torch.all, torch.any)
        for n in (lambda c: c.sum(dim=2), lambda c: c.sum(dim=(1, 2))[:, None])
    ),
)
_mistake(
    "always the same number of classes",
    "There are two round figures, so take the two lowest.",
    "How many classes are at chance depends on the data: none, or more than two. A rule that takes the worst ones "
    "always finds some.",
    *(_by(lambda share, n, k=k: share.argsort().argsort() < k) for k in (1, 2)),
    _by(lambda share, n: share <= share.mean()),
    _by(lambda share, n: share < share.median()),
)
_mistake(
    "no margin for luck",
    "Chance is a quarter.",
    "Whoever guesses is not right in exactly a quarter of the cases: with few answers the share may well be above it. "
    "Leave the margin that the contract names.",
    _by(lambda share, n: share <= 0.25),
    _by(lambda share, n: share < 0.25),
    _by(lambda share, n: share == 0.25),
)
_mistake(
    "a margin that knows no numbers",
    "A tenth is margin enough.",
    "Among many answers, luck leaves little room: the same share is then too good for guessing. The margin must shrink "
    "with the number of answers.",
    *(_by(lambda share, n, m=m: share <= 0.25 + m) for m in (0.02, 0.05, 0.1, 0.15, 0.25)),
    *(_by(lambda share, n, m=m: share <= 0.25 + _margin(m)) for m in (48, 100, 120, 200, 400, 800, 1000, 1600, 12_000)),
)
_mistake(
    "the answers of all classes for n",
    "n is the number of all answers.",
    "The share is right, but the margin is not that of the class: n counts the answers to *all* classes in it.",
    lambda c: _shares(c)[0] <= 0.25 + _margin(c.sum()),
)
_mistake(
    "another margin than the contract's",
    "The formula, written down in a hurry.",
    "The share is right, the margin is not. Compute it by hand for n = 48 and compare: what stands under the root, and "
    "what before it? Does n count all answers of this class, and of no other?",
    *(_by(lambda share, n, e=e: share <= 0.25 + _margin(n, e)) for e in (1, 1.96, 2, 4)),
    _by(lambda share, n: share <= 0.25 + _margin(n - 1)),
    lambda c: _shares(c)[0] <= 0.25 + _margin(c[0].sum()),
    lambda c: _shares(c)[0] <= 0.25 + _margin(c.sum() / len(c)),
    lambda c: _shares(c)[0] <= 0.25 + _margin(c[:, 0].sum(dim=1)),
    lambda c: _shares(c)[0] <= 0.25 + _margin(c.diagonal(dim1=1, dim2=2).sum(dim=1)),
    lambda c: _shares(c)[0] <= 0.25 + _margin(len(c)),
    _by(lambda share, n: share <= 0.25 + 3 * (3 / 4 / n) ** 0.5),
    _by(lambda share, n: share <= 0.25 + 3 * (1 / 4 / n) ** 0.5),
    _by(lambda share, n: share <= 0.25 + 3 * (3 / 16 / n)),
    _by(lambda share, n: share <= 0.25 + 3 * (3 / 16) ** 0.5 / n),
    _by(lambda share, n: share <= 0.25 + (3 * 3 / 16 / n) ** 0.5),
    _by(lambda share, n: share <= 0.25 + 3 * (share * (1 - share) / n) ** 0.5),
)
_mistake(
    "near a quarter on both sides",
    "At chance is what does not differ from a quarter.",
    "A class far *below* a quarter is left out. The contract says: at most. To be always wrong is no better than to "
    "guess.",
    _by(lambda share, n: (share - 0.25).abs() <= _margin(n)),
    _by(lambda share, n: (share - 0.25).abs() < _margin(n)),
)
_mistake(
    "only what is worse than guessing",
    "Only what is below a quarter by more than luck is at chance.",
    "The margin is taken away from a quarter, and it should be added: a class whose answers are pure guessing is "
    "not in the list.",
    _by(lambda share, n: share <= 0.25 - _margin(n)),
    _by(lambda share, n: share < 0.25 - _margin(n)),
)
_mistake(
    "another chance than a quarter",
    "Who guesses is right once in K classes, or every second time.",
    "The limit does not start from a quarter. The network answers with one of four *turns*: how often is a guess "
    "right?",
    lambda c: _shares(c)[0] <= 1 / len(c) + _margin(c.sum(dim=(1, 2))),
    lambda c: _shares(c)[0] <= 1 / len(c) + 3 * (1 / len(c) * (1 - 1 / len(c)) / c.sum(dim=(1, 2))) ** 0.5,
)
_mistake(
    "the limit itself left out",
    "Below the limit.",
    "A class whose share is just the limit is not in the list. What does 'at most' say of it?",
    _by(lambda share, n: share < 0.25 + _margin(n)),
)


@at_chance.mistake("only the first one", "Only one class is in the list. Does the loop return before its end?")
def _(counts, classes):
    """Found."""
    return _reference_at_chance(counts, classes)[:1]


@at_chance.also("only the first one")
def _(counts, classes):
    return _reference_at_chance(counts[:1], classes[:1])


@at_chance.also("only the first one")
def _(counts, classes):
    return _reference_at_chance(counts, classes)[-1:]


def _only(seen: Seen, too_many: bool) -> bool:
    """Whether all classes that are judged otherwise are named too many (or all of them missing)."""
    pairs = zip(seen.came.values(), seen.expected.values(), strict=True)
    return {came for came, expected in pairs if came != expected} == {too_many}


@at_chance.mistake(
    "a low share taken for chance",
    "A class is in the list that the network tells better than by guessing. Compare its share below with a quarter and "
    "the contract's margin at that n.",
    looks=lambda seen: _only(seen, too_many=True),
)
def _(counts, classes):
    """Some share is low enough, and more so with few answers."""
    share, asked = _shares(counts)
    return _named(classes, share <= 0.25 + _margin(asked) + 0.08)


@at_chance.mistake(
    "a class at chance is missing",
    "A class is missing whose share is at most the limit. Compare its share below with a quarter and the contract's "
    "margin at that n.",
    looks=lambda seen: _only(seen, too_many=False),
)
def _(counts, classes):
    """It has to be clearly bad."""
    share, asked = _shares(counts)
    return _named(classes, (share <= 0.25 + _margin(asked)) & (share <= 0.31) & (asked > 100))


@at_chance.mistake(
    "another rule than the contract's",
    "Classes are in the list that should not be, and others are missing. Compute the share and the limit of the class "
    "below by hand, and compare with those of your function.",
    looks=lambda seen: isinstance(seen.came, dict),
)
def _(counts, classes):
    """A rule of one's own."""
    return [name for k, name in enumerate(classes) if k % 2]


@at_chance.mistake(
    "something else where no class is at chance",
    "Where no class is at chance something else than a list came back. A list with nothing in it is a list.",
)
def _(counts, classes):
    """Nothing found is None."""
    return _reference_at_chance(counts, classes) or "none"


@at_chance.mistake(
    "names in another order than the counts",
    "The names were sorted (or matched by another order than that of the counts): table i belongs to the class with "
    "number i, and what is true of one class is said of another.",
)
def _(counts, classes):
    """Names come in alphabetical order."""
    return _reference_at_chance(counts, sorted(classes))
