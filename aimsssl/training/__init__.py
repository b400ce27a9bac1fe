"""Training, from a configuration to a run on disk."""

from .encoders import export_encoder, load_encoder, random_encoder
from .loop import monitor_split
from .runs import Run, RunError
from .simclr import SimCLRConfig, build_simclr, train_simclr
from .supervised import SupervisedConfig, train_supervised

__all__ = [
    "Run",
    "RunError",
    "SimCLRConfig",
    "SupervisedConfig",
    "build_simclr",
    "export_encoder",
    "load_encoder",
    "monitor_split",
    "random_encoder",
    "train_simclr",
    "train_supervised",
]
