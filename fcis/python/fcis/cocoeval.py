"""COCOeval: pycocotools.cocoeval, with the same numbers to the last bit.

Overlaps, matches and curves are computed by the library, on several threads.
`evalImgs` and `ious` are made when they are read.
"""

import copy
import datetime
import time
from collections import defaultdict
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

import numpy as np

from fcis import mask as maskUtils
from fcis import _python, _records
from fcis._cells import Cells, Oks
from fcis._curves import accumulate_images, fits, summarize
from fcis._lib import making
from fcis._sides import DictSide, Side, column_side, place

__all__ = ["COCOeval", "Params"]


class Params:
    """What COCOeval evaluates: imgIds, catIds, iouThrs, recThrs, maxDets,
    areaRng, areaRngLbl, useCats, and for keypoints kpt_oks_sigmas."""

    def _setParams(self, maxDets: List[int], ranges: Dict[str, Any]) -> None:
        self.imgIds: List[Any] = []
        self.catIds: List[Any] = []
        self.iouThrs = np.linspace(0.5, 0.95, 10, endpoint=True)
        self.recThrs = np.linspace(0.0, 1.00, 101, endpoint=True)
        self.maxDets = maxDets
        self.areaRng = list(ranges.values())
        self.areaRngLbl = list(ranges)
        self.useCats = 1

    def setDetParams(self) -> None:
        """The defaults for boxes and masks."""
        ranges = {
            "all": [0**2, 1e5**2],
            "small": [0**2, 32**2],
            "medium": [32**2, 96**2],
            "large": [96**2, 1e5**2],
        }
        self._setParams([1, 10, 100], ranges)

    def setKpParams(self) -> None:
        """The defaults for keypoints."""
        ranges = {
            "all": [0**2, 1e5**2],
            "medium": [32**2, 96**2],
            "large": [96**2, 1e5**2],
        }
        self._setParams([20], ranges)
        sigmas = [0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72]
        sigmas += [0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89, 0.89]
        self.kpt_oks_sigmas = np.array(sigmas) / 10.0

    def __init__(self, iouType: str = "segm"):
        if iouType in ("segm", "bbox"):
            self.setDetParams()
        elif iouType == "keypoints":
            self.setKpParams()
        else:
            raise Exception("iouType not supported")
        self.iouType = iouType
        self.useSegm = None  # deprecated


