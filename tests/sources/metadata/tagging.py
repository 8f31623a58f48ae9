"""Writes the tags of a format with mutagen: the same content by the names of each."""

from pathlib import Path

import mutagen
from mutagen.aiff import AIFF
from mutagen.apev2 import BINARY, APEv2, APEValue
from mutagen.asf import ASF, ASFByteArrayAttribute, ASFUnicodeAttribute
from mutagen.id3 import (
    APIC,
    COMM,
    GEOB,
    ID3,
    PRIV,
    TALB,
    TBPM,
    TCON,
    TCOP,
    TDRC,
    TIT2,
    TPE1,
    TPE2,
    TPUB,
    TRCK,
    TSRC,
    TXXX,
)
from mutagen.mp4 import MP4, AtomDataType, MP4Cover, MP4FreeForm
from mutagen.wave import WAVE

PICTURE = b"\xff\xd8\xff\xe0JFIF binary \xfe\xed" * 100
EXPECTED = {
    "title": ["Tïtle"],
    "artist": ["One", "Two"],
    "albumartist": ["Various"],
    "album": ["Album"],
    "isrc": ["DEA122100001"],
    "date": ["2021-03-04"],
    "organization": ["Imprint"],
    "genre": ["Dub Techno"],
    "copyright": ["© Imprint"],
    "barcode": ["0123456789012"],
    "bpm": ["124"],
    "tracknumber": ["3/12"],
    "comment": ["hello"],
}


def as_id3(path: Path) -> None:
    files = {".wav": WAVE, ".aiff": AIFF}
    file = files[path.suffix](path) if path.suffix in files else None
    if file is not None:
        file.add_tags()
    tags = file.tags if file is not None else ID3()
    text = "Tïtle", ["One", "Two"], "Various", "Album", "DEA122100001", "2021-03-04", "Imprint", "Dub Techno"
    kinds = TIT2, TPE1, TPE2, TALB, TSRC, TDRC, TPUB, TCON
    frames = [kind(text=value) for kind, value in zip(kinds, text, strict=True)]
    frames += [
        TCOP(text="© Imprint"),
        TBPM(text="124"),
        TRCK(text="3/12"),
        COMM(lang="eng", desc="", text="hello"),
    ]
    frames += [
        TXXX(desc="BARCODE", text="0123456789012"),
        APIC(data=PICTURE, mime="image/jpeg", desc="Cover"),
    ]
    frames += [PRIV(owner="owner", data=PICTURE), GEOB(filename="f", desc="object", data=PICTURE)]
    for frame in frames:
        tags.add(frame)
    file.save() if file is not None else tags.save(path)


def as_mp4(path: Path) -> None:
    file = MP4(path)
    file["\xa9nam"], file["\xa9ART"], file["aART"], file["\xa9alb"] = (
        "Tïtle",
        ["One", "Two"],
        "Various",
        "Album",
    )
    file["\xa9day"], file["\xa9gen"], file["cprt"], file["\xa9cmt"] = (
        "2021-03-04",
        "Dub Techno",
        "© Imprint",
        "hello",
    )
    file["tmpo"], file["trkn"], file["cpil"] = [124], [(3, 12)], True
    file["covr"] = [MP4Cover(PICTURE)]
    file["apID"] = "somebody@example.com"
    itunes = "----:com.apple.iTunes:"
    file[f"{itunes}ISRC"] = b"DEA122100001"
    file[f"{itunes}ORGANIZATION"] = MP4FreeForm("Imprint".encode("utf-16-be"), AtomDataType.UTF16)
    file[f"{itunes}BARCODE"] = b"0123456789012"
    file[f"{itunes}cover"] = MP4FreeForm(PICTURE, AtomDataType.JPEG)
    file[f"{itunes}iTunSMPB"] = b" 00000000 00000840"
    file.save()


def as_ape(path: Path) -> None:
    tags = APEv2()
    tags["Title"], tags["Artist"], tags["Album Artist"], tags["Album"] = (
        "Tïtle",
        ["One", "Two"],
        "Various",
        "Album",
    )
    tags["ISRC"], tags["Year"], tags["Publisher"], tags["Genre"] = (
        "DEA122100001",
        "2021-03-04",
        "Imprint",
        "Dub Techno",
    )
    tags["Copyright"], tags["EAN/UPC"], tags["BPM"], tags["Track"] = (
        "© Imprint",
        "0123456789012",
        "124",
        "3/12",
    )
    tags["Comment"] = "hello"
    tags["Cover Art (Front)"] = APEValue(b"cover.jpg\0" + PICTURE, BINARY)
    tags.save(path)


def as_asf(path: Path) -> None:
    file = ASF(path)
    file["Title"], file["Author"], file["WM/AlbumArtist"], file["WM/AlbumTitle"] = (
        "Tïtle",
        ["One", "Two"],
        "Various",
        "Album",
    )
    file["WM/ISRC"], file["WM/Year"], file["WM/Publisher"] = "DEA122100001", "2021-03-04", "Imprint"
    file["WM/Genre"], file["Copyright"], file["WM/Barcode"] = "Dub Techno", "© Imprint", "0123456789012"
    file["WM/BeatsPerMinute"], file["WM/TrackNumber"], file["Description"] = "124", "3/12", "hello"
    file["WM/Picture"] = ASFByteArrayAttribute(PICTURE)
    file["WM/MediaClassPrimaryID"] = ASFUnicodeAttribute("{D1607DBC-E323-4BE2-86A1-48A42A28441E}")
    file.save()


def as_vorbis(path: Path) -> None:
    file = mutagen.File(path)
    file.clear()
    file.update(EXPECTED)
    file["metadata_block_picture"] = "x" * 5000
    file.save()


FORMATS = [
    *((ending, as_id3) for ending in ("mp3", "mp2", "wav", "aiff", "aac")),
    *((ending, as_mp4) for ending in ("m4a", "alac.m4a", "mp4")),
    *((ending, as_ape) for ending in ("wv", "tta", "mp3", "aac")),
    ("wma", as_asf),
    *((ending, as_vorbis) for ending in ("flac", "oga", "opus")),
]
