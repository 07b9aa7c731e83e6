"""Finds where somebody speaks in a WAV recording. Standard library only, Python 3.8 or later."""

import math
import wave
from array import array
from bisect import bisect_left, insort
from collections import deque
from pathlib import Path

FRAME_SECONDS = 0.02
BLOCK_FRAMES = 25  # what is read at once, and the step of the progress: half a second
WINDOW_FRAMES = 200  # the noise floor is measured over these four seconds,
AHEAD_FRAMES = 50  # of which one lies ahead of the frame that is judged
SILENCE_DB = -100.0
HIGH_PASS_HZ = 120.0

SETTINGS = {
    "onset_db": (12.0, "How far above the noise floor speech begins, in dB"),
    "release_db": (6.0, "Speech goes on down to this far above the noise floor, in dB"),
    "min_level_db": (-60.0, "What is quieter is never speech, in dB below full scale"),
    "max_floor_db": (-30.0, "What is louder is never taken for noise, in dB below full scale"),
    "min_speech_seconds": (0.12, "What is shorter is a click, not speech"),
    "min_pause_seconds": (0.25, "A shorter pause does not end a segment"),
}


class SpeechSegments:
    """The plugin."""

    name = "speech-segments-python"
    version = "1.0.0"

    def __init__(self):
        self.settings = {key: default for key, (default, _) in SETTINGS.items()}

    def initialize(self, config=None):
        self.settings = checked_settings(config or {})

    def get_config_schema(self):
        properties = {key: {"type": "number", "default": default, "description": text} for key, (default, text) in SETTINGS.items()}
        return {"type": "object", "properties": properties, "additionalProperties": False}

    def get_current_config(self):
        return dict(self.settings)

    def execute(self, audio: Path):
        """All segments of the recording."""
        return list(self.execute_stream(audio))

    def execute_stream(self, audio: Path):
        """Each segment as soon as the pause after it is long enough."""
        with wave.open(str(audio), "rb") as recording:
            if recording.getsampwidth() != 2:
                raise ValueError("The recording has {} bits, only 16 can be read".format(8 * recording.getsampwidth()))
            detector = Detector(self.settings)
            for level in self._levels(recording):
                yield from detector.push(level)
            yield from detector.finish()

    def _levels(self, recording):
        """The level of each frame, in dB below full scale."""
        rate, total = recording.getframerate(), recording.getnframes()
        per_frame = round(rate * FRAME_SECONDS)
        high_pass = HighPass(rate)
        done = 0
        while done < total:
            self.check_cancel()
            samples = mono(recording.readframes(per_frame * BLOCK_FRAMES), recording.getnchannels())
            if not samples:
                break
            filtered = high_pass.filter(samples)
            for start in range(0, len(filtered) - per_frame + 1, per_frame):
                yield to_db(sum(x * x for x in filtered[start : start + per_frame]) / per_frame)
            done += len(samples)
            self.report_progress(done / total, "{:.1f} of {:.1f} s".format(done / rate, total / rate))


