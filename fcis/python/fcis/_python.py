"""Lists of dicts, read by the library through Python's own functions: as Python
would, and faster. What is unusual is left to Python."""

import ctypes
import gc
from typing import Any, List, Optional, Tuple

import numpy as np

from fcis._lib import address, library

_FUNCTIONS = {
    "list_get_item": "PyList_GetItem",
    "list_size": "PyList_Size",
    "list_new": "PyList_New",
    "list_set_item": "PyList_SetItem",
    "dict_get_item": "PyDict_GetItemWithError",
    "dict_set_item": "PyDict_SetItem",
    "float_as_double": "PyFloat_AsDouble",
    "float_from_double": "PyFloat_FromDouble",
    "long_as_long_long": "PyLong_AsLongLong",
    "long_from_long_long": "PyLong_FromLongLong",
    "err_occurred": "PyErr_Occurred",
    "inc_ref": "Py_IncRef",
    "dec_ref": "Py_DecRef",
}
_OBJECTS = {
    "float_type": float,
    "list_type": list,
    "image_id": "image_id",
    "category_id": "category_id",
    "id": "id",
    "area": "area",
    "score": "score",
    "bbox": "bbox",
    "segmentation": "segmentation",
    "iscrowd": "iscrowd",
    "zero": 0,
}


class _Python(ctypes.Structure):
    """fcis_python."""

    _fields_ = [("struct_size", ctypes.c_size_t)] + [
        (name, ctypes.c_void_p) for name in (*_FUNCTIONS, *_OBJECTS)
    ]


def _of_this_python() -> Optional[_Python]:
    """None where objects are laid out otherwise."""
    try:
        type_of = ctypes.c_void_p.from_address(id(0.5) + 8).value
        if type_of != id(float) or ctypes.sizeof(ctypes.c_void_p) != 8:
            return None
        python = _Python(struct_size=ctypes.sizeof(_Python))
        for name, function in _FUNCTIONS.items():
            pointer = ctypes.cast(
                getattr(ctypes.pythonapi, function), ctypes.c_void_p
            )
            setattr(python, name, pointer.value)
    except (AttributeError, ValueError):
        return None
    for name, value in _OBJECTS.items():
        setattr(python, name, id(value))
    return python


_python = _of_this_python()
# A PyDLL's functions are called with the GIL, and raise what Python has set.
_with_gil = ctypes.PyDLL(None, handle=library._handle)


def _declared(name: str, pointers: int) -> Any:
    function = getattr(_with_gil, name)
    function.restype = ctypes.c_int
    function.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_int64]
    function.argtypes += [ctypes.c_void_p] * pointers + [ctypes.c_size_t]
    return function


_columns = _declared("fcis_python_columns", 7)
_complete = _declared("fcis_python_complete", 1)


def columns(
    anns: List[dict], scores: bool, boxes: bool
) -> Optional[Tuple[np.ndarray, ...]]:
    """image_ids, category_ids, ids, areas, and where they are wanted scores and
    boxes; None: some records are unusual."""
    n = len(anns)
    if _python is None or type(anns) is not list or n == 0:
        return None
    made = [np.empty(n, np.int64), np.empty(n, np.int64)]
    made += [np.empty(n), np.empty(n)]
    made.append(np.empty(n if scores else 0))
    made.append(np.empty((n if boxes else 0, 4)))
    at = [address(column) if column.size else None for column in made]
    try:
        status = _columns(ctypes.byref(_python), anns, n, *at, None, 0)
    except Exception:  # whatever it is, Python meets it again
        return None
    return tuple(made) if status == 0 else None


def complete_boxes(anns: List[dict]) -> bool:
    """Whether all results have now what annotations have."""
    if _python is None or type(anns) is not list:
        return False
    collects = gc.isenabled()
    gc.disable()  # the new lists are no garbage
    try:
        n = len(anns)
        return _complete(ctypes.byref(_python), anns, n, None, 0) == 0
    except Exception:  # whatever it is, Python meets it again
        return False
    finally:
        if collects:
            gc.enable()
