# Makes the tables beside it: python3 make.py. Needs scikit-learn and numpy.
import csv
import math
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris, make_friedman1

HERE = Path(__file__).parent


def write(name, head, rows):
    with open(HERE / name, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])


def iris():
    """Fisher's irises (Fisher 1936): the copy that scikit-learn brings, in the order of its rows."""
    data = load_iris()
    head = ["sepal length", "sepal width", "petal length", "petal width", "species"]
    write("iris.csv", head, [[*x, data.target_names[d]] for x, d in zip(data.data, data.target)])


def friedman(patterns=1000):
    """Friedman #1 (Friedman 1991): ten inputs, five of which count, noise of standard deviation 1."""
    inputs, targets = make_friedman1(n_samples=patterns, n_features=10, noise=1.0, random_state=1)
    rows = [[*(f"{x:.5f}" for x in row), f"{d:.4f}"] for row, d in zip(inputs, targets)]
    write("friedman.csv", [*(f"x{i}" for i in range(1, 11)), "y"], rows)


CONTRACTS = {"monthly": 0.9, "yearly": -0.6, "two years": -1.6}
PAYMENTS = {"invoice": 0.5, "debit": -0.2, "card": -0.3}
REGIONS = {"north": 0.0, "south": 0.1, "east": -0.1, "west": 0.0}


def churn(customers=2000):
    """
    Made-up customers of whom some leave: columns of numbers, of texts and of both kinds of answers, 6% of the values of three
    columns missing. The chance to leave is a logistic function of contract, payment, months, price, calls for help, and of
    calls and monthly contract together.
    """
    random = np.random.default_rng(7)
    rows, chances = [], []
    for _ in range(customers):
        contract = random.choice(list(CONTRACTS), p=[0.5, 0.3, 0.2])
        payment = random.choice(list(PAYMENTS), p=[0.3, 0.4, 0.3])
        region = random.choice(list(REGIONS))
        months = int(1 + random.exponential(30))
        price = round(float(np.clip(random.normal(60, 20), 15, 140)), 2)
        calls = int(random.poisson(1.2))
        paperless = random.choice(["yes", "no"])
        u = -0.6 + CONTRACTS[contract] + PAYMENTS[payment] + REGIONS[region]
        u += -0.03 * (months - 30) + 0.025 * (price - 60) + 0.5 * (calls - 1.2)
        u += 0.7 * (calls - 1.2) * (contract == "monthly")
        chance = 1 / (1 + math.exp(-1.5 * u))
        chances.append(chance)
        gone = random.uniform(size=3) < 0.06
        rows.append([
            contract,
            "" if gone[0] else payment,
            region,
            "" if gone[1] else months,
            "" if gone[2] else price,
            calls,
            paperless,
            "left" if random.uniform() < chance else "stayed",
        ])
    head = ["contract", "payment", "region", "months", "price", "calls", "paperless", "churn"]
    write("churn.csv", head, rows)
    best = np.mean([max(p, 1 - p) for p in chances])
    print(f"churn.csv: who knew the chances, and no value were missing, would be right in {best:.3f} of cases")


iris()
friedman()
churn()
