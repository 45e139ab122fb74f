"""PyTorch in two variants. "modules": nn.Sequential, autograd and optim.SGD, as its users write it. "tuned": the gradients
by hand, under inference mode, added to the weights by the product itself (addmm_ with alpha = -step, beta = 1)."""

from common import CHECKED, PATTERNS, he_weights, read_data, result, serve, time_updates


def measure(task):
    import torch

    torch.set_num_threads(task["threads"])
    inputs, classes = read_data(task)
    x, y = torch.from_numpy(inputs), torch.from_numpy(classes).long()
    make = {"modules": with_modules, "tuned": by_hand}[task["variant"]]
    train, predict = make(torch, task, x, y)

    rows_of = row_batches(torch, task["batch"])

    def loss():
        with torch.inference_mode():
            return torch.nn.functional.cross_entropy(predict(x[:CHECKED]), y[:CHECKED]).item()

    before = loss()
    timed = time_updates(lambda: train(next(rows_of)), task["seconds"])
    return result(task, torch.__version__, timed, before, loss(), threads=torch.get_num_threads())


def row_batches(torch, batch):
    """As `batches`, by torch's own generator."""
    while True:
        yield from torch.randperm(PATTERNS).split(batch)


def with_modules(torch, task, x, y):
    from torch import nn

    torch.manual_seed(task["seed"])
    layers = []
    for n, m in zip(task["widths"][:-1], task["widths"][1:]):
        layers += [nn.Linear(n, m), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(model.parameters(), lr=task["rate"])
    criterion = nn.CrossEntropyLoss()

    def train(rows):
        optimizer.zero_grad(set_to_none=True)
        criterion(model(x[rows]), y[rows]).backward()
        optimizer.step()

    return train, model


def by_hand(torch, task, x, y):
    """Weights (n_in, n_out); activations, deltas and slopes (B, n), allocated once."""
    widths, batch = task["widths"], task["batch"]
    step = task["rate"] / batch
    w = [torch.from_numpy(v) for v in he_weights(task)]
    b = [torch.zeros(n) for n in widths[1:]]
    last = len(w) - 1
    a = [torch.empty(batch, n) for n in widths]
    deltas = [torch.empty(batch, n) for n in widths[1:]]
    one_hot = torch.eye(widths[-1])[y]
    wanted = torch.empty(batch, widths[-1])
    wT = [v.t() for v in w]
    aT = [v.t() for v in a]
    ones = torch.ones(batch)
    deltaT = [v.t() for v in deltas]

    @torch.inference_mode()
    def train(rows):
        torch.index_select(x, 0, rows, out=a[0])
        torch.index_select(one_hot, 0, rows, out=wanted)
        for l in range(last + 1):
            torch.addmm(b[l], a[l], w[l], out=a[l + 1])
            if l < last:
                a[l + 1].relu_()
        torch.softmax(a[-1], 1, out=deltas[last])
        delta = deltas[last].sub_(wanted)
        for l in range(last, -1, -1):
            if l > 0:
                below = torch.mm(delta, wT[l], out=deltas[l - 1])
            w[l].addmm_(aT[l], delta, alpha=-step)
            b[l].addmv_(deltaT[l], ones, alpha=-step)
            if l > 0:
                delta = torch.ops.aten.threshold_backward.grad_input(below, a[l], 0, grad_input=below)

    def predict(rows):
        for l in range(last + 1):
            rows = torch.addmm(b[l], rows, w[l])
            if l < last:
                rows.relu_()
        return rows

    return train, predict


serve(measure)
