"""Full-length tracks with known labels, from the soundtracks of five free games: FOLDER/<label>/<track>.

Run as `python -m bench.mix.long_tracks FOLDER`, after

    apt-get install --no-install-recommends \\
        nexuiz-music warzone2100-music singularity-music marsshooter-data colobot-common-sounds

Lays out 97 files of up to 14 minutes (516 minutes, Ogg Vorbis and Opus): links to what the packages installed, and
copies of what nexuiz-music keeps in an archive. A second version of a piece ("track3_enhanced") is named after the
first, so that `bench.mix` keeps both in one split.
"""

import argparse
import sys
import zipfile
from pathlib import Path

GAMES = Path("/usr/share/games")
MUSIC = {
    "colobot": ("colobot/music", "*.ogg"),
    "marsshooter": ("marsshooter/audio", "**/*.ogg"),
    "singularity": ("singularity/music", "**/*.ogg"),
    "warzone2100": ("warzone2100/music", "**/*.opus"),
}
ARCHIVE = "nexuiz/data/music.pk3"  # a zip
# Second versions of a piece, by their tags: named after the first.
VERSIONS = {"Hv2.ogg": "Humanitarian_v2.ogg", "music008.ogg": "Infinite_thunderstorm.ogg"}


def lay_out(folder: Path, games: Path = GAMES) -> int:
    """Fill `folder` and return the number of files. Existing files are kept."""
    number = 0
    for label, (where, pattern) in MUSIC.items():
        (folder / label).mkdir(parents=True, exist_ok=True)
        for path in sorted((games / where).glob(pattern)):
            link = folder / label / VERSIONS.get(path.name, path.name)
            if not link.exists():
                link.symlink_to(path)
            number += 1
    (folder / "nexuiz").mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(games / ARCHIVE) as archive:
        for name in archive.namelist():
            if name.endswith(".ogg"):
                (folder / "nexuiz" / Path(name).name).write_bytes(archive.read(name))
                number += 1
    return number


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    try:
        number = lay_out(arguments.folder)
    except FileNotFoundError as missing:
        sys.exit(
            f"{missing.filename} is not there: install the packages that `python -m bench.mix.long_tracks -h` names."
        )
    print(f"{number} tracks below {arguments.folder}")


if __name__ == "__main__":
    main()
