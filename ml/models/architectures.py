"""The kinds of network of each architecture, for those who only want their names and not Keras."""

from typing import Final

MEMBERS: Final[dict[str, tuple[str, ...]]] = {
    "labelscope": ("convolutions", "changes", "timbre"),
    "seed": ("seed",),
}
"""In the order in which they are trained: those of ml.models.networks.ARCHITECTURES."""
