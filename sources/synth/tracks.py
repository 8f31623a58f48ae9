"""Rendering of a synthetic track from its recipe.

As in techno, each instrument has a loop of four bars, and the arrangement brings the loops in and out. The end of each
loop leads into its beginning.
"""

from dataclasses import dataclass

import numpy as np

from sources.synth import voices
from sources.synth.recipes import Recipe, artist_tuning, dice, track_recipe
from sources.synth.voices import SAMPLE_RATE, Samples

LOOP_STEPS = 64  # four bars of sixteenths
PEAK = 10 ** (-1 / 20)  # -1 dBFS
SCALE = (0, 2, 3, 5, 7, 8, 10)  # natural minor, in semitones
SEVENTH = (0, 3, 7, 10)  # a minor seventh chord; its first three notes are the triad
FORMANTS = ((730.0, 1090.0), (270.0, 2290.0), (570.0, 840.0), (530.0, 1840.0))  # Hz: a, i, o, e
SILENT = 0.02  # the level below which an instrument is not rendered


@dataclass(frozen=True, slots=True)
class Grid:
    """Times and pitches of the notes in the loop."""

    step: int  # samples of a sixteenth
    starts: list[int]  # samples, one for each of the 64 sixteenths, swing included
    length: int  # samples of the loop
    root_hz: float
    progression: list[int]  # semitones above the root, one a bar

    def pitch(self, semitones: int, octave: int) -> float:
        """The frequency in Hz, `semitones` and octaves above the root."""
        return float(self.root_hz * 2 ** (octave + semitones / 12))


