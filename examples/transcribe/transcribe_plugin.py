# /// script
# requires-python = ">=3.8"
# dependencies = ["pocketsphinx~=5.0"]
# ///
"""Speech to text with PocketSphinx, whose package on PyPI carries the weights of its American English model."""

import wave

from pocketsphinx import Decoder, Endpointer

RATE = 16000
DECODER_FRAMES_PER_SECOND = 100
CHUNKS_PER_REPORT = 10  # three reports for a second of audio
# Before it writes anything down the decoder listens to this much, to learn how the voice and the microphone sound.
FIRST_SECONDS = 2.0
DEFAULTS = {"voice_threshold": 3}


class TranscribePlugin:
    name = "transcribe"
    version = "1.0.0"

    def __init__(self):
        self._config = dict(DEFAULTS)
        self._decoder = None

    def get_config_schema(self):
        threshold = {
            "type": "integer",
            "minimum": 0,
            "maximum": 3,
            "default": DEFAULTS["voice_threshold"],
            "description": "How sure the detector must be before it takes a sound for a voice",
        }
        return {"type": "object", "properties": {"voice_threshold": threshold}, "additionalProperties": False}

    def get_current_config(self):
        return self._config

    def initialize(self, config):
        unknown = set(config) - set(DEFAULTS)
        if unknown:
            raise ValueError("Unknown settings: {}".format(", ".join(sorted(unknown))))
        if config.get("voice_threshold", 0) not in range(4):
            raise ValueError('"voice_threshold" must be 0, 1, 2 or 3')
        self._config = dict(DEFAULTS, **config)
        self._decoder = Decoder(samprate=float(RATE), loglevel="FATAL")

    def cleanup(self):
        self._decoder = None

    def execute(self, audio):
        """All that is said, as one text."""
        return " ".join(segment["text"] for segment in self.execute_stream(audio))

    def execute_stream(self, audio):
        """What is said between two pauses, with its words and their times in seconds, as soon as the second pause has come."""
        if self._decoder is None:
            raise RuntimeError("initialize() has not been called")
        with wave.open(audio) as source:
            check_format(source)
            self._listen_to(source.readframes(int(FIRST_SECONDS * RATE)))
            source.rewind()
            yield from self._segments(source)

    def _listen_to(self, pcm):
        self._decoder.start_utt()
        try:
            if pcm:
                self._decoder.process_raw(pcm, no_search=True)
        finally:
            self._decoder.end_utt()

    def _segments(self, source):
        detector = Endpointer(window=0.3, ratio=0.6, vad_mode=self._config["voice_threshold"], sample_rate=RATE)
        utterance = Utterance(self._decoder)
        try:
            for number, (chunk, is_last) in enumerate(chunks(source, detector.frame_bytes // 2)):
                self.check_cancel()
                speech = detector.end_stream(chunk) if is_last else detector.process(chunk)
                if speech:
                    utterance.hear(speech, detector.speech_start)
                if number % CHUNKS_PER_REPORT == 0 or is_last:
                    self.report_progress(source.tell() / source.getnframes(), utterance.text())
                if speech and not detector.in_speech:
                    segment = utterance.end()
                    if segment["words"]:
                        yield segment
        finally:
            utterance.end()


class Utterance:
    """What is said between two pauses, while it is heard."""

    def __init__(self, decoder):
        self._decoder = decoder
        self._start = 0.0
        self._is_open = False

    def hear(self, pcm, start):
        if not self._is_open:
            self._decoder.start_utt()
            self._is_open = True
            self._start = start
        self._decoder.process_raw(pcm)

    def text(self):
        """What it sounds like so far."""
        hypothesis = self._decoder.hyp() if self._is_open else None
        return "" if hypothesis is None else hypothesis.hypstr

    def end(self):
        if not self._is_open:
            return None
        self._is_open = False
        self._decoder.end_utt()
        hypothesis = self._decoder.hyp()
        if hypothesis is None:
            return {"text": "", "words": []}
        return {"text": hypothesis.hypstr, "words": [self._word(part) for part in self._decoder.seg() if is_word(part.word)]}

    def _word(self, part):
        return {
            # "to(3)" is the third way to pronounce "to".
            "word": part.word.partition("(")[0],
            "start": round(self._start + part.start_frame / DECODER_FRAMES_PER_SECOND, 2),
            "end": round(self._start + (part.end_frame + 1) / DECODER_FRAMES_PER_SECOND, 2),
        }


def is_word(name):
    """Whether this is no silence and no noise."""
    return name[0] not in "<["


def check_format(source):
    found = (source.getnchannels(), source.getsampwidth() * 8, source.getframerate())
    if found != (1, 16, RATE):
        raise ValueError("The audio has {} channels of {} bits at {} Hz, and must have 1 of 16 bits at {} Hz".format(*found, RATE))


def chunks(source, frames):
    """The audio in pieces of some hundredths of a second, each with whether it is the last."""
    chunk = source.readframes(frames)
    while chunk:
        following = source.readframes(frames)
        yield chunk, not following
        chunk = following
