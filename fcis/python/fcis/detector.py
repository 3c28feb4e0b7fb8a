"""The detector: a picture goes in, instances come out."""

import ctypes
import json
import operator
import os
import threading
from typing import Any, Dict, List, Optional, Union, overload

import numpy as np

from fcis._lib import Handle, address, call, library

_RGB, _GRAY, _RGBA = 0, 2, 3
_CHANNELS = {1: _GRAY, 3: _RGB, 4: _RGBA}


class _Options(ctypes.Structure):
    """fcis_detector_options."""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("model", ctypes.c_char_p),
        ("device", ctypes.c_char_p),
        ("precision", ctypes.c_char_p),
        ("threads", ctypes.c_int32),
        ("min_size", ctypes.c_int32),
        ("max_size", ctypes.c_int32),
        ("max_pixels", ctypes.c_int64),
        ("score_threshold", ctypes.c_double),
        ("nms_threshold", ctypes.c_double),
        ("mask_threshold", ctypes.c_double),
    ]


def _made(function: Any, *arguments: Any, free: Any) -> Handle:
    pointer = ctypes.c_void_p()
    call(function, *arguments, ctypes.byref(pointer))
    return Handle(pointer, free)


def _text(function: Any, *arguments: Any) -> str:
    """What a function writes with a NUL behind it."""
    needed = ctypes.c_size_t()
    call(function, *arguments, None, 0, ctypes.byref(needed))
    text = ctypes.create_string_buffer(needed.value)
    call(function, *arguments, text, needed.value, None)
    return text.value.decode()


def _of_pil(picture: Any) -> np.ndarray:
    """Of 16 bits the upper 8, as of a file; convert() would make them white."""
    if picture.mode.startswith("I;16"):
        return (np.asarray(picture) >> 8).astype(np.uint8)
    if picture.mode in ("I", "F") and picture.getextrema()[1] > 255:
        raise ValueError(
            "a PIL image of mode %s: expected values of 0 to 255, got %s"
            % (picture.mode, picture.getextrema()[1])
        )
    return np.asarray(picture.convert("RGB"))


def _pixels(picture: Any) -> np.ndarray:
    """uint8 [height, width, channels], rows one behind the other."""
    if hasattr(picture, "convert") and hasattr(picture, "mode"):  # PIL's
        picture = _of_pil(picture)
    if not isinstance(picture, np.ndarray):
        raise TypeError(
            "a picture is a path, bytes of a file, a PIL image or an array, "
            "got %s" % type(picture).__name__
        )
    if picture.dtype != np.uint8:
        raise TypeError("pixels: expected uint8, got %s" % picture.dtype)
    if picture.ndim == 2:
        picture = picture[:, :, None]
    if picture.ndim != 3 or picture.shape[2] not in _CHANNELS:
        raise ValueError(
            "pixels: expected [height, width] or [height, width, 1, 3 or 4], "
            "got %s" % (picture.shape,)
        )
    if picture.size == 0:
        raise ValueError("pixels: the picture has none")
    return np.ascontiguousarray(picture)


def _picture_arguments(pixels: np.ndarray) -> List[Any]:
    height, width, channels = pixels.shape
    return [address(pixels), height, width, 0, _CHANNELS[channels]]


class Instances:
    """What was found in a picture, by class, then falling score.

    height, width: of the picture, in pixels. boxes: float32 [n, 4], x0, y0, x1,
    y1. labels: int64 [n], indices of the detector's classes; names: theirs.
    scores: float32 [n].
    """

    def __init__(self, handle: Handle, picture: Any):
        self._handle = handle
        self._picture = picture
        self._masks: Optional[np.ndarray] = None
        count, height = ctypes.c_size_t(), ctypes.c_int64()
        width = ctypes.c_int64()
        call(
            library.fcis_instances_size,
            handle.pointer,
            ctypes.byref(count),
            ctypes.byref(height),
            ctypes.byref(width),
        )
        self.height, self.width = height.value, width.value
        n = count.value
        self.boxes = np.empty((n, 4), np.float32)
        self.labels = np.empty(n, np.int64)
        self.scores = np.empty(n, np.float32)
        self.names: List[str] = []
        for i in range(n):
            self._read(i)

    def _read(self, i: int) -> None:
        label, name = ctypes.c_int32(), ctypes.c_char_p()
        score, box = ctypes.c_float(), (ctypes.c_float * 4)()
        call(
            library.fcis_instances_get,
            self._handle.pointer,
            i,
            ctypes.byref(label),
            ctypes.byref(name),
            ctypes.byref(score),
            box,
        )
        self.boxes[i] = box[:]
        self.labels[i] = label.value
        self.scores[i] = score.value
        self.names.append((name.value or b"").decode())

    def __len__(self) -> int:
        return len(self.scores)

    def __repr__(self) -> str:
        found = ["%s %.2f" % pair for pair in zip(self.names, self.scores)]
        return "<fcis.Instances: %s>" % (", ".join(found) or "none")

    @property
    def masks(self) -> np.ndarray:
        """bool [n, height, width]."""
        if self._masks is None:
            masks = np.empty((len(self), self.height, self.width), np.bool_)
            for i in range(len(self)):
                call(
                    library.fcis_instances_mask,
                    self._handle.pointer,
                    i,
                    address(masks[i]),
                    masks[i].size,
                    None,
                )
            self._masks = masks
        return self._masks

    @property
    def rles(self) -> List[Dict[str, Any]]:
        """The masks as fcis.mask has them."""
        size = [self.height, self.width]
        return [
            {
                "size": list(size),
                "counts": _text(
                    library.fcis_instances_rle, self._handle.pointer, i
                ).encode(),
            }
            for i in range(len(self))
        ]

    def draw(self, picture: Any = None) -> np.ndarray:
        """The picture, or another of its size, with the instances drawn on it:
        uint8 [height, width, 3]. A picture that came as a file needs Pillow."""
        pixels = _pixels(_opened(self._picture if picture is None else picture))
        channels = pixels.shape[2]
        if channels == 1:
            pixels = np.repeat(pixels, 3, axis=2)
        pixels = np.array(pixels[:, :, :3], order="C")
        call(
            library.fcis_instances_draw,
            self._handle.pointer,
            *_picture_arguments(pixels),
        )
        return pixels

    def to_coco(self, image_id: int) -> List[Dict[str, Any]]:
        """The instances in COCO's results format."""
        return json.loads(
            _text(
                library.fcis_instances_to_coco,
                self._handle.pointer,
                _integer(image_id, "image_id", 64),
            )
        )


