"""The instruments of the synthetic labels: oscillator, filter, envelope. Mono at 44.1 kHz.

A moving filter is a fade between copies of the sound, each filtered at a fixed cut-off: nearly the same sound at a
fraction of the cost.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

SAMPLE_RATE = 44_100  # Hz

Samples = NDArray[np.float32]  # (samples,), roughly within -1..1


def seconds(duration_s: float) -> Samples:
    """Times of the samples of `duration_s` seconds of sound, from 0 on."""
    return np.arange(int(duration_s * SAMPLE_RATE), dtype=np.float32) / np.float32(SAMPLE_RATE)


def filtered(sound: Samples, kind: str, cutoff_hz: float | tuple[float, float], order: int = 2) -> Samples:
    """Butterworth filter; `kind` is "lowpass", "highpass" or "bandpass" (then `cutoff_hz` is a pair)."""
    limits = np.clip(cutoff_hz, 20.0, 0.49 * SAMPLE_RATE)
    design = butter(order, limits, kind, fs=SAMPLE_RATE, output="sos")
    return np.asarray(sosfilt(design, sound), dtype=np.float32)


def noise(rng: np.random.Generator, samples: int) -> Samples:
    return rng.standard_normal(samples, dtype=np.float32) * np.float32(0.3)


def saw(frequency_hz: float, duration_s: float, phase: float = 0.0) -> Samples:
    """Sawtooth whose step is rounded off over one sample (PolyBLEP), so that it hardly aliases."""
    step = frequency_hz / SAMPLE_RATE
    turns = np.arange(int(duration_s * SAMPLE_RATE)) * step + phase
    position = (turns - np.floor(turns)).astype(np.float32)
    wave = 2 * position - 1
    after, before = position < step, position > 1 - step
    wave[after] -= 2 * (position[after] / step) - (position[after] / step) ** 2 - 1
    wave[before] -= ((position[before] - 1) / step) ** 2 + 2 * (position[before] - 1) / step + 1
    return np.asarray(wave, dtype=np.float32)


def kick(pitch_hz: float, decay_s: float, drive: float, click: Samples) -> Samples:
    """A sine that falls from five times its pitch within 20 ms, saturated by `drive` (0 to 1)."""
    t = seconds(0.5)
    frequency = pitch_hz * (1 + 4 * np.exp(-t / 0.02) + 0.3 * np.exp(-t / 0.1))
    body = np.sin(2 * np.pi * np.cumsum(frequency) / SAMPLE_RATE) * np.exp(-t / decay_s)
    body[: len(click)] += click * 0.5
    push = 1 + 5 * drive
    return faded((np.tanh(push * body) / np.tanh(push)).astype(np.float32))


def hat(rng: np.random.Generator, decay_s: float, tone_hz: float) -> Samples:
    """Noise above `tone_hz` with a short decay: closed at 30 ms, open at 150 ms."""
    t = seconds(min(6 * decay_s, 0.5))
    return faded(filtered(noise(rng, len(t)), "highpass", tone_hz) * np.exp(-t / decay_s))


def clap(rng: np.random.Generator, tone_hz: float) -> Samples:
    """Three hits of noise, 10 ms apart, and a reverberation."""
    t = seconds(0.3)
    hands = sum(np.where(t >= at, np.exp(-(t - at) / 0.006), 0) for at in (0.0, 0.010, 0.021))
    reverberation = np.where(t >= 0.03, np.exp(-(t - 0.03) / 0.07), 0)
    return faded(
        filtered(noise(rng, len(t)), "bandpass", (0.6 * tone_hz, 1.8 * tone_hz)) * (hands + reverberation) * 2
    )


def bass_note(frequency_hz: float, duration_s: float, cutoff_hz: float) -> Samples:
    """A filtered saw with a sine under it, so that the low end stays when the filter is closed."""
    t = seconds(duration_s)
    saw_part = filtered(saw(frequency_hz, duration_s), "lowpass", cutoff_hz)
    tone = 0.6 * saw_part + 0.7 * np.sin(2 * np.pi * frequency_hz * t)
    return faded(tone * np.exp(-t / (0.6 * duration_s)))


def saws(frequencies_hz: list[float], duration_s: float, detune_cents: float) -> Samples:
    """A chord in which each note is a pair of saws, `detune_cents` above and below it."""
    apart = 2 ** (detune_cents / 1200)
    mix = np.zeros(int(duration_s * SAMPLE_RATE), dtype=np.float32)
    for index, frequency in enumerate(frequencies_hz):
        mix += saw(frequency * apart, duration_s, phase=index / 5) + saw(frequency / apart, duration_s)
    return mix / np.float32(2 * len(frequencies_hz))


def chord(frequencies_hz: list[float], cutoff_hz: float, decay_s: float = 0.18) -> Samples:
    """A stab through a filter that closes while it decays."""
    raw = saws(frequencies_hz, 3 * decay_s, detune_cents=6)
    t = seconds(3 * decay_s)
    dark, bright = filtered(raw, "lowpass", 0.6 * cutoff_hz), filtered(raw, "lowpass", 2 * cutoff_hz)
    tone = dark + np.exp(-t / (0.5 * decay_s)) * (bright - dark)
    return faded(tone * np.exp(-t / decay_s), attack_s=0.003)


def pad(frequencies_hz: list[float], duration_s: float, cutoff_hz: float, detune_cents: float) -> Samples:
    """A held chord that comes and goes slowly."""
    tone = filtered(saws(frequencies_hz, duration_s, detune_cents), "lowpass", cutoff_hz)
    return faded(tone, attack_s=0.2 * duration_s, release_s=0.2 * duration_s)


def pluck(frequency_hz: float, cutoff_hz: float, decay_s: float = 0.12) -> Samples:
    """One note of an arpeggio: two-operator FM whose brightness decays faster than its loudness."""
    t = seconds(5 * decay_s)
    index = min(cutoff_hz / 1500, 4.0) * np.exp(-t / (0.5 * decay_s))
    tone = np.sin(2 * np.pi * frequency_hz * t + index * np.sin(4 * np.pi * frequency_hz * t))
    return faded((tone * np.exp(-t / decay_s)).astype(np.float32), attack_s=0.002)


def vowel(frequency_hz: float, formants_hz: tuple[float, float], duration_s: float = 0.22) -> Samples:
    """A stab with two formants, like a voice out of a sampler."""
    t = seconds(duration_s)
    source = saw(frequency_hz, duration_s)
    tone = sum(filtered(source, "bandpass", (0.88 * formant, 1.14 * formant)) for formant in formants_hz)
    return faded(
        (np.asarray(tone) * 2.5 * np.exp(-t / (0.5 * duration_s))).astype(np.float32), attack_s=0.008
    )


def riser(rng: np.random.Generator, samples: int) -> Samples:
    """Noise that climbs from 400 Hz to 8 kHz and swells: a fade through four bands."""
    rise = np.linspace(0, 1, samples, dtype=np.float32)
    hiss = noise(rng, samples)
    swell = np.zeros(samples, dtype=np.float32)
    for place, frequency in enumerate((400.0, 1200.0, 3600.0, 8000.0)):
        near = np.maximum(0, 1 - np.abs(3 * rise - place))
        swell += near * filtered(hiss, "bandpass", (frequency, 2.2 * frequency))
    return 2 * swell * rise**2


def echoed(loop: Samples, delay: int, feedback: float) -> Samples:
    """The loop's repeats every `delay` samples, without the loop itself."""
    echoes = np.zeros_like(loop)
    for repeat in range(1, 7):
        gain = feedback**repeat
        if gain < 0.03:
            break
        echoes += np.float32(gain) * np.roll(loop, repeat * delay)
    return echoes


def faded(sound: Samples, attack_s: float = 0.0005, release_s: float = 0.005) -> Samples:
    """Straight fades at both ends, so that nothing starts or stops with a click."""
    sound = sound.astype(np.float32)
    attack, release = (min(int(time * SAMPLE_RATE), len(sound) // 2) for time in (attack_s, release_s))
    if attack:
        sound[:attack] *= np.linspace(0, 1, attack, dtype=np.float32)
    if release:
        sound[-release:] *= np.linspace(1, 0, release, dtype=np.float32)
    return sound


def looped(length: int, hits: list[tuple[int, float, Samples]]) -> Samples:
    """A loop of `length` samples with each (start sample, gain, sound) in place; what overhangs wraps."""
    loop = np.zeros(length, dtype=np.float32)
    for start, gain, sound in hits:
        if gain:
            fits = length - start
            loop[start : start + len(sound)] += np.float32(gain) * sound[:fits]
            loop[: max(0, len(sound) - fits)] += np.float32(gain) * sound[fits:]
    return loop
