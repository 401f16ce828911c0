"""whisper.cpp by pywhispercpp: what a reading takes as it comes, and with the settings that Loqa has.

    whisper_peer.py MODEL WAV SHORT LONG TIMES

WAV is 16 kHz mono, 16 bits. Prints one line of JSON: {"plain_ms": [...], "short_ms": [...], "long_ms": [...]}:
the whole of WAV with nothing set but one thread and at most LONG tokens; the same with a small window of audio
and at most SHORT or LONG tokens.
"""

import json
import sys
import time
import wave

import numpy as np
from pywhispercpp.model import Model


def main(path, wav, short, long, times):
    with wave.open(wav) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
    audio = samples.astype(np.float32) / 32768
    model = Model(path, redirect_whispercpp_logs_to=None, n_threads=1)

    def timed(**params):
        each = []
        for _ in range(times):
            start = time.perf_counter_ns()
            model.transcribe(
                audio,
                language="en",
                single_segment=True,
                no_context=True,
                temperature_inc=0.0,
                **params,
            )
            each.append((time.perf_counter_ns() - start) / 1e6)
        return each

    timed(max_tokens=4)
    small = {"audio_ctx": 256, "no_timestamps": True, "suppress_nst": True}
    print(
        json.dumps(
            {
                "plain_ms": timed(max_tokens=long, audio_ctx=0, no_timestamps=False),
                "short_ms": timed(max_tokens=short, **small),
                "long_ms": timed(max_tokens=long, **small),
            }
        )
    )


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
