"""Records as arrays: what a file or an array holds, without dicts of it."""

import ctypes
import json
import os
import sys
from typing import Any, List, Optional, Tuple

import numpy as np

from fcis import _python
from fcis._lib import Handle, address, call, library
from fcis._mask import RLEs

ID, IMAGE, CATEGORY, BOX, AREA = 1, 2, 4, 8, 16
CROWD, SCORE, SEGMENTATION, OTHER = 32, 64, 128, 256


class _Columns(ctypes.Structure):
    """fcis_record_columns."""

    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("records", ctypes.c_int64),
        ("images", ctypes.c_int64),
        ("categories", ctypes.c_int64),
        ("all_members", ctypes.c_uint32),
        ("any_members", ctypes.c_uint32),
        ("ids", ctypes.c_void_p),
        ("image_ids", ctypes.c_void_p),
        ("category_ids", ctypes.c_void_p),
        ("areas", ctypes.c_void_p),
        ("scores", ctypes.c_void_p),
        ("boxes", ctypes.c_void_p),
        ("crowd", ctypes.c_void_p),
        ("integral_scores", ctypes.c_void_p),
        ("listed_images", ctypes.c_void_p),
        ("image_heights", ctypes.c_void_p),
        ("image_widths", ctypes.c_void_p),
        ("listed_categories", ctypes.c_void_p),
        ("text", ctypes.c_void_p),
        ("text_size", ctypes.c_size_t),
    ]


def _array(pointer: Optional[int], n: int, dtype: Any) -> np.ndarray:
    """Of n numbers in the library's memory."""
    if not pointer or n == 0:
        return np.empty(0, dtype)
    size = n * np.dtype(dtype).itemsize
    return np.frombuffer((ctypes.c_char * size).from_address(pointer), dtype)


class Positions:
    """Positions of ids in a list that has each once."""

    _MOST = 1 << 24

    def __init__(self, ids: np.ndarray):
        self._table = None
        if len(ids) and 0 <= ids.min() and ids.max() < self._MOST:
            self._table = np.full(int(ids.max()) + 1, -1, np.int64)
            self._table[ids] = np.arange(len(ids))
        else:
            self._order = np.argsort(ids, kind="stable")
            self._sorted = ids[self._order]

    def of(self, ids: np.ndarray) -> np.ndarray:
        """-1 where an id is not in the list."""
        if self._table is not None:
            inside = (ids >= 0) & (ids < len(self._table))
            if inside.all():
                return self._table[ids]
            return np.where(inside, self._table[np.where(inside, ids, 0)], -1)
        if len(self._sorted) == 0:
            return np.full(len(ids), -1, np.int64)
        at = np.minimum(np.searchsorted(self._sorted, ids), len(self._sorted) - 1)
        return np.where(self._sorted[at] == ids, self._order[at], -1)


def _unique(ids: np.ndarray) -> bool:
    return len(np.unique(ids)) == len(ids)


class Columns:
    """Annotations or results: ids, image_ids, category_ids, areas, boxes, of
    results scores; and the pictures and categories of the data set."""

    scores: np.ndarray
    crowd: np.ndarray
    has_masks = False
    rles: Optional[RLEs] = None

    def refresh(self) -> bool:
        """Reads again what may have changed; False: it is unusual now."""
        return True

    def score_list(self, rows: Any) -> List[Any]:
        """The scores of some records, as they came."""
        return list(self.scores[rows])

    def _take_listed(self, other: "Columns") -> None:
        self.images, self.categories = other.images, other.categories
        self.heights, self.widths = other.heights, other.widths
        self.positions = other.positions

    def take_masks(self, rles: RLEs) -> None:
        """Areas and boxes are the masks'."""
        areas, boxes = np.empty(rles.n, np.uint32), np.empty((rles.n, 4))
        call(library.fcis_masks_areas, rles.pointer, address(areas))
        call(library.fcis_masks_boxes, rles.pointer, address(boxes))
        self.rles, self.boxes = rles, boxes
        self.areas = areas.astype(np.float64)

    def sizes(self) -> Optional[np.ndarray]:
        """Height and width of each record's picture, or None."""
        at = self.positions.of(self.image_ids)
        if len(at) and at.min() < 0:
            return None
        sizes = np.stack([self.heights[at], self.widths[at]], axis=1)
        if sizes.size and sizes.min() < 0:
            return None
        return np.ascontiguousarray(sizes, np.int64)

    def masks(self) -> Optional[RLEs]:
        """Of all records; None where they are not what they should be."""
        if self.rles is not None:
            return self.rles
        sizes = self.sizes()
        return None if sizes is None else self._masks(sizes)

    def _masks(self, sizes: np.ndarray) -> RLEs:
        """Of boxes: their corners' polygons."""
        x1, y1, w, h = self.boxes.T
        x2, y2 = x1 + w, y1 + h
        xy = np.stack([x1, y1, x1, y2, x2, y2, x2, y1], axis=1)
        xy, n = np.ascontiguousarray(xy), len(self.boxes)
        masks, numbers = np.arange(1, n + 1), np.arange(8, 8 * n + 1, 8)
        return RLEs(
            library.fcis_masks_from_polygons,
            n,
            address(sizes),
            address(masks),
            address(numbers),
            address(xy),
        )


