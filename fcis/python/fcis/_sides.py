"""The two sides of an evaluation, objects and detections, as columns."""

import itertools
from collections import defaultdict
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from fcis import _python
from fcis._columns import AREA, BOX, CROWD, Columns, FileColumns, Positions
from fcis._mask import RLEs, _frString
from fcis._records import plain

_NUMBERS = {
    bool,
    float,
    int,
    np.bool_,
    np.float16,
    np.float32,
    np.float64,
    np.int8,
    np.int16,
    np.int32,
    np.int64,
    np.uint8,
    np.uint16,
    np.uint32,
    np.uint64,
}


def numbers(values: List[Any]) -> np.ndarray:
    """float64 of numbers, or of what can be one, but no text."""
    if not set(map(type, values)) <= _NUMBERS:
        for value in values:
            if value is None or isinstance(value, (str, bytes)):
                raise TypeError(
                    "expected a number, got %s" % type(value).__name__
                )
        values = [float(value) for value in values]
    return np.array(values, np.float64)


class Side:
    """Records that are in some cell. Of boxes and rles there is what is
    compared; neither, where COCOeval.computeIoU must look at them."""

    cells: np.ndarray  # class * images + image
    ids: np.ndarray  # float64
    areas: np.ndarray
    scores: np.ndarray  # of detections
    ignore: np.ndarray  # of objects, uint8
    crowd: np.ndarray
    boxes: Optional[np.ndarray] = None
    rles: Optional[RLEs] = None

    def __len__(self) -> int:
        return len(self.cells)

    def id_list(self) -> List[Any]:
        raise NotImplementedError

    def score_list(self) -> List[Any]:
        raise NotImplementedError

    def mark(self, ignored: np.ndarray) -> None:
        """Leaves in each object whether the last area range ignores it."""


class DictSide(Side):
    """Of dicts."""

    def __init__(
        self, anns: List[dict], cells: np.ndarray, p: Any, objects: bool
    ):
        self.anns, self.cells = anns, cells
        self.ids = np.array([ann["id"] for ann in anns], np.float64)
        self.areas = numbers([ann["area"] for ann in anns])
        if not objects:
            self.scores = numbers([ann["score"] for ann in anns])
        self._finish(p, objects)

    @classmethod
    def of_usual(
        cls, anns: List[dict], p: Any, objects: bool
    ) -> Optional["DictSide"]:
        """Of records in any picture and category; None: some are unusual."""
        images, classes = np.asarray(p.imgIds), np.asarray(p.catIds)
        if images.dtype.kind != "i" or classes.dtype.kind != "i":
            return None
        boxes = p.iouType == "bbox"
        names = ["image_ids", "category_ids", "ids", "areas"]
        names += [] if objects else ["scores"]
        names += ["boxes"] if boxes else []
        columns = _python.columns(anns, *names)
        if columns is None:
            return None
        image = Positions(images).of(columns["image_ids"])
        klass = Positions(classes).of(columns["category_ids"])
        cells = klass * len(images) + image
        inside = (image >= 0) & (klass >= 0)
        if not inside.all():
            anns = list(itertools.compress(anns, inside.tolist()))
            cells = cells[inside]
            columns = {k: column[inside] for k, column in columns.items()}
        side = cls.__new__(cls)
        side.anns, side.cells = anns, cells
        for name in names[2:]:
            setattr(side, name, columns[name])
        return side

    def _finish(self, p: Any, objects: bool) -> None:
        """Takes what evaluate() has marked."""
        anns = self.anns
        self._ids = [ann["id"] for ann in anns]
        if not objects:
            self._scores = [ann["score"] for ann in anns]
            return
        self.ignore = np.array([bool(ann["ignore"]) for ann in anns], np.uint8)
        crowd = [int(ann["iscrowd"]) for ann in anns]
        if p.iouType == "keypoints":
            self.crowd = np.array([value != 0 for value in crowd], np.uint8)
        else:
            self.crowd = np.array(crowd, np.uint8)  # or OverflowError

    def compare(self, kind: str) -> None:
        """Takes boxes or masks."""
        if kind == "bbox" and self.boxes is None:
            self.boxes = _boxes(self.anns)
        elif kind == "segm":
            rles = [ann["segmentation"] for ann in self.anns]
            if all(type(rle) is dict for rle in rles):
                self.rles = _frString(rles)

    def id_list(self) -> List[Any]:
        return self._ids

    def score_list(self) -> List[Any]:
        return self._scores

    def mark(self, ignored: np.ndarray) -> None:
        for ann, value in zip(self.anns, ignored.astype(int).tolist()):
            ann["_ignore"] = value


