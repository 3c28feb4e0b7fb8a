"""Run-length masks: pycocotools.mask, function for function.

An RLE is a dict of "size", [height, width], and "counts", bytes. Each function
takes one RLE or a list of them, and answers in kind.
"""

from typing import Any, List, Union

import numpy as np

from fcis import _mask
from fcis._mask import RLE, frPyObjects, iou, merge

__all__ = [
    "area",
    "decode",
    "encode",
    "frPyObjects",
    "iou",
    "merge",
    "toBbox",
]


def encode(bimask: np.ndarray) -> Union[RLE, List[RLE], None]:
    """A mask [height, width], or masks [height, width, n], uint8, the latter in
    Fortran's order."""
    if len(bimask.shape) == 3:
        return _mask.encode(bimask)
    if len(bimask.shape) == 2:
        h, w = bimask.shape
        return _mask.encode(bimask.reshape((h, w, 1), order="F"))[0]
    return None


def decode(rleObjs: Union[RLE, List[RLE]]) -> np.ndarray:
    """uint8 [height, width], or [height, width, n] of a list."""
    if type(rleObjs) is list:
        return _mask.decode(rleObjs)
    return _mask.decode([rleObjs])[:, :, 0]


def area(rleObjs: Union[RLE, List[RLE]]) -> Any:
    """Pixels of foreground, uint32."""
    if type(rleObjs) is list:
        return _mask.area(rleObjs)
    return _mask.area([rleObjs])[0]


def toBbox(rleObjs: Union[RLE, List[RLE]]) -> np.ndarray:
    """The tight box: x, y, width, height, float64."""
    if type(rleObjs) is list:
        return _mask.toBbox(rleObjs)
    return _mask.toBbox([rleObjs])[0]
