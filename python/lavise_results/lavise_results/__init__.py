"""Results of lavise-pipeline as data frames and pictures."""

from .run import NotReady, Run

__all__ = ["NotReady", "Run"]
