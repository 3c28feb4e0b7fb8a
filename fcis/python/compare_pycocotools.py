"""Compares fcis with pycocotools on random sets: every number, array, type,
printed line and kind of exception.

    compare_pycocotools.py [--first 0] [--count 300] [--write_cases FILE]

--write_cases keeps pycocotools' answers for wheel_test.py.
"""

import argparse
import base64
import collections
import contextlib
import copy
import hashlib
import io
import json
import os
import re
import sys
import tempfile
from typing import Any, Dict

import numpy as np

import random_sets


def assert_same(a: Any, b: Any, path: str) -> None:
    """Raises AssertionError, which says where they differ."""
    assert type(a).__name__ == type(b).__name__, (path, type(a), type(b))
    if isinstance(a, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape), (path, a, b)
        assert a.tobytes() == b.tobytes(), (path, a, b)
        for flag in ("C_CONTIGUOUS", "F_CONTIGUOUS"):
            assert a.flags[flag] == b.flags[flag], (path, flag)
    elif isinstance(a, dict):
        assert list(a) == list(b), (path, list(a), list(b))
        for key in a:
            assert_same(a[key], b[key], "%s.%s" % (path, key))
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b), (path, len(a), len(b))
        for i, (x, y) in enumerate(zip(a, b)):
            assert_same(x, y, "%s[%d]" % (path, i))
    elif hasattr(a, "__dict__"):
        assert_same(vars(a), vars(b), path)
    else:
        assert a == b or (a != a and b != b), (path, a, b)


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else float(value)


class Run:
    """What one implementation makes of a set; `seed` chooses the way there."""

    def __init__(self, coco: Any, evaluation: Any, case: Any, seed: int):
        self.coco, self.evaluation, self.seed = coco, evaluation, seed
        self.case = copy.deepcopy(case)
        self.seen: Dict[str, Any] = {}
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            try:
                self._run()
            except Exception as error:  # whatever it is, both must have it
                self.seen["error"] = type(error).__name__
        self.seen["printed"] = re.sub(r"t=[\d.]+s", "t", printed.getvalue())

    def _file(self, content: Any) -> str:
        with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
            json.dump(content, file, default=_plain)
        return file.name

    def _truth(self) -> Any:
        dataset = self.case.dataset
        if self.seed % 3 == 0:
            truth = self.coco.COCO()
            truth.dataset = dataset
            truth.createIndex()
            return truth
        path = self._file(dataset)
        try:
            return self.coco.COCO(path)
        finally:
            os.remove(path)

    def _found(self, truth: Any) -> Any:
        results = self.case.results
        if self.seed % 4 != 1 or isinstance(results, np.ndarray):
            return truth.loadRes(results)
        path = self._file(results)
        try:
            return truth.loadRes(path)
        finally:
            os.remove(path)

    def _change(self, results: Any) -> None:
        """What a caller may do to his own dicts before he evaluates."""
        for found in results[::3]:
            found["score"] = 0.25
        results[-1]["category_id"] = 1
        if self.seed % 2 == 0:
            results[0]["score"] = np.float32(0.75)

    def _run(self) -> None:
        truth = self._truth()
        if self.seed % 5 < 3:  # else nobody looks at it before it is evaluated
            self._look_up(truth)
        found = self._found(truth)
        if self.seed % 11 < 3 and isinstance(self.case.results, list):
            self._change(self.case.results)
        if self.seed % 7 == 0:
            found.dataset["annotations"][0]["id"] = 0
            found.createIndex()
        e = self.evaluation.COCOeval(truth, found, self.case.kind)
        for name, value in self.case.params.items():
            setattr(e.params, name, value)
        e.evaluate()
        if self.seed % 2 == 0:
            self._look(e, "before")
        if self.seed % 6 == 1:
            p = copy.deepcopy(e.params)
            p.maxDets, p.areaRng = p.maxDets[:1], p.areaRng[:2]
            e.accumulate(p)
        else:
            e.accumulate()
        self.seen["eval"] = {k: v for k, v in e.eval.items() if k != "date"}
        self._look(e, "after")
        for name in ("_gts", "_dts"):
            cells = {key: anns for key, anns in getattr(e, name).items() if anns}
            self.seen[name] = dict(sorted(cells.items()))
        self.seen["found"], self.seen["truth"] = found.dataset, truth.dataset
        e.summarize()
        self.seen["stats"] = e.stats
        self.seen["masks"] = [
            truth.annToMask(ann)
            for ann in truth.dataset["annotations"][:3]
            if "segmentation" in ann
        ]

    def _look_up(self, truth: Any) -> None:
        self.seen["ids"] = [
            truth.getAnnIds(),
            truth.getAnnIds(catIds=1),
            truth.getAnnIds(areaRng=[1, 100]),
            truth.getAnnIds(iscrowd=False),
            truth.getCatIds(catNms="c0"),
            truth.getCatIds(supNms=["s1"]),
            truth.getImgIds(),
            sorted(truth.getImgIds(catIds=[1])),
        ]

    def _look(self, e: Any, when: str) -> None:
        self.seen["evalImgs " + when] = e.evalImgs
        self.seen["ious " + when] = e.ious


def digest(array: Any) -> str:
    """Of an array's bytes."""
    array = np.ascontiguousarray(array)
    raw = hashlib.sha256(array.tobytes()).digest()[:12]
    return base64.b64encode(raw).decode()


def answer(seen: Dict[str, Any]) -> Dict[str, Any]:
    """What wheel_test.py compares."""
    if "error" in seen:
        return {"error": seen["error"]}
    arrays = {k: seen["eval"][k] for k in ("precision", "recall", "scores")}
    images = [e for e in seen["evalImgs after"] if e is not None]
    for key in ("dtMatches", "gtMatches", "dtIgnore", "gtIgnore"):
        arrays[key] = np.concatenate([e[key].ravel() for e in images] or [[]])
    return {
        "stats": seen["stats"].tolist(),
        "digests": {k: digest(np.asarray(v, float)) for k, v in arrays.items()},
    }


def main() -> None:
    import fcis.coco
    import fcis.cocoeval
    import pycocotools.coco
    import pycocotools.cocoeval
    import pycocotools.mask

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--write_cases")
    options = parser.parse_args()
    ends: Dict[Any, int] = collections.Counter()
    cases = {}
    for seed in range(options.first, options.first + options.count):
        case = random_sets.make(seed, pycocotools.mask)
        theirs = Run(pycocotools.coco, pycocotools.cocoeval, case, seed).seen
        ours = Run(fcis.coco, fcis.cocoeval, case, seed).seen
        try:
            assert_same(theirs, ours, "set %d" % seed)
        except AssertionError as difference:
            sys.exit("%s: %s" % (case.kind, difference))
        ends[case.kind, theirs.get("error", "evaluated")] += 1
        cases[seed] = answer(theirs)
    if options.write_cases:
        with open(options.write_cases, "w") as file:
            lines = ["%s: %s" % (json.dumps(str(k)), json.dumps(v)) for k, v in cases.items()]
            file.write("{\n" + ",\n".join(lines) + "\n}\n")
    for (kind, end), count in sorted(ends.items()):
        print("%-10s %-12s %5d sets equal" % (kind, end, count))


if __name__ == "__main__":
    main()
