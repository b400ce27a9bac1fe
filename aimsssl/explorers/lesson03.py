"""Lesson 03: two wishes on a circle, a first training, the temperature and the push, geometry, ways to the loss."""

import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn

from .. import figures
from ..augment import Augment
from ..datasets import ImageSet
from ..evaluation import alignment, effective_rank, partner_found, uniformity
from ..losses import nt_xent
from ..randomness import RandomStream
from ..training import Run, SimCLRConfig, train_simclr
from ..training.runs import read_json
from .animation import show_animation
from .controls import Explorer, labelled_slider
from .display import LiveFigure

TEMPERATURES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
IMAGES, STEPS, ASKING = 6, 60, 0  # of the moving circle
SHOWN = (*range(0, 20, 1), *range(20, STEPS + 1, 4))  # its frames: the first steps are the large ones


# ---- two wishes


def pull(z1: Tensor, z2: Tensor) -> Tensor:
    """Minus the mean cosine of the partners, rows `[N, D]`: −1 where they coincide."""
    return -F.cosine_similarity(z1, z2).mean()


def two_wishes(
    images: Tensor, views: nn.Module, view1: Tensor, view2: Tensor, steps: int, temperature: float = 0.2
) -> dict[str, Tensor]:
    """A small encoder with a z of two numbers, trained with the pull of NT-Xent alone, with its push alone, with both.

    Args:
        images: uint8 `[B, C, H, W]`, to train on.
        views: as `aimsssl.augment.TwoViews`.
        view1, view2: `[P, C, H, W]`, whose z is returned.
        steps: of 64 images each.
        temperature: τ of all three.

    Returns:
        Unit rows `[2P, 2]`, first views first, by name; "before" is without training.
    """

    def both(z1: Tensor, z2: Tensor) -> Tensor:
        return nt_xent(z1, z2, temperature)

    def push(z1: Tensor, z2: Tensor) -> Tensor:
        return both(z1, z2) - pull(z1, z2) / temperature  # NT-Xent is their sum

    def train(loss: Callable[[Tensor, Tensor], Tensor], steps: int) -> Tensor:
        with RandomStream(0):
            encoder = nn.Sequential(nn.Flatten(), nn.Linear(view1[0].numel(), 64), nn.ReLU(), nn.Linear(64, 2))
            optimizer = torch.optim.Adam(encoder.parameters(), lr=3e-3)
            for _ in range(steps):
                batch = images[torch.randint(len(images), (64,))]
                optimizer.zero_grad()
                loss(*(encoder(view) for view in views(batch))).backward()
                optimizer.step()
        with torch.no_grad():
            return F.normalize(encoder(torch.cat([view1, view2])), dim=1)

    return {
        "before": train(pull, 0),
        "pull only": train(pull, steps),
        "push only": train(push, steps),
        "pull and push": train(both, steps),
    }


def angles(z: Tensor) -> tuple[float, float]:
    """Mean angle between partners, and between strangers, of unit rows `[2N, D]`, in degrees."""
    angle = torch.rad2deg(torch.arccos((z @ z.T).clamp(-1, 1)))
    n = len(z) // 2
    partners = angle.diagonal(n)  # of the first views; the second views have the same
    strangers = angle.sum() - angle.trace() - 2 * partners.sum()
    return partners.mean().item(), strangers.item() / (2 * n * (2 * n - 2))


# ---- by hand, and a first training


def named(matrix: Tensor, columns: Sequence[str], rows: Sequence[str] | None = None) -> dict[str, dict[str, float]]:
    """A matrix as `explorers.table` takes it; rows are named as columns where they have no names of their own."""
    values = [[round(x, 6) + 0.0 for x in row] for row in matrix.tolist()]  # no "-0.00"
    return {name: dict(zip(columns, row, strict=True)) for name, row in zip(rows or columns, values, strict=True)}


def random_change(size: int, **setting: object) -> Callable[[Tensor], Tensor]:
    """The `Augment` of this size and setting, for a batch `[B, C, H, W]` or for one image `[C, H, W]`.

    Every image of a batch has its own draw.
    """
    change = Augment(size, **setting)
    return lambda x: change(x) if x.ndim == 4 else change(x[None])[0]


