"""The programs fcis-eval and fcis-demo."""

import argparse
import json
import os
import sys
from typing import Any, List, Union

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
    # Files can hold anything, and pycocotools' errors are of all kinds.
    reading = arguments.annotations
    try:
        truth = COCO(arguments.annotations)
        reading = arguments.results
        found = truth.loadRes(arguments.results)
        reading = "%s, %s" % (arguments.annotations, arguments.results)
        evaluation = COCOeval(truth, found, arguments.iou_type)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    except OSError as error:
        return _failed("fcis-eval", error)
    except Exception as error:
        kind = type(error).__name__
        return _failed("fcis-eval", "%s: %s: %s" % (reading, kind, error))
    return 0


def demo() -> int:
    """fcis-demo: finds the instances in pictures, and draws them if Pillow is
    there."""
    parser = argparse.ArgumentParser(prog="fcis-demo", description=demo.__doc__)
    parser.add_argument("pictures", nargs="+", help="JPEG or PNG files")
    parser.add_argument("-m", "--model", help="a model file; default: the package's")
    parser.add_argument("--out", default="fcis_demo", help="folder of the results")
    arguments = parser.parse_args()
    drawings = _drawings(arguments.pictures, arguments.out)
    pictures = set(map(os.path.realpath, arguments.pictures))
    for picture, drawing in zip(arguments.pictures, drawings):
        if os.path.realpath(drawing) in pictures:
            parser.error(
                "%s is a picture to work on, and the result of %s would "
                "replace it; give another --out" % (drawing, picture)
            )
    try:
        detector = Detector(arguments.model)
        os.makedirs(arguments.out, exist_ok=True)
    except (OSError, ValueError) as error:
        return _failed("fcis-demo", error)
    results: List[Any] = []
    status = 0
    for number, path in enumerate(arguments.pictures, 1):
        drawing = drawings[number - 1]
        try:
            found = detector(path)
            print(path, found)
            results += found.to_coco(number)
            _draw(found, drawing)
        except (OSError, ValueError) as error:
            status = _failed("fcis-demo", error)
    try:
        with open(os.path.join(arguments.out, "results.json"), "w") as file:
            json.dump(results, file)
    except OSError as error:
        status = _failed("fcis-demo", error)
    return status


def _drawings(pictures: List[str], out: str) -> List[str]:
    """A file for each, also where folders hold pictures of one name."""
    stems = [os.path.splitext(os.path.basename(path))[0] for path in pictures]
    names: List[str] = []
    for stem in stems:
        name, number = stem, 1
        while name in names or (number > 1 and name in stems):
            number += 1
            name = "%s_%d" % (stem, number)
        names.append(name)
    return [os.path.join(out, name + ".png") for name in names]


def _draw(found: Instances, drawing: str) -> None:
    try:
        from PIL import Image
    except ImportError:
        return
    Image.fromarray(found.draw()).save(drawing)


def _failed(program: str, error: Union[Exception, str]) -> int:
    print("%s: %s" % (program, error), file=sys.stderr)
    return 1