def place(anns: List[dict], p: Any) -> Tuple[List[dict], np.ndarray]:
    """Annotations that are in some cell, and in which."""
    images = {id: i for i, id in enumerate(plain(p.imgIds))}
    if not p.useCats:
        return _place_by_image(anns, images, plain(p.catIds))
    classes = {id: k for k, id in enumerate(plain(p.catIds))}
    n = len(anns)
    image = np.fromiter(
        [images.get(ann["image_id"], -1) for ann in anns], np.int64, n
    )
    klass = np.fromiter(
        [classes.get(ann["category_id"], -1) for ann in anns], np.int64, n
    )
    cells = klass * len(images) + image
    inside = (image >= 0) & (klass >= 0)
    if not inside.all():
        anns = list(itertools.compress(anns, inside.tolist()))
        cells = cells[inside]
    return anns, cells


def _place_by_image(
    anns: List[dict], images: Dict[Any, int], classes: List[Any]
) -> Tuple[List[dict], np.ndarray]:
    """Categories one behind the other in each picture."""
    groups: Dict[Any, List[dict]] = defaultdict(list)
    for ann in anns:
        groups[ann["image_id"], ann["category_id"]].append(ann)
    placed: List[dict] = []
    cells: List[int] = []
    for id, i in images.items():
        for klass in classes:
            group = groups.get((id, klass), ())
            placed.extend(group)
            cells.extend([i] * len(group))
    return placed, np.array(cells, np.int64)


def _boxes(anns: List[dict]) -> Optional[np.ndarray]:
    """[n, 4], or None where some are no lists of four."""
    boxes = [ann["bbox"] for ann in anns]
    if not boxes:
        return np.empty((0, 4))
    if not set(map(type, boxes)) <= {list, np.ndarray}:
        return None
    if set(map(len, boxes)) != {4}:
        return None
    if set(map(type, boxes)) == {list}:
        flat = list(itertools.chain.from_iterable(boxes))
        array = np.array(flat, np.double)
    else:
        array = np.array(boxes, np.double)
    return array.reshape(-1, 4) if array.size == 4 * len(boxes) else None


class ColumnSide(Side):
    """Of columns."""

    def __init__(
        self,
        columns: Columns,
        images: np.ndarray,
        classes: np.ndarray,
        p: Any,
        objects: bool,
    ):
        image = Positions(images).of(columns.image_ids)
        klass = Positions(classes).of(columns.category_ids)
        inside = (image >= 0) & (klass >= 0)
        if p.useCats:
            cells = klass * len(images) + image
            self._rows = slice(None) if inside.all() else np.flatnonzero(inside)
        else:
            cells = image
            order = np.argsort(klass, kind="stable")
            self._rows = order[inside[order]]
        self._columns = columns
        self.cells = self._of(cells)
        self.ids = self._of(columns.ids).astype(np.float64)
        self.areas = self._of(columns.areas)
        if objects:
            self.crowd = self.ignore = self._of(columns.crowd)
        else:
            self.scores = self._of(columns.scores)
        if p.iouType == "bbox":
            self.boxes = self._of(columns.boxes)
        else:
            self.rles = self._masks()

    def _of(self, column: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(column[self._rows])

    def _masks(self) -> RLEs:
        masks = self._columns.masks()
        if masks is None:
            raise ValueError("no masks")
        return masks if isinstance(self._rows, slice) else masks[self._rows]

    def id_list(self) -> List[Any]:
        return self._of(self._columns.ids).tolist()

    def score_list(self) -> List[Any]:
        return self._columns.score_list(self._rows)


def column_side(coco: Any, p: Any, objects: bool) -> Optional[ColumnSide]:
    """Of a data set that is held as columns; None: of any other."""
    from fcis.coco import columns_of

    columns = columns_of(coco)
    if columns is None or p.iouType not in ("bbox", "segm"):
        return None
    if not columns.refresh():
        return None
    images, classes = np.asarray(p.imgIds), np.asarray(p.catIds)
    for ids in (images, classes):
        if ids.ndim != 1 or ids.dtype.kind != "i":
            return None
        if len(np.unique(ids)) != len(ids):
            return None
    if objects:
        if not isinstance(columns, FileColumns):
            return None
        needed = CROWD | AREA | (BOX if p.iouType == "bbox" else 0)
        if columns.all & needed != needed:
            return None
        if p.iouType == "segm" and not columns.has_masks:
            return None
    try:
        return ColumnSide(columns, images, classes, p, objects)
    except ValueError:
        return None  # whose error is that of the records
