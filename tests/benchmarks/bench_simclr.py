"""SimCLR end to end, ours and lightly's: images a second, and peak memory.

Same images, ResNet-18, batch, head, loss, optimiser (SGD) and strength of augmentation. An image is one pair of views.

- ours: `aimsssl.training.train_simclr`, as anyone calls it, without monitor and files. The first epoch is not counted.
- lightly: the loop of its own SimCLR example and the settings of its CIFAR-10 benchmark: `SimCLRTransform` on PIL
  images, a `LightlyDataset`, PyTorch's `DataLoader`, `SimCLRProjectionHead`, `NTXentLoss`, float32. The first steps are
  not counted, and its workers are kept busy beyond the last, so that no batch is had for nothing.
- lightly_tuned: the same, with channels_last and, where it is faster here, bfloat16 added to the loop by hand.

`python bench_simclr.py SIDE SETTING WORKERS` prints the peak memory of one side, measured in this process.
"""

import itertools
import json
import statistics
import sys
import time
from dataclasses import dataclass, replace

import torch
import torchvision
from common import in_own_process, in_turn, peak_mib, summary, workers_mib
from PIL import Image
from torch import nn

from aimsssl.datasets import ImageSet, load
from aimsssl.models import resnet18
from aimsssl.profile import faster_precision
from aimsssl.training import SimCLRConfig, train_simclr

BATCH = 128
RATE, MOMENTUM, WEIGHT_DECAY = 0.06, 0.9, 5e-4  # lightly's CIFAR-10 benchmark


@dataclass(frozen=True)
class Setting:
    """A model, and how long it is timed: `steps` in each of `rounds`, after `warmup` steps."""

    stem: str
    width: int
    warmup: int
    steps: int
    rounds: int


SETTINGS = {
    "cifar": Setting("cifar", 64, warmup=1, steps=2, rounds=4),
    "imagenet": Setting("imagenet", 64, warmup=6, steps=8, rounds=4),
    "small": Setting("small", 16, warmup=8, steps=20, rounds=5),
}
QUICK = {name: Setting(setting.stem, 4, warmup=1, steps=1, rounds=1) for name, setting in SETTINGS.items()}


# --- ours -----------------------------------------------------------------------------------------------------------


def lightlys_settings(setting: Setting, precision: str, **changes) -> SimCLRConfig:
    """The settings of lightly's CIFAR-10 benchmark, in our names."""
    return SimCLRConfig(
        stem=setting.stem, width=setting.width, batch_size=BATCH, optimizer="sgd", nesterov=False,
        learning_rate=RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY, d_hidden=512, d_out=128, temperature=0.5,
        crop_scale=(0.08, 1.0), precision=precision, monitor_every=0, separate_views=True, **changes,
    )  # fmt: skip


def ours(images: ImageSet, setting: Setting, precision: str) -> float:
    """Images a second of `train_simclr`: an epoch to warm up, an epoch that counts."""
    return images_per_second(images, setting, lightlys_settings(setting, precision))


def images_per_second(images: ImageSet, setting: Setting, config: SimCLRConfig) -> float:
    steps = max(setting.warmup, setting.steps)
    run = train_simclr(images[: steps * BATCH], replace(config, epochs=2), progress=None)
    seconds = run.column("seconds")[1]
    return steps * BATCH / (seconds[-1] - seconds[-2])


# --- lightly's ------------------------------------------------------------------------------------------------------


class PILImages(torch.utils.data.Dataset):
    """Pixels in memory, an image made of them when asked for, as in `torchvision.datasets.CIFAR10`."""

    def __init__(self, images: ImageSet, length: int):
        self.pixels = images.images.permute(0, 2, 3, 1).contiguous().numpy()
        self.labels = images.labels.tolist()
        self.length, self.transform = length, None

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int):
        index %= len(self.pixels)  # a longer epoch than there are images keeps the workers busy
        return self.transform(Image.fromarray(self.pixels[index])), self.labels[index]


class LightlySimCLR(nn.Module):
    """A backbone and lightly's head. The backbone is torchvision's, but for stem `small`, which only we have."""

    def __init__(self, setting: Setting):
        from lightly.models.modules import SimCLRProjectionHead

        super().__init__()
        if setting.stem == "small" or setting.width != 64:
            self.backbone = resnet18(setting.stem, setting.width)
            features = self.backbone.feature_dim
        else:
            self.backbone = torchvision.models.resnet18()
            if setting.stem == "cifar":
                self.backbone.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
                self.backbone.maxpool = nn.Identity()
            features = self.backbone.fc.in_features
            self.backbone.fc = nn.Identity()
        self.head = SimCLRProjectionHead(features, 512, 128)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.backbone(x).flatten(start_dim=1))


