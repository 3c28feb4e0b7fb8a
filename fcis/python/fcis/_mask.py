"""Lists of run-length masks: what pycocotools has in pycocotools._mask."""

import ctypes
from typing import Any, Dict, List, Sequence, Union

import numpy as np

from fcis import _python
from fcis._lib import Handle, address, call, library

__author__ = "fcis"

RLE = Dict[str, Any]


_MANY = 8


class RLEs(Handle):
    """Masks inside the library."""

    __slots__ = ()

    def __init__(self, function: Any, *arguments: Any):
        self.pointer = None
        pointer = ctypes.c_void_p()
        call(function, *arguments, ctypes.byref(pointer))
        super().__init__(pointer, library.fcis_masks_free)

    @classmethod
    def of_counts(cls, counts: _python.Counts) -> "RLEs":
        """From compressed counts."""
        return cls(
            library.fcis_masks_from_texts,
            len(counts.held),
            address(counts.sizes),
            address(counts.texts),
            address(counts.lengths),
        )

    @property
    def n(self) -> int:
        return library.fcis_masks_count(self.pointer)

    def __getitem__(self, rows: np.ndarray) -> "RLEs":
        """Some of them."""
        rows = np.ascontiguousarray(rows, np.int64)
        return RLEs(
            library.fcis_masks_select, self.pointer, len(rows), address(rows)
        )

    def sizes(self) -> np.ndarray:
        sizes = np.empty((self.n, 2), np.int64)
        call(library.fcis_masks_sizes, self.pointer, address(sizes))
        return sizes


def _integer(value: Any) -> int:
    """As C has it: numbers are cut, texts are none."""
    if isinstance(value, (str, bytes)) or not hasattr(value, "__int__"):
        raise TypeError("an integer is required")
    return int(value)


def _length(value: Any) -> int:
    """A height or width."""
    number = _integer(value)
    if number < 0:
        raise OverflowError("can't convert negative value to siz")
    if number >= 1 << 62:
        raise OverflowError("Python int too large to convert to C unsigned long")
    return number


def _check_array(
    array: Any, name: str, dtype: Any, c_type: str, ndim: int
) -> None:
    if not isinstance(array, np.ndarray):
        raise TypeError(
            "Argument '%s' has incorrect type (expected numpy.ndarray, got %s)"
            % (name, type(array).__name__)
        )
    if array.ndim != ndim:
        raise ValueError(
            "Buffer has wrong number of dimensions (expected %d, got %d)"
            % (ndim, array.ndim)
        )
    if array.dtype != dtype:
        raise ValueError(
            "Buffer dtype mismatch, expected '%s' but got '%s'"
            % (c_type, array.dtype)
        )


def _counts(obj: RLE) -> bytes:
    counts = obj["counts"]
    if type(counts) is str:
        return counts.encode()
    if type(counts) is not bytes:
        raise TypeError("Expected bytes, got %s" % type(counts).__name__)
    return counts


def _frString(objs: Sequence[RLE]) -> RLEs:
    """From compressed counts."""
    counts = _python.counts(objs) if len(objs) > _MANY else None
    if counts:
        return RLEs.of_counts(counts)
    texts = [obj["counts"] for obj in objs]
    kinds = set(map(type, texts))
    if kinds == {str}:
        texts = [text.encode() for text in texts]
    elif kinds != {bytes}:
        texts = [_counts(obj) for obj in objs]
    n = len(texts)
    pairs = [obj["size"] for obj in objs]
    try:
        sizes = np.array(pairs)
    except (ValueError, OverflowError):
        sizes = np.empty(0)
    if sizes.dtype != np.int64 or sizes.shape != (n, 2):
        lengths = [_length(length) for pair in pairs for length in _pair(pair)]
        sizes = np.array(lengths, np.int64)
    elif sizes.min() < 0:
        raise OverflowError("can't convert negative value to siz")
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, n), dtype=np.int64)
    return RLEs(
        library.fcis_masks_from_strings,
        n,
        address(sizes),
        b"".join(texts),
        address(ends),
    )


def _pair(size: Any) -> tuple:
    return size[0], size[1]