def render_track(label: str, artist: int, number: int, seed: int, duration_s: float = 30.0) -> Samples:
    """The track's audio: float32 (samples,), mono at 44.1 kHz, peak -1 dBFS; equal for equal arguments.

    `label` is a key of RECIPES; `artist`, and `number` among the artist's tracks, count from 0.
    """
    recipe = track_recipe(label, artist, number, seed)
    rng = dice(seed, label, artist, number, 3)
    grid = make_grid(recipe, rng, artist_tuning(label, artist, seed))
    loops = render_loops(recipe, grid, rng)
    length = int(duration_s * SAMPLE_RATE)
    parts = arranged(loops, recipe, rng, length // grid.length + 1)
    mix = np.tanh(np.concatenate(parts)[:length])
    return np.asarray(mix * np.float32(PEAK / np.abs(mix).max()), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Loops:
    """The instruments' loops of one track, all of the same length (samples,)."""

    kick: Samples
    hats: Samples
    claps: Samples
    low: Samples
    dark: Samples  # the melody behind a closed filter
    bright: Samples  # the melody behind an open filter
    pads: Samples
    hiss: Samples
    ducking: Samples  # the gain of the side chain


def render_loops(recipe: Recipe, grid: Grid, rng: np.random.Generator) -> Loops:
    """The loops of all instruments. The order of the calls is part of the sound, as they share `rng`."""
    kick, hats, claps = drums(recipe, grid, rng)
    low = bass(recipe, grid, rng, kick)
    dark, bright = melody(recipe, grid, rng)
    return Loops(
        kick=kick,
        hats=hats,
        claps=claps,
        low=low,
        dark=dark,
        bright=bright,
        pads=pads(recipe, grid),
        hiss=recipe.hiss * voices.filtered(voices.noise(rng, grid.length), "highpass", 1500),
        ducking=ducking(grid),
    )


def arranged(loops: Loops, recipe: Recipe, rng: np.random.Generator, blocks: int) -> list[Samples]:
    """The loops mixed for each block of the track, with levels and a filter that change from block to block."""
    length = len(loops.kick)
    kickless = int(rng.integers(1, blocks)) if blocks > 2 and rng.random() < 0.4 else -1
    sweep = rng.uniform(0, 1, blocks + 1)  # how far the filter on the melody is open between two blocks
    parts = []
    for block in range(blocks):
        levels = np.where(rng.random(5) < 0.8, 1.0, 0.25)  # present, or in the background
        hats_in, claps_in, low_in, tune_in, pads_in = levels.tolist()
        opening = np.linspace(sweep[block], sweep[block + 1], length, dtype=np.float32)
        tune = loops.dark + opening * (loops.bright - loops.dark)
        backing = low_in * loops.low + pads_in * loops.pads + tune_in * tune
        beat = hats_in * loops.hats + claps_in * loops.claps + loops.hiss
        part = beat + backing if block == kickless else beat + loops.kick + loops.ducking * backing
        if block == kickless and recipe.riser > SILENT:
            part += recipe.riser * voices.riser(rng, length)
        parts.append(part)
    return parts


def make_grid(recipe: Recipe, rng: np.random.Generator, tuning: float) -> Grid:
    """The grid of a track, `tuning` semitones off concert pitch."""
    tempo = rng.uniform(recipe.tempo_low, recipe.tempo_high)
    step = round(SAMPLE_RATE * 60 / tempo / 4)
    starts = [round((index + recipe.swing * (index % 2)) * step) for index in range(LOOP_STEPS)]
    root_hz = 55 * 2 ** ((rng.integers(-5, 7) + tuning) / 12)
    progression = np.where(rng.random(4) < 0.4, rng.choice(SCALE, 4), 0)  # most bars stay on the root
    return Grid(step, starts, LOOP_STEPS * step, root_hz, progression.tolist())


def drums(recipe: Recipe, grid: Grid, rng: np.random.Generator) -> tuple[Samples, Samples, Samples]:
    """The loops of the kick, the hats and the claps."""
    click = voices.hat(rng, 0.002, 2000)
    drum = recipe.kick * voices.kick(recipe.kick_pitch, recipe.kick_decay, recipe.kick_drive, click)
    kicks = voices.looped(grid.length, [(start, 1.0, drum) for start in grid.starts[::4]])

    tone, top = recipe.hat_tone, recipe.top
    closed = recipe.hat * voices.filtered(voices.hat(rng, 0.03, tone), "lowpass", top)
    opened = recipe.open_hat * voices.filtered(voices.hat(rng, 0.12, tone), "lowpass", top)
    hands = recipe.clap * voices.filtered(voices.clap(rng, 1300), "lowpass", top)
    accents = np.tile(rng.uniform(0.3, 1.0, 16) * (rng.random(16) < 0.75), 4).tolist()
    ticks = voices.looped(grid.length, [(grid.starts[i], accents[i], closed) for i in range(LOOP_STEPS)])
    offbeats = voices.looped(grid.length, [(start, 1.0, opened) for start in grid.starts[2::4]])
    claps = voices.looped(grid.length, [(start, 1.0, hands) for start in grid.starts[4::8]])
    return kicks, ticks + offbeats, claps


def bass(recipe: Recipe, grid: Grid, rng: np.random.Generator, kick: Samples) -> Samples:
    """The loop of the low end: the kick's rumble, and a bass line of one bar."""
    low = np.zeros(grid.length, dtype=np.float32)
    pattern = rng.random(16) < recipe.bass_busy
    pattern[[2, 10]] = True  # off the beat, always
    degrees = rng.choice([0, 0, 0, 3, 7, 10, 12], 16).tolist()
    if recipe.rumble > SILENT:
        echoes = voices.echoed(kick, grid.step, 0.85)
        low += recipe.rumble * voices.filtered(echoes, "lowpass", 110)
    if recipe.bass > SILENT:
        notes = {d: voices.bass_note(grid.pitch(d, 0), 0.2, recipe.bass_cutoff) for d in set(degrees)}
        played = [i for i in range(LOOP_STEPS) if pattern[i % 16]]
        hits = [(grid.starts[i], 1.0, notes[degrees[i % 16]]) for i in played]
        low += recipe.bass * voices.looped(grid.length, hits)
    return low


def melody(recipe: Recipe, grid: Grid, rng: np.random.Generator) -> tuple[Samples, Samples]:
    """The loop of chords, arpeggio and voices with their echoes, behind a closed and an open filter."""
    tune = np.zeros(grid.length, dtype=np.float32)
    chord_steps = {int(rng.integers(0, 16)), *rng.choice([3, 6, 11, 14], 2).tolist()}
    arp_notes = (rng.choice(SCALE, 16) + 12 * rng.integers(0, 2, 16)).tolist()
    arp_pattern = rng.random(16) < recipe.arp_busy
    voice_steps = rng.choice(32, 4, replace=False).tolist()
    vowels = rng.permutation(len(FORMANTS))[:2]
    if recipe.chord > SILENT:
        stabs = {
            degree: voices.chord([grid.pitch(degree + third, 2) for third in SEVENTH], recipe.brightness)
            for degree in set(grid.progression)
        }
        played = [i for i in range(LOOP_STEPS) if i % 16 in chord_steps]
        hits = [(grid.starts[i], 1.0, stabs[grid.progression[i // 16]]) for i in played]
        tune += recipe.chord * voices.looped(grid.length, hits)
    if recipe.arp > SILENT:
        plucks = [voices.pluck(grid.pitch(note, 3), recipe.brightness) for note in arp_notes]
        hits = [(grid.starts[i], 1.0, plucks[i % 16]) for i in range(LOOP_STEPS) if arp_pattern[i % 16]]
        tune += recipe.arp * voices.looped(grid.length, hits)
    if recipe.voice > SILENT:
        syllables = [voices.vowel(grid.pitch(0, 2), FORMANTS[index]) for index in vowels]
        hits = [(grid.starts[i], 1.0, syllables[i % 2]) for i in range(LOOP_STEPS) if i % 32 in voice_steps]
        tune += recipe.voice * voices.looped(grid.length, hits)
    delay = int(rng.choice([3, 3, 4, 6])) * grid.step
    tune += voices.echoed(tune, delay, recipe.echo)
    return voices.filtered(tune, "lowpass", 900), voices.filtered(tune, "lowpass", recipe.top)


def pads(recipe: Recipe, grid: Grid) -> Samples:
    """The loop of held chords, one a bar."""
    if recipe.pad <= SILENT:
        return np.zeros(grid.length, dtype=np.float32)
    bar_s = 17 * grid.step / SAMPLE_RATE  # a bar and a sixteenth, so that chords overlap
    hits = []
    for bar, degree in enumerate(grid.progression):
        triad = [grid.pitch(degree + third, 2) for third in SEVENTH[:3]]
        hits.append((grid.starts[16 * bar], recipe.pad, voices.pad(triad, bar_s, 1800, recipe.detune)))
    return voices.looped(grid.length, hits)


def ducking(grid: Grid) -> Samples:
    """The side chain: a gain for each sample of the loop, from 0.25 at each kick back to 1 before the next."""
    release = np.minimum(np.arange(4 * grid.step, dtype=np.float32) / (3 * grid.step), 1)
    return np.tile(0.25 + 0.75 * np.sqrt(release), LOOP_STEPS // 4)
