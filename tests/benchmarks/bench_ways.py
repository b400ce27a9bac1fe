"""The comparisons of `report.py` in three ways on one machine: as it is, with all libraries held to AVX2 (which takes
a processor of Intel), and on one core. Which side is faster depends on the processor.

`python bench_ways.py` writes `data/recorded_runs/benchmarks_ways/result.json`, a way after the other, in an hour or
more; `python bench_ways.py AVX2` measures that way anew and leaves the others.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import bench_kmeans
import bench_simclr
import limit
import report
from common import HAS_LIGHTLY, in_own_process, machine, versions

from aimsssl.datasets import load

RESULT = Path(__file__).parents[2] / "data" / "recorded_runs" / "benchmarks_ways" / "result.json"
AVX2 = dict(ATEN_CPU_CAPABILITY="avx2", MKL_ENABLE_INSTRUCTIONS="AVX2", ONEDNN_MAX_CPU_ISA="AVX2")
AVX2 |= dict(OPENBLAS_CORETYPE="Haswell", FAISS_OPT_LEVEL="avx2")
WAYS = {"as it is": {}, "AVX2": AVX2, "one core": dict(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")}


def measure(quick: bool, peer: bool = HAS_LIGHTLY) -> dict:
    """All comparisons in this process."""
    images = load("shapes", limit=(2 if quick else 40) * bench_simclr.BATCH)
    result = {"machine": machine(), "training": {}}
    workers = (0, 1, 2) if result["machine"]["cores"] > 1 else (0,)

    def tell(line: str) -> None:
        print(line, file=sys.stderr)

    for name, setting in (bench_simclr.QUICK if quick else bench_simclr.SETTINGS).items():
        setting = replace(setting, rounds=min(setting.rounds, 2 if name == "cifar" else 3))
        result["training"][name] = bench_simclr.throughput(images, setting, peer, tell, workers, trials=1)
    result |= report.parts(quick, peer)
    return result | {"limit": limit.measure(result, quick)}


def main(ways: list[str]) -> None:
    if not (HAS_LIGHTLY and bench_kmeans.HAS_FAISS):
        sys.exit("lightly and faiss-cpu are not installed: `make bench BENCH_ARGS=--quick` does that")
    result = json.loads(RESULT.read_text(encoding="utf-8")) if ways else {}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    for way in ways or WAYS:
        result[way] = in_own_process("bench_ways.py", "--here", way, **WAYS[way])
        RESULT.write_text(json.dumps(result | {"versions": versions()}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if "--here" not in sys.argv:
        main(sys.argv[1:])
    else:
        if "one core" in sys.argv and hasattr(os, "sched_setaffinity"):  # Linux
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        print(json.dumps(measure("--quick" in sys.argv)))
