"""What an index can hold."""

from hypothesis import given
from hypothesis import strategies as st

from sources.metadata.storable import MAX_KEY_BYTES, storable_key


@given(st.text(max_size=3000))
def test_a_key_fits_into_an_index_and_a_short_one_stays(text: str) -> None:
    key = storable_key(text)
    assert len(key.encode("utf-8", "replace")) <= MAX_KEY_BYTES
    if len(text.encode("utf-8", "replace")) <= MAX_KEY_BYTES:
        assert key == text


def test_long_keys_that_differ_at_their_end_differ() -> None:
    assert storable_key("漢" * 900 + "a") != storable_key("漢" * 900 + "b")