class Detector:
    """Turns levels into segments. A pause or a cough is waited out before anything is told, so what is told is final."""

    def __init__(self, settings):
        self.settings = settings
        self.floor = NoiseFloor()
        self.ahead = deque()  # levels that wait until the noise floor has seen a second more
        self.run = []  # levels since what may be speech has begun
        self.run_start = 0
        self.quiet = 0  # how many levels at the end of the run are a pause
        self.onset = False  # whether the run has been loud enough to be speech
        self.position = 0
        self.found = 0

    def push(self, level):
        """Takes the next frame's level; returns the segment that this completes, if any."""
        self.floor.push(level)
        self.ahead.append(level)
        return self._judge(self.ahead.popleft()) if len(self.ahead) > AHEAD_FRAMES else []

    def finish(self):
        """Takes the end of the recording."""
        segments = [segment for level in self.ahead for segment in self._judge(level)]
        self.ahead.clear()
        return segments + self._end_run()

    def _judge(self, level):
        settings = self.settings
        floor = min(self.floor.level(), settings["max_floor_db"])
        loud = level >= max(floor + settings["release_db"], settings["min_level_db"])
        if loud and not self.run:
            self.run_start = self.position
        self.position += 1
        if not loud and not self.run:
            return []
        self.run.append(level)
        self.quiet = 0 if loud else self.quiet + 1
        self.onset = self.onset or level >= max(floor + settings["onset_db"], settings["min_level_db"])
        # What has not been loud enough yet ends at its first quiet frame: a murmur is no beginning of the word after it.
        patience = settings["min_pause_seconds"] if self.onset else 0
        return self._end_run() if self.quiet * FRAME_SECONDS > patience else []

    def _end_run(self):
        levels = self.run[: len(self.run) - self.quiet]
        spoken = self.onset and len(levels) * FRAME_SECONDS >= self.settings["min_speech_seconds"]
        self.run, self.quiet, self.onset = [], 0, False
        if not spoken:
            return []
        self.found += 1
        return [
            {
                "index": self.found,
                "start": round(self.run_start * FRAME_SECONDS, 3),
                "end": round((self.run_start + len(levels)) * FRAME_SECONDS, 3),
                "loudness_db": round(to_db(sum(10 ** (level / 10) for level in levels) / len(levels)), 1),
            }
        ]


class NoiseFloor:
    """The level that a tenth of the last frames stay under: speech has gaps, so these are the noise between its sounds."""

    def __init__(self):
        self.recent = deque()
        self.ordered = []

    def push(self, level):
        self.recent.append(level)
        insort(self.ordered, level)
        if len(self.recent) > WINDOW_FRAMES:
            del self.ordered[bisect_left(self.ordered, self.recent.popleft())]

    def level(self):
        return self.ordered[len(self.ordered) // 10]


class HighPass:
    """Takes out hum and rumble below the voice: a Butterworth filter of second order."""

    def __init__(self, rate):
        angle = 2 * math.pi * HIGH_PASS_HZ / rate
        slope = math.sin(angle) / math.sqrt(2)
        self.gain = (1 + math.cos(angle)) / 2 / (1 + slope)
        self.feedback = (2 * math.cos(angle) / (1 + slope), (slope - 1) / (1 + slope))
        self.memory = (0.0, 0.0, 0.0, 0.0)

    def filter(self, samples):
        gain, (once, twice), filtered = self.gain, self.feedback, []
        in1, in2, out1, out2 = self.memory
        for sample in samples:
            out = gain * (sample - 2 * in1 + in2) + once * out1 + twice * out2
            in1, in2, out1, out2 = sample, in1, out, out1
            filtered.append(out)
        self.memory = (in1, in2, out1, out2)
        return filtered


def mono(data, channels):
    """The samples of 16-bit PCM between -1 and 1, all channels mixed into one."""
    samples = array("h", data)
    if array("H", [1]).tobytes() != b"\x01\x00":  # a WAV file is little-endian, whatever the machine is
        samples.byteswap()
    one_of_each = zip(*[iter(samples)] * channels)
    return [sum(together) / (32768 * channels) for together in one_of_each]


def to_db(power):
    return max(SILENCE_DB, 10 * math.log10(power)) if power > 0 else SILENCE_DB


def checked_settings(config):
    """The settings with those of the configuration in place of the defaults."""
    for key, value in config.items():
        if key not in SETTINGS:
            raise ValueError('There is no setting "{}", only {}'.format(key, ", ".join(SETTINGS)))
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ValueError('The setting "{}" is {!r}, it must be a number'.format(key, value))
    settings = {key: config.get(key, default) for key, (default, _) in SETTINGS.items()}
    if settings["release_db"] > settings["onset_db"]:
        raise ValueError("The release level is above the onset level, so that speech would end where it begins")
    return settings
