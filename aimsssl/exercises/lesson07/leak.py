"""Find the leak: four protocols, each clean or with a way from the test images into the number."""

from collections.abc import Callable

from aimsssl.exercises.compare import kind
from aimsssl.exercises.framework import Case, Exercise, Seen, Wrong
from aimsssl.exercises.lesson07.protocols import CHANCE, on_noise

KINDS = {
    "clean": "the test images are not looked at before the one question at the end",
    "best test score reported": "several candidates are tried on the test images, and the best number is kept",
    "test labels in the features": "labels of test images have a say in what the features are",
    "test statistics in the features": "means or deviations of test images, without labels, go into the features",
    "copies on both sides": "two versions of one image, one in training and one in test",
}
CLEAN, BEST, LABELS, STATISTICS, COPIES = KINDS
TRUTH = {"A": BEST, "B": CLEAN, "C": LABELS, "D": COPIES}


def _reference_find_the_leak() -> dict[str, str]:
    """What each of the four protocols does, by its letter."""
    return dict(TRUTH)


class _Protocol(str):
    """The name of a protocol. Where it is shown, what it reports on noise stands beside it: a fact, not the answer."""

    def __format__(self, _: str) -> str:
        found = on_noise(self[-1])
        error = found.std().item() / len(found) ** 0.5
        return f"{self!s}: on pure noise it reports {found.mean():.2f} ± {2 * error:.2f}, chance is {CHANCE}"


NAMES = {letter: _Protocol(f"protocol {letter}") for letter in TRUTH}
NOT_A_KIND, NO_ANSWER = "not a name in lesson.KINDS", "no answer"


def _answer_for(function: Callable, letter: str) -> dict[str, str]:
    came = function()
    if not isinstance(came, dict):
        raise Wrong("wrong type", f"It is {kind(came)}; a dictionary is asked for: a kind for each letter.")
    answer = came.get(letter, NO_ANSWER)
    return {NAMES[letter]: answer if answer in (*KINDS, NO_ANSWER) else NOT_A_KIND}


def _answers(**changes: str) -> dict[str, str]:
    """The right answers, some of them changed."""
    return {**TRUTH, **changes}


def _is(*wrong: str) -> Callable[[Seen], bool]:
    """Whether the answer is one of these: the letter, then the kind."""
    return lambda seen: f"{seen.part()[0][-1]} {seen.part()[1]}" in wrong


find_the_leak = Exercise(
    lesson="07",
    name="find_the_leak",
    title="Say of four protocols which one is clean, and where the others leak.",
    difficulty="●●○",
    minutes=15,
    reference=_reference_find_the_leak,
    hints=(
        "In each protocol, mark the line in which training and test part. What happens before that line to all images? "
        "After it, put a finger on every `test`: how often is its accuracy looked at?",
        "Try each protocol where there is nothing to find. lesson.on_noise('A') runs it on random features with random "
        "labels, twenty times. What does an honest protocol report there, with five classes? This tells who leaks, not "
        "yet where.",
        "Ask of each line that comes before the last score: could I still run it if somebody kept the test images, and "
        "their labels, in a locked drawer? One protocol passes. In the others the drawer is opened for: a maximum over "
        "many scores; a table of means by class; two versions of a picture that go different ways. Which is which?",
    ),
    cases=tuple(
        Case(f"the answer for {letter}", lambda letter=letter: (letter,), _answer_for, shown=False, alone=True)
        for letter in TRUTH
    ),
)


@find_the_leak.mistake(
    "a protocol without an answer",
    "A letter is missing: each of A, B, C and D needs a kind.",
    looks=lambda seen: seen.part()[1] == NO_ANSWER,
)
def _():
    """One of them is clean and needs no answer."""
    return {letter: kind for letter, kind in TRUTH.items() if kind != CLEAN}


@find_the_leak.also("a protocol without an answer")
def _():
    return {letter.lower(): kind for letter, kind in TRUTH.items()}


@find_the_leak.mistake(
    "not a kind of the list",
    "The answers are names in lesson.KINDS, letter by letter.",
    looks=lambda seen: seen.part()[1] == NOT_A_KIND,
)
def _():
    """Said in a sentence."""
    return _answers(A="it takes the best of twenty")


