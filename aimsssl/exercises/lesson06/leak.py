"""Find the leak: four protocols, each clean or with a way from the test images into the number."""

from collections.abc import Callable

from aimsssl.exercises.old_framework import Exercise, Wrong, call
from aimsssl.exercises.lesson06.protocols import CHANCE, on_noise

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


MISTAKES = {
    ("A", CLEAN): "luck not counted",
    ("C", CLEAN): "a step before the split trusted",
    ("D", CLEAN): "images counted, not pictures",
    ("B", BEST): "every choice taken for a leak",
    ("C", BEST): "one number is no best number",
    ("D", BEST): "one number is no best number",
    ("C", STATISTICS): "only half of what goes in",
    ("A", STATISTICS): "a statistic that is not there",
    ("B", STATISTICS): "a statistic that is not there",
    ("D", STATISTICS): "a statistic that is not there",
    ("A", LABELS): "every use of a label taken for a leak",
    ("B", LABELS): "every use of a label taken for a leak",
    ("D", LABELS): "every use of a label taken for a leak",
    ("A", COPIES): "a copy that is not there",
    ("B", COPIES): "a copy that is not there",
    ("C", COPIES): "a copy that is not there",
}
"""The mistake by protocol and wrong answer."""


def _protocol(letter: str) -> Callable[[Callable], None]:
    """A check of one letter's answer. It says what the protocol reports on noise: a fact, not the answer."""

    def check(student: Callable) -> None:
        came = call(student)
        if not isinstance(came, dict):
            raise Wrong("wrong type", came, "a dict: a kind for each letter")
        if letter not in came:
            raise Wrong("a protocol without an answer", ", ".join(map(str, came)), what=f"protocol {letter}")
        if came[letter] not in KINDS:
            raise Wrong("not a kind of the list", came[letter], f"one of: {', '.join(KINDS)}", f"protocol {letter}")
        if came[letter] != TRUTH[letter]:
            found = on_noise(letter)
            error = found.std().item() / len(found) ** 0.5
            seen = (
                f"protocol {letter}; on pure noise it reports {found.mean():.2f} ± {2 * error:.2f}, chance is {CHANCE}"
            )
            raise Wrong(MISTAKES[letter, came[letter]], came[letter], what=seen)

    return check


find_the_leak = Exercise(
    lesson="06",
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
    checks=tuple(_protocol(letter) for letter in TRUTH),
    mistakes={
        "a protocol without an answer": "A letter is missing: each of A, B, C and D needs a kind.",
        "not a kind of the list": "The answers are names in lesson.KINDS, letter by letter.",
        "luck not counted": "True, no test image helps to predict another one here. But look at what is *returned*: "
        "how many numbers were there, and would you have heard of the others?",
        "a step before the split trusted": "After the split all is well. Now read what was done before it, and with "
        "which images and which labels.",
        "images counted, not pictures": "No row is on both sides, true. But what are the rows? Follow the first "
        "picture through every line.",
        "every choice taken for a leak": "Something is chosen by a score here, true. Which images gave that score? "
        "Trace their numbers back to where the data was cut.",
        "one number is no best number": "The test accuracy is computed once here, and that number is returned: there "
        "was no other one to choose from. Look at what came before.",
        "only half of what goes in": "Means of test images do go into the features here. But a mean over *all* images "
        "could not tell one class from another. What else must be known to compute these?",
        "a statistic that is not there": "Look for every mean and deviation in this protocol. If there is one: over "
        "which images is it taken?",
        "every use of a label taken for a leak": "Labels are needed: those of the training images to vote, those of "
        "the test images to count who is right. Does one of them do anything else here, as making features?",
        "a copy that is not there": "In this protocol every picture is there once, in one version, and it is on one "
        "side of the split.",
    },
)
