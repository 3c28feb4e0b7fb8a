"""COCO's annotations in memory: pycocotools.coco, method for method.

`COCOeval` and `Params` are here, too.
"""

import copy
import itertools
import json
import os
import time
from collections import defaultdict
from typing import Any, Callable, Dict, List, Optional, Union
from urllib.request import urlretrieve

import numpy as np

from fcis import _results
from fcis import mask as maskUtils
from fcis._columns import (
    ArrayColumns,
    Columns,
    FileColumns,
    ListColumns,
    ListedColumns,
)
from fcis._lib import making
from fcis.cocoeval import COCOeval, Params

__all__ = ["COCO", "COCOeval", "Params"]


def _isArrayLike(obj: Any) -> bool:
    return hasattr(obj, "__iter__") and hasattr(obj, "__len__")


def _list(obj: Any) -> Any:
    return obj if _isArrayLike(obj) else [obj]


def _load(ids: Any, records: Dict[Any, dict]) -> Optional[List[dict]]:
    if _isArrayLike(ids):
        return [records[id] for id in ids]
    if type(ids) is int:
        return [records[ids]]
    return None


# Attributes that are made of columns or of `dataset` when they are read.
_INDEX = ("anns", "imgToAnns", "catToImgs")
_LAZY = ("dataset", "cats", "imgs") + _INDEX


def columns_of(coco: Any) -> Optional[Columns]:
    """The columns of a data set that nobody has seen as dicts, and whose methods
    are this module's."""
    if not isinstance(coco, COCO):
        return None
    state = coco.__dict__
    if "_columns" not in state or any(name in state for name in _LAZY):
        return None
    for name in ("getAnnIds", "loadAnns", "annToRLE"):
        if getattr(type(coco), name) is not getattr(COCO, name):
            return None
        if name in state:
            return None
    return state.get("_columns")


