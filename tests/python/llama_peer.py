"""llama.cpp by llama-cpp-python: what reading a prompt and each token of an answer take.

    llama_peer.py MODEL PROMPT TOKENS TIMES

Prints one line of JSON: {"prompt_ms": [...], "token_ms": [...]}: reading PROMPT tokens that it has not read
before, and each of TOKENS that follow, with one thread.
"""

import json
import sys
import time

from llama_cpp import Llama


def main(path, prompt, tokens, times):
    model = Llama(path, n_ctx=2048, n_threads=1, n_threads_batch=1, verbose=False)
    read, each = [], []
    for turn in range(times):
        model.reset()
        start = time.perf_counter_ns()
        model.eval([300 + (turn + at) % 200 for at in range(prompt)])
        read.append((time.perf_counter_ns() - start) / 1e6)
        start = time.perf_counter_ns()
        for _ in range(tokens):
            model.eval([model.sample(temp=0.0, repeat_penalty=1.0)])
        each.append((time.perf_counter_ns() - start) / 1e6 / tokens)
    print(json.dumps({"prompt_ms": read, "token_ms": each}))


main(sys.argv[1], *map(int, sys.argv[2:5]))
