"""kNN and the linear probe, ours beside scikit-learn's: seconds, peak memory, and whether the answers are the same.

`python bench_evaluation.py SIDE QUICK` prints the peak memory of kNN on one side, measured in this process.
"""

import json
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from common import in_own_process, in_turn, peak_mib, summary
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor

from aimsssl.evaluation import knn_predict, linear_probe

KNN = {"queries": 10_000, "keys": 50_000, "dimensions": 512, "k": 20}
PROBE = {"train": 5000, "test": 2000, "dimensions": 512}
QUICK_KNN = {"queries": 50, "keys": 300, "dimensions": 16, "k": 5}
QUICK_PROBE = {"train": 300, "test": 200, "dimensions": 16}
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


def features(n: int, d: int, seed: int) -> tuple[Tensor, Tensor]:
    """Features that look like those of an encoder: behind a ReLU, correlated, ten classes that overlap."""
    shared, own = torch.Generator().manual_seed(99), torch.Generator().manual_seed(seed)
    means, mixing = torch.randn(10, d, generator=shared), torch.randn(d // 8, d, generator=shared)
    labels = torch.randint(10, (n,), generator=own)
    noise = torch.randn(n, d // 8, generator=own) @ mixing / (d // 8) ** 0.5 + 0.5 * torch.randn(n, d, generator=own)
    return (0.15 * (512 / d) ** 0.5 * means[labels] + noise).relu(), labels  # as far apart in any d


def compare(sides: dict[str, Callable[[], object]], rounds: int) -> tuple[dict, dict]:
    """Seconds of each side by round, with our ratio, and what each side answered last."""
    answers = {}

    def seconds(side: str) -> float:
        begin = time.perf_counter()
        answers[side] = sides[side]()
        return time.perf_counter() - begin

    times = in_turn({side: lambda side=side: seconds(side) for side in sides}, rounds)
    ratio = [a / b for a, b in zip(times["ours"], times["scikit_learn"], strict=True)]
    result = {"seconds": {side: summary(t) for side, t in times.items()}, "ours_over_scikit_learn": summary(ratio)}
    return result, answers


def _knn_sides(quick: bool) -> dict[str, Callable[[], np.ndarray]]:
    q, n, d, k = (QUICK_KNN if quick else KNN).values()
    (keys, labels), (queries, _) = features(n, d, 0), features(q, d, 1)

    def scikit_learn() -> np.ndarray:
        model = KNeighborsClassifier(k, metric="cosine", algorithm="brute")
        return model.fit(keys.numpy(), labels.numpy()).predict(queries.numpy())

    return {
        "ours": lambda: knn_predict(keys, labels, queries, k=k, temperature=None).numpy(),
        "scikit_learn": scikit_learn,
    }


def knn(quick: bool = False, rounds: int = 3) -> dict:
    """The classes of all queries; `agreement` is the share of queries to which both give the same class."""
    result, answers = compare(_knn_sides(quick), 1 if quick else rounds)
    result = {**(QUICK_KNN if quick else KNN), **result}
    result["agreement"] = float((answers["ours"] == answers["scikit_learn"]).mean())
    result["memory_mib"] = {
        side: in_own_process("bench_evaluation.py", side, str(int(quick))) for side in ("ours", "scikit_learn")
    }
    return result


def probe(quick: bool = False, rounds: int = 3) -> dict:
    """The whole protocol: choose the strength on a fifth of the training features, fit all, predict the test features.

    scikit-learn's side is the plain loop: the same split and strengths, its default tolerance, each fit from the start.
    """
    n, q, d = (QUICK_PROBE if quick else PROBE).values()
    (x, y), (x_test, y_test) = features(n, d, 0), features(q, d, 1)

    def scikit_learn() -> float:
        std, mean = torch.std_mean(x, dim=0)
        z, z_test = (((f - mean) / std).numpy() for f in (x, x_test))
        order = torch.randperm(n, generator=torch.Generator().manual_seed(0))
        validation, rest = order[: n // 5].numpy(), order[n // 5 :].numpy()
        models = {c: LogisticRegression(C=c, max_iter=1000) for c in STRENGTHS}
        scores = {c: m.fit(z[rest], y[rest]).score(z[validation], y[validation]) for c, m in models.items()}
        best = models[max(scores, key=scores.get)]
        return float(best.fit(z, y.numpy()).score(z_test, y_test.numpy()))

    def ours() -> float:
        return linear_probe(x, y, x_test, y_test, inverse_penalties=STRENGTHS).accuracy

    result, answers = compare({"ours": ours, "scikit_learn": scikit_learn}, 1 if quick else rounds)
    return {**(QUICK_PROBE if quick else PROBE), **result, "accuracy": answers}


def _peak(side: str, quick: bool) -> dict:
    call = _knn_sides(quick)[side]
    before = peak_mib()
    call()
    return {"imports_and_data": round(before), "extra": round(peak_mib() - before)}


if __name__ == "__main__":
    print(json.dumps(_peak(sys.argv[1], sys.argv[2] == "1")))
