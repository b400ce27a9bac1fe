"""Draw the first picture of the README: `python instructor/tools/picture.py` writes `lessons/pictures/first.png`."""

from pathlib import Path

import torch

from aimsssl import augment, figures
from aimsssl.datasets import load
from aimsssl.explorers.display import png

TARGET = Path(__file__).parents[2] / "lessons" / "pictures" / "first.png"


def main() -> None:
    """One image of each class of `shapes`, and below it two views: what the encoder learns from."""
    images = load("shapes", "test", limit=200)
    chosen = images[torch.stack([(images.labels == label).nonzero()[3, 0] for label in range(len(images.classes))])]
    torch.manual_seed(4)
    size = chosen.images.shape[-1]
    view1, view2 = augment.TwoViews(size)(chosen.images)  # each float [10, 3, 32, 32]
    names = [chosen.classes[label] for label in chosen.labels]
    figure = figures.two_views(chosen.images.numpy(), view1.numpy(), view2.numpy(), names)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(png(figure))
    print(f"{TARGET}: {TARGET.stat().st_size / 1000:.0f} kB. Its alt text: {figure.alt_text}")


if __name__ == "__main__":
    main()
