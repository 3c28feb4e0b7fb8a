"""fcis: instance segmentation, masks, and COCO's evaluation.

`Detector` finds instances in pictures. `mask`, `coco` and `cocoeval` are
pycocotools' modules of these names; `as_pycocotools()` puts them in its place.
"""

import sys
import types
from importlib.machinery import ModuleSpec

from fcis._lib import version
from fcis.coco import COCO, COCOeval, Params
from fcis.detector import Detector, Instances

from fcis import _mask, coco, cocoeval, mask  # isort: skip

__version__ = version()
__all__ = [
    "COCO",
    "COCOeval",
    "Detector",
    "Instances",
    "Params",
    "as_pycocotools",
    "coco",
    "cocoeval",
    "mask",
]


def as_pycocotools() -> None:
    """From now on `import pycocotools` means these modules, in this process.
    What was imported from pycocotools before stays what it is."""
    package = types.ModuleType("pycocotools", __doc__)
    package.__path__ = []  # a package without files
    # importlib.util.find_spec, by which programs ask for packages, needs one.
    package.__spec__ = ModuleSpec("pycocotools", None, is_package=True)
    modules = {"coco": coco, "cocoeval": cocoeval, "mask": mask, "_mask": _mask}
    for name, module in modules.items():
        setattr(package, name, module)
        sys.modules["pycocotools." + name] = module
    sys.modules["pycocotools"] = package
