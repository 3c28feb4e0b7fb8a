"""The records that an evaluation takes out of a data set."""

import itertools
from typing import Any, List, Optional

import numpy as np

from fcis._lib import address, library
from fcis._mask import RLEs, _toString


def select(coco: Any, p: Any) -> List[dict]:
    """The annotations of the evaluated pictures and categories, as
    loadAnns(getAnnIds(...)) has them."""
    cats = p.catIds if p.useCats else []
    if not _is_own(coco) or not _hashable(cats):
        return coco.loadAnns(coco.getAnnIds(imgIds=p.imgIds, catIds=cats))
    if len(p.imgIds) == 0:
        anns = coco.dataset["annotations"]
    else:
        by_image = coco.imgToAnns
        lists = [by_image[i] for i in plain(p.imgIds) if i in by_image]
        anns = list(itertools.chain.from_iterable(lists))
    if len(cats) > 0:
        wanted = set(plain(cats))
        anns = [ann for ann in anns if ann["category_id"] in wanted]
    by_id = coco.anns
    return [by_id[ann["id"]] for ann in anns]


def listed(coco: Any, p: Any) -> Optional[List[dict]]:
    """All annotations of a data set whose index nobody has seen or changed, of
    which those in cells are select()'s; None: of any other."""
    state = coco.__dict__ if _is_own(coco) else {}
    if "_listed" not in state or "anns" in state or "imgToAnns" in state:
        return None
    if not p.useCats or len(p.imgIds) == 0 or len(p.catIds) == 0:
        return None
    anns, _, _, _, unique = state["_listed"]
    return anns if unique else None


def plain(ids: Any) -> List[Any]:
    """Ids as Python has them, which are found faster than NumPy's."""
    return [i.item() if isinstance(i, np.generic) else i for i in ids]


def _is_own(coco: Any) -> bool:
    from fcis.coco import COCO

    kind = type(coco)
    return (
        isinstance(coco, COCO)
        and kind.getAnnIds is COCO.getAnnIds
        and kind.loadAnns is COCO.loadAnns
        and not {"getAnnIds", "loadAnns"} & coco.__dict__.keys()
    )


def _hashable(ids: Any) -> bool:
    try:
        set(ids)
    except TypeError:
        return False
    return True


def _is_drawn(segmentation: Any) -> bool:
    """Whether these are polygons as annToRLE unites them."""
    return (
        type(segmentation) is list
        and len(segmentation) > 0
        and all(type(part) is list for part in segmentation)
        and len(segmentation[0]) > 4
    )


def to_rles(coco: Any, anns: List[dict]) -> None:
    """Replaces each "segmentation" by its RLE, polygons all at once."""
    from fcis.coco import COCO

    own = (
        isinstance(coco, COCO)
        and type(coco).annToRLE is COCO.annToRLE
        and "annToRLE" not in coco.__dict__
    )
    if own and all(
        type(s) is dict and _is_packed(s)
        for s in [ann["segmentation"] for ann in anns]
    ):
        return
    drawn = []
    for ann in anns:
        segmentation = ann["segmentation"]
        if own and _is_drawn(segmentation):
            drawn.append(ann)
        elif own and type(segmentation) is dict and _is_packed(segmentation):
            coco.imgs[ann["image_id"]]["height"]  # as annToRLE asks for it
        else:
            ann["segmentation"] = coco.annToRLE(ann)
    if drawn:
        _draw(coco, drawn)


def _is_packed(segmentation: dict) -> bool:
    return type(segmentation.get("counts")) in (bytes, str)


def _draw(coco: Any, anns: List[dict]) -> None:
    sizes, masks, numbers, parts = [], [], [], []
    for ann in anns:
        image = coco.imgs[ann["image_id"]]
        sizes.append((int(image["height"]), int(image["width"])))
        parts.extend(ann["segmentation"])
        masks.append(len(parts))
    numbers = np.cumsum([len(part) for part in parts], dtype=np.int64)
    try:
        xy = np.array(
            list(itertools.chain.from_iterable(parts)), dtype=np.double
        )
        if xy.ndim != 1:
            raise ValueError("polygons: expected numbers")
    except ValueError:
        for ann in anns:
            ann["segmentation"] = coco.annToRLE(ann)
        return
    sizes = np.array(sizes, np.int64)
    masks = np.array(masks, np.int64)
    rles = _toString(
        RLEs(
            library.fcis_masks_from_polygons,
            len(anns),
            address(sizes),
            address(masks),
            address(numbers),
            address(xy),
        )
    )
    for ann, rle in zip(anns, rles):
        ann["segmentation"] = rle
