"""Where the weights of the pretrained networks come from, under which licence, and whether they are installed."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from common.files import sha256_if_readable
from ml.models.pretrained.errors import WeightsError

INSTALL: Final = "python -m pip install --no-deps musicnn==0.1.0"  # pretrained.txt has its hash, too


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file of the wheel: its path inside the package's folder, and its sha256 in hexadecimal digits."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Source:
    """A pretrained network: what it is, who made it, what it may be used for, and its files."""

    name: str  # of the network
    package: str
    version: str  # of the package
    licence: str  # SPDX identifier; it covers the weights, which are inside the package
    authors: str
    url: str
    trained_on: str
    index: WeightFile  # names, shapes and places of the tensors
    data: WeightFile  # their values

    @property
    def files(self) -> tuple[WeightFile, WeightFile]:
        return self.index, self.data


def _musicnn(name: str, trained_on: str, index_sha256: str, data_sha256: str) -> Source:
    return Source(
        name=name,
        package="musicnn",
        version="0.1.0",
        licence="ISC",
        authors="Jordi Pons, Music Technology Group, Universitat Pompeu Fabra",
        url="https://github.com/jordipons/musicnn",
        trained_on=trained_on,
        index=WeightFile(f"{name}/.index", index_sha256),
        data=WeightFile(f"{name}/.data-00000-of-00001", data_sha256),
    )


MSD: Final = _musicnn(
    "MSD_musicnn",
    "Million Song Dataset",
    "87f3e0f3550c8d3bafc840374003e5c8af5eeb5ecf6add61af09a7822d3282c8",
    "8579734ee6388f799ed0def4bbd0d1fdcbeaf213ef2a9dc860917bd76a303de6",
)
MTT: Final = _musicnn(
    "MTT_musicnn",
    "MagnaTagATune",
    "da2d7bb670b2b31e9bc441bb1bd75eca31b5b061f963cc1f9630c1aff3238f57",
    "041f3935e981a65cea739842d30c188d3a7d2adf4410955c8668eb3de4a5acab",
)


def weights_installed(source: Source = MSD) -> bool:
    """Whether the files of a network are there; `verified_files` checks their content."""
    folder = _folder(source)
    return folder is not None and all((folder / file.path).is_file() for file in source.files)


def verified_files(source: Source, folder: Path | None = None) -> tuple[Path, Path]:
    """The paths of index and data, after both were compared with their sha256.

    Args:
        source: the network.
        folder: of the package; None looks it up without importing it, since its code needs TensorFlow.

    Raises:
        WeightsError: a file is missing, or has other content than that of the version in `source`.
    """
    folder = folder or _folder(source)
    if folder is None:
        raise WeightsError(f"The package {source.package} is not installed; install it with {INSTALL!r}.")
    for file in source.files:
        if sha256_if_readable(folder / file.path) != file.sha256:
            raise WeightsError(
                f"{str(folder / file.path)!r} is missing, or is not that of {source.package} {source.version};"
                f" install it again with {INSTALL + ' --force-reinstall'!r}."
            )
    return folder / source.index.path, folder / source.data.path


def _folder(source: Source) -> Path | None:
    """The folder of the installed package, or None. Nothing of the package runs."""
    spec = find_spec(source.package)
    folders = spec.submodule_search_locations if spec else None
    return Path(next(iter(folders))) if folders else None