def lightlys_loop(images: ImageSet, setting: Setting, workers: int, steps: int, tuned: bool = False) -> tuple:
    """Lightly's model, its optimiser, batches of views for `steps` steps or more, and what makes a step of a batch."""
    from lightly.data import LightlyDataset
    from lightly.loss import NTXentLoss
    from lightly.transforms import SimCLRTransform

    torch.manual_seed(0)
    transform = SimCLRTransform(input_size=images.images.shape[-1], cj_strength=0.5, gaussian_blur=0.0)
    in_flight = 2 * workers  # batches a DataLoader makes ahead
    dataset = LightlyDataset.from_torch_dataset(PILImages(images, (steps + in_flight) * BATCH), transform=transform)
    loader = torch.utils.data.DataLoader(dataset, BATCH, shuffle=True, drop_last=True, num_workers=workers)
    model, criterion = LightlySimCLR(setting).train(), NTXentLoss()
    half = tuned and faster_precision(setting.width) == "bfloat16"
    if tuned:
        model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), RATE, MOMENTUM, weight_decay=WEIGHT_DECAY)

    def step(views: list[torch.Tensor]) -> None:
        if tuned:
            views = [view.contiguous(memory_format=torch.channels_last) for view in views]
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            z0, z1 = model(views[0]), model(views[1])
        loss = criterion(z0.float(), z1.float())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return model, optimizer, (views for views, _, _ in loader), step


def lightlys(images: ImageSet, setting: Setting, workers: int, tuned: bool = False, watch=None) -> float:
    """Images a second of lightly's loop; `watch` is called after every step."""
    _, _, batches, step = lightlys_loop(images, setting, workers, setting.warmup + setting.steps, tuned)

    def steps(count: int) -> None:
        for views in itertools.islice(batches, count):
            step(views)
            if watch:
                watch()

    steps(setting.warmup)
    start = time.perf_counter()
    steps(setting.steps)
    return setting.steps * BATCH / (time.perf_counter() - start)


# --- in turn --------------------------------------------------------------------------------------------------------


def throughput(
    images: ImageSet, setting: Setting, peer: bool, tell=print, workers: tuple[int, ...] = (0, 1, 2), trials: int = 2
) -> dict:
    """Images a second of every side, the number of workers that suited lightly, and our gain over it by round."""
    sides = {
        "ours": lambda: ours(images, setting, "auto"),
        "ours_float32": lambda: ours(images, setting, "float32"),
    }
    result = {"stem": setting.stem, "width": setting.width, "batch": BATCH}
    if peer:
        lightlys(images, setting, 0)  # whatever runs first in a process is slow
        trial = in_turn({n: lambda n=n: lightlys(images, setting, n) for n in workers}, trials)
        best = max(trial, key=lambda n: statistics.median(trial[n]))
        result["lightly_workers"] = {"taken": best, "trial": {str(n): summary(values) for n, values in trial.items()}}
        sides["lightly"] = lambda: lightlys(images, setting, best)
        sides["lightly_tuned"] = lambda: lightlys(images, setting, best, tuned=True)
    rates = in_turn(sides, setting.rounds)
    result["images_per_second"] = {side: summary(values) for side, values in rates.items()}
    if peer:
        for side in ("ours", "ours_float32", "lightly_tuned"):
            ratio = [a / b for a, b in zip(rates[side], rates["lightly"], strict=True)]
            result[f"{side}_over_lightly"] = summary(ratio)
    tell(f"{setting.stem}, width {setting.width}: " + ", ".join(f"{k} {v[-1]:.0f}" for k, v in rates.items()))
    return result


def memory(name: str, workers: int | None, data: str, quick: bool) -> dict:
    """Peak memory of each side in MiB, each in a process of its own; `workers` is lightly's number, None without it."""
    size = "quick" if quick else "full"
    result = {"ours": in_own_process("bench_simclr.py", "ours", name, "0", data, size)}
    if workers is not None:
        result["lightly"] = in_own_process("bench_simclr.py", "lightly", name, str(workers), data, size)
    return result


def _one_side(side: str, name: str, workers: str, data: str, size: str) -> dict:
    setting = (QUICK if size == "quick" else SETTINGS)[name]
    setting = Setting(setting.stem, setting.width, warmup=1, steps=1, rounds=1)
    images = load(data, limit=2 * BATCH)
    if side == "lightly":
        import lightly.transforms  # noqa: F401  # what importing costs is told apart
    imported, added = peak_mib(), [0.0]
    if side == "ours":
        ours(images, setting, "auto")
    else:
        lightlys(images, setting, int(workers), watch=lambda: added.append(workers_mib()))
    peak = {"imports_and_data": imported, "main_process": peak_mib(), "workers": max(added)}
    peak["total"] = peak["main_process"] + peak["workers"]
    return {key: round(value) for key, value in peak.items()}


if __name__ == "__main__":
    print(json.dumps(_one_side(*sys.argv[1:])))
