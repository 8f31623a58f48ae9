"""Embeddings: from the same pass as probabilities, and always the same."""

import hashlib
from pathlib import Path

import keras
import numpy as np
import pytest

from ml.data.crops import Standardisation
from ml.models.embedding import DIMENSIONS, of_track, projection
from ml.models.model_file import ModelCard, save_model
from ml.models.networks import ARCHITECTURES, build, ensemble
from ml.models.scorer import Scorer, load_model

STATISTICS = Standardisation((-40.0,) * 128, (12.0,) * 128)


@pytest.fixture(scope="module", params=["labelscope", "seed"])
def scorer(request: pytest.FixtureRequest) -> Scorer:
    members = [build(layers, 3, STATISTICS, seed=n) for n, layers in enumerate(ARCHITECTURES[request.param])]
    card = ModelCard(("zebra", "ant", "moth"), {"n_mels": 128}, STATISTICS, request.param)
    return Scorer(ensemble(members, request.param), card)


def spectrogram(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(-40, 12, (frames, 128)).astype(np.float16)


def test_scores_are_those_of_a_pass_without_embeddings(scorer: Scorer) -> None:
    decibels = [spectrogram(1292), spectrogram(100, 1), spectrogram(256, 2)]
    outputs = scorer.score_and_embed(iter(decibels))
    assert [of_clip.embeddings.shape for of_clip in outputs] == [(n, DIMENSIONS) for n in (10, 0, 2)]
    for of_clip, scores in zip(outputs, scorer.score_many(decibels), strict=True):
        assert np.allclose(of_clip.scores, scores, atol=1e-6)
    assert scorer.score_and_embed([]) == []


def test_a_model_from_its_file_has_the_same_embeddings(scorer: Scorer, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    loaded = load_model(path, save_model(scorer.network, scorer.card, path))
    decibels = [spectrogram(1292)]
    [here], [there] = scorer.score_and_embed(decibels), loaded.score_and_embed(decibels)
    assert np.allclose(here.embeddings, there.embeddings, atol=1e-5)


def test_an_embedding_is_the_input_of_the_last_layers_with_equal_weights(scorer: Scorer) -> None:
    decibels = spectrogram(128)
    members = [layer for layer in scorer.network.layers if isinstance(layer, keras.Model)] or [scorer.network]
    parts = []
    for member in members:
        decision = member.layers[-1]
        part = np.asarray(keras.Model(member.input, decision.input).predict(decibels[None], verbose=0)[0])
        weights, bias = decision.get_weights()
        odds = np.exp(part @ weights + bias)  # the only input of the last layer
        assert np.allclose(odds / odds.sum(), member.predict(decibels[None], verbose=0)[0], atol=1e-4)
        parts.append(part / np.linalg.norm(part))
    whole = np.concatenate(parts)
    [outputs] = scorer.score_and_embed([decibels])
    assert np.allclose(outputs.embeddings[0], whole @ projection(len(whole)), atol=1e-4)


def test_the_projection_keeps_angles_and_never_changes() -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(0, 1, (50, 1792)) + random.normal(0, 1, 1792)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    projected = vectors @ projection(1792)
    projected /= np.linalg.norm(projected, axis=1, keepdims=True)
    errors = projected @ projected.T - vectors @ vectors.T
    assert np.abs(errors).max() < 0.25 and np.std(errors) < 1 / np.sqrt(DIMENSIONS)
    assert hashlib.sha256(projection(1792).tobytes()).hexdigest().startswith("6a6e24b59bf67dc7")
    assert np.array_equal(projection(DIMENSIONS), np.eye(DIMENSIONS))


def test_a_track_is_the_mean_of_its_clips_whatever_their_lengths() -> None:
    one, other = np.zeros((1, DIMENSIONS)), np.zeros((9, DIMENSIONS))
    one[:, 0], other[:, 1] = 1, 1
    embedding = of_track([one, other])
    assert embedding[:2] == pytest.approx([np.sqrt(0.5)] * 2) and np.linalg.norm(embedding) == pytest.approx(
        1
    )
    assert not np.isnan(of_track([np.zeros((2, DIMENSIONS))])).any()
