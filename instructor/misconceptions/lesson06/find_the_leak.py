"""Answers to `find_the_leak() -> {letter: kind}`, wrong and right."""

KINDS = (
    "clean",
    "best test score reported",
    "test labels in the features",
    "test statistics in the features",
    "copies on both sides",
)


def _but(**changes):
    """The right answers, some of them changed."""
    return {**dict(zip("ABCD", (KINDS[i] for i in (1, 0, 2, 4)), strict=True)), **changes}


def leak_three_letters():
    """One of them is clean and needs no answer."""
    answers = _but()
    del answers["B"]
    return answers


def leak_in_own_words():
    """Said in a sentence."""
    return _but(A="it takes the best of twenty")


def leak_a_clean():
    """Encoder and classifier never see a test image."""
    return _but(A="clean")


def leak_c_clean():
    """Choosing features is a preparation, and the classifier is trained on the training half alone."""
    return _but(C="clean")


def leak_d_clean():
    """Augmentation gives more images, and they are split before training."""
    return _but(D="clean")


def leak_b_best():
    """Whoever takes the best k has cheated."""
    return _but(B="best test score reported")


def leak_d_best():
    """A number this high must have been selected."""
    return _but(D="best test score reported")


def leak_c_statistics():
    """The means are over all images, test images too."""
    return _but(C="test statistics in the features")


def leak_b_statistics():
    """Standardising is where test images get in."""
    return _but(B="test statistics in the features")


def leak_d_labels():
    """Labels of all images are put together."""
    return _but(D="test labels in the features")


def leak_b_copies():
    """The held-out images come back at the end: they are used twice."""
    return _but(B="copies on both sides")


def leak_as_list():
    """Four answers in their order."""
    return list(_but().values())


def right_leaks():
    """A dictionary, letter by letter."""
    return {
        "A": "best test score reported",
        "B": "clean",
        "C": "test labels in the features",
        "D": "copies on both sides",
    }


def right_leaks_by_drawers():
    """By what each protocol takes out of the drawer."""
    drawer = {"D": "pictures", "A": "scores", "C": "labels", "B": None}
    kinds = {None: 0, "scores": 1, "labels": 2, "pictures": 4}
    return {letter: KINDS[kinds[taken]] for letter, taken in drawer.items()}


WRONG = {
    "a protocol without an answer": (leak_three_letters, "A letter is missing"),
    "not a kind of the list": (leak_in_own_words, "names in lesson.KINDS"),
    "luck not counted": (leak_a_clean, "would you have heard"),
    "a step before the split trusted": (leak_c_clean, "After the split all is well"),
    "images counted, not pictures": (leak_d_clean, "Follow the first picture"),
    "every choice taken for a leak": (leak_b_best, "Which images gave that score"),
    "one number is no best number": (leak_d_best, "no other one to choose from"),
    "only half of what goes in": (leak_c_statistics, "could not tell one class from another"),
    "a statistic that is not there": (leak_b_statistics, "every mean and deviation"),
    "every use of a label taken for a leak": (leak_d_labels, "Labels are needed"),
    "a copy that is not there": (leak_b_copies, "in one version"),
    "wrong type": (leak_as_list, "another type"),
}

RIGHT = [right_leaks, right_leaks_by_drawers]
