"""A laboratory in which faults are planted in the features of one encoder, and what each measure says of them."""

from functools import cache

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn

from ... import evaluation, figures
from ...datasets import ImageSet
from ...evaluation.diagnosis import LEAST
from ...models import extract
from ...randomness import RandomStream
from ..controls import Explorer, labelled_choice, labelled_slider

FAULTS = ("collapsed", "dimensionally collapsed", "labels leaked", "test images in training")
STRENGTHS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0)
KEPT = 3  # directions that a dimensional collapse leaves alone


class Laboratory:
    """Features of one encoder, in which faults are planted, and what every measure says of them.

    Args:
        encoder: images to *h*.
        bank, asked: images with labels to learn from, and to ask about.
        views: as `aimsssl.augment.TwoViews`: its two views are the partners of `alignment`.
        keys, queries: so many images at most are taken of each.
    """

    def __init__(
        self,
        encoder: nn.Module,
        bank: ImageSet,
        asked: ImageSet,
        views: nn.Module,
        keys: int = 1000,
        queries: int = 400,
    ):
        self.bank, self.asked = bank.sample(min(keys, len(bank))), asked.sample(min(queries, len(asked)))
        self.keys, self.queries = (extract(encoder, part.images) for part in (self.bank, self.asked))
        with RandomStream(0):
            self.partners = tuple(extract(encoder, view) for view in views(self.asked.images))
        self.mean = self.keys.mean(dim=0)
        self.directions = torch.linalg.svd(self.keys - self.mean, full_matrices=False).Vh.T  # [D, min(N, D)]
        self.reach = 1.1 * self._flat(self.queries).abs().max().item()
        self.measured = cache(self.measured)  # the probe takes a moment

    def _flat(self, h: Tensor) -> Tensor:
        """Along the two strongest directions of the healthy features, `[N, 2]`."""
        return (h[:, : len(self.mean)] - self.mean) @ self.directions[:, :2]

    def planted(self, fault: str, strength: float) -> dict[str, Tensor]:
        """Features, labels and images with a fault of a strength from 0 (healthy) to 1.

        Raises:
            ValueError: an unknown fault, or a strength outside [0, 1].
        """
        if fault not in FAULTS or not 0 <= strength <= 1:
            raise ValueError(
                f"fault must be one of {', '.join(FAULTS)} and strength in [0, 1], got {fault!r}, {strength}"
            )
        h = {"keys": self.keys, "queries": self.queries, "view1": self.partners[0], "view2": self.partners[1]}
        labels, images = self.bank.labels, self.bank.images
        if fault == "collapsed":
            h = {name: self.mean + (1 - strength) * (x - self.mean) for name, x in h.items()}
        elif fault == "dimensionally collapsed":
            scale = torch.full((self.directions.shape[1],), 1 - strength)
            scale[:KEPT] = 1
            fade = self.directions * scale @ self.directions.T
            h = {name: self.mean + (x - self.mean) @ fade for name, x in h.items()}
        elif fault == "labels leaked":
            size = strength * self.keys.norm(dim=1).mean()
            of = {"keys": self.bank.labels} | {name: self.asked.labels for name in ("queries", "view1", "view2")}
            h = {name: torch.cat([x, size * F.one_hot(of[name], len(self.bank.classes))], 1) for name, x in h.items()}
        else:
            copied = torch.arange(len(self.asked)) < round(strength * len(self.asked))
            h["keys"] = torch.cat([h["keys"], h["queries"][copied]])
            labels = torch.cat([labels, self.asked.labels[copied]])
            images = torch.cat([images, self.asked.images[copied]])
        return {**h, "labels": labels, "images": images}

    def measured(self, fault: str, strength: float) -> tuple[dict[str, float], list[str]]:
        """Every measure by name, and what `evaluation.diagnose` finds, as sentences."""
        x = self.planted(fault, strength)
        asked = x["keys"], x["labels"], x["queries"], self.asked.labels
        values = {
            "alignment": evaluation.alignment(x["view1"], x["view2"]),
            "uniformity": evaluation.uniformity(x["queries"]),
            "effective rank": evaluation.effective_rank(x["queries"]),
            "kNN": evaluation.knn_accuracy(*asked),
            "recall@1": evaluation.retrieval(*asked, ks=(1,)).recall[1],
            "linear probe": evaluation.linear_probe(*asked).accuracy,
        }
        if len(x["keys"]) < LEAST:
            return values, [f"no diagnosis: it needs {LEAST} training images, here are {len(x['keys'])}"]
        found = evaluation.diagnose(*asked, train_images=x["images"], test_images=self.asked.images)
        return values, [str(finding) for finding in found]

    def explorer(self, fault: str = FAULTS[0], strength: float = 0.99) -> Explorer:
        """Controls for the fault and its strength over `figures.collapse_dashboard`."""

        def draw(fault: str, strength: float) -> Figure:
            healthy, _ = self.measured(fault, 0.0)
            now, findings = self.measured(fault, strength)
            axes = dict.fromkeys(("kNN", "recall@1", "linear probe"), (0.0, 1.0)) | {"uniformity": (-4.0, 0.0)}
            axes["alignment"] = 0.0, round(1.5 * healthy["alignment"] + 0.05, 1)
            axes["effective rank"] = 1.0, float(round(1.3 * healthy["effective rank"] + 1))
            return figures.collapse_dashboard(
                self._flat(self.planted(fault, strength)["queries"]).numpy(),
                self.asked.labels.numpy(),
                self.asked.classes,
                self.reach,
                {name: (healthy[name], now[name], axes[name]) for name in healthy},
                findings,
                f"{fault}, strength {strength:g}",
            )

        return Explorer(
            draw,
            fault=labelled_choice("fault", FAULTS, value=fault),
            strength=labelled_slider("strength", options=STRENGTHS, value=strength),
        )

    def rows(self, strength: float) -> dict[str, dict[str, float | str]]:
        """Of the healthy features, and of each fault at this strength: every measure, and what is found, by name."""
        planted = {"healthy": (FAULTS[0], 0.0)} | {fault: (fault, strength) for fault in FAULTS}
        return {name: self._row(*at) for name, at in planted.items()}

    def _row(self, fault: str, strength: float) -> dict[str, float | str]:
        values, findings = self.measured(fault, strength)
        return values | {"the diagnosis": ", ".join(finding.split(":")[0] for finding in findings) or "nothing found"}
