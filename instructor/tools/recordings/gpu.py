"""What takes a GPU, on CIFAR-10: SimCLR in full size, and DeepCluster with the paper's numbers of clusters.

Each run is made once, seed 0, and its folder is kept: an interrupted recording goes on. The test split is read once a
run, at the end. Where `data/recorded_runs` has no folder of these names, nobody has run them yet.
"""

import time
from dataclasses import asdict
from functools import partial

import torch
from torch.utils.flop_counter import FlopCounterMode

from aimsssl.datasets import ImageSet
from aimsssl.evaluation import score_representations
from aimsssl.models import extract
from aimsssl.profile import PROFILES
from aimsssl.training import DeepClusterConfig, Run, SimCLRConfig, build_simclr, train_deepcluster, train_simclr

from .common import WORKSHOP, keep_result, load_splits, slug

# the strongest public run of this recipe: kNN after 100 epochs, and its minutes on an A100
PUBLIC = {"recipe": "cifar-1000", "epochs": 100, "knn": 0.832, "minutes": 20, "device": "A100"}
DEEPCLUSTER = {  # SGD at a constant rate and 256 dimensions, as in the paper
    **dict(epochs=100, batch_size=256, pca_dim=256),
    **dict(optimizer="sgd", learning_rate=0.05, schedule="constant", weight_decay=1e-5),
    **dict(crop_scale=(0.2, 1.0), jitter=0.5, grayscale=0.2),
}
ENCODERS, CLUSTERS = ("resnet18", "alexnet"), (100, 300, 1000)


def simclr(name: str, epochs: int, limit: int | None = None, **changes) -> None:
    """The gpu profile for so many epochs: kNN beside the public run's, minutes, images a second, share of the peak."""
    train, test = load_splits("cifar10", limit)
    config = SimCLRConfig.for_profile(PROFILES["gpu"], epochs=epochs, **changes)
    run = train_simclr(train, config, WORKSHOP / name, progress=None)
    result = measure(run, train, test) | {"config": asdict(config), "public": PUBLIC}
    result |= speed(run, config, train.images.shape[1:])
    keep_result(name, result)


def deepcluster(name: str, limit: int | None = None, encoders=ENCODERS, clusters=CLUSTERS, **changes) -> None:
    """Every encoder with every number of clusters."""
    train, test = load_splits("cifar10", limit)
    gpu = PROFILES["gpu"]
    shared = dict(stem=gpu.stem, width=gpu.width, device=gpu.device, precision=gpu.precision, compile=gpu.compile)
    shared |= dict(held_out=0, monitor_every=0, checkpoint_every=gpu.checkpoint_every)
    result = {"settings": {**DEEPCLUSTER, **shared}, "aim": 0.75, "runs": {}}
    for encoder in encoders:
        for k in clusters:
            config = DeepClusterConfig(**{**DEEPCLUSTER, **shared, "encoder": encoder, "clusters": k, **changes})
            run = train_deepcluster(train, config, WORKSHOP / name / slug(f"{encoder}-{k}"), progress=None)
            found = measure(run, train, test) | {"nmi_labels": run.last("nmi_labels")}
            result["runs"][f"{encoder}, {k} clusters"] = found
            print(f"{name}: {encoder}, {k} clusters: probe {found['probe']:.3f}", flush=True)
    keep_result(name, result)


def measure(run: Run, train: ImageSet, test: ImageSet) -> dict:
    """kNN and linear probe of h with all labels, and the minutes of training."""
    features = tuple(extract(run.model.encoder, images.images) for images in (train, test))
    (found,) = score_representations({"h": features}, train.labels, test.labels)
    return {"knn": found.knn, "probe": found.probe, "minutes": run.last("seconds") / 60}


def speed(run: Run, config: SimCLRConfig, shape: tuple[int, ...]) -> dict:
    """Images a second after the first epoch, which compiles, and what that is of the device's matrix products.

    An image is two views. The work counted is that of convolutions and matrix products, forward and backward.
    """
    first, *_, last = [row for row in run.history if row["epoch"]]
    images = (last["epoch"] - first["epoch"]) * (run.config["data"]["shape"][0] - config.held_out)
    rate = images / (last["seconds"] - first["seconds"])
    model = build_simclr(config, shape[0]).to(config.device)
    views = torch.rand(2 * 64, *shape, device=config.device)
    with FlopCounterMode(display=False) as counter:
        model(views)[1].square().sum().backward()
    flops = counter.get_total_flops() / 64
    peak = matrix_product_rate(config.device)
    return {
        "device": torch.cuda.get_device_name() if torch.device(config.device).type == "cuda" else "cpu",
        "images_per_second": rate,
        "flops_per_image": flops,
        "peak_flops_per_second": peak,
        "share_of_peak": rate * flops / peak,
    }


def matrix_product_rate(device: str, size: int = 8192, repeats: int = 20) -> float:
    """Operations a second of a large bfloat16 matrix product, the most that the device reaches in practice."""
    size = size if torch.device(device).type == "cuda" else 512
    a = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    (a @ a).sum().item()  # waits for the device
    start = time.perf_counter()
    for _ in range(repeats):
        b = a @ a
    b.sum().item()
    return 2 * size**3 * repeats / (time.perf_counter() - start)


def where_there_is_a_gpu(name: str, make) -> None:
    """Make the recording, or say why not."""
    if torch.cuda.is_available():
        make(name)
    else:
        print(f"{name} needs a GPU, and PyTorch finds none: left out")


MAKE = {
    "gpu_simclr": partial(simclr, epochs=100),
    "gpu_simclr_long": partial(simclr, epochs=300),  # for 90 % by kNN
    "gpu_deepcluster": deepcluster,
}
RECORDINGS = {name: partial(where_there_is_a_gpu, name, make) for name, make in MAKE.items()}
