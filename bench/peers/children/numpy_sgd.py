"""A network written by hand in NumPy, in two variants. "plain": the formulas as they stand in a textbook, in float32.
"tuned": as fast as it can be made: units by rows, so that softmax runs along memory; biases as a last column of the
weights; every array allocated once and written in place."""

from common import CHECKED, batches, he_weights, read_data, result, serve, time_updates


def measure(task):
    return {"plain": plain, "tuned": tuned}[task["variant"]](task)


def plain(task):
    import numpy as np

    x, classes = read_data(task)
    y = np.eye(task["widths"][-1], dtype=np.float32)[classes]
    w = he_weights(task)
    b = [np.zeros(v.shape[1], np.float32) for v in w]
    last = len(w) - 1
    rate = np.float32(task["rate"])
    rows_of = batches(task)

    def forward(rows):
        h = [rows]
        for l in range(last + 1):
            z = h[-1] @ w[l] + b[l]
            h.append(np.maximum(z, 0) if l < last else z)
        e = np.exp(h[-1] - h[-1].max(axis=1, keepdims=True))
        h[-1] = e / e.sum(axis=1, keepdims=True)
        return h

    def update():
        rows = next(rows_of)
        h = forward(x[rows])
        delta = (h[-1] - y[rows]) / np.float32(len(rows))
        for l in range(last, -1, -1):
            dw, db = h[l].T @ delta, delta.sum(axis=0)
            if l > 0:
                delta = (delta @ w[l].T) * (h[l] > 0)
            w[l] -= rate * dw
            b[l] -= rate * db

    def loss():
        p = forward(x[:CHECKED])[-1]
        return -np.mean(np.log((p * y[:CHECKED]).sum(axis=1)))

    before = loss()
    timed = time_updates(update, task["seconds"])
    return result(task, np.__version__, timed, before, loss())


def tuned(task):
    import numpy as np

    widths, batch = task["widths"], task["batch"]
    inputs, classes = read_data(task)
    # x (P, n_0 + 1), its last column 1; y (n_L, P)
    x = np.ones((len(inputs), widths[0] + 1), np.float32)
    x[:, :-1] = inputs
    del inputs
    y = np.zeros((widths[-1], len(classes)), np.float32)
    y[classes, np.arange(len(classes))] = 1
    # w_l (n_l, n_(l-1) + 1)
    w = [np.vstack([v, np.zeros((1, v.shape[1]), np.float32)]).T.copy() for v in he_weights(task)]
    last = len(w) - 1

    gathered = np.empty((batch, widths[0] + 1), np.float32)
    # a_l (n_l + 1, B), its last row 1
    a = [gathered.T] + [np.ones((n + 1, batch), np.float32) for n in widths[1:-1]]
    z = [v[:-1] for v in a[1:]] + [np.empty((widths[-1], batch), np.float32)]
    deltas = [np.empty((n, batch), np.float32) for n in widths[1:]]
    slopes = [np.empty((n, batch), bool) for n in widths[1:-1]]
    gradients = [np.empty_like(v) for v in w]
    column = np.empty((1, batch), np.float32)
    step = np.float32(task["rate"] / batch)
    transposed = [v[:, :-1].T for v in w]
    aT = [gathered] + [v.T for v in a[1:]]
    rows_of = batches(task)

    def forward():
        for l in range(last + 1):
            np.dot(w[l], a[l], out=z[l])
            if l < last:
                np.maximum(z[l], 0, out=z[l])
        return z[last]

    def update():
        rows = next(rows_of)
        np.take(x, rows, axis=0, out=gathered, mode="clip")
        p = forward()
        # delta_L = (softmax(z_L) - y) alpha / B
        np.max(p, axis=0, keepdims=True, out=column)
        np.subtract(p, column, out=p)
        np.exp(p, out=p)
        np.sum(p, axis=0, keepdims=True, out=column)
        np.divide(p, column, out=p)
        delta = deltas[last]
        np.subtract(p, y[:, rows], out=delta)
        np.multiply(delta, step, out=delta)
        for l in range(last, -1, -1):
            np.dot(delta, aT[l], out=gradients[l])
            if l > 0:
                # delta_(l-1) = (W_l^T delta_l) relu'(a_l)
                below = deltas[l - 1]
                np.dot(transposed[l], delta, out=below)
                np.greater(z[l - 1], 0, out=slopes[l - 1])
                np.multiply(below, slopes[l - 1], out=below)
                delta = below
            np.subtract(w[l], gradients[l], out=w[l])

    def loss():
        out = x[:CHECKED].T
        for l in range(last + 1):
            out = w[l] @ out
            if l < last:
                out = np.vstack([np.maximum(out, 0), np.ones((1, CHECKED), np.float32)])
        out = out - out.max(axis=0)
        return np.mean(np.log(np.exp(out).sum(axis=0)) - (out * y[:, :CHECKED]).sum(axis=0))

    before = loss()
    timed = time_updates(update, task["seconds"])
    return result(task, np.__version__, timed, before, loss())


serve(measure)
