"""Prints microWakeWord's own features of a 16 kHz WAV file, one step of 10 ms a line."""

import sys
import wave

from pymicro_wakeword import MicroWakeWordFeatures

with wave.open(sys.argv[1]) as wav:
    samples = wav.readframes(wav.getnframes())
for step in MicroWakeWordFeatures().process_streaming(samples):
    print(*step.reshape(-1))
