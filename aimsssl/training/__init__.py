"""Training, from a configuration to a run on disk."""

from .deepcluster import DeepClusterConfig, build_deepcluster, train_deepcluster
from .encoders import export_encoder, load_encoder, random_encoder
from .loop import monitor_sizes, monitor_split
from .methods import METHODS, Method, method_config, train_method, untrained_encoder
from .pretext import PretextConfig, build_pretext, probe_holes, train_pretext
from .runs import Run, RunError
from .simclr import SimCLRConfig, build_simclr, train_simclr
from .supervised import SupervisedConfig, train_supervised

__all__ = [
    "METHODS",
    "DeepClusterConfig",
    "Method",
    "PretextConfig",
    "Run",
    "RunError",
    "SimCLRConfig",
    "SupervisedConfig",
    "build_deepcluster",
    "build_pretext",
    "build_simclr",
    "export_encoder",
    "load_encoder",
    "method_config",
    "monitor_sizes",
    "monitor_split",
    "probe_holes",
    "random_encoder",
    "train_deepcluster",
    "train_method",
    "train_pretext",
    "train_simclr",
    "train_supervised",
    "untrained_encoder",
]
