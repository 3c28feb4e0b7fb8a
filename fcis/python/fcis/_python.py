"""Lists of dicts, read by the library through Python's own functions: as Python
would, and faster. What is unusual is left to Python."""

import contextlib
import ctypes
import gc
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

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
    "bytes_as_string_and_size": "PyBytes_AsStringAndSize",
    "unicode_as_utf8_and_size": "PyUnicode_AsUTF8AndSize",
}
_OBJECTS = {
    "float_type": float,
    "int_type": int,
    "list_type": list,
    "dict_type": dict,
    "bytes_type": bytes,
    "str_type": str,
    "image_id": "image_id",
    "category_id": "category_id",
    "id": "id",
    "area": "area",
    "score": "score",
    "bbox": "bbox",
    "segmentation": "segmentation",
    "iscrowd": "iscrowd",
    "counts": "counts",
    "size": "size",
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


def _declared(name: str, *arguments: Any) -> Any:
    function = getattr(_with_gil, name)
    function.restype = ctypes.c_int
    function.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_int64]
    function.argtypes += [*arguments, ctypes.c_void_p, ctypes.c_size_t]
    return function


_columns = _declared(
    "fcis_python_columns", ctypes.c_int, *[ctypes.c_void_p] * 6
)
_counts = _declared(
    "fcis_python_counts", ctypes.py_object, *[ctypes.c_void_p] * 3
)
_complete = _declared("fcis_python_complete")

# With an array's shape for each record, in the function's order.
_COLUMNS = {
    "image_ids": (np.int64, ()),
    "category_ids": (np.int64, ()),
    "ids": (np.float64, ()),
    "areas": (np.float64, ()),
    "scores": (np.float64, ()),
    "boxes": (np.float64, (4,)),
}


def _called(function: Any, records: list, *arguments: Any) -> bool:
    """Whether all records are usual."""
    if _python is None or type(records) is not list:
        return False
    try:
        status = function(
            ctypes.byref(_python), records, len(records), *arguments, None, 0
        )
    except Exception:  # whatever it is, Python meets it again
        return False
    return status == 0


def columns(
    anns: List[dict], *names: str, plain: bool = False
) -> Optional[Dict[str, np.ndarray]]:
    """The columns of these names; None: some records are unusual. plain: areas
    of boxes can be computed from them."""
    made = {
        name: np.empty((len(anns), *_COLUMNS[name][1]), _COLUMNS[name][0])
        for name in names
    }
    at = [address(made[name]) if name in made else None for name in _COLUMNS]
    usual = len(anns) > 0 and _called(_columns, anns, int(plain), *at)
    return made if usual else None


class Counts(NamedTuple):
    """The compressed counts of RLEs."""

    held: List[Any]  # whose texts they are
    sizes: np.ndarray
    texts: np.ndarray  # addresses
    lengths: np.ndarray

    def __eq__(self, other: Any) -> bool:
        """Whether these are the same objects, of the same sizes."""
        return all(map(np.array_equal, self[1:], other[1:]))


def counts(rles: List[dict]) -> Optional[Counts]:
    """None: some are unusual."""
    n = len(rles)
    made = Counts(
        [None] * n,
        np.empty((n, 2), np.int64),
        np.empty(n, np.intp),
        np.empty(n, np.int64),
    )
    at = [address(array) for array in made[1:]]
    return made if _called(_counts, rles, made.held, *at) else None


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Does without the garbage collector while objects are made that are none:
    it would look at all there are, again and again."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def complete_boxes(anns: List[dict]) -> bool:
    """Whether all results have now what annotations have."""
    with uncollected():
        return _called(_complete, anns)
