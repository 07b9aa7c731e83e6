"""What is in a recording at which time and at which pitch, by numpy."""

import numpy as np


class Spectrogram:
    def execute(self, samples, window=512, step=128):
        """Takes the path of a .npy file of samples, gives decibels: a row for each frequency from 0 up, a column for each step."""
        sound = np.load(samples, mmap_mode="r").astype(np.float32) / 32768
        frames = np.lib.stride_tricks.sliding_window_view(sound, window)[::step]
        spectrum = np.abs(np.fft.rfft(frames * np.hanning(window), axis=1)).T
        return (20 * np.log10(spectrum + 1e-6)).astype(np.float32)
