"""aimsssl: self-supervised visual learning that runs, and is explained, on a laptop."""

__version__ = "0.2.0"
