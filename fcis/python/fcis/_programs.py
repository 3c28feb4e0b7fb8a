"""The programs fcis-eval and fcis-demo."""

import argparse
import json
import os
import sys
from typing import Any, List

from fcis.coco import COCO
from fcis.cocoeval import COCOeval
from fcis.detector import Detector, Instances


def evaluate() -> int:
    """fcis-eval: scores a file of detections, as COCOeval does."""
    parser = argparse.ArgumentParser(prog="fcis-eval", description=evaluate.__doc__)
    parser.add_argument("annotations", help="a file of COCO's annotations")
    parser.add_argument("results", help="a file in COCO's results format")
    parser.add_argument(
        "--iou_type", default="segm", choices=("segm", "bbox", "keypoints")
    )
    arguments = parser.parse_args()
    try:
        truth = COCO(arguments.annotations)
        found = truth.loadRes(arguments.results)
        evaluation = COCOeval(truth, found, arguments.iou_type)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    except (OSError, ValueError, KeyError, AssertionError) as error:
        return _failed("fcis-eval", error)
    return 0


def demo() -> int:
    """fcis-demo: finds the instances in pictures, and draws them if Pillow is
    there."""
    parser = argparse.ArgumentParser(prog="fcis-demo", description=demo.__doc__)
    parser.add_argument("pictures", nargs="+", help="JPEG or PNG files")
    parser.add_argument("-m", "--model", help="a model file; default: the package's")
    parser.add_argument("--out", default="fcis_demo", help="folder of the results")
    arguments = parser.parse_args()
    try:
        detector = Detector(arguments.model)
        os.makedirs(arguments.out, exist_ok=True)
    except (OSError, ValueError) as error:
        return _failed("fcis-demo", error)
    results: List[Any] = []
    status = 0
    for number, path in enumerate(arguments.pictures, 1):
        try:
            found = detector(path)
            print(path, found)
            results += found.to_coco(number)
            _draw(found, path, arguments.out)
        except (OSError, ValueError) as error:
            status = _failed("fcis-demo", error)
    with open(os.path.join(arguments.out, "results.json"), "w") as file:
        json.dump(results, file)
    return status


def _draw(found: Instances, path: str, out: str) -> None:
    try:
        from PIL import Image
    except ImportError:
        return
    name = os.path.splitext(os.path.basename(path))[0] + ".png"
    Image.fromarray(found.draw()).save(os.path.join(out, name))


def _failed(program: str, error: Exception) -> int:
    print("%s: %s" % (program, error), file=sys.stderr)
    return 1