class ListedColumns(Columns):
    """No records, but the pictures and categories of a data set of dicts.
    ValueError: ids are not integers, or not there once each."""

    def __init__(self, images: List[dict], categories: List[dict]):
        self.images = _integers([img["id"] for img in images])
        self.categories = _integers([cat["id"] for cat in categories])
        self.heights = _lengths([img.get("height") for img in images])
        self.widths = _lengths([img.get("width") for img in images])
        if not len(images) or not _unique(self.images):
            raise ValueError("unusual pictures")
        self.positions = Positions(self.images)


def _integers(ids: List[Any]) -> np.ndarray:
    if not all(type(id) is int for id in ids):
        raise ValueError("ids are not all integers")
    return np.array(ids, np.int64)


def _lengths(lengths: List[Any]) -> np.ndarray:
    usual = [one if type(one) is int and one >= 0 else -1 for one in lengths]
    return np.array(usual, np.int64)


class FileColumns(Columns):
    """Of a file. ValueError: it has unusual records."""

    def __init__(self, path: Any, results: bool):
        name = os.fsencode(path)  # TypeError: open() would take a number
        if not os.path.isfile(name):
            raise ValueError("a pipe could not be read again")
        self._file = open(path, "rb")
        self._stamp = self._look()
        pointer = ctypes.c_void_p()
        call(
            library.fcis_records_open,
            name,
            int(results),
            ctypes.byref(pointer),
        )
        self._handle = Handle(pointer, library.fcis_records_free)
        c = _Columns(struct_size=ctypes.sizeof(_Columns))
        call(library.fcis_records_columns, pointer, ctypes.byref(c))
        n = c.records
        self.all, self.any = c.all_members, c.any_members
        self.ids = _array(c.ids, n, np.int64)
        self.image_ids = _array(c.image_ids, n, np.int64)
        self.category_ids = _array(c.category_ids, n, np.int64)
        self.areas = _array(c.areas, n, np.float64)
        self.scores = _array(c.scores, n, np.float64)
        self.boxes = _array(c.boxes, 4 * n, np.float64).reshape(-1, 4)
        self.crowd = _array(c.crowd, n, np.uint8)
        self.integral = _array(c.integral_scores, n, np.uint8)
        self.images = _array(c.listed_images, c.images, np.int64)
        self.heights = _array(c.image_heights, c.images, np.int64)
        self.widths = _array(c.image_widths, c.images, np.int64)
        self.categories = _array(c.listed_categories, c.categories, np.int64)
        self._text = c.text, c.text_size
        if n == 0:
            raise ValueError("no records")

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()  # or Python warns

    def load(self) -> Any:
        """What json.load makes of the file, as it was."""
        self._check()
        return json.loads(ctypes.string_at(*self._text))

    def _look(self) -> Tuple[int, int]:
        status = os.fstat(self._file.fileno())
        return status.st_size, status.st_mtime_ns

    def _check(self) -> None:
        """The file is mapped, not copied: somebody may have written to it."""
        if self._look() != self._stamp:
            raise RuntimeError(
                "%s has changed since it was read" % self._file.name
            )

    def score_list(self, rows: Any) -> List[Any]:
        values = self.scores[rows].tolist()
        for i in np.flatnonzero(self.integral[rows]).tolist():
            values[i] = int(values[i])
        return values

    @property
    def has_masks(self) -> bool:  # type: ignore
        return bool(self.all & SEGMENTATION)

    @classmethod
    def of_annotations(cls, path: Any) -> "FileColumns":
        columns = cls(path, False)
        usual = (
            columns.all & ID
            and _unique(columns.ids)
            and len(columns.images)
            and _unique(columns.images)
            and _unique(columns.categories)
        )
        if not usual:
            raise ValueError("unusual records")
        columns.positions = Positions(columns.images)
        return columns

    @classmethod
    def of_results(cls, path: Any, truth: Columns) -> "FileColumns":
        columns = cls(path, True)
        columns._take_listed(truth)
        n = len(columns.image_ids)
        if columns.any & OTHER or not columns.all & SCORE:
            raise ValueError("unusual records")
        columns.ids = np.arange(1, n + 1)
        if columns.all & BOX:
            columns.areas = columns.boxes[:, 2] * columns.boxes[:, 3]
        elif columns.all & SEGMENTATION and not columns.any & BOX:
            columns.take_masks(columns._masks(np.full((n, 2), -1, np.int64)))
        else:
            raise ValueError("unusual records")
        return columns

    def _masks(self, sizes: np.ndarray) -> RLEs:
        self._check()
        return RLEs(
            library.fcis_records_masks, self._handle.pointer, address(sizes)
        )


