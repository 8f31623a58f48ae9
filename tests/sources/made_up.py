"""Made-up answers of services: any status, headers and body, and true answers in which some values are odd."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "recorded" / "services.json"

ODD = (
    *("null", "true", "false", "0", "-1", "1.5", "-0.0", "1e308", "1e400", "-1e400", "NaN", "Infinity"),
    *("9223372036854775808", "9" * 19, "9" * 400, "-" + "9" * 4000, "9" * 5000),
    *(
        '""',
        '" "',
        '"\\u0000"',
        '"\\ud800"',
        '"a\\udfff\\u0000b"',
        '"\\u202e"',
        '"٣"',
        '"inf"',
        '"1e400"',
        '"0"',
    ),
    *('"9999-12-31T23:59:59-14:00"', '"0001-01-01T00:00:00+14:00"', '"0000"', '"2021-02-31"', '"٢٠٢١-01-01"'),
    *('"https://[::1/x"', '"https://x/?index=' + "9" * 5000 + '"', '"//"', '"../../etc"', '"-5"', '"1_0"'),
    *(
        '"' + "9" * 5000 + '"',
        '"' + "x" * 20_000 + '"',
        '"' + "ẞ" * 3000 + '"',
        '"' + "\U0001f3b5" * 1500 + '"',
    ),
    *(
        "[]",
        "{}",
        "[null]",
        "[[]]",
        '{"\\u0000": 1}',
        '{"\\ud800": "\\ud800"}',
        '{"error": {}}',
        '{"error": 1}',
    ),
    *('{"error": {"code": 800}}', '{"error": {"code": ' + "9" * 4000 + "}}", '{"data": {}, "total": "x"}'),
    *("[" * 40 + "]" * 40, "[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900, "[" * 100_000, "{"),
)
MARK = "odd value "  # a placeholder in a true answer for an odd text

HEADERS = (
    *("Location", "Content-Type", "Content-Encoding", "Content-Length", "Transfer-Encoding", "Retry-After"),
    *(
        "Set-Cookie",
        "Connection",
        "Date",
        "Link",
        "WWW-Authenticate",
        "Content-Disposition",
        "X",
        "",
        ":",
        " ",
    ),
)
VALUES = (
    *("https://[::1/x", "//", "http://\xff", "/x", "https://127.0.0.1:99999/", "https://a\x00b/", "\\\\x\\y"),
    *("application/json; charset=nonsense", "text/html; charset=\x00", "application/json; charset=undefined"),
    *("charset=utf-7", "text/plain; charset=base64", "gzip", "deflate", "br", "zstd", "gzip, gzip, deflate"),
    *(
        "chunked",
        "chunked, chunked",
        "-1",
        "0",
        "5",
        "5, 6",
        "9" * 5000,
        "1e9",
        "inf",
        "nan",
        "Wed, 99 Foo 99999",
    ),
    *(
        "Wed, 21 Oct 9999 07:28:00 +9999",
        "a=b; expires=\xff; max-age=" + "9" * 5000,
        "close",
        "keep-alive",
        "",
    ),
)
STATUSES = (
    200,
    200,
    200,
    201,
    204,
    206,
    301,
    302,
    304,
    308,
    400,
    401,
    403,
    404,
    405,
    410,
    418,
    425,
    429,
    500,
    503,
)

latin = st.characters(max_codepoint=255, exclude_characters="\r\n")
values = st.sampled_from(VALUES) | st.text(latin, max_size=40)
headers = st.lists(st.tuples(st.sampled_from(HEADERS) | st.text(latin, max_size=10), values), max_size=4)


def recorded(name: str) -> list[Any]:
    """Answers of the real service, where a file of them lies beside the checkout; none elsewhere."""
    if not RECORDED.exists():
        return []
    kept = json.loads(RECORDED.read_text("utf-8"))[name]
    found = list(kept.values()) if isinstance(kept, dict) else kept
    return [shortened(one[1] if isinstance(one, list) else one) for one in found]


def shortened(value: Any) -> Any:
    """With lists of two at most: more of the same brings nothing new."""
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    return [shortened(item) for item in value[:2]] if isinstance(value, list) else value


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to each value inside of some JSON, itself included."""
    inner: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [path] + [place for key, item in inner for place in places(item, (*path, key))]


def with_odd(value: Any, odd: dict[tuple[Any, ...], int], path: tuple[Any, ...] = ()) -> Any:
    if path in odd:
        return f"{MARK}{odd[path]}"
    if isinstance(value, dict):
        return {key: with_odd(item, odd, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [with_odd(item, odd, (*path, index)) for index, item in enumerate(value)]
    return value


@st.composite
def mutated(draw: st.DrawFn, templates: list[Any], most: int = 4) -> str:
    """One of the answers as JSON, in which up to `most` values are odd ones."""
    template = draw(st.sampled_from(templates))
    chosen = draw(st.lists(st.sampled_from(places(template)), max_size=most, unique=True))
    odd = {place: draw(st.integers(0, len(ODD) - 1)) for place in chosen}
    text = json.dumps(with_odd(template, odd))
    for number in set(odd.values()):
        text = text.replace(f'"{MARK}{number}"', ODD[number])
    return text


def bodies(templates: list[Any]) -> st.SearchStrategy[bytes]:
    made = mutated(templates).map(lambda text: text.encode("utf-8", "surrogatepass"))
    return made | made | st.sampled_from(ODD).map(str.encode) | st.binary(max_size=200)


@st.composite
def answers(draw: st.DrawFn, templates: list[Any]) -> bytes:
    """The bytes of a whole answer, well framed or not."""
    body = draw(bodies(templates))
    framing = draw(st.sampled_from(("length", "length", "chunked", "bad chunks", "short", "none", "garbage")))
    if framing == "garbage":
        return draw(st.binary(max_size=100)) + body
    status = draw(st.sampled_from(STATUSES) | st.integers(100, 999))
    lines = draw(headers)
    if framing in ("length", "short"):
        lines.append(("Content-Length", str(len(body) + 5 * (framing == "short"))))
    if "chunk" in framing:
        lines.append(("Transfer-Encoding", "chunked"))
        size = (
            b"%x" % len(body)
            if framing == "chunked"
            else draw(st.sampled_from((b"-5", b"zz", b"", b"f" * 40)))
        )
        body = size + b"\r\n" + body + b"\r\n0\r\n\r\n"
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    return f"HTTP/1.1 {status} x\r\n{head}\r\n".encode("latin-1") + body