def _toString(masks: RLEs) -> List[RLE]:
    n = masks.n
    ends = np.zeros(n + 1, np.int64)
    at = address(ends) + ends.itemsize
    call(library.fcis_masks_strings, masks.pointer, at, None, 0, None)
    size = int(ends[-1])
    text = ctypes.create_string_buffer(max(size, 1))
    call(library.fcis_masks_strings, masks.pointer, at, text, size, None)
    raw, ends = text.raw, ends.tolist()
    sizes = masks.sizes().tolist()
    return [
        {"size": sizes[i], "counts": raw[ends[i] : ends[i + 1]]}
        for i in range(n)
    ]


def encode(mask: np.ndarray) -> List[RLE]:
    """Masks [height, width, n], uint8 in Fortran's order, to RLEs."""
    if isinstance(mask, np.ndarray) and not mask.flags.f_contiguous:
        raise ValueError("ndarray is not Fortran contiguous")
    if isinstance(mask, np.ndarray) and mask.dtype == np.bool_:
        mask = mask.view(np.uint8)
    _check_array(mask, "mask", np.uint8, "uint8_t", 3)
    height, width, n = mask.shape
    return _toString(
        RLEs(library.fcis_masks_encode, address(mask), height, width, n)
    )


def decode(rleObjs: Sequence[RLE]) -> np.ndarray:
    """RLEs of one size to masks [height, width, n], uint8, Fortran's order."""
    masks = _frString(rleObjs)
    n = masks.n
    if n == 0:
        raise ValueError("Invalid RLE mask representation")
    height, width = masks.sizes()[0].tolist()
    pixels = np.empty((height, width, n), np.uint8, order="F")
    call(library.fcis_masks_decode, masks.pointer, address(pixels), pixels.size)
    return pixels


def merge(rleObjs: Sequence[RLE], intersect: Any = 0) -> RLE:
    """Union of RLEs, or intersection."""
    masks = _frString(rleObjs)
    merged = RLEs(library.fcis_masks_merge, masks.pointer, _integer(intersect))
    return _toString(merged)[0]


def area(rleObjs: Sequence[RLE]) -> np.ndarray:
    """Pixels of each RLE, uint32 [n]."""
    masks = _frString(rleObjs)
    areas = np.empty(masks.n, np.uint32)
    call(library.fcis_masks_areas, masks.pointer, address(areas))
    return areas


def toBbox(rleObjs: Sequence[RLE]) -> np.ndarray:
    """The tight box of each RLE: x, y, width, height, float64 [n, 4]."""
    masks = _frString(rleObjs)
    boxes = np.empty((masks.n, 4), np.double)
    call(library.fcis_masks_boxes, masks.pointer, address(boxes))
    return boxes


def _comparable(objs: Any) -> Any:
    """Boxes as an array [n, 4], RLEs as RLEs."""
    if len(objs) == 0:
        return objs
    if type(objs) is np.ndarray:
        if objs.ndim == 1:
            objs = objs.reshape((objs[0], 1))
        if objs.ndim != 2 or objs.shape[1] != 4:
            raise Exception(
                "numpy ndarray input is only for *bounding boxes* and should "
                "have Nx4 dimension"
            )
        return np.ascontiguousarray(objs, np.double)
    if type(objs) is not list:
        raise Exception(
            "unrecognized type.  The following type: RLEs (rle), np.ndarray "
            "(box), and list (box) are supported."
        )
    if all(len(obj) == 4 and type(obj) in (list, np.ndarray) for obj in objs):
        boxes = np.array(objs, dtype=np.double)
        if boxes.ndim != 2:
            raise ValueError("boxes: expected four numbers each")
        return boxes
    if all(type(obj) is dict for obj in objs):
        return _frString(objs)
    raise Exception("list input can be bounding box (Nx4) or RLEs ([RLE])")


def _number(objs: Any) -> int:
    return objs.n if type(objs) is RLEs else len(objs)


def iou(dt: Any, gt: Any, pyiscrowd: Any) -> Union[np.ndarray, list]:
    """Overlaps [m, n] of m boxes or RLEs with n others, of which `pyiscrowd`
    says which are crowds; [] where there are none."""
    crowd = np.array(pyiscrowd, dtype=np.uint8)
    if crowd.ndim != 1:
        raise ValueError(
            "Buffer has wrong number of dimensions (expected 1, got %d)"
            % crowd.ndim
        )
    dt, gt = _comparable(dt), _comparable(gt)
    m, n = _number(dt), _number(gt)
    assert (
        len(pyiscrowd) == n
    ), "iou(iscrowd=) must have the same length as gt"
    if m == 0 or n == 0:
        return []
    if type(dt) is not type(gt):
        raise Exception(
            "The dt and gt should have the same data type, either RLEs, list "
            "or np.ndarray"
        )
    ious = np.empty((m, n), np.double, order="F")
    crowd_at, ious_at = address(crowd), address(ious)
    if type(dt) is RLEs:
        call(library.fcis_masks_iou, dt.pointer, gt.pointer, crowd_at, ious_at)
    else:
        call(
            library.fcis_boxes_iou,
            m,
            address(dt),
            n,
            address(gt),
            crowd_at,
            ious_at,
        )
    return ious


