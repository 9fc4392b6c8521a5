"""What a precision can be worth on this CPU: GFLOP/s of TensorFlow's product of square matrices.

Runs with the project's own Python. Prints one JSON line; only the loop is timed.
"""

from __future__ import annotations

import argparse
import json
import time

from rlbench.nets.tensorflow_runtime import start_tensorflow

SIZE = 2048
PRODUCTS = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--cores", type=int, default=1)
    args = parser.parse_args()
    tf = start_tensorflow(args.cores)
    matrix = tf.cast(tf.random.stateless_normal((SIZE, SIZE), (0, 0)), args.precision)
    product = tf.function(lambda a: tf.linalg.matmul(a, a))
    product(matrix)
    start = time.perf_counter()
    for _ in range(PRODUCTS):
        product(matrix).numpy()
    seconds = time.perf_counter() - start
    print(json.dumps({"gflop_per_s": PRODUCTS * 2 * SIZE**3 / seconds / 1e9}))


if __name__ == "__main__":
    main()
