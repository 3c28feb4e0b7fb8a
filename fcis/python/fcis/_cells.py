"""An evaluation inside the library: cells of a picture and a category."""

import ctypes
from typing import Any, Dict, Iterable, List, Optional, Tuple

import numpy as np

from fcis._lib import Handle, address, call, library
from fcis._sides import DictSide, Side, numbers


class _Input(ctypes.Structure):
    """fcis_evaluation_input."""

    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("classes", ctypes.c_int64),
        ("images", ctypes.c_int64),
        ("objects", ctypes.c_int64),
        ("object_cells", ctypes.c_void_p),
        ("object_ids", ctypes.c_void_p),
        ("object_areas", ctypes.c_void_p),
        ("object_ignore", ctypes.c_void_p),
        ("object_crowd", ctypes.c_void_p),
        ("object_boxes", ctypes.c_void_p),
        ("object_masks", ctypes.c_void_p),
        ("detections", ctypes.c_int64),
        ("detection_cells", ctypes.c_void_p),
        ("detection_ids", ctypes.c_void_p),
        ("detection_areas", ctypes.c_void_p),
        ("detection_scores", ctypes.c_void_p),
        ("detection_boxes", ctypes.c_void_p),
        ("detection_masks", ctypes.c_void_p),
        ("thresholds", ctypes.c_int64),
        ("iou_thresholds", ctypes.c_void_p),
        ("areas", ctypes.c_int64),
        ("area_ranges", ctypes.c_void_p),
        ("max_detections", ctypes.c_int64),
    ]


def _list_of(values: Any, dtype: Any, name: str) -> np.ndarray:
    """A number for each; a text would be one, and lists of lists others."""
    array = np.array(values, dtype)
    if array.shape != (len(values),):
        raise TypeError("%s: expected a list of numbers" % name)
    return array


