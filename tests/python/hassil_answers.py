"""Answers sentences with hassil, for the comparison with Loqa's grammar.

One JSON document per line on standard input, one answer per line on standard output:

{"load": {...}}                      an intents document as hassil reads it -> {"load_s": 0.1}
{"ask": ["sentence", ...]}           every way to understand each ->
                                     {"answers": [[{"intent": "...", "slots": {...}}, ...], ...]}
{"time": ["sentence", ...], "rounds": 3}
                                     time until the first answer -> {"best_ns": [...]}, per sentence
"""

import json
import sys
from time import perf_counter, perf_counter_ns

from hassil import Intents, recognize, recognize_all


def answers(sentence, intents):
    """All distinct answers, in hassil's order."""
    found = []
    for result in recognize_all(sentence, intents):
        slots = {}
        for entity in result.entities_list:
            value = entity.value
            slots[entity.name] = value.strip() if isinstance(value, str) else value
        answer = {"intent": result.intent.name, "slots": slots}
        if answer not in found:
            found.append(answer)
    return found


def best_ns(sentence, intents, rounds):
    """The shortest of several runs: the others were disturbed."""
    best = None
    for _ in range(rounds):
        start = perf_counter_ns()
        recognize(sentence, intents)
        elapsed = perf_counter_ns() - start
        best = elapsed if best is None else min(best, elapsed)
    return best


def main():
    intents = None
    for line in sys.stdin:
        request = json.loads(line)
        if "load" in request:
            start = perf_counter()
            intents = Intents.from_dict(request["load"])
            reply = {"load_s": perf_counter() - start}
        elif "ask" in request:
            reply = {"answers": [answers(sentence, intents) for sentence in request["ask"]]}
        else:
            rounds = request["rounds"]
            reply = {"best_ns": [best_ns(sentence, intents, rounds) for sentence in request["time"]]}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
