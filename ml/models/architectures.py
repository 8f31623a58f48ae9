"""The names of the networks of each architecture, without an import of Keras."""

from typing import Final

MEMBERS: Final[dict[str, tuple[str, ...]]] = {
    "labelscope": ("convolutions", "changes", "timbre"),
    "seed": ("seed",),
}
"""In the order of training, which is that of ml.models.networks.ARCHITECTURES."""
