"""Whisper and llama.cpp by their Python bindings, one after the other: what an open question takes.

    model_peer.py WHISPER WAV LLAMA PROMPT TOKENS TIMES

WAV is 16 kHz mono, 16 bits; PROMPT is a file with all that comes before the answer. Prints one line of JSON:
{"hear_ms": [...], "read_ms": [...], "answer_ms": [...]}: the words of WAV, reading PROMPT, and TOKENS of an
answer, with one thread and nothing that was known before.
"""

import json
import sys
import time
import wave

import numpy as np
from llama_cpp import Llama
from pywhispercpp.model import Model


def main(whisper, wav, llama, prompt, tokens, times):
    with wave.open(wav) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
    audio = samples.astype(np.float32) / 32768
    ears = Model(whisper, redirect_whispercpp_logs_to=None, n_threads=1)
    mind = Llama(llama, n_ctx=4096, n_threads=1, n_threads_batch=1, verbose=False)
    with open(prompt, encoding="utf-8") as file:
        text = mind.tokenize(file.read().encode(), special=True)
    found = {"hear_ms": [], "read_ms": [], "answer_ms": [], "prompt_tokens": len(text)}

    def timed(name, work):
        start = time.perf_counter_ns()
        work()
        found[name].append((time.perf_counter_ns() - start) / 1e6)

    def answer():
        for _ in range(tokens):
            mind.eval([mind.sample(temp=0.0, repeat_penalty=1.0)])

    for _ in range(times):
        mind.reset()
        timed("hear_ms", lambda: ears.transcribe(audio, language="en", single_segment=True, no_context=True))
        timed("read_ms", lambda: mind.eval(text))
        timed("answer_ms", answer)
    print(json.dumps(found))


main(*sys.argv[1:5], *map(int, sys.argv[5:7]))
