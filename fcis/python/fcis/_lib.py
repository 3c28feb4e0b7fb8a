"""The shared library libfcis.so.0, which does the work, through ctypes.

A call into it releases the GIL. A status that is not 0 becomes an exception.
"""

import ctypes
import os
import threading
from typing import Any, Callable

import numpy as np

_ERROR_SIZE = 1024

# By status; others are RuntimeError (fcis.h, enum fcis_status).
_EXCEPTIONS = {
    1: ValueError,
    2: FileNotFoundError,
    4: OSError,
    5: NotImplementedError,
    6: MemoryError,
}


def _load() -> ctypes.CDLL:
    """libfcis.so.0: that of FCIS_LIBRARY, else the one beside this file."""
    path = os.environ.get("FCIS_LIBRARY")
    if path:
        return ctypes.CDLL(path)
    folder = os.path.dirname(os.path.abspath(__file__))
    # What oneDNN needs must be there before it, as nobody tells it where.
    for name in ("libgomp.so.1", "libOpenCL.so.1"):
        if os.path.exists(os.path.join(folder, name)):
            ctypes.CDLL(os.path.join(folder, name))
    return ctypes.CDLL(os.path.join(folder, "libfcis.so.0"))


library = _load()

_POINTER = ctypes.c_void_p
_INT = ctypes.c_int64
_SIZE = ctypes.c_size_t

# Arguments but the last two, which are the message's.
_FUNCTIONS = {
    "fcis_masks_encode": [_POINTER, _INT, _INT, _INT, _POINTER],
    "fcis_masks_from_strings": [_INT, _POINTER, _POINTER, _POINTER, _POINTER],
    "fcis_masks_from_texts": [_INT, _POINTER, _POINTER, _POINTER, _POINTER],
    "fcis_masks_from_counts": [_INT, _POINTER, _POINTER, _POINTER, _POINTER],
    "fcis_masks_from_polygons": [_INT] + [_POINTER] * 5,
    "fcis_masks_from_boxes": [_INT, _POINTER, _INT, _INT, _POINTER],
    "fcis_masks_merge": [_POINTER, ctypes.c_int, _POINTER],
    "fcis_masks_sizes": [_POINTER, _POINTER],
    "fcis_masks_strings": [_POINTER, _POINTER, _POINTER, _SIZE, _POINTER],
    "fcis_masks_decode": [_POINTER, _POINTER, _INT],
    "fcis_masks_areas": [_POINTER, _POINTER],
    "fcis_masks_boxes": [_POINTER, _POINTER],
    "fcis_masks_iou": [_POINTER] * 4,
    "fcis_boxes_iou": [_INT, _POINTER, _INT, _POINTER, _POINTER, _POINTER],
    "fcis_masks_select": [_POINTER, _INT, _POINTER, _POINTER],
    "fcis_records_open": [ctypes.c_char_p, ctypes.c_int, _POINTER],
    "fcis_records_columns": [_POINTER, _POINTER],
    "fcis_records_masks": [_POINTER, _POINTER, _POINTER],
    "fcis_evaluation_new": [_POINTER, _POINTER],
    "fcis_evaluation_cells": [_POINTER] * 5,
    "fcis_evaluation_match": [_POINTER, _POINTER],
    "fcis_evaluation_ious": [_POINTER, _POINTER],
    "fcis_evaluation_matches": [_POINTER, _INT] + [_POINTER] * 5,
    "fcis_evaluation_accumulate": [_POINTER, _INT, _POINTER, _INT]
    + [_POINTER] * 4,
}

_FUNCTIONS.update(
    {
        "fcis_detector_new": [_POINTER, _POINTER],
        "fcis_detector_clone": [_POINTER, ctypes.c_int32, _POINTER],
        "fcis_detector_describe": [_POINTER, _POINTER, _SIZE, _POINTER],
        "fcis_detector_num_classes": [_POINTER, _POINTER],
        "fcis_detector_class": [_POINTER, _SIZE, _POINTER, _POINTER],
        "fcis_detector_detect": [
            _POINTER,
            _POINTER,
            _INT,
            _INT,
            _INT,
            ctypes.c_int,
            _POINTER,
        ],
        "fcis_detector_detect_encoded": [_POINTER, _POINTER, _SIZE, _POINTER],
        "fcis_detector_detect_file": [_POINTER, _POINTER, _POINTER],
        "fcis_instances_size": [_POINTER] * 4,
        "fcis_instances_get": [_POINTER, _SIZE] + [_POINTER] * 4,
        "fcis_instances_mask": [_POINTER, _SIZE, _POINTER, _SIZE, _POINTER],
        "fcis_instances_rle": [_POINTER, _SIZE, _POINTER, _SIZE, _POINTER],
        "fcis_instances_draw": [
            _POINTER,
            _POINTER,
            _INT,
            _INT,
            _INT,
            ctypes.c_int,
        ],
        "fcis_instances_to_coco": [_POINTER, _INT, _POINTER, _SIZE, _POINTER],
    }
)


def _declare(name: str, restype: Any, argtypes: list) -> None:
    function = getattr(library, name)
    function.restype = restype
    function.argtypes = argtypes


for _name, _arguments in _FUNCTIONS.items():
    _declare(_name, ctypes.c_int, _arguments + [_POINTER, ctypes.c_size_t])
_declare("fcis_masks_count", _INT, [_POINTER])
_declare("fcis_masks_free", None, [_POINTER])
_declare("fcis_records_free", None, [_POINTER])
_declare("fcis_evaluation_detections", _INT, [_POINTER])
_declare("fcis_evaluation_pairs", _INT, [_POINTER])
_declare("fcis_evaluation_free", None, [_POINTER])
_declare("fcis_detector_free", None, [_POINTER])
_declare("fcis_instances_free", None, [_POINTER])
_declare("fcis_version", ctypes.c_char_p, [])


# Held while something is made that was not there when it was asked for: once,
# whatever threads ask, and never by half in a process that is forked.
making = threading.RLock()
os.register_at_fork(
    before=making.acquire,
    after_in_parent=making.release,
    after_in_child=making.release,
)


def version() -> str:
    """Of the library."""
    return library.fcis_version().decode()


def call(function: Callable[..., int], *arguments: Any) -> None:
    """Calls a function of the library; raises what its status stands for."""
    error = ctypes.create_string_buffer(_ERROR_SIZE)
    status = function(*arguments, error, _ERROR_SIZE)
    if status != 0:
        message = error.value.decode("utf-8", "replace")
        raise _EXCEPTIONS.get(status, RuntimeError)(message)


def address(array: np.ndarray) -> int:
    """Where a C-contiguous array begins."""
    return array.ctypes.data


class Handle:
    """An object of the library, which ends with this one."""

    __slots__ = ("pointer", "_free")

    def __init__(self, pointer: ctypes.c_void_p, free: Callable[..., None]):
        self.pointer = pointer
        self._free = free

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(
            "cannot copy or pickle what is inside of the library; of instances "
            "arrays, RLEs and to_coco() can be"
        )

    def __del__(self) -> None:
        if self.pointer:
            self._free(self.pointer)
            self.pointer = None
