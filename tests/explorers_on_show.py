"""Every explorer of the lessons, made in a moment on few and small images: by its name, a function that gives it."""

import torch

from aimsssl import augment
from aimsssl.datasets import ImageSet, load
from aimsssl.explorers import lesson01, lesson02, lesson03, lesson04, lesson05, lesson06
from aimsssl.training import PretextConfig, Run, train_pretext

CLASSES = ("disc", "ring", "heart")


def _images(number: int = 24) -> ImageSet:
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (number, 3, 8, 8), dtype=torch.uint8, generator=generator)
    return ImageSet("fake", pictures, torch.arange(number) % 3, CLASSES)


def _features(number: int = 24) -> torch.Tensor:
    return torch.randn(number, 4, generator=torch.Generator().manual_seed(1))


def tasks_on_an_image():
    images = load("shapes", "train", limit=32)
    small = dict(width=4, epochs=1, batch_size=32, precision="float32", held_out=0, monitor_every=0)
    runs = {
        task: train_pretext(images, PretextConfig(task=task, **small), progress=None)
        for task in ("rotation", "inpainting", "jigsaw")
    }
    return lesson01.tasks_on_an_image(images, runs)


def augmentations():
    return lesson02.augmentations(_images())


def temperature():
    return lesson03.temperature(_features(8), _features(8).flip(0))


def moving_circle():
    return lesson03.moving_circle()


def through_training():
    run = Run(None, {"epochs": 4})
    run.snapshots = {epoch: _features() for epoch in (0, 1, 4)}
    points = {epoch: _features()[:, :2].numpy() for epoch in run.snapshots}
    return lesson04.through_training(run, _images(), points=points)


def kmeans():
    return lesson05.kmeans(_features()[:, :2])


def cluster_pages():
    return lesson05.cluster_pages(_images(), {0: _images().labels, 5: _images().labels.flip(0)}, 3)


def votes():
    features = {"one": _features(), "other": _features().flip(0)}
    return lesson06.votes(_images(), _images(), features, features)


def explorer():
    encoder = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 16), torch.nn.ReLU())
    views = augment.TwoViews(8, crop_scale=(0.8, 1.0))
    return lesson06.Laboratory(encoder, _images(60), _images(30), views, keys=60, queries=30).explorer()


EXPLORERS = {
    make.__name__: make
    for make in (
        tasks_on_an_image, augmentations, temperature, moving_circle, through_training, kmeans, cluster_pages, votes,
        explorer,
    )
}  # fmt: skip