class ArrayColumns(Columns):
    """Of results in an array, float64 [n, 7]. ValueError: they are unusual."""

    def __init__(self, data: np.ndarray, truth: Columns):
        if data.dtype != np.float64 or len(data) == 0:
            raise ValueError("unusual records")
        self._take_listed(truth)
        self.image_ids, self.category_ids = _whole(data[:, 0]), _whole(data[:, 6])
        self.boxes = np.array(data[:, 1:5], order="C")
        self.scores = data[:, 5].copy()
        self.areas = self.boxes[:, 2] * self.boxes[:, 3]
        self.ids = np.arange(1, len(data) + 1)


    def load(self) -> List[dict]:
        """What _results.to_list makes of the array, as it was."""
        ids = zip(self.image_ids.tolist(), self.category_ids.tolist())
        return [
            {
                "image_id": image,
                "bbox": list(box),
                "score": score,
                "category_id": category,
            }
            for (image, category), box, score in zip(ids, self.boxes, self.scores)
        ]


def _whole(numbers: np.ndarray) -> np.ndarray:
    """Without what is behind the point. ValueError: some are too large."""
    if not -(1 << 53) < numbers.min() <= numbers.max() < 1 << 53:
        raise ValueError("unusual records")
    return numbers.astype(np.int64)


class ListColumns(Columns):
    """Of results in a list of dicts, whose own the caller may still change: all
    but areas is read again before an evaluation. ValueError: they are
    unusual."""

    def __init__(self, anns: List[dict], truth: Columns):
        # Whoever has a dict for himself looks at it: it must be complete.
        alone = max(map(sys.getrefcount, [{}]))
        if not anns or max(map(sys.getrefcount, anns)) > alone:
            raise ValueError("not results of this list alone")
        self._take_listed(truth)
        self._anns = list(anns)
        self.ids = np.arange(1, len(anns) + 1)
        first = self._anns[0]
        self._have_boxes = "bbox" in first and not first["bbox"] == []
        self._counts: Optional[_python.Counts] = None
        if "caption" in first or not self._read():
            raise ValueError("unusual records")
        if self._have_boxes:
            self.areas = self.boxes[:, 2] * self.boxes[:, 3]
        else:
            self._counts = self._read_counts()
            self.take_masks(RLEs.of_counts(self._counts))

    def _read(self) -> bool:
        names = ["image_ids", "category_ids", "scores"]
        names += ["boxes"] if self._have_boxes else []
        columns = _python.columns(self._anns, *names, plain=True)
        for name, column in (columns or {}).items():
            setattr(self, name, column)
        return columns is not None

    def _read_counts(self) -> _python.Counts:
        """Of results that have nothing but masks."""
        if any(["bbox" in ann for ann in self._anns]):
            raise ValueError("some have boxes")
        counts = _python.counts([ann["segmentation"] for ann in self._anns])
        if counts is None:
            raise ValueError("unusual masks")
        return counts

    def refresh(self) -> bool:
        try:
            if not self._read():
                return False
            return self._counts is None or self._counts == self._read_counts()
        except (KeyError, ValueError):
            return False

    def masks(self) -> Optional[RLEs]:
        if self.rles is not None:
            return self.rles
        segmentations = [ann.get("segmentation") for ann in self._anns]
        if all([one is None for one in segmentations]):
            return super().masks()
        counts = _python.counts(segmentations)
        return counts and RLEs.of_counts(counts)

    def score_list(self, rows: Any) -> List[Any]:
        scores = [ann["score"] for ann in self._anns]
        if isinstance(rows, slice):
            return scores[rows]
        return [scores[row] for row in rows.tolist()]
