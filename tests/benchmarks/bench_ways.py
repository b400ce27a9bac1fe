"""The comparisons of `report.py` in three ways on one machine: as it is, with all libraries held to AVX2 (which takes
a processor of Intel), and on one core. Which side is faster depends on the processor.

`python bench_ways.py` writes `data/recorded_runs/benchmarks_ways/result.json`, a way after the other, in an hour.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import bench_evaluation
import bench_kmeans
import bench_parts
import bench_simclr
import limit
from common import HAS_LIGHTLY, in_own_process, machine, versions

from aimsssl.datasets import load

RESULT = Path(__file__).parents[2] / "data" / "recorded_runs" / "benchmarks_ways" / "result.json"
AVX2 = dict(ATEN_CPU_CAPABILITY="avx2", MKL_ENABLE_INSTRUCTIONS="AVX2", ONEDNN_MAX_CPU_ISA="AVX2")
AVX2 |= dict(OPENBLAS_CORETYPE="Haswell", FAISS_OPT_LEVEL="avx2")
WAYS = {"as it is": {}, "AVX2": AVX2, "one core": dict(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")}


def measure(quick: bool = False, peer: bool = HAS_LIGHTLY) -> dict:
    """All comparisons in this process."""
    rounds, least = (1, 0.0) if quick else (5, 0.3)
    images = load("shapes", limit=(2 if quick else 40) * bench_simclr.BATCH)
    result = {"machine": machine(), "training": {}}
    workers = (0, 1, 2) if result["machine"]["cores"] > 1 else (0,)

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    for name, setting in (bench_simclr.QUICK if quick else bench_simclr.SETTINGS).items():
        setting = replace(setting, rounds=min(setting.rounds, 2 if name == "cifar" else 3))
        result["training"][name] = bench_simclr.throughput(images, setting, peer, tell, workers, trials=1)
    result["nt_xent"] = {"4096": bench_parts.loss(256 if quick else 4096, peer, rounds, least)}
    result["lars"] = bench_parts.lars(4 if quick else 64, peer, rounds, least)
    for name, sizes in (("kmeans", bench_kmeans.SIZES), ("kmeans_moving", bench_kmeans.MOVING)):
        result[name] = bench_kmeans.measure(quick, peer and bench_kmeans.HAS_FAISS, sizes=sizes)
    result["knn"], result["probe"] = bench_evaluation.knn(quick), bench_evaluation.probe(quick)
    result["limit"] = limit.measure(result, quick)
    return result


def main() -> None:
    if not (HAS_LIGHTLY and bench_kmeans.HAS_FAISS):
        sys.exit("lightly and faiss-cpu are not installed: `make bench BENCH_ARGS=--quick` does that")
    result = {"versions": versions()}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    for way, environment in WAYS.items():
        result[way] = in_own_process("bench_ways.py", way, **environment)
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        if sys.argv[1] == "one core" and hasattr(os, "sched_setaffinity"):  # Linux
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        print(json.dumps(measure("--quick" in sys.argv)))