def small_network(channels: int, size: int, d_feature: int = 128, d_out: int = 64) -> nn.Sequential:
    """An encoder `[B, channels, size, size]` to h, and a linear head, h to z: `network[0]` and `network[1]`.

    It has no batch norm, so that with random weights all z are nearly one direction, and the loss begins at chance.
    """
    last = -(-size // 4)  # two strides of 2, rounded up
    encoder = nn.Sequential(
        *(nn.Conv2d(channels, 16, 5, stride=2, padding=2), nn.ReLU()),
        *(nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten()),
        *(nn.Linear(32 * last**2, d_feature), nn.ReLU()),
    )
    return nn.Sequential(encoder, nn.Linear(d_feature, d_out))


class LossAndFound(LiveFigure):
    """One figure that grows with a training: the loss of each step, and the share of views that found their partner.

    Args:
        images: N of a batch, from which the chance levels follow.
        steps: of the whole training.
        pause: seconds between two drawings at least; the last step is always drawn.
    """

    def __init__(self, images: int, steps: int, pause: float = 3.0):
        super().__init__()
        self.images, self.steps, self.pause = images, steps, pause
        self.losses, self.found = [], []
        self._drawn = float("-inf")

    def add(self, loss: float | Tensor, found: float) -> None:
        """One step's loss, and its share of views in [0, 1]."""
        self.losses.append(loss.item() if isinstance(loss, Tensor) else loss)
        self.found.append(found)
        if len(self.losses) >= self.steps or time.monotonic() - self._drawn >= self.pause:
            self._drawn = time.monotonic()
            self.update(figures.loss_and_found(self.losses, self.found, self.images, self.steps))


# ---- shares


def shares(z1: Tensor, z2: Tensor, temperature: float) -> tuple[Tensor, Tensor, Tensor]:
    """Cosines `[2N, 2N]`, the softmax of each row without its diagonal `[2N, 2N]`, and the positives `[2N]`."""
    z = F.normalize(torch.cat([z1, z2]).float(), dim=1)
    similarity = z @ z.T
    scores = (similarity / temperature).fill_diagonal_(-math.inf)
    return similarity, scores.softmax(dim=1), torch.arange(len(z)).roll(len(z1))


def push(z1: Tensor, z2: Tensor, temperature: float, view: int) -> Tensor:
    """The share of one view's push on each view, `[2N]`: 0 for itself and its positive, together 1.

    It is the softmax over the negatives, for the gradient of the loss with respect to a negative's similarity is
    p/τ (Wang & Liu 2021, arXiv:2012.09740).
    """
    similarity, _, positives = shares(z1, z2, temperature)
    scores = similarity[view] / temperature
    scores[[view, int(positives[view])]] = -math.inf
    return scores.softmax(dim=0)


def push_on_own_class(
    z1: Tensor, z2: Tensor, labels: Tensor, temperatures: Sequence[float]
) -> dict[str, dict[str, float]]:
    """How many of the negatives, in %, are of the view's own class, and at each τ how much of the push they get.

    Args:
        z1, z2: `[N, D]`.
        labels: of the images, `[N]`.
    """
    similarity, _, positives = shares(z1, z2, 1.0)
    labels, negative = labels.repeat(2), ~torch.eye(len(positives), dtype=torch.bool)
    negative[torch.arange(len(positives)), positives] = False
    own = negative & (labels[:, None] == labels)
    rows = {"their share of the negatives": {"%": 100 * (own.sum() / negative.sum()).item()}}
    for tau in temperatures:
        pushed = (similarity / tau).masked_fill(~negative, -math.inf).softmax(dim=1)  # each row is the view's push
        rows[f"their share of the push, τ = {tau:g}"] = {"%": 100 * (pushed[own].sum() / len(pushed)).item()}
    return rows


def temperature(z1: Tensor, z2: Tensor, tau: float = 0.2, images: int = 8, view: int = 0) -> Explorer:
    """Sliders for τ, the number of images and a view over `figures.shares_and_push`.

    Args:
        z1, z2: `[N, D]`, the first `images` of which are shown.
        tau, images, view: at the start.
    """

    def draw(tau: float, images: int, view: int) -> Figure:
        similarity, p, positives = (x.numpy() for x in shares(z1[:images], z2[:images], tau))
        return figures.shares_and_push(p, positives, similarity, min(view, 2 * images - 1), tau)

    return Explorer(
        draw,
        tau=labelled_slider("temperature τ", options=(0.02, *TEMPERATURES), value=tau),
        images=labelled_slider("images N", 2, len(z1), value=min(images, len(z1))),
        view=labelled_slider("view i", 0, 2 * len(z1) - 1, value=view),
    )


# ---- the circle


@dataclass(frozen=True)
class Movement:
    """Points that moved under the loss: `points[step]` `[2N, 2]` and `losses[step]`."""

    points: np.ndarray
    losses: list[float]


@cache
def path(temperature: float, images: int = IMAGES, steps: int = STEPS, seed: int = 0) -> Movement:
    """2N points on a circle, each with an angle of its own, by gradient descent on NT-Xent from a random start.

    The step is scaled by 2Nτ, so that a small temperature is not a large learning rate, and no point moves more than
    0.2 radians at a time.
    """
    generator = torch.Generator().manual_seed(seed)
    angles = (2 * math.pi * torch.rand(2 * images, generator=generator)).requires_grad_()
    points, losses = [], []
    for _ in range(steps + 1):
        z = torch.stack([angles.cos(), angles.sin()], dim=1)
        loss = nt_xent(*z.chunk(2), temperature)
        points.append(z.detach().numpy())
        losses.append(loss.item())
        (gradient,) = torch.autograd.grad(loss, angles)
        with torch.no_grad():
            angles -= (0.2 * 2 * images * temperature * gradient).clamp(-0.2, 0.2)
    return Movement(np.stack(points), losses)


def even_circle(images: int, temperature: float) -> float:
    """The loss of partners on one point and images at equal distances: the best that a circle has room for."""
    angles = 2 * math.pi * torch.arange(images) / images
    z = torch.stack([angles.cos(), angles.sin()], dim=1)
    return nt_xent(z, z, temperature).item()


def play_circle(temperatures: tuple[float, float] = (0.1, 2.0)) -> None:
    """The same start under two temperatures, as a moving picture, with the push of one view."""
    paths = {tau: path(tau) for tau in temperatures}

    def draw(step: int) -> Figure:
        states = {f"τ = {tau:g}": p.points[step] for tau, p in paths.items()}
        below = [f"step {step}, loss {p.losses[step]:.2f}" for p in paths.values()]
        return figures.circles(states, below, ASKING, [_push_at(p, step, tau) for tau, p in paths.items()])

    still = draw(STEPS)
    still.alt_text = f"Moving picture, from step 0 to {STEPS}. It ends as follows. {still.alt_text}"
    show_animation(draw, SHOWN, still)


def moving_circle(tau: float = 0.1, step: int = 0) -> Explorer:
    """Sliders for the temperature and the step over `figures.circle_and_loss`."""

    def draw(tau: float, step: int) -> Figure:
        p = path(tau)
        levels = {"chance": math.log(2 * IMAGES - 1), "evenly spread": even_circle(IMAGES, tau)}
        return figures.circle_and_loss(p.points[step], p.losses, step, levels, ASKING, _push_at(p, step, tau))

    return Explorer(
        draw,
        tau=labelled_slider("temperature τ", options=TEMPERATURES, value=tau),
        step=labelled_slider("step", 0, STEPS, value=step),
    )


def _push_at(path: Movement, step: int, tau: float) -> np.ndarray:
    return push(*torch.from_numpy(path.points[step]).chunk(2), tau, ASKING).numpy()


# ---- geometry, through a training


def train_at(
    temperature: float, images: ImageSet, config: SimCLRConfig, view1: Tensor, view2: Tensor, name: str
) -> tuple[Run, list[dict[str, float]]]:
    """A SimCLR run at a temperature, all else as in `config`, and the geometry of its z after each epoch.

    Args:
        view1, view2: `[P, C, H, W]`, looked at after each epoch and never trained on.
        name: of the data and the profile; the run is kept in `runs/`, and read where it is there already.
    """
    trace = GeometryTrace(view1, view2)
    folder = Path("runs") / f"03_{re.sub(r'[^A-Za-z0-9]+', '_', name)}_tau{temperature:g}"
    return train_simclr(images, replace(config, temperature=temperature), folder, progress=trace), trace.rows


class GeometryTrace:
    """A `progress` for `train_simclr`: what `geometry` finds in z after each epoch.

    It is kept in the run's folder, so that a finished run is read and not measured again.

    Args:
        view1, view2: `[P, C, H, W]`, two views of the same images, which stay the same through the training.
    """

    def __init__(self, view1: Tensor, view2: Tensor):
        self.views, self.rows = (view1, view2), []

    def __call__(self, run: Run) -> None:
        epoch, loss = run.history[-1]["epoch"], run.history[-1]["loss"]
        file = run.path / "geometry.json" if run.path is not None else None
        if not self.rows and file is not None and file.exists():
            self.rows = [row for row in read_json(file)["rows"] if row["epoch"] <= epoch]
        if self.rows and self.rows[-1]["epoch"] == epoch:
            return
        self.rows.append({"epoch": epoch, **geometry(*embed(run.model, *self.views))})
        run.write_json("geometry.json", {"rows": self.rows})
        print(f"epoch {epoch}: " + ("before training" if loss is None else f"loss {loss:.2f}"))


def geometry(z1: Tensor, z2: Tensor) -> dict[str, float]:
    """Alignment of the partners, uniformity and effective rank of all views at length 1, and % of partners found."""
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    return {
        "alignment": alignment(z1, z2),
        "uniformity": uniformity(z) + 0.0,
        "effective rank": effective_rank(z),
        "partner found, %": 100 * partner_found(z1, z2),
    }


def spectra(pairs: Mapping[str, tuple[Tensor, Tensor]]) -> dict[str, np.ndarray]:
    """For `figures.sorted_spectra`: singular values of all views at length 1, as shares; the name tells the rank."""
    found = {}
    for name, pair in pairs.items():
        z = F.normalize(torch.cat(list(pair)), dim=1)
        values = torch.linalg.svdvals(z.double())
        found[f"{name}: rank {effective_rank(z):.1f}"] = (values / values.sum()).numpy()
    return found


@torch.no_grad()
def embed(model: torch.nn.Module, *views: Tensor) -> list[Tensor]:
    """z of each batch of views `[P, C, H, W]`, in evaluation mode; the model's mode is as it was after that."""
    training, device = model.training, next(model.parameters()).device
    model.eval()
    z = [torch.cat([model(part.to(device))[1].float().cpu() for part in view.split(500)]) for view in views]
    model.train(training)
    return z


# ---- ways to the loss


def compare_ways(
    ways: Mapping[str, Callable[[Tensor, Tensor, float], Tensor]], z1: Tensor, z2: Tensor, temperature: float
) -> dict[str, dict[str, float | str]]:
    """Each way's loss, how far its gradient is from that of the first way, and its milliseconds, forward and backward.

    Args:
        z1, z2: `[N, D]`.
    """
    rows, right = {}, None
    for name, way in ways.items():
        a, b = z1.clone().requires_grad_(), z2.clone().requires_grad_()
        begin = time.perf_counter()
        loss = way(a, b, temperature)
        gradient = torch.cat(torch.autograd.grad(loss, [a, b]))
        milliseconds = 1000 * (time.perf_counter() - begin)
        right = gradient if right is None else right
        off = (gradient - right).abs().max().item()
        rows[name] = {
            "loss": loss.item(),
            "largest difference of a gradient": f"{off:.0e}",
            "ms": f"{milliseconds:.0f}",
        }
    return rows
