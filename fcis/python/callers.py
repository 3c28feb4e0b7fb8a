"""Programs of others that use pycocotools, run unchanged on random sets: what
they make of it goes to a file, for prove_callers to compare.

    callers.py MODE OUT SOURCES     MODE: pycocotools, or fcis in its place
    callers.py compare A B

SOURCES holds the files that no package has (prove_callers fetches them).
"""

import contextlib
import copy
import importlib.util
import io
import json
import os
import pickle
import sys
import tempfile
import types
import unittest
from typing import Any, Callable, Dict, List

import numpy as np

import random_sets

SEEDS = range(100, 140)


def _sets(kinds: tuple) -> List[Any]:
    import pycocotools.mask

    made = [random_sets.make(seed, pycocotools.mask, small_ids=True) for seed in SEEDS]
    # Callers hand over usual records only.
    return [
        case
        for case in made
        if case.kind in kinds
        and isinstance(case.results, list)
        and case.results
        and case.dataset["annotations"]
        and len({a["id"] for a in case.dataset["annotations"]})
        == len(case.dataset["annotations"])
    ]


def _usual(case: Any) -> Any:
    """Records of listed pictures and categories, flags 0 or 1, texts for
    bytes."""
    images = {img["id"]: img for img in case.dataset["images"]}
    cats = {cat["id"] for cat in case.dataset["categories"]}
    case = copy.deepcopy(case)
    case.dataset["images"] = list(images.values())

    def listed(ann: dict) -> bool:
        return ann["image_id"] in images and ann["category_id"] in cats

    anns = [ann for ann in case.dataset["annotations"] if listed(ann)]
    for ann in anns:
        ann["iscrowd"] = int(ann["iscrowd"])
        ann["bbox"] = [abs(float(v)) for v in ann["bbox"]]
    case.dataset["annotations"] = anns
    results = [found for found in case.results if listed(found)]
    for found in results:
        found["score"] = float(found["score"])
        if "bbox" in found:
            found["bbox"] = [abs(float(v)) for v in found["bbox"]]
    case = case._replace(results=results)
    return case


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else float(value)


def _file(folder: str, name: str, content: Any) -> str:
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        json.dump(content, file, default=_text)
    return path