@find_the_leak.also("not a kind of the list")
def _():
    return {letter: KINDS[kind] for letter, kind in TRUTH.items()}


@find_the_leak.mistake(
    "the same answer for all",
    "All four protocols got the same kind. One is clean, and each of the others leaks in a way of its own.",
)
def _():
    """They all do it."""
    return dict.fromkeys(TRUTH, BEST)


for _kind in (CLEAN, LABELS, STATISTICS, COPIES):

    @find_the_leak.also("the same answer for all")
    def _(kind=_kind):
        return dict.fromkeys(TRUTH, kind)


@find_the_leak.mistake(
    "luck not counted",
    "True, no test image helps to predict another one here. But look at what is *returned*: how many numbers were "
    "there, and would you have heard of the others?",
    looks=_is(f"A {CLEAN}"),
)
def _():
    """Encoder and classifier never see a test image."""
    return _answers(A=CLEAN)


@find_the_leak.mistake(
    "a step before the split trusted",
    "After the split all is well. Now read what was done before it, and with which images and which labels.",
    looks=_is(f"C {CLEAN}"),
)
def _():
    """Choosing features is a preparation, and the classifier is trained on the training half alone."""
    return _answers(C=CLEAN)


@find_the_leak.mistake(
    "images counted, not pictures",
    "No row is on both sides, true. But what are the rows? Follow the first picture through every line.",
    looks=_is(f"D {CLEAN}"),
)
def _():
    """Augmentation gives more images, and they are split before training."""
    return _answers(D=CLEAN)


@find_the_leak.mistake(
    "every choice taken for a leak",
    "Something is chosen by a score here, true. Which images gave that score? Trace their numbers back to where "
    "the data was cut.",
    looks=_is(f"B {BEST}"),
)
def _():
    """Whoever takes the best k has cheated."""
    return _answers(B=BEST)


@find_the_leak.mistake(
    "one number is no best number",
    "The test accuracy is computed once here, and that number is returned: there was no other one to choose from. "
    "Look at what came before.",
    looks=_is(f"C {BEST}", f"D {BEST}"),
)
def _():
    """A number this high must have been selected."""
    return _answers(D=BEST)


@find_the_leak.also("one number is no best number")
def _():
    return _answers(C=BEST)


@find_the_leak.mistake(
    "only half of what goes in",
    "Means of test images do go into the features here. But a mean over *all* images could not tell one class "
    "from another. What else must be known to compute these?",
    looks=_is(f"C {STATISTICS}"),
)
def _():
    """The means are over all images, test images too."""
    return _answers(C=STATISTICS)


@find_the_leak.mistake(
    "a statistic that is not there",
    "Look for every mean and deviation in this protocol. If there is one: over which images is it taken?",
    looks=_is(f"A {STATISTICS}", f"B {STATISTICS}", f"D {STATISTICS}"),
)
def _():
    """Standardising is where test images get in."""
    return _answers(B=STATISTICS)


@find_the_leak.also("a statistic that is not there")
def _():
    return _answers(A=STATISTICS)


@find_the_leak.also("a statistic that is not there")
def _():
    return _answers(D=STATISTICS)


@find_the_leak.mistake(
    "every use of a label taken for a leak",
    "Labels are needed: those of the training images to vote, those of the test images to count who is right. "
    "Does one of them do anything else here, as making features?",
    looks=_is(f"A {LABELS}", f"B {LABELS}", f"D {LABELS}"),
)
def _():
    """Labels of all images are put together."""
    return _answers(B=LABELS)


@find_the_leak.also("every use of a label taken for a leak")
def _():
    return _answers(A=LABELS)


@find_the_leak.also("every use of a label taken for a leak")
def _():
    return _answers(D=LABELS)


@find_the_leak.mistake(
    "a copy that is not there",
    "In this protocol every picture is there once, in one version, and it is on one side of the split.",
    looks=_is(f"A {COPIES}", f"B {COPIES}", f"C {COPIES}"),
)
def _():
    """The held-out images come back at the end: they are used twice."""
    return _answers(B=COPIES)


@find_the_leak.also("a copy that is not there")
def _():
    return _answers(A=COPIES)


@find_the_leak.also("a copy that is not there")
def _():
    return _answers(C=COPIES)