class COCO:
    """A data set of pictures, categories and annotations.

    Attributes: dataset, the file's content; anns, cats, imgs, its records by
    id; imgToAnns, the annotations by picture; catToImgs, ids of pictures by
    category. A file's dicts are made when one of them is read.
    """

    dataset: dict
    anns: Dict[Any, dict]
    cats: Dict[Any, dict]
    imgs: Dict[Any, dict]
    imgToAnns: Dict[Any, List[dict]]
    catToImgs: Dict[Any, List[Any]]

    def __init__(self, annotation_file: Optional[str] = None):
        if annotation_file is None:
            self.dataset, self.anns, self.cats, self.imgs = {}, {}, {}, {}
            self.imgToAnns = defaultdict(list)
            self.catToImgs = defaultdict(list)
            return
        print("loading annotations into memory...")
        tic = time.time()
        if type(self).createIndex is COCO.createIndex:
            columns = _read(FileColumns.of_annotations, annotation_file)
            if columns is not None:
                self._columns = columns
                self._make = columns.load
                print("Done (t={:0.2f}s)".format(time.time() - tic))
                print("creating index...")
                print("index created!")
                return
        with open(annotation_file, "r") as f:
            dataset = json.load(f)
        assert (
            type(dataset) is dict
        ), "annotation file format {} not supported".format(type(dataset))
        print("Done (t={:0.2f}s)".format(time.time() - tic))
        self.dataset = dataset
        self.createIndex()

    def __getattr__(self, name: str) -> Any:
        state = self.__dict__
        if name in _LAZY:
            with making:
                if name not in state and "_make" in state:
                    self._show()
                if name not in state and name in _INDEX and "_listed" in state:
                    self._index()
                if name in state:
                    return state[name]
        raise AttributeError(
            "'%s' object has no attribute '%s'" % (type(self).__name__, name)
        )

    def __dir__(self) -> List[str]:
        """For completion, with what is not made yet."""
        return sorted({*super().__dir__(), *_LAZY})

    def __getstate__(self) -> dict:
        for name in _LAZY:
            getattr(self, name)
        hidden = ("_make", "_columns", "_listed")
        return {k: v for k, v in self.__dict__.items() if k not in hidden}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)

    def _show(self) -> None:
        """Makes dicts of columns; what somebody has set stays."""
        make = self.__dict__.pop("_make")
        self.__dict__.pop("_columns", None)
        set_before = {k: v for k, v in self.__dict__.items() if k in _LAZY}
        if "dataset" not in set_before:
            self.dataset = make()
        self._list()
        self.__dict__.update(set_before)

    def createIndex(self) -> None:
        """Fills the other attributes from `dataset`."""
        print("creating index...")
        self._list()
        print("index created!")

    def _list(self) -> None:
        """Notes what the index is made of: later changes do not count."""
        dataset = self.dataset
        for name in ("_make", "_columns") + _INDEX:
            self.__dict__.pop(name, None)
        anns = list(dataset.get("annotations", ()))
        image_ids = [ann["image_id"] for ann in anns]
        ids = [ann["id"] for ann in anns]
        category_ids: List[Any] = []
        self.imgs = {img["id"]: img for img in dataset.get("images", ())}
        self.cats = {cat["id"]: cat for cat in dataset.get("categories", ())}
        if "categories" in dataset:
            category_ids = [ann["category_id"] for ann in anns]
        unique = len(set(ids)) == len(ids)
        set(image_ids), set(category_ids)  # or TypeError
        self._listed = anns, ids, image_ids, category_ids, unique

    def _index(self) -> None:
        """The attributes that _list has left out."""
        anns, ids, image_ids, category_ids, _ = self._listed
        imgToAnns: Dict[Any, List[dict]] = defaultdict(list)
        catToImgs: Dict[Any, List[Any]] = defaultdict(list)
        for image, ann in zip(image_ids, anns):
            imgToAnns[image].append(ann)
        for category, image in zip(category_ids, image_ids):
            catToImgs[category].append(image)
        made = {
            "anns": dict(zip(ids, anns)),
            "imgToAnns": imgToAnns,
            "catToImgs": catToImgs,
        }
        for name, value in made.items():
            self.__dict__.setdefault(name, value)

    def info(self) -> None:
        """Prints the file's "info"."""
        for key, value in self.dataset["info"].items():
            print("{}: {}".format(key, value))

    def getAnnIds(
        self,
        imgIds: Any = [],
        catIds: Any = [],
        areaRng: Any = [],
        iscrowd: Optional[bool] = None,
    ) -> List[Any]:
        """Ids of the annotations of those pictures and categories, with an area
        inside of areaRng, and crowds or not; an empty list stands for all."""
        imgIds, catIds = _list(imgIds), _list(catIds)
        if len(imgIds) == 0:
            anns = self.dataset["annotations"]
        else:
            lists = [self.imgToAnns[i] for i in imgIds if i in self.imgToAnns]
            anns = list(itertools.chain.from_iterable(lists))
        if len(catIds) > 0:
            anns = [ann for ann in anns if ann["category_id"] in catIds]
        if len(areaRng) > 0:
            low, high = areaRng[0], areaRng[1]
            anns = [a for a in anns if a["area"] > low and a["area"] < high]
        if iscrowd is not None:
            return [ann["id"] for ann in anns if ann["iscrowd"] == iscrowd]
        return [ann["id"] for ann in anns]

    def getCatIds(
        self, catNms: Any = [], supNms: Any = [], catIds: Any = []
    ) -> List[Any]:
        """Ids of the categories with those names, supercategories and ids; an
        empty list stands for all."""
        columns = columns_of(self)
        if columns is not None and catNms == supNms == catIds == []:
            return columns.categories.tolist()
        cats = self.dataset["categories"]
        for key, wanted in (
            ("name", _list(catNms)),
            ("supercategory", _list(supNms)),
            ("id", _list(catIds)),
        ):
            if len(wanted) > 0:
                cats = [cat for cat in cats if cat[key] in wanted]
        return [cat["id"] for cat in cats]

    def getImgIds(self, imgIds: Any = [], catIds: Any = []) -> List[Any]:
        """Of those pictures the ids of those that show all the categories; an
        empty list stands for all."""
        imgIds, catIds = _list(imgIds), _list(catIds)
        if len(imgIds) == len(catIds) == 0:
            columns = columns_of(self)
            if columns is not None:
                return columns.images.tolist()
            return list(self.imgs.keys())
        ids = set(imgIds)
        for i, catId in enumerate(catIds):
            if i == 0 and len(ids) == 0:
                ids = set(self.catToImgs[catId])
            else:
                ids &= set(self.catToImgs[catId])
        return list(ids)

    def loadAnns(self, ids: Any = []) -> Optional[List[dict]]:
        """The annotations with those ids, or that id."""
        return _load(ids, self.anns)

    def loadCats(self, ids: Any = []) -> Optional[List[dict]]:
        """The categories with those ids, or that id."""
        return _load(ids, self.cats)

    def loadImgs(self, ids: Any = []) -> Optional[List[dict]]:
        """The pictures with those ids, or that id."""
        return _load(ids, self.imgs)

    def showAnns(
        self, anns: List[dict], draw_bbox: bool = False
    ) -> Optional[int]:
        """Draws annotations into matplotlib's axes, or prints captions."""
        if len(anns) == 0:
            return 0
        if "segmentation" in anns[0] or "keypoints" in anns[0]:
            from fcis import _show

            _show.show(self, anns, draw_bbox)
        elif "caption" in anns[0]:
            for ann in anns:
                print(ann["caption"])
        else:
            raise Exception("datasetType not supported")
        return None

    def loadRes(self, resFile: Union[str, np.ndarray, List[dict]]) -> "COCO":
        """Results as a data set with the same pictures and categories: a file
        in COCO's results format, its list, or an array
        (loadNumpyAnnotations). A list's dicts are completed when those of its
        COCO are read."""
        print("Loading and preparing results...")
        tic = time.time()
        results = resFile
        truth = None
        if type(resFile) in (str, np.ndarray, list):
            truth = columns_of(self) or _read(self._of_listed)
        if type(resFile) is str:
            columns = truth and _read(FileColumns.of_results, resFile, truth)
            if columns:
                return self._of_columns(columns, columns.load, tic)
            with open(resFile) as f:
                results = json.load(f)
        elif type(resFile) is np.ndarray:
            if type(self).loadNumpyAnnotations is COCO.loadNumpyAnnotations:
                _results.check_array(resFile)
                columns = truth and _read(ArrayColumns, resFile, truth)
                if columns:
                    return self._of_columns(columns, columns.load, tic)
                results = _results.to_list(resFile)
            else:
                results = self.loadNumpyAnnotations(resFile)
        elif type(resFile) is list:
            columns = truth and _read(ListColumns, resFile, truth)
            if columns:
                return self._of_columns(columns, lambda: resFile, tic)
        assert type(results) is list, "results in not an array of objects"
        ids = {ann["image_id"] for ann in results}
        assert ids <= set(
            self.getImgIds()
        ), "Results do not correspond to current coco set"
        res = self._of_list(results, columns_of(self) is not None)
        print("DONE (t={:0.2f}s)".format(time.time() - tic))
        print("creating index...")
        res._list()
        print("index created!")
        return res

    def _of_listed(self) -> Columns:
        dataset = self.dataset
        return ListedColumns(list(self.imgs.values()), dataset["categories"])

    def _listed_here(self) -> dict:
        """What results have of their annotations' data set."""
        return {
            "info": copy.deepcopy(self.dataset.get("info", {})),
            "images": list(self.dataset["images"]),
        }

    def _of_list(self, anns: List[dict], lazily: bool) -> "COCO":
        res = COCO()
        complete = _results.completion(anns[0])
        if complete is None or not lazily:
            res.dataset = self._listed_here()
            self._complete(anns, res)
            res.dataset["annotations"] = anns
            return res
        complete(anns)
        return self._lazy(res, lambda: anns)

    def _lazy(self, res: "COCO", make: Callable[[], List[dict]]) -> "COCO":
        """Results that are there, or will be, in a data set that is not."""

        def dataset() -> dict:
            made = self._listed_here()
            made["categories"] = copy.deepcopy(self.dataset["categories"])
            made["annotations"] = make()
            return made

        for name in _LAZY:
            del res.__dict__[name]
        res._make = dataset
        return res

    def _of_columns(
        self, columns: Columns, make: Callable[[], List[dict]], tic: float
    ) -> "COCO":
        assert (
            columns.positions.of(columns.image_ids).min() >= 0
        ), "Results do not correspond to current coco set"

        def completed() -> List[dict]:
            anns = make()
            _results.completion(anns[0])(anns)
            return anns

        res = self._lazy(COCO(), completed)
        res._columns = columns
        print("DONE (t={:0.2f}s)".format(time.time() - tic))
        print("creating index...")
        print("index created!")
        return res

    def _complete(self, anns: List[dict], res: "COCO") -> None:
        """Gives results what annotations have, by what the first one has."""
        complete = _results.completion(anns[0])
        if complete is None:
            if "caption" in anns[0]:
                shown = {ann["image_id"] for ann in anns}
                res.dataset["images"] = [
                    img for img in res.dataset["images"] if img["id"] in shown
                ]
                for id, ann in enumerate(anns):
                    ann["id"] = id + 1
            return
        res.dataset["categories"] = copy.deepcopy(self.dataset["categories"])
        complete(anns)

    def download(
        self, tarDir: Optional[str] = None, imgIds: List[Any] = []
    ) -> Optional[int]:
        """Downloads pictures by their "coco_url" into a folder."""
        if tarDir is None:
            print("Please specify target directory")
            return -1
        imgs = self.imgs.values() if len(imgIds) == 0 else self.loadImgs(imgIds)
        N = len(imgs)
        if not os.path.exists(tarDir):
            os.makedirs(tarDir)
        for i, img in enumerate(imgs):
            tic = time.time()
            fname = os.path.join(tarDir, img["file_name"])
            if not os.path.exists(fname):
                urlretrieve(img["coco_url"], fname)
            print(
                "downloaded {}/{} images (t={:0.1f}s)".format(
                    i, N, time.time() - tic
                )
            )
        return None

    def loadNumpyAnnotations(self, data: np.ndarray) -> List[dict]:
        """Results from an array [N, 7] of image_id, x, y, width, height, score,
        category_id."""
        _results.check_array(data)
        return _results.to_list(data)

    def annToRLE(self, ann: dict) -> maskUtils.RLE:
        """An annotation's mask: polygons united, counts compressed."""
        t = self.imgs[ann["image_id"]]
        h, w = t["height"], t["width"]
        segm = ann["segmentation"]
        if type(segm) is list:
            return maskUtils.merge(maskUtils.frPyObjects(segm, h, w))
        if type(segm["counts"]) is list:
            return maskUtils.frPyObjects(segm, h, w)
        return segm

    def annToMask(self, ann: dict) -> np.ndarray:
        """An annotation's mask, uint8 [height, width]."""
        return maskUtils.decode(self.annToRLE(ann))


def _read(read: Callable[..., Columns], *arguments: Any) -> Optional[Columns]:
    """Columns; None where there are none, or an error is Python's to raise."""
    try:
        return read(*arguments)
    except (
        ValueError,
        OSError,
        TypeError,
        RuntimeError,
        LookupError,
        AttributeError,
        OverflowError,
    ):
        return None