def _module(path: str, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def own_tests(sources: str) -> Any:
    """pycocotools' tests, where they are."""
    path = os.path.join(sources, "test_cases.py")
    if not os.path.exists(path):
        return []
    tests = _module(path, "test_cases")
    suite = unittest.defaultTestLoader.loadTestsFromModule(tests)
    result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
    return [result.testsRun, len(result.failures), len(result.errors)]


def _masks_of(case: Any, segmentation: Any) -> Any:
    import pycocotools.mask as M

    height = case.dataset["images"][0]["height"]
    width = case.dataset["images"][0]["width"]
    if type(segmentation) is list:
        rle = M.merge(M.frPyObjects(segmentation, height, width))
    elif type(segmentation["counts"]) is list:
        rle = M.frPyObjects(segmentation, height, width)
    else:
        rle = segmentation
    return M.decode(rle)


def _torch_records(case: Any, anns: list, image: Any, found: bool) -> dict:
    import torch

    anns = [ann for ann in anns if ann["image_id"] == image]
    record = {"labels": torch.tensor([a["category_id"] for a in anns], dtype=torch.int64)}
    if case.kind == "segm":
        masks = [_masks_of(case, a["segmentation"]) for a in anns]
        size = case.dataset["images"][0]["height"], case.dataset["images"][0]["width"]
        stacked = np.stack(masks) if masks else np.zeros((0, *size), np.uint8)
        record["masks"] = torch.tensor(stacked, dtype=torch.bool)
    else:
        boxes = np.array([a["bbox"] for a in anns], np.float32).reshape(-1, 4)
        record["boxes"] = torch.tensor(boxes)
    if found:
        record["scores"] = torch.tensor([a["score"] for a in anns], dtype=torch.float32)
    else:
        record["iscrowd"] = torch.tensor([a["iscrowd"] for a in anns], dtype=torch.int64)
    return record


def torchmetrics(sources: str) -> Any:
    """MeanAveragePrecision, both backends."""
    from torchmetrics.detection import MeanAveragePrecision

    answers = []
    for case in map(_usual, _sets(("bbox", "segm"))):
        ids = [img["id"] for img in case.dataset["images"]]
        target = [_torch_records(case, case.dataset["annotations"], i, False) for i in ids]
        preds = [_torch_records(case, case.results, i, True) for i in ids]
        for backend in ("pycocotools", "faster_coco_eval"):
            metric = MeanAveragePrecision(
                box_format="xywh",
                iou_type=case.kind,
                class_metrics=True,
                extended_summary=True,
                backend=backend,
            )
            metric.update(preds, target)
            answers.append(_numpy(metric.compute()))
    return answers


def _numpy(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _numpy(some) for key, some in value.items()}
    if isinstance(value, (list, tuple)):
        return [_numpy(some) for some in value]
    return np.asarray(value)


def torchvision_style(sources: str) -> Any:
    """The CocoEvaluator that torchvision's references, DETR and rfdetr have."""
    import torch
    from pycocotools.coco import COCO

    gather = types.SimpleNamespace(all_gather=lambda some: [some])
    for name in ("rfdetr", "rfdetr.util"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["rfdetr.util.misc"] = gather  # type: ignore
    evaluator = _module(os.path.join(sources, "coco_eval.py"), "coco_eval")
    answers = []
    for case in map(_usual, _sets(("bbox", "segm", "keypoints"))):
        truth = COCO()
        truth.dataset = copy.deepcopy(case.dataset)
        truth.createIndex()
        e = evaluator.CocoEvaluator(truth, [case.kind])
        for image in [img["id"] for img in case.dataset["images"]]:
            anns = [a for a in case.results if a["image_id"] == image]
            if not anns:
                e.update({image: {}})
                continue
            output = {
                "scores": torch.tensor([a["score"] for a in anns]),
                "labels": torch.tensor([a["category_id"] for a in anns]),
                "boxes": torch.tensor([a.get("bbox", [0, 0, 1, 1]) for a in anns]),
            }
            if case.kind == "segm":
                masks = [_masks_of(case, a["segmentation"]) for a in anns]
                output["masks"] = torch.tensor(np.stack(masks))[:, None]
            if case.kind == "keypoints":
                points = [np.reshape(a["keypoints"], (-1, 3)) for a in anns]
                output["keypoints"] = torch.tensor(np.array(points))
            e.update({image: output})
        e.synchronize_between_processes()
        e.accumulate()
        e.summarize()
        evaluation = e.coco_eval[case.kind]
        arrays = {k: evaluation.eval[k] for k in ("precision", "recall", "scores")}
        images = [im for im in evaluation.evalImgs if im is not None]
        answers.append([evaluation.stats, arrays, images])
    return answers


def tidecv(sources: str) -> Any:
    """TIDE's errors."""
    import tidecv

    answers = []
    with tempfile.TemporaryDirectory() as folder:
        for case in map(_usual, _sets(("segm",))):
            for img in case.dataset["images"]:
                img["file_name"] = str(img["id"])
            for found in case.results:
                found.setdefault("bbox", [0.0, 0.0, 1.0, 1.0])
            truth = tidecv.datasets.COCO(_file(folder, "gt.json", case.dataset))
            found = tidecv.datasets.COCOResult(_file(folder, "dt.json", case.results))
            tide = tidecv.TIDE()
            for mode in (tidecv.TIDE.BOX, tidecv.TIDE.MASK):
                try:
                    run = tide.evaluate(truth, found, mode=mode, name=mode)
                    answers.append([run.ap, tide.get_all_errors()])
                except (KeyError, ZeroDivisionError) as error:
                    answers.append(str(error))  # one of its own, on some sets
    return answers


def sahi(sources: str) -> Any:
    """sahi's evaluation of files."""
    from sahi.scripts.coco_evaluation import evaluate

    answers = []
    with tempfile.TemporaryDirectory() as folder:
        for case in map(_usual, _sets(("bbox", "segm"))):
            for found in case.results:
                found.setdefault("bbox", [0.0, 0.0, 1.0, 1.0])
            answers.append(
                evaluate(
                    _file(folder, "gt.json", case.dataset),
                    _file(folder, "dt.json", case.results),
                    out_dir=folder,
                    type=case.kind,
                    classwise=True,
                    return_dict=True,
                )["eval_results"]
            )
    return answers


def lvis(sources: str) -> Any:
    """LVIS' evaluation, which takes masks from pycocotools."""
    from lvis import LVIS, LVISEval, LVISResults

    np.float = float  # which it takes from a NumPy of its time
    answers = []
    with tempfile.TemporaryDirectory() as folder:
        for case in map(_usual, _sets(("bbox", "segm"))):
            for img in case.dataset["images"]:
                img["neg_category_ids"] = []
                img["not_exhaustive_category_ids"] = []
            for cat in case.dataset["categories"]:
                cat["frequency"] = "rcf"[cat["id"] % 3]
                cat["image_count"] = 1
            truth = LVIS(_file(folder, "gt.json", case.dataset))
            found = LVISResults(truth, json.loads(json.dumps(case.results, default=_text)))
            e = LVISEval(truth, found, case.kind)
            e.run()
            answers.append([dict(e.results), e.eval["precision"], e.eval["recall"]])
    return answers


CALLERS: Dict[str, Callable[[str], Any]] = {
    function.__name__: function
    for function in (own_tests, torchmetrics, torchvision_style, tidecv, sahi, lvis)
}


def run(mode: str, out: str, sources: str) -> None:
    if mode == "fcis":
        import fcis

        fcis.as_pycocotools()
    answers = {}
    for name, caller in CALLERS.items():
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            answers[name] = caller(sources)
        print("%s: %d answers" % (name, len(answers[name])))
    with open(out, "wb") as file:
        pickle.dump(answers, file)


def compare(a: str, b: str) -> None:
    from compare_pycocotools import assert_same

    with open(a, "rb") as one, open(b, "rb") as other:
        answers, others = pickle.load(one), pickle.load(other)
    for name in CALLERS:
        assert_same(answers[name], others[name], name)
        print("%-18s %4d answers, all equal" % (name, len(answers[name])))


if __name__ == "__main__":
    if sys.argv[1] == "compare":
        compare(*sys.argv[2:])
    else:
        run(*sys.argv[1:])
