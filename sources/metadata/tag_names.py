"""One name for one tag, whatever the format calls it: that of Vorbis comments, in lower case."""

import re
from typing import Final

ID3: Final = {
    "TIT2": "title",
    "TPE1": "artist",
    "TPE2": "albumartist",
    "TALB": "album",
    "TSRC": "isrc",
    "TDRC": "date",
    "TDRL": "date",
    "TDOR": "originaldate",
    "TPUB": "organization",
    "TCOP": "copyright",
    "WCOP": "license",
    "TCON": "genre",
    "TBPM": "bpm",
    "TKEY": "key",
    "TRCK": "tracknumber",
    "TPOS": "discnumber",
    "TCOM": "composer",
    "TPE4": "remixer",
    "COMM": "comment",
    "TSSE": "encoder",
    "TENC": "encodedby",
}

MP4: Final = {
    "\xa9nam": "title",
    "\xa9ART": "artist",
    "aART": "albumartist",
    "\xa9alb": "album",
    "\xa9day": "date",
    "\xa9gen": "genre",
    "\xa9pub": "organization",
    "cprt": "copyright",
    "\xa9cpy": "copyright",
    "\xa9wrt": "composer",
    "\xa9cmt": "comment",
    "\xa9grp": "grouping",
    "desc": "description",
    "tmpo": "bpm",
    "trkn": "tracknumber",
    "disk": "discnumber",
    "xid ": "xid",
}
"""Atoms. Others are not read: such as the Apple account that bought the file."""

APE: Final = {
    "album artist": "albumartist",
    "year": "date",
    "original date": "originaldate",
    "publisher": "organization",
    "catalog": "catalognumber",
    "track": "tracknumber",
    "disc": "discnumber",
    "upc": "barcode",
    "ean/upc": "barcode",
}

ASF: Final = {
    "author": "artist",
    "wm/albumartist": "albumartist",
    "wm/albumtitle": "album",
    "wm/year": "date",
    "wm/originalreleasetime": "originaldate",
    "wm/originalreleaseyear": "originaldate",
    "wm/publisher": "organization",
    "wm/beatsperminute": "bpm",
    "wm/initialkey": "key",
    "wm/catalogno": "catalognumber",
    "wm/tracknumber": "tracknumber",
    "wm/partofset": "discnumber",
    "description": "comment",
    "copyrighturl": "license",
}
"""Attributes of WMA. Others lose their "wm/"."""

DECODER: Final = {
    "album_artist": "albumartist",
    "album/artist": "albumartist",
    "album/title": "album",
    "publisher": "organization",
    "year": "date",
    "date_released": "date",
    "date_recorded": "originaldate",
    "terms_of_use": "license",
    "catalog_number": "catalognumber",
    "track": "tracknumber",
    "disc": "discnumber",
    "tbpm": "bpm",
    "tkey": "key",
    "tsrc": "isrc",
}
"""Names of FFmpeg, and of Matroska's own tags."""

TECHNICAL: Final = re.compile(
    r"major_brand|minor_version|compatible_brands|handler_name|vendor_id|creation_time|timecode|duration|bps"
    r"|number_of_.*|_statistics.*|language|media_type|gapless_playback|filename|mimetype|sort_.*"
    r"|encod(er|ed).*|encoding.*|software|tool (name|version)|itun.*"
    r"|account_.*|owner|purchase_date"
    r"|wmfsdk.*|deviceconformancetemplate|isvbr|(wm/)?(wmadrc|mediaclass|unique|encod).*"
)
"""Names, in lower case, of tags that describe the file, the program or the buyer instead of the music."""


def decoder_name(name: str) -> str:
    """The name for a tag that FFmpeg reads, such as "TRACK/TITLE-eng" in Matroska."""
    plain = re.sub(r"-[a-z]{3}$", "", name.lower().removeprefix("com.apple.quicktime."))
    plain = DECODER.get(plain, plain)
    return DECODER.get(plain.rpartition("/")[2], plain.rpartition("/")[2])
