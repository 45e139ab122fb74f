"""scikit-learn's MLPClassifier.fit, which shuffles and gathers. Slow cells train on the first rows only, whole mini-batches."""

import math
import time
import warnings

from common import CHECKED, PATTERNS, read_data, result, serve


def measure(task):
    import numpy as np
    import sklearn
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")
    x, classes = read_data(task)
    batch, seconds = task["batch"], task["seconds"]

    def model(epochs, rate):
        return MLPClassifier(
            task["widths"][1:-1],
            activation="relu",
            solver="sgd",
            alpha=0,
            momentum=0,
            nesterovs_momentum=False,
            batch_size=batch,
            learning_rate_init=rate,
            max_iter=epochs,
            tol=0,
            n_iter_no_change=10**9,
            random_state=task["seed"],
        )

    def train(rows, epochs, rate=task["rate"]):
        fitted = model(epochs, rate)
        start = time.perf_counter()
        fitted.fit(x[:rows], classes[:rows])
        return fitted, time.perf_counter() - start

    def loss(fitted):
        p = fitted.predict_proba(x[:CHECKED])
        columns = np.searchsorted(fitted.classes_, classes[:CHECKED])
        return -np.mean(np.log(np.maximum(p[np.arange(CHECKED), columns], 1e-30)))

    # A class has to have examples among the rows, so there are never fewer than 256.
    rows = max(batch, 256)
    # With no step to speak of the weights stay at their beginning, which the seed decides.
    untrained, _ = train(rows, 1, 1e-30)
    # A longer and longer epoch, until one of all rows is timed or the time is reached.
    _, elapsed = train(rows, 1)
    while rows < PATTERNS and elapsed < seconds / 2:
        rows = min(PATTERNS, 4 * rows, max(2 * rows, math.floor(rows * seconds / elapsed / batch) * batch))
        _, elapsed = train(rows, 1)
    epochs = max(1, round(seconds / elapsed))
    trained, elapsed = train(rows, epochs)
    timed = {"updates": epochs * rows // batch, "elapsed": elapsed, "rows": rows}
    return result(task, sklearn.__version__, timed, loss(untrained), loss(trained))


serve(measure)
