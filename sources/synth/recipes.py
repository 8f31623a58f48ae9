"""Five made-up record labels, each with a recipe for its music.

Each artist varies the label's recipe (the production fingerprint). Each track varies the artist's, and mixes in the
recipe of another label, so that no single number separates the labels.
"""

from dataclasses import dataclass, fields, replace

import numpy as np


@dataclass(frozen=True, slots=True)
class Recipe:
    """The sound of a label. Levels are linear gains relative to a full kick; 0 omits the instrument."""

    tempo_low: float  # beats a minute
    tempo_high: float
    swing: float = 0.0  # delay of every second sixteenth, as a part of a sixteenth
    kick: float = 1.0
    kick_pitch: float = 50.0  # Hz
    kick_decay: float = 0.16  # seconds
    kick_drive: float = 0.3  # 0 to 1
    rumble: float = 0.0  # the kick's low echo between the beats
    bass: float = 0.0
    bass_busy: float = 0.4  # chance of a note on a sixteenth
    bass_cutoff: float = 500.0  # Hz
    chord: float = 0.0
    brightness: float = 1200.0  # Hz: how far chords and plucks open
    echo: float = 0.4  # feedback of the delay on chords, plucks and voices
    pad: float = 0.0
    detune: float = 6.0  # cents, of the pad
    arp: float = 0.0
    arp_busy: float = 0.6  # chance of a note on a sixteenth
    voice: float = 0.0
    hat: float = 0.2
    open_hat: float = 0.2
    hat_tone: float = 7000.0  # Hz
    clap: float = 0.2
    hiss: float = 0.0
    riser: float = 0.0
    top: float = 16_000.0  # Hz: where the treble ends


# fmt: off
RECIPES = {
    "rumble-foundry": Recipe(  # peak time: hard kick, rumble, noise that rises
        130, 136, kick_pitch=48, kick_drive=0.8, rumble=0.6, bass=0.15, chord=0.1, hat=0.3, open_hat=0.35,
        riser=0.5,
    ),
    "harbour-echo-bureau": Recipe(  # dub: chords into a long delay, soft kick, hiss
        118, 124, kick=0.8, kick_drive=0.1, bass=0.4, bass_busy=0.2, bass_cutoff=220, chord=0.55,
        brightness=900, echo=0.72, pad=0.1, hat=0.1, open_hat=0.1, clap=0.05, hiss=0.02, top=11_000,
    ),
    "mildew-tape-club": Recipe(  # lo-fi house: detuned pads, swung hats, dust
        122, 128, swing=0.28, kick=0.9, kick_decay=0.12, bass=0.4, chord=0.3, pad=0.4, detune=22, hat=0.3,
        hat_tone=5000, clap=0.4, hiss=0.03, top=7500,
    ),
    "glass-thimble": Recipe(  # melodic minimal: arpeggios, everything soft
        120, 126, kick=0.75, kick_decay=0.1, kick_drive=0.05, bass=0.3, bass_cutoff=300, pad=0.2, arp=0.5,
        echo=0.5, hat=0.15, open_hat=0.08, hat_tone=9000, clap=0.08, riser=0.1,
    ),
    "wobbly-ladder": Recipe(  # tech house: syncopated bass, claps, cut-up voices
        124, 128, swing=0.12, kick_pitch=55, kick_drive=0.4, bass=0.6, bass_busy=0.55, bass_cutoff=900,
        voice=0.45, open_hat=0.3, clap=0.45, riser=0.15,
    ),
}
# fmt: on


def artist_recipe(label: str, artist: int, seed: int) -> Recipe:
    """The label's recipe as varied by this artist, equal on all of their tracks."""
    return bent(RECIPES[label], dice(seed, label, artist), 0.25)


def artist_tuning(label: str, artist: int, seed: int) -> float:
    """The artist's offset from concert pitch in semitones: at most 0.3."""
    return float(dice(seed, label, artist, 1).uniform(-0.3, 0.3))


def track_recipe(label: str, artist: int, number: int, seed: int) -> Recipe:
    """The artist's recipe as varied for this track: up to 40 % of another label's recipe, and random factors."""
    rng = dice(seed, label, artist, number, 2)
    other = RECIPES[str(rng.choice([name for name in RECIPES if name != label]))]
    return bent(blended(artist_recipe(label, artist, seed), other, rng.uniform(0, 0.4)), rng, 0.12)


def dice(seed: int, label: str, *numbers: int) -> np.random.Generator:
    """The random generator of an artist or a track."""
    return np.random.default_rng([seed, list(RECIPES).index(label), *numbers])


def bent(recipe: Recipe, rng: np.random.Generator, amount: float) -> Recipe:
    """The recipe with each number but the tempo times a log-normal factor, `amount` being its spread."""
    factors = {part.name: float(np.exp(rng.normal(0, amount))) for part in fields(recipe)}
    changed = {
        name: getattr(recipe, name) * factor for name, factor in factors.items() if "tempo" not in name
    }
    changed["kick_pitch"] = float(np.clip(changed["kick_pitch"], 42, 65))
    changed["kick_drive"] = min(1.0, changed["kick_drive"])
    changed["swing"] = min(0.4, changed["swing"])
    changed["echo"] = min(0.8, changed["echo"])
    return replace(recipe, **changed)


def blended(recipe: Recipe, other: Recipe, amount: float) -> Recipe:
    """The mean of two recipes, with the weight `amount` (0 to 1) on `other`."""
    pairs = ((getattr(recipe, part.name), getattr(other, part.name)) for part in fields(recipe))
    return Recipe(*((1 - amount) * first + amount * second for first, second in pairs))
