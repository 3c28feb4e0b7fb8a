"""Makes the wheel of the package fcis: the same bytes from the same files.

    make_wheel.py LIBRARY OUT FILE...

LIBRARY is libfcis.so.0, which says its version. What it needs that is not on
every machine, oneDNN above all, is taken from where the loader finds it, and
goes beside it. FILEs are of the package.
"""

import base64
import ctypes
import hashlib
import os
import subprocess
import sys
import zipfile
from typing import Dict, List

_TAG = "py3-none-linux_x86_64"
# Of glibc and GCC, as in manylinux; and the sanitizers, which come first.
_EVERYWHERE = ("ld-linux", "libc.so", "libgcc_s.so", "libm.so", "libstdc++.so")
_EVERYWHERE += ("libasan.so", "libubsan.so")
_DATE = (1980, 1, 1, 0, 0, 0)

_METADATA = """\
Metadata-Version: 2.1
Name: fcis
Version: {version}
Summary: Instance segmentation, masks, and COCO's evaluation
License: MIT
Requires-Python: >=3.8
Requires-Dist: numpy
Description-Content-Type: text/plain

fcis.Detector finds instances in pictures; fcis.mask, fcis.coco and
fcis.cocoeval are pycocotools' modules, and as fast as C++ on all cores.
"""

_WHEEL = """\
Wheel-Version: 1.0
Generator: make_wheel
Root-Is-Purelib: false
Tag: {tag}
"""

_ENTRY_POINTS = """\
[console_scripts]
fcis-demo = fcis._programs:demo
fcis-eval = fcis._programs:evaluate
"""


def version_of(library: str) -> str:
    """What the library says."""
    function = ctypes.CDLL(os.path.abspath(library)).fcis_version
    function.restype = ctypes.c_char_p
    return function().decode()


def find_needed(library: str) -> List[str]:
    """The files that the loader takes for what a library needs."""
    lines = subprocess.run(
        ["ldd", library], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    words = [line.split() for line in lines if " => " in line]
    found = {name: path for name, _, path, *_ in words}
    return [
        path
        for name, path in sorted(found.items())
        if not name.startswith(_EVERYWHERE)
    ]


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def record_line(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return "%s,sha256=%s,%d\n" % (name, digest.decode().rstrip("="), len(content))


def contents(library: str, files: List[str]) -> Dict[str, bytes]:
    """The files of the wheel by name."""
    version = version_of(library)
    parts = {"fcis/" + os.path.basename(path): read(path) for path in files}
    parts["fcis/libfcis.so.0"] = read(library)
    for path in find_needed(library):
        parts["fcis/" + os.path.basename(path)] = read(path)
    info = "fcis-%s.dist-info/" % version
    texts = {
        "METADATA": _METADATA.format(version=version),
        "WHEEL": _WHEEL.format(tag=_TAG),
        "entry_points.txt": _ENTRY_POINTS,
        "top_level.txt": "fcis\n",
    }
    for name, text in texts.items():
        parts[info + name] = text.encode()
    lines = [record_line(name, content) for name, content in parts.items()]
    record = info + "RECORD"
    parts[record] = "".join(lines + [record + ",,\n"]).encode()
    return parts


def main(library: str, out: str, *files: str) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in contents(library, list(files)).items():
            entry = zipfile.ZipInfo(name, _DATE)
            mode = 0o755 if ".so." in name else 0o644
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(entry, content, compresslevel=6)


if __name__ == "__main__":
    main(*sys.argv[1:])