def _path(path: Any) -> bytes:
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise ValueError("embedded null byte")
    return encoded


def _is_path(picture: Any) -> bool:
    return isinstance(picture, (str, os.PathLike))


def _opened(picture: Any) -> Any:
    if not _is_path(picture) and not isinstance(picture, bytes):
        return picture
    import io

    from PIL import Image, ImageOps

    file = io.BytesIO(picture) if isinstance(picture, bytes) else picture
    with Image.open(file) as image:
        return _of_pil(ImageOps.exif_transpose(image))


class Detector:
    """Finds instances. The model is a file (.safetensors, .npz, .params), or
    None for the one that is in the package.

    threads: of a detection, 0 for all cores. min_size, max_size: the picture's
    short side is scaled to the first unless the long one passes the second, 0
    for the model's. Thresholds: None for the model's. Any thread may use a
    detector; threads share its weights.
    """

    def __init__(
        self,
        model: Union[None, str, "os.PathLike[str]"] = None,
        *,
        device: str = "cpu",
        precision: str = "auto",
        threads: int = 0,
        min_size: int = 0,
        max_size: int = 0,
        max_pixels: int = 0,
        score_threshold: Optional[float] = None,
        nms_threshold: Optional[float] = None,
        mask_threshold: Optional[float] = None,
    ):
        def chosen(threshold: Optional[float], name: str) -> float:
            if threshold is None:
                return -1.0
            if float(threshold) < 0:
                raise ValueError("%s: %s is out of range" % (name, threshold))
            return float(threshold)

        options = _Options(
            ctypes.sizeof(_Options),
            None if model is None else _path(model),
            device.encode(),
            precision.encode(),
            _integer(threads, "threads", 32),
            _integer(min_size, "min_size", 32),
            _integer(max_size, "max_size", 32),
            _integer(max_pixels, "max_pixels", 64),
            chosen(score_threshold, "score_threshold"),
            chosen(nms_threshold, "nms_threshold"),
            chosen(mask_threshold, "mask_threshold"),
        )
        self._handle = _made(
            library.fcis_detector_new,
            ctypes.byref(options),
            free=library.fcis_detector_free,
        )
        self._local = threading.local()
        self._local.handle = self._handle
        self._read_classes()

    def _read_classes(self) -> None:
        """classes: their names; category_ids: theirs in the data set."""
        count = ctypes.c_size_t()
        call(
            library.fcis_detector_num_classes,
            self._handle.pointer,
            ctypes.byref(count),
        )
        self.classes: List[str] = []
        self.category_ids: List[int] = []
        for i in range(count.value):
            name, id = ctypes.c_char_p(), ctypes.c_int64()
            call(
                library.fcis_detector_class,
                self._handle.pointer,
                i,
                ctypes.byref(name),
                ctypes.byref(id),
            )
            self.classes.append((name.value or b"").decode())
            self.category_ids.append(id.value)

    def __repr__(self) -> str:
        text = _text(library.fcis_detector_describe, self._handle.pointer)
        return "<fcis.Detector: %s>" % text

    def _mine(self) -> ctypes.c_void_p:
        """This thread's detector: one detects one picture at a time."""
        handle = getattr(self._local, "handle", None)
        if handle is None:
            handle = _made(
                library.fcis_detector_clone,
                self._handle.pointer,
                -1,
                free=library.fcis_detector_free,
            )
            self._local.handle = handle
        return handle.pointer

    @overload
    def __call__(self, picture: Union[list, tuple]) -> List[Instances]: ...

    @overload
    def __call__(self, picture: Any) -> Instances: ...

    def __call__(self, picture: Any) -> Any:
        """The instances in a picture: a path, the bytes of a JPEG or PNG file, a
        PIL image, or an array, uint8 [height, width] or [height, width, 3 or
        4], red first. Of a list of pictures, a list."""
        if isinstance(picture, (list, tuple)):
            return [self(one) for one in picture]
        if _is_path(picture):
            function = library.fcis_detector_detect_file
            arguments = [_path(picture)]
        elif isinstance(picture, bytes):
            function = library.fcis_detector_detect_encoded
            arguments = [picture, len(picture)]
        else:
            picture = _pixels(picture)
            function = library.fcis_detector_detect
            arguments = _picture_arguments(picture)
        found = _made(
            function,
            self._mine(),
            *arguments,
            free=library.fcis_instances_free,
        )
        return Instances(found, picture)


def _integer(value: Any, name: str, bits: int) -> int:
    """ctypes would cut it."""
    value = operator.index(value)
    if not -1 << bits - 1 <= value < 1 << bits - 1:
        raise ValueError("%s: %s is out of range" % (name, value))
    return value