class Cells(Handle):
    """Objects and detections of the evaluated pictures and categories."""

    def __init__(self, p: Any, gt: Side, dt: Side):
        self.pointer = None
        self.images = list(p.imgIds)
        self.classes = list(p.catIds) if p.useCats else [-1]
        self.area_ranges = list(p.areaRng)
        self.max_dets = list(p.maxDets)
        self.fortran = p.iouType != "keypoints"
        self._make(p, gt, dt)

    @classmethod
    def evaluate_one(
        cls,
        p: Any,
        gt: List[dict],
        dt: List[dict],
        ious: Any,
        imgId: Any,
        catId: Any,
        aRng: Any,
        maxDet: int,
    ) -> Dict[str, Any]:
        """COCOeval.evaluateImg."""
        cell = cls.__new__(cls)
        cell.pointer = None
        cell.images, cell.classes = [imgId], [catId]
        cell.area_ranges, cell.max_dets = [aRng], [maxDet]
        cell.fortran = False
        sides = [
            DictSide(anns, np.zeros(len(anns), np.int64), p, objects)
            for anns, objects in ((gt, True), (dt, False))
        ]
        cell._make(p, *sides)
        cell.match(cell.flatten({(imgId, catId): ious}))
        cell.mark_ignored()
        return cell.eval_images()[0]

    def _make(self, p: Any, gt: Side, dt: Side) -> None:
        self.gt, self.dt = gt, dt
        self.T = len(p.iouThrs)
        self._keep: Dict[str, Any] = {
            "object_cells": gt.cells,
            "object_ids": gt.ids,
            "object_areas": gt.areas,
            "object_ignore": gt.ignore,
            "object_crowd": gt.crowd,
            "detection_cells": dt.cells,
            "detection_ids": dt.ids,
            "detection_areas": dt.areas,
            "detection_scores": dt.scores,
            "iou_thresholds": _list_of(p.iouThrs, np.float64, "iouThrs"),
            "area_ranges": numbers(
                [end for r in self.area_ranges for end in (r[0], r[1])]
            ),
        }
        self.comparable = True
        if gt.boxes is not None and dt.boxes is not None:
            self._keep["object_boxes"] = gt.boxes
            self._keep["detection_boxes"] = dt.boxes
        elif gt.rles is not None and dt.rles is not None:
            self._keep["object_masks"] = gt.rles
            self._keep["detection_masks"] = dt.rles
        else:
            self.comparable = False
        given = _Input(struct_size=ctypes.sizeof(_Input))
        for name, column in self._keep.items():
            array = isinstance(column, np.ndarray)
            setattr(given, name, address(column) if array else column.pointer)
        given.classes, given.images = len(self.classes), len(self.images)
        given.objects, given.detections = len(gt), len(dt)
        given.thresholds, given.areas = self.T, len(self.area_ranges)
        given.max_detections = int(self.max_dets[-1])
        pointer = ctypes.c_void_p()
        call(
            library.fcis_evaluation_new,
            ctypes.byref(given),
            ctypes.byref(pointer),
        )
        Handle.__init__(self, pointer, library.fcis_evaluation_free)
        self._layout: Optional[Tuple[np.ndarray, ...]] = None

    @property
    def has_images(self) -> bool:
        """Whether eval_images() are any."""
        return bool(self.images and self.classes and self.area_ranges)

    def _read_layout(self) -> Tuple[np.ndarray, ...]:
        """By cell, and the end, the first detection; their order; the first
        object; their order."""
        if self._layout is None:
            cells = len(self.classes) * len(self.images)
            D = library.fcis_evaluation_detections(self.pointer)
            lengths = (cells + 1, D, cells + 1, len(self.gt))
            layout = tuple(np.empty(n, np.int64) for n in lengths)
            at = [address(array) for array in layout]
            call(library.fcis_evaluation_cells, self.pointer, *at)
            self._layout = layout  # complete, as another thread may read it
        return self._layout

    @property
    def dt_order(self) -> np.ndarray:
        return self._read_layout()[1]

    @property
    def gt_order(self) -> np.ndarray:
        return self._read_layout()[3]

    @property
    def num_pairs(self) -> int:
        return library.fcis_evaluation_pairs(self.pointer)

    def _occupied(self) -> Iterable[Tuple[int, int, int, int, int]]:
        """Cells that are not empty: number, and ranges of detections and
        objects."""
        dt, _, gt, _ = self._read_layout()
        some = np.flatnonzero((dt[1:] > dt[:-1]) | (gt[1:] > gt[:-1]))
        return zip(
            some.tolist(),
            dt[some].tolist(),
            dt[some + 1].tolist(),
            gt[some].tolist(),
            gt[some + 1].tolist(),
        )

    def _key(self, cell: int) -> Tuple[Any, Any]:
        klass, image = divmod(cell, len(self.images))
        return self.images[image], self.classes[klass]

    def match(self, ious: Optional[np.ndarray] = None) -> None:
        """Compares boxes or masks, unless overlaps are given, and matches."""
        if ious is not None:
            ious = np.ascontiguousarray(ious, np.float64)
        at = None if ious is None else address(ious)
        call(library.fcis_evaluation_match, self.pointer, at)
        for name in list(self._keep):
            if name.endswith(("_boxes", "_masks")):
                del self._keep[name]

    def flatten(self, ious: Dict[Tuple[Any, Any], Any]) -> np.ndarray:
        """Overlaps by picture and category, as match() takes them. Where there
        are none, nothing matches."""
        flat = [np.empty(0)]
        for cell, d0, d1, g0, g1 in self._occupied():
            if d0 == d1 or g0 == g1:
                continue
            some = ious[self._key(cell)]
            if len(some) == 0:
                flat.append(np.full((d1 - d0) * (g1 - g0), -np.inf))
            else:
                some = np.asarray(some, np.float64)[: d1 - d0, : g1 - g0]
                if some.shape != (d1 - d0, g1 - g0):
                    raise IndexError("ious: not of these detections and objects")
                flat.append(some.ravel())
        return np.concatenate(flat)

    def mark_ignored(self) -> None:
        """Leaves in each object whether the last area range ignores it."""
        if not self.area_ranges:
            return
        low, high = self._keep["area_ranges"][-2:]
        area = self._keep["object_areas"]
        ignored = (self._keep["object_ignore"] != 0) | (area < low)
        ignored |= area > high
        self.gt.mark(ignored)

    def overlaps(self) -> Dict[Tuple[Any, Any], Any]:
        """COCOeval.ious."""
        flat = np.empty(self.num_pairs)
        call(library.fcis_evaluation_ious, self.pointer, address(flat))
        all_ious: Dict[Tuple[Any, Any], Any] = {
            (image, klass): [] for image in self.images for klass in self.classes
        }
        at = 0
        for cell, d0, d1, g0, g1 in self._occupied():
            D, G = d1 - d0, g1 - g0
            if D == 0 or G == 0:
                continue
            ious = flat[at : at + D * G].reshape(D, G)
            at += D * G
            if self.fortran:
                ious = np.asfortranarray(ious)
            all_ious[self._key(cell)] = ious
        return all_ious

    def eval_images(self) -> List[Optional[Dict[str, Any]]]:
        """COCOeval.evalImgs."""
        I, A = len(self.images), len(self.area_ranges)
        images: List[Any] = [None] * (len(self.classes) * A * I)
        cells = list(self._occupied())
        order = self.dt_order.tolist()
        ids, scores = self.dt.id_list(), self.dt.score_list()
        ids = [ids[d] for d in order]
        scores = [scores[d] for d in order]
        objects = self.gt.id_list()
        for a, aRng in enumerate(self.area_ranges):
            dtm, dtig, gtm, gt_order, gtig = self._matches(a)
            gt_ids = [objects[g] for g in gt_order.tolist()]
            for cell, d0, d1, g0, g1 in cells:
                klass, image = divmod(cell, I)
                shape_d, shape_g = (self.T, d1 - d0), (self.T, g1 - g0)
                at_d = slice(self.T * d0, self.T * d1)
                at_g = slice(self.T * g0, self.T * g1)
                images[(klass * A + a) * I + image] = {
                    "image_id": self.images[image],
                    "category_id": self.classes[klass],
                    "aRng": aRng,
                    "maxDet": self.max_dets[-1],
                    "dtIds": ids[d0:d1],
                    "gtIds": gt_ids[g0:g1],
                    "dtMatches": dtm[at_d].reshape(shape_d),
                    "gtMatches": gtm[at_g].reshape(shape_g),
                    "dtScores": scores[d0:d1],
                    "gtIgnore": gtig[g0:g1] if g1 > g0 else np.array([]),
                    "dtIgnore": dtig[at_d].reshape(shape_d),
                }
        return images

    def _matches(self, a: int) -> Tuple[np.ndarray, ...]:
        T, D, G = self.T, len(self.dt_order), len(self.gt_order)
        dtm, dtig = np.empty(T * D), np.empty(T * D, np.bool_)
        gtm, order = np.empty(T * G), np.empty(G, np.int64)
        gtig = np.empty(G, np.uint8)
        call(
            library.fcis_evaluation_matches,
            self.pointer,
            a,
            address(dtm),
            address(dtig),
            address(gtm),
            address(order),
            address(gtig),
        )
        return dtm, dtig, gtm, order, gtig.astype(np.int64)

    def accumulate(self, p: Any) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Precision, recall and scores."""
        recalls = _list_of(p.recThrs, np.float64, "recThrs")
        cuts = _list_of(p.maxDets, np.int64, "maxDets")
        K, A, M = len(self.classes), len(self.area_ranges), len(cuts)
        precision = np.empty((self.T, len(recalls), K, A, M))
        scores = np.empty_like(precision)
        recall = np.empty((self.T, K, A, M))
        call(
            library.fcis_evaluation_accumulate,
            self.pointer,
            len(recalls),
            address(recalls),
            M,
            address(cuts),
            address(precision),
            address(recall),
            address(scores),
        )
        return precision, recall, scores


class Oks:
    """Object keypoint similarity. Exponentials are NumPy's, whose last bits
    hang on the machine."""

    _CHUNK = 1 << 16  # pairs

    def __init__(self, sigmas: np.ndarray):
        self.vars = (sigmas * 2) ** 2

    def of(self, gts: List[dict], dts: List[dict]) -> np.ndarray:
        """[detections, objects]."""
        D, G = len(dts), len(gts)
        d, g = np.repeat(np.arange(D), G), np.tile(np.arange(G), D)
        return self._of_pairs(gts, dts, g, d).reshape(D, G)

    def of_cells(self, cells: Cells) -> np.ndarray:
        """Of all pairs, as Cells.match takes them."""
        d, g = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for _, d0, d1, g0, g1 in cells._occupied():
            if d0 < d1 and g0 < g1:
                d.append(np.repeat(cells.dt_order[d0:d1], g1 - g0))
                g.append(np.tile(cells.gt_order[g0:g1], d1 - d0))
        return self._of_pairs(
            cells.gt.anns, cells.dt.anns, np.concatenate(g), np.concatenate(d)
        )

    def _of_pairs(
        self, gts: List[dict], dts: List[dict], g: np.ndarray, d: np.ndarray
    ) -> np.ndarray:
        ious = np.zeros(len(g))
        if len(g) == 0:
            return ious
        used_g, g = np.unique(g, return_inverse=True)
        used_d, d = np.unique(d, return_inverse=True)
        gts = [gts[i] for i in used_g.tolist()]
        objects = np.array([gt["keypoints"] for gt in gts], np.float64)
        found = np.array(
            [dts[i]["keypoints"] for i in used_d.tolist()], np.float64
        )
        boxes = np.array([gt["bbox"][:4] for gt in gts], np.float64)
        areas = numbers([gt["area"] for gt in gts]) + np.spacing(1)
        for at in range(0, len(g), self._CHUNK):
            to = slice(at, at + self._CHUNK)
            i = g[to]
            ious[to] = self._similarity(
                objects[i], found[d[to]], boxes[i], areas[i]
            )
        return ious

    def _similarity(
        self,
        objects: np.ndarray,
        found: np.ndarray,
        boxes: np.ndarray,
        areas: np.ndarray,
    ) -> np.ndarray:
        """Of pair after pair: keypoints [n, 3 k], boxes [n, 4], areas [n]."""
        seen = objects[:, 2::3] > 0
        k1 = np.count_nonzero(seen, axis=1)
        none = k1 == 0
        e = np.zeros_like(found[:, 0::3])
        dx = found[:, 0::3] - objects[:, 0::3]
        dy = found[:, 1::3] - objects[:, 1::3]
        if none.any():
            dx[none] = _beyond(found[none, 0::3], boxes[none, 0::2])
            dy[none] = _beyond(found[none, 1::3], boxes[none, 1::2])
        e = (dx**2 + dy**2) / self.vars / areas[:, None] / 2
        e = np.exp(-e)
        result = np.empty(len(e))
        # Sums of as many numbers as COCOeval has, since NumPy's hang on it.
        for k in np.unique(k1).tolist():
            rows = k1 == k
            some = e[rows]
            if k > 0:
                some = some[seen[rows]].reshape(-1, k)
            result[rows] = np.sum(some, axis=1) / some.shape[1]
        return result


def _beyond(x: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """How far outside of the doubled box: [n, k] of [n, 2], begin and size."""
    low = (ends[:, 0] - ends[:, 1])[:, None]
    high = (ends[:, 0] + ends[:, 1] * 2)[:, None]
    return np.maximum(0, low - x) + np.maximum(0, x - high)
