"""Lesson 03: two wishes on a circle, the temperature and the push, points that move, geometry through a training."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn

from .. import figures
from ..evaluation import alignment, effective_rank, uniformity
from ..losses import nt_xent
from ..randomness import RandomStream
from ..training import Run
from ..training.runs import read_json
from .animation import show_animation
from .controls import Explorer, labelled_slider

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
class Path:
    """Points that moved under the loss: `points[step]` `[2N, 2]` and `losses[step]`."""

    points: np.ndarray
    losses: list[float]


@cache
def path(temperature: float, images: int = IMAGES, steps: int = STEPS, seed: int = 0) -> Path:
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
    return Path(np.stack(points), losses)


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


def _push_at(path: Path, step: int, tau: float) -> np.ndarray:
    return push(*torch.from_numpy(path.points[step]).chunk(2), tau, ASKING).numpy()


# ---- through a training


class GeometryTrace:
    """A `progress` for `train_simclr`: alignment, uniformity and effective rank of z after each epoch.

    They are kept in the run's folder, so that a finished run is read and not measured again.

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
    """Alignment of the partners; uniformity and effective rank of all views, brought to length 1."""
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    return {"alignment": alignment(z1, z2), "uniformity": uniformity(z), "effective rank": effective_rank(z)}


@torch.no_grad()
def embed(model: torch.nn.Module, *views: Tensor) -> list[Tensor]:
    """z of each batch of views `[P, C, H, W]`, in evaluation mode; the model's mode is as it was after that."""
    training, device = model.training, next(model.parameters()).device
    model.eval()
    z = [torch.cat([model(part.to(device))[1].float().cpu() for part in view.split(500)]) for view in views]
    model.train(training)
    return z
