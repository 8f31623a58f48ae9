"""Plots of spectrograms, confusions and learning curves, as PNG."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.features.spectrogram import SpectrogramConfig
from ml.features.stft import hz_to_mel
from ml.plots.palette import colour_of
from ml.plots.png import as_png, short

PIXELS = 646  # columns of a spectrogram: two frames each, for a clip of thirty seconds
SHADES = 64
RANGE_DB = 80.0


def plot_confusion(counts: NDArray[np.integer], labels: Sequence[str]) -> bytes:
    """A confusion matrix, counts (true labels, predicted labels), as PNG: shaded by share of each true label."""
    from matplotlib.figure import Figure  # takes half a second, and few runs draw

    size = 1.6 + 0.7 * len(labels)
    figure = Figure(figsize=(size + 1.2, size), layout="constrained", dpi=120)
    axes = figure.add_subplot(xlabel="predicted", ylabel="true")
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [short(label) for label in labels]
    axes.set_xticks(range(len(labels)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), names)
    for (true, predicted), count in np.ndenumerate(counts):
        shade = "white" if shares[true, predicted] > 0.5 else "black"
        axes.text(predicted, true, str(count), ha="center", va="center", color=shade)
    return as_png(figure)


def plot_learning_curves(history: Sequence[Mapping[str, Any]], members: Sequence[str]) -> bytes:
    """Loss and accuracy over the epochs of a training as PNG: dotted for training crops, solid for validation crops."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained", dpi=120)
    for column, name in enumerate(("loss", "accuracy"), start=1):
        axes = figure.add_subplot(1, 2, column, xlabel="epoch", ylabel=f"{name} of crops")
        for number in sorted({epoch.get("member", 1) for epoch in history}):
            colour = colour_of(number - 1)
            epochs = [epoch for epoch in history if epoch.get("member", 1) == number]
            validated = [epoch for epoch in epochs if epoch.get(f"validation_{name}") is not None]
            axes.plot(
                [epoch["epoch"] for epoch in epochs], [epoch[name] for epoch in epochs], ":", color=colour
            )
            axes.plot(
                [epoch["epoch"] for epoch in validated],
                [epoch[f"validation_{name}"] for epoch in validated],
                ".-",
                color=colour,
                label=members[(number - 1) % len(members)] if members else f"network {number}",
            )
        axes.grid(alpha=0.3)
    axes.legend()
    return as_png(figure)


def plot_spectrogram(spectrogram: NDArray[np.floating]) -> bytes:
    """A spectrogram, (frames, bands) in dB, as PNG without axes: low bands at the bottom, 80 dB in 64 shades.

    It has PIXELS columns at most: of longer spectrograms each column is the mean of several frames.
    """
    from matplotlib import colormaps
    from PIL import Image

    frames_a_column = -(-len(spectrogram) // PIXELS)
    whole = spectrogram[: len(spectrogram) // frames_a_column * frames_a_column].astype(np.float32)
    columns = whole.reshape(-1, frames_a_column, spectrogram.shape[1]).mean(axis=1)  # (columns, bands)
    shades = np.clip((columns - columns.max()) / RANGE_DB + 1, 0, 1) * (SHADES - 1)
    image = Image.fromarray(np.ascontiguousarray(np.flipud(np.rint(shades).astype(np.uint8).T)), mode="P")
    palette = colormaps["magma"](np.linspace(0, 1, SHADES))[:, :3]
    image.putpalette(np.rint(255 * palette).astype(np.uint8).ravel().tolist())
    content = io.BytesIO()
    image.save(content, format="PNG", optimize=True)
    return content.getvalue()


def frequency_ticks(config: SpectrogramConfig) -> tuple[tuple[float, str], ...]:
    """Heights of some round frequencies in a spectrogram, from 0 at the bottom to 1 at the top, with their names."""
    low, high = hz_to_mel(config.fmin), hz_to_mel(config.fmax)
    return tuple(
        ((hz_to_mel(hz) - low) / (high - low), f"{hz / 1000:g}k" if hz >= 1000 else f"{hz:g}")
        for hz in (0, 500, 1000, 2000, 4000, 8000)
        if config.fmin <= hz <= config.fmax
    )
