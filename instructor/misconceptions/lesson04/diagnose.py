"""Answers to `diagnose(loss, knn, chance, floor) -> str`, wrong and right."""


def _share(value, chance, floor):
    return (chance - value) / (chance - floor)


def diagnosis_in_own_words(loss, knn, chance, floor):
    """A diagnosis is a sentence."""
    return "the views are the same picture"


def diagnosis_by_loss_alone(loss, knn, chance, floor):
    """A low loss is the aim of training, so a run with a low loss is healthy."""
    return "healthy" if _share(loss[-1], chance, floor) > 0.5 else "learning rate too small"


def diagnosis_by_falling_loss(loss, knn, chance, floor):
    """Any loss that goes down, however little, is a healthy one."""
    if loss[-1] < loss[0] and _share(loss[-1], chance, floor) < 0.5:
        return "healthy"
    return right_diagnosis(loss, knn, chance, floor)


def diagnosis_batch_size(loss, knn, chance, floor):
    """The slides are right: a small batch has too few negatives, and then nothing is learned."""
    return "healthy" if knn[-1] > knn[0] + 0.05 else "batch too small"


def diagnosis_always_identical(loss, knn, chance, floor):
    """A riddle that is solved while kNN is low must be one without a question: two equal views."""
    right = right_diagnosis(loss, knn, chance, floor)
    return "identical views" if right == "colour shortcut" else right


def diagnosis_always_shortcut(loss, knn, chance, floor):
    """A riddle that is solved while kNN is low was solved by a trick."""
    right = right_diagnosis(loss, knn, chance, floor)
    return "colour shortcut" if right == "identical views" else right


def diagnosis_rate_for_low_knn(loss, knn, chance, floor):
    """kNN does not rise, so the weights do not move, so the rate is too small."""
    return "healthy" if knn[-1] > knn[0] + 0.05 else "learning rate too small"


def diagnosis_fixed_loss(loss, knn, chance, floor):
    """A loss of 5 and more is the loss of a run that found a trick and then got stuck ("possible saturation")."""
    if knn[-1] > knn[0] + 0.05:
        return "healthy"
    return "colour shortcut" if loss[-1] > 4 or _share(loss[0], chance, floor) < 0.6 else "identical views"


def diagnosis_always_sick(loss, knn, chance, floor):
    """In an exercise about sick runs, every run is sick."""
    if _share(loss[-1], chance, floor) < 0.25:
        return "learning rate too small"
    return "identical views" if _share(loss[0], chance, floor) > 0.6 else "colour shortcut"


def diagnosis_by_heart(loss, knn, chance, floor):
    """The last numbers on the page tell the runs apart."""
    from aimsssl.exercises.lesson04 import sick_runs

    shown = {tuple(run.loss): letter for letter, run in sick_runs().items()}
    letter = shown.get(tuple(loss))
    names = {"A": "colour shortcut", "B": "learning rate too small", "C": "identical views"}
    return names.get(letter, "healthy")


def right_diagnosis(loss, knn, chance, floor):
    """By shares of the way from chance to floor."""
    if knn[-1] >= knn[0] + 0.07:
        return "healthy"
    if _share(loss[-1], chance, floor) < 0.2:
        return "learning rate too small"
    if _share(loss[0], chance, floor) > 0.65:
        return "identical views"
    return "colour shortcut"


def right_diagnosis_by_points(loss, knn, chance, floor):
    """By the way still to go, and by a gain that is relative; the names come out of a table."""
    moved, at_once = chance - min(loss) > 0.3 * chance, loss[0] - floor < floor + 0.5
    table = {(False, False): 3, (True, True): 1, (True, False): 2}
    names = ["healthy", "identical views", "colour shortcut", "learning rate too small"]
    return names[0 if knn[-1] / knn[0] > 1.4 else table[moved, moved and at_once]]


WRONG = {
    "not a cause of the list": (diagnosis_in_own_words, "five names"),
    "low loss taken for learning": (diagnosis_by_loss_alone, "what was solving it good for"),
    "standing still taken for health": (diagnosis_by_falling_loss, "Nothing was learned"),
    "the batch size blamed": (diagnosis_batch_size, "same batch size"),
    "a shortcut taken for identical views": (diagnosis_always_identical, "nothing to find out"),
    "identical views taken for a shortcut": (diagnosis_always_shortcut, "found first"),
    "a rate blamed that moved the loss": (diagnosis_rate_for_low_knn, "far below chance"),
    "a riddle called solved at chance": (diagnosis_fixed_loss, "did not solve it"),
    "a healthy run called sick": (diagnosis_always_sick, "left random weights"),
    "a rule for these three runs only": (diagnosis_by_heart, "others of the same settings"),
}

RIGHT = [right_diagnosis, right_diagnosis_by_points]
