"""What the Python children share: the task from the first argument, the data, the clock, the result as one line."""

import json
import resource
import sys
import time

PATTERNS = 8192
CHECKED = 256
# Seconds. Where the first update takes longer it is the measurement, there being no time for more.
TOO_SLOW = 10


def serve(measure):
    """Prints what measure(task) returns, or which module is missing."""
    task = json.loads(sys.argv[1])
    try:
        result = measure(task)
        result["peakRss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    except ModuleNotFoundError as error:
        result = {"unavailable": f"{error} ({sys.executable})"}
    print(json.dumps(result))


def read_data(task):
    """Inputs (P, n_0) float32 and classes (P,) uint8."""
    import numpy as np

    inputs = np.fromfile(task["files"]["inputs"], np.float32).reshape(PATTERNS, task["widths"][0])
    return inputs, np.fromfile(task["files"]["classes"], np.uint8)


def he_weights(task):
    """For each layer its weights (n_in, n_out), uniform in +-sqrt(6 / n_in)."""
    import numpy as np

    generator = np.random.default_rng(task["seed"])
    pairs = zip(task["widths"][:-1], task["widths"][1:])
    return [generator.uniform(-1, 1, (n, m)).astype(np.float32) * np.float32((6 / n) ** 0.5) for n, m in pairs]


def batches(task):
    """Row numbers of one mini-batch after the other, in a new order each epoch."""
    import numpy as np

    generator = np.random.default_rng(task["seed"])
    while True:
        order = generator.permutation(PATTERNS)
        for start in range(0, PATTERNS, task["batch"]):
            yield order[start : start + task["batch"]]


def time_updates(update, seconds):
    """Warms up, then calls update, which trains on the next mini-batch, until the time is over."""
    first = repeat(update, 0)
    if first["elapsed"] > TOO_SLOW:
        return {**first, "warm": False}
    left = max(0.2, 0.5 * seconds) - first["elapsed"]
    if left > 0:
        repeat(update, left)
    return {**repeat(update, seconds), "warm": True}


def repeat(update, seconds):
    start = time.perf_counter()
    end = start + seconds
    updates = 0
    while True:
        update()
        updates += 1
        now = time.perf_counter()
        if now >= end:
            return {"updates": updates, "elapsed": now - start}


def result(task, version, timed, loss_before, loss_after, **detail):
    return {
        "patternsPerSecond": timed["updates"] * task["batch"] / timed["elapsed"],
        "version": version,
        "detail": {"lossBefore": float(loss_before), "lossAfter": float(loss_after), **timed, **detail},
    }