class COCOeval:
    """Evaluates detections, cocoDt, against objects, cocoGt: evaluate(),
    accumulate(), summarize(), then `eval` and `stats` hold the numbers.

    params: what is evaluated (Params). iouType: "segm", "bbox" or "keypoints".
    """

    def __init__(
        self, cocoGt: Any = None, cocoDt: Any = None, iouType: str = "segm"
    ):
        if not iouType:
            print("iouType not specified. use default iouType segm")
        self.cocoGt = cocoGt
        self.cocoDt = cocoDt
        # What the lazy attributes are made of.
        self._cells: Optional[Cells] = None
        self._loaded: Dict[bool, Optional[List[dict]]] = {}
        self.evalImgs = defaultdict(list)
        self.eval: Dict[str, Any] = {}
        self._gts = defaultdict(list)
        self._dts = defaultdict(list)
        self.params = Params(iouType=iouType)
        self._paramsEval: Any = {}
        self.stats: Any = []
        self.ious = {}
        if cocoGt is not None:
            self.params.imgIds = sorted(cocoGt.getImgIds())
            self.params.catIds = sorted(cocoGt.getCatIds())

    def __getstate__(self) -> dict:
        """Copies and pickles have all that is made of the cells, which are the
        library's."""
        if self._cells is None:
            return self.__dict__
        state = dict(self.__dict__)
        state["_evalImgs"], state["_ious"] = self.evalImgs, self.ious
        state["_objects"], state["_detections"] = self._gts, self._dts
        state["_cells"], state["_loaded"] = None, {}
        return state

    # Each is made of the cells when it is read, unless somebody set it.

    def _made(self, name: str, make: Callable[[], Any]) -> Any:
        if getattr(self, name) is None:
            with making:
                if getattr(self, name) is None:
                    setattr(self, name, make())
        return getattr(self, name)

    @property
    def evalImgs(self) -> Any:
        """One dict per category, area range and picture; None where neither
        objects nor detections are."""
        return self._made("_evalImgs", lambda: self._cells.eval_images())

    @evalImgs.setter
    def evalImgs(self, value: Any) -> None:
        self._evalImgs = value

    @property
    def ious(self) -> Dict[Tuple[Any, Any], Any]:
        """Overlaps by picture and category: [detections, objects]."""
        return self._made("_ious", lambda: self._cells.overlaps())

    @ious.setter
    def ious(self, value: Any) -> None:
        self._ious = value

    @property
    def _gts(self) -> Any:
        return self._made("_objects", lambda: _by_cell(self._records_of(True)))

    @_gts.setter
    def _gts(self, value: Any) -> None:
        self._objects = value

    @property
    def _dts(self) -> Any:
        return self._made(
            "_detections", lambda: _by_cell(self._records_of(False))
        )

    @_dts.setter
    def _dts(self, value: Any) -> None:
        self._detections = value

    def _prepare(self) -> None:
        """Collects objects and detections by picture and category."""
        self._gts = _by_cell(self._load(True, self.params))
        self._dts = _by_cell(self._load(False, self.params))
        self.evalImgs = defaultdict(list)
        self.eval = {}

    def _load(self, objects: bool, p: Params) -> List[dict]:
        """The records of a side, with their masks as RLEs."""
        coco = self.cocoGt if objects else self.cocoDt
        anns = _records.select(coco, p)
        self._mark(anns, objects, p)
        return anns

    def _mark(self, anns: List[dict], objects: bool, p: Params) -> None:
        """What evaluate() leaves in the records."""
        if p.iouType == "segm":
            coco = self.cocoGt if objects else self.cocoDt
            _records.to_rles(coco, anns)
        if not objects:
            return
        keypoints = p.iouType == "keypoints"
        for ann in anns:
            ignore = "iscrowd" in ann and ann["iscrowd"]
            if keypoints:
                ignore = (ann["num_keypoints"] == 0) or ignore
            ann["ignore"] = ignore

    def _records_of(self, objects: bool) -> List[dict]:
        """Those that were evaluated last."""
        anns, p = self._loaded[objects], self._paramsEval
        if anns is None:
            self._loaded[objects] = anns = self._load(objects, p)
            if objects and p.areaRng:
                low, high = p.areaRng[-1][:2]
                for ann in place(anns, p)[0]:
                    outside = ann["area"] < low or ann["area"] > high
                    ann["_ignore"] = int(bool(ann["ignore"] or outside))
        return anns

    def _sides(self) -> Tuple[Side, Side]:
        """Objects and detections as columns; of data sets that hold dicts, with
        what is to be seen there afterwards."""
        p = self.params
        sides = []
        self._loaded = {True: None, False: None}
        self._objects = self._detections = None
        for objects in (True, False):
            coco = self.cocoGt if objects else self.cocoDt
            side = column_side(coco, p, objects)
            if side is None:
                side = self._dict_side(coco, p, objects)
            sides.append(side)
        return sides[0], sides[1]

    def _dict_side(self, coco: Any, p: Params, objects: bool) -> DictSide:
        anns = _records.listed(coco, p)
        side = anns and DictSide.of_usual(anns, p, objects)
        if side:
            self._mark(side.anns, objects, p)
            self._loaded[objects] = side.anns
            side._finish(p, objects)
            side.compare(p.iouType)
            return side
        if anns is None:
            self._loaded[objects] = self._load(objects, p)
            anns, cells = place(self._loaded[objects], p)
        else:
            anns, cells = place(anns, p)
            self._mark(anns, objects, p)
            self._loaded[objects] = anns
        side = DictSide(anns, cells, p, objects)
        side.compare(p.iouType)
        return side

    def evaluate(self) -> None:
        """Compares and matches; fills ious and evalImgs."""
        tic = time.time()
        print("Running per image evaluation...")
        p = self.params
        if p.useSegm is not None:
            p.iouType = "segm" if p.useSegm == 1 else "bbox"
            print(
                "useSegm (deprecated) is not None. Running {} evaluation".format(
                    p.iouType
                )
            )
        print("Evaluate annotation type *{}*".format(p.iouType))
        p.imgIds = list(np.unique(p.imgIds))
        if p.useCats:
            p.catIds = list(np.unique(p.catIds))
        p.maxDets = sorted(p.maxDets)
        self.params = p
        if self._is_plain():
            self._evaluate_cells()
        else:
            self._evaluate_images()
        # What np.unique leaves in a list cannot change.
        copied = {id(p.imgIds): list(p.imgIds)}
        self._paramsEval = copy.deepcopy(p, copied)
        print("DONE (t={:0.2f}s).".format(time.time() - tic))

    def _is_plain(self) -> bool:
        """Whether all that evaluate() is made of is this class's."""
        names = ("_prepare", "computeIoU", "computeOks", "evaluateImg")
        for name in names:
            if getattr(type(self), name) is not getattr(COCOeval, name):
                return False
            if name in self.__dict__:
                return False
        # There pycocotools finds no overlaps.
        return bool(self.params.useCats) or self.params.iouType != "keypoints"

    def _evaluate_cells(self) -> None:
        p = self.params
        with _python.uncollected():
            sides = self._sides()
        self._cells = Cells(p, *sides)
        self.eval = {}
        self.ious = self.evalImgs = None
        if p.iouType == "keypoints":
            self._cells.match(Oks(p.kpt_oks_sigmas).of_cells(self._cells))
        elif self._cells.comparable:
            self._cells.match()
        elif p.iouType in ("bbox", "segm"):
            # Whatever iou() makes of them, and its errors.
            self.ious = {
                (i, c): self.computeIoU(i, c)
                for i in p.imgIds
                for c in (p.catIds if p.useCats else [-1])
            }
            self._cells.match(self._cells.flatten(self.ious))
        else:
            raise Exception("unknown iouType for iou computation")
        self._cells.mark_ignored()

    def _evaluate_images(self) -> None:
        p = self.params
        self._prepare()
        catIds = p.catIds if p.useCats else [-1]
        if p.iouType in ("segm", "bbox"):
            computeIoU = self.computeIoU
        elif p.iouType == "keypoints":
            computeIoU = self.computeOks
        self.ious = {
            (imgId, catId): computeIoU(imgId, catId)
            for imgId in p.imgIds
            for catId in catIds
        }
        maxDet = p.maxDets[-1]
        self.evalImgs = [
            self.evaluateImg(imgId, catId, areaRng, maxDet)
            for catId in catIds
            for areaRng in p.areaRng
            for imgId in p.imgIds
        ]

    def _cell(self, imgId: Any, catId: Any) -> Tuple[List[dict], List[dict]]:
        p = self.params
        if p.useCats:
            return self._gts[imgId, catId], self._dts[imgId, catId]
        return (
            [_ for cId in p.catIds for _ in self._gts[imgId, cId]],
            [_ for cId in p.catIds for _ in self._dts[imgId, cId]],
        )

    def computeIoU(self, imgId: Any, catId: Any) -> Union[np.ndarray, list]:
        """Overlaps of the detections, by descending score, with the objects of
        a picture and category."""
        p = self.params
        gt, dt = self._cell(imgId, catId)
        if len(gt) == 0 and len(dt) == 0:
            return []
        inds = np.argsort([-d["score"] for d in dt], kind="mergesort")
        dt = [dt[i] for i in inds[: p.maxDets[-1]]]
        if p.iouType == "segm":
            key = "segmentation"
        elif p.iouType == "bbox":
            key = "bbox"
        else:
            raise Exception("unknown iouType for iou computation")
        g = [g[key] for g in gt]
        d = [d[key] for d in dt]
        iscrowd = [int(o["iscrowd"]) for o in gt]
        return maskUtils.iou(d, g, iscrowd)

    def computeOks(self, imgId: Any, catId: Any) -> Union[np.ndarray, list]:
        """The same of keypoints: their object keypoint similarity."""
        p = self.params
        gts, dts = self._gts[imgId, catId], self._dts[imgId, catId]
        inds = np.argsort([-d["score"] for d in dts], kind="mergesort")
        dts = [dts[i] for i in inds[: p.maxDets[-1]]]
        if len(gts) == 0 or len(dts) == 0:
            return []
        return Oks(p.kpt_oks_sigmas).of(gts, dts)

    def evaluateImg(
        self, imgId: Any, catId: Any, aRng: Any, maxDet: int
    ) -> Optional[Dict[str, Any]]:
        """Matches the detections and objects of a picture and category; needs
        self.ious."""
        p = self.params
        gt, dt = self._cell(imgId, catId)
        if len(gt) == 0 and len(dt) == 0:
            return None
        return Cells.evaluate_one(
            p, gt, dt, self.ious[imgId, catId], imgId, catId, aRng, maxDet
        )

    def accumulate(self, p: Optional[Params] = None) -> None:
        """Counts the matches into `eval`: "precision" and "scores", [T, R, K,
        A, M], and "recall", [T, K, A, M]; -1 where no object is."""
        print("Accumulating evaluation results...")
        tic = time.time()
        made = self._evalImgs is None
        if not (self._cells.has_images if made else self._evalImgs):
            print("Please run evaluate() first")
        if p is None:
            p = self.params
        p.catIds = p.catIds if p.useCats == 1 else [-1]
        if made and fits(self._cells, p, self._paramsEval):
            curves = self._cells.accumulate(p)
        else:
            curves = accumulate_images(self.evalImgs, p, self._paramsEval)
        precision, recall, scores = curves
        T, R, K, A, M = precision.shape
        self.eval = {
            "params": p,
            "counts": [T, R, K, A, M],
            "date": datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S"),
            "precision": precision,
            "recall": recall,
            "scores": scores,
        }
        print("DONE (t={:0.2f}s).".format(time.time() - tic))

    def summarize(self) -> None:
        """Prints the usual averages, and keeps them in `stats`."""
        if not self.eval:
            raise Exception("Please run accumulate() first")
        self.stats = summarize(self.eval, self.params)

    def __str__(self) -> str:
        self.summarize()  # type: ignore


def _by_cell(anns: List[dict]) -> Dict[Tuple[Any, Any], List[dict]]:
    cells: Dict[Tuple[Any, Any], List[dict]] = defaultdict(list)
    for ann in anns:
        cells[ann["image_id"], ann["category_id"]].append(ann)
    return cells
