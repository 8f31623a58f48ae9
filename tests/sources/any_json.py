"""Hypothesis strategies: any JSON, with characters in it that a terminal or PostgreSQL refuses."""

from hypothesis import strategies as st

TEXT = (
    st.text()
    | st.text(alphabet=st.characters(categories=("Cc", "Cs", "Zl")))
    | st.sampled_from(["spotify:local:"])
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