def frBbox(bb: np.ndarray, h: int, w: int) -> List[RLE]:
    """Boxes, float64 [n, 4], to RLEs."""
    h, w = _length(h), _length(w)
    _check_array(bb, "bb", np.double, "double_t", 2)
    if bb.shape[1] != 4:
        raise ValueError("boxes: expected [n, 4], got %s" % (bb.shape,))
    bb = np.ascontiguousarray(bb)
    return _toString(
        RLEs(library.fcis_masks_from_boxes, len(bb), address(bb), h, w)
    )


def _polygon(polygon: Any) -> np.ndarray:
    xy = np.array(polygon, dtype=np.double, order="F")
    if xy.ndim != 1:
        raise ValueError(
            "Buffer has wrong number of dimensions (expected 1, got %d)"
            % xy.ndim
        )
    return xy


def _ends(lengths: List[int]) -> np.ndarray:
    return np.cumsum(np.array(lengths, np.int64), dtype=np.int64)


def frPoly(poly: Sequence[Any], h: int, w: int) -> List[RLE]:
    """Polygons, x0, y0, x1, y1, ..., to one RLE each."""
    h, w = _length(h), _length(w)
    parts = [_polygon(polygon) for polygon in poly]
    n = len(parts)
    xy = np.concatenate(parts) if parts else np.empty(0)
    sizes = np.tile(np.array([h, w], np.int64), n)
    masks, numbers = np.arange(1, n + 1), _ends([len(xy) for xy in parts])
    return _toString(
        RLEs(
            library.fcis_masks_from_polygons,
            n,
            address(sizes),
            address(masks),
            address(numbers),
            address(xy),
        )
    )


def frUncompressedRLE(ucRles: Sequence[RLE], h: int, w: int) -> List[RLE]:
    """Lists of counts, each with its size, to RLEs."""
    _length(h), _length(w)
    counts, sizes = [], []
    for rle in ucRles:
        one = np.array(rle["counts"], dtype=np.uint32)
        if one.ndim != 1:
            raise ValueError(
                "Buffer has wrong number of dimensions (expected 1, got %d)"
                % one.ndim
            )
        counts.append(one)
        sizes.extend(_length(length) for length in _pair(rle["size"]))
    sizes = np.array(sizes, np.int64)
    ends = _ends([len(one) for one in counts])
    all_counts = np.concatenate(counts) if counts else np.empty(0, np.uint32)
    return _toString(
        RLEs(
            library.fcis_masks_from_counts,
            len(counts),
            address(sizes),
            address(all_counts),
            address(ends),
        )
    )


def frPyObjects(pyobj: Any, h: int, w: int) -> Union[RLE, List[RLE]]:
    """RLEs of boxes (array [n, 4]), polygons or uncompressed RLEs, a list of
    them or one."""
    if type(pyobj) is np.ndarray:
        return frBbox(pyobj, h, w)
    if type(pyobj) is list and len(pyobj[0]) == 4:
        return frBbox(pyobj, h, w)
    if type(pyobj) is list and len(pyobj[0]) > 4:
        return frPoly(pyobj, h, w)
    if (
        type(pyobj) is list
        and type(pyobj[0]) is dict
        and "counts" in pyobj[0]
        and "size" in pyobj[0]
    ):
        return frUncompressedRLE(pyobj, h, w)
    if type(pyobj) is list and len(pyobj) == 4:
        return frBbox([pyobj], h, w)[0]
    if type(pyobj) is list and len(pyobj) > 4:
        return frPoly([pyobj], h, w)[0]
    if type(pyobj) is dict and "counts" in pyobj and "size" in pyobj:
        return frUncompressedRLE([pyobj], h, w)[0]
    raise Exception("input type is not supported.")
