"""Calls of a plugin of extism: prepare, then commit, in an instance that is kept and in new ones.

    extism_timers.py PLUGIN REQUEST CALLS

prints one line of JSON: {"kept_us": [...], "fresh_us": [...], "reply": "..."}.
"""

import json
import sys
import time

from extism import Plugin
from extism.extism import CompiledPlugin


def timed(call, calls):
    times = []
    for _ in range(calls):
        start = time.perf_counter_ns()
        call()
        times.append((time.perf_counter_ns() - start) / 1e3)
    return times


def main(path, request, calls):
    with open(path, "rb") as file:
        compiled = CompiledPlugin(file.read(), wasi=False)
    plugin = Plugin(compiled)

    def kept():
        return plugin.call("commit", plugin.call("prepare", request))

    def fresh():
        plan = Plugin(compiled).call("prepare", request)
        return Plugin(compiled).call("commit", plan)

    reply = fresh()
    assert kept() == reply
    print(json.dumps({"kept_us": timed(kept, calls), "fresh_us": timed(fresh, calls), "reply": reply.decode()}))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
