"""What the names of files and folders tell: audio, an unfinished download, no audio, or a dropping of some program."""

import re
from typing import Final, Literal


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SOUND: Final = _words(
    # MPEG audio, AAC and ALAC, also as audio books, ring tones and protected purchases
    "mp3 mp2 mp1 mpa mpga mp3g aac adts loas m4a m4b m4r m4p aax aaxc aa alac "
    # Ogg, FLAC, and what holds plain samples
    "ogg oga opus spx flac fla wav wave bwf rf64 w64 aif aiff aifc aiffc au snd caf voc 8svx pcm gsm vox "
    # lossless and lossy formats of other makers
    "wma wv ape mpc mpp mp+ tta tak ofr ofs shn dsf dff wsd la lpac qoa osq vqf "
    "ra ram rm rax amr awb 3ga qcp oma aa3 at3 at9 xwma weba mka "
    # film sound
    "ac3 eac3 ec3 ac4 dts dtshd dtsma mlp thd truehd "
    # notes instead of sound: rejected, with the reason
    "mid midi kar rmi mod xm s3m cda"
)
"""Endings, lower-case without the dot, of audio."""

VIDEO: Final = _words(
    "mp4 m4v mov qt 3gp 3g2 mkv webm ogv ogm avi asf wmv flv f4v f4a mpg mpeg vob ts mts m2ts rmvb divx"
)
"""Endings of video. People keep music in such files too, as recordings of concerts and downloads of music videos."""

UNFINISHED: Final = _words(
    "part partial crdownload download opdownload filepart icloud !ut !qb !bt bc! !sync rslsync"
)
"""Endings that are put behind a file's own while it is downloaded."""

OTHER: Final = _words(
    "jpg jpeg jpe jfif png apng gif bmp webp tif tiff svg ico heic heif avif jxl jp2 psd xcf ai eps "
    "cr2 cr3 nef arw dng "
    "txt md rst rtf doc docx odt pdf epub xls xlsx ods html htm mht css js xml xsl json yaml yml toml ini "
    "cfg conf csv tsv url webloc lnk desktop eml "
    "m3u m3u8 pls xspf wpl zpl fpl asx wax wvx smil "
    "cue log nfo diz toc ccd sfv md5 sha1 sha256 sha512 ffp st5 accurip crc par2 "
    "lrc srt ass ssa vtt sub idx "
    "db sqlite sqlite3 db-wal db-shm db-journal xmp plist itl torrent aria2 ytdl "
    "asd als alp reapeaks rpp pkf sfk sfl ovw nml traktor "
    "zip rar 7z gz tgz tar bz2 xz zst iso "
    "py pyc sh bat ps1 exe msi dll so apk dmg"
)
"""Endings of files that are never opened: pictures, texts, playlists, rip logs, databases, archives, programs."""

DROPPINGS: Final = re.compile(
    r"\._.*"  # AppleDouble: what macOS keeps about the file of that name
    r"|\.ds_store|\.localized|\.apdisk|\.volumeicon\.icns|icon\r"
    r"|thumbs\.db|ehthumbs(_vista)?\.db|desktop\.ini|folder\.htt"
    r"|\.nomedia|\.stignore|\.stfolder|\.plexignore|\.ignore|\.git(ignore|attributes|keep)|\.directory|\.keep"
    r"|\.nfs[0-9a-f]+|\.fuse_hidden.*|\.~lock\..*#",
    re.DOTALL,
)
"""Names of files, lower-case, that operating systems and other programs leave in folders."""

DROPPED_FOLDERS: Final = re.compile(
    r"\.trash.*|\.spotlight-v100|\.fseventsd|\.documentrevisions-v100|\.temporaryitems|\.appledouble|__macosx"
    r"|\.stfolder.*|\.stversions|\.sync|\.dropbox\.cache|\.tmp\.driveupload|\.tmp\.drivedownload"
    r"|@eadir|@tmp|#recycle|#snapshot|@recycle|@recently-snapshot|\$recycle\.bin"
    r"|system volume information|lost\+found|\.snapshots?|\.zfs|\.git|\.svn|\.hg|\.thumbnails|\.cache"
    r"|\.labelscope|\.venv",  # a home, and our own environment, where the working directory is the crate
    re.DOTALL,
)
"""Names of folders, lower-case, with deleted files, older versions, previews and indexes. They are not entered."""

Kind = Literal["audio", "unfinished", "other", "unknown"]


def ending_of(name: str) -> str:
    """What follows the last dot, in lower case; "" without a dot."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def has_audio_ending(name: str) -> bool:
    """Whether a file of this name is audio, or a video."""
    return ending_of(name) in SOUND | VIDEO


def kind_of(name: str) -> Kind:
    """What a file is by its name. "unknown": its content decides. "other": no audio, or a dropping."""
    if DROPPINGS.fullmatch(name.lower()):
        return "other"
    ending = ending_of(name)
    if ending in SOUND or ending in VIDEO:
        return "audio"
    if ending in UNFINISHED:
        return "unfinished"
    return "other" if ending in OTHER else "unknown"


def is_dropped_folder(name: str) -> bool:
    """Whether a folder of this name belongs to a program, and its files are not the user's."""
    return DROPPED_FOLDERS.fullmatch(name.lower()) is not None


def stem_of(name: str) -> str:
    """The name without the ending of audio: "Title, Vol. 2" has none, and stays."""
    return name.rpartition(".")[0] or name if has_audio_ending(name) else name
