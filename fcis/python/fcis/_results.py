"""Results as annotations: what COCO.loadRes makes of them."""

from typing import Callable, List, Optional

import numpy as np

from fcis import _python
from fcis import mask as maskUtils


def check_array(data: np.ndarray) -> None:
    print("Converting ndarray to lists...")
    assert type(data) is np.ndarray
    print(data.shape)
    assert data.shape[1] == 7
    N = data.shape[0]
    for i in range(0, N, 1000000):
        print("{}/{}".format(i, N))


def to_list(data: np.ndarray) -> List[dict]:
    return [
        {
            "image_id": int(row[0]),
            "bbox": [row[1], row[2], row[3], row[4]],
            "score": row[5],
            "category_id": int(row[6]),
        }
        for row in data
    ]


def completion(first: dict) -> Optional[Callable[[List[dict]], None]]:
    """What completes results, by what the first one has."""
    if "caption" in first:
        return None
    if "bbox" in first and not first["bbox"] == []:
        return _complete_boxes
    if "segmentation" in first:
        return _complete_masks
    if "keypoints" in first:
        return _complete_keypoints
    return None


def _complete_boxes(anns: List[dict]) -> None:
    if _python.complete_boxes(anns):
        return
    for id, ann in enumerate(anns):
        bb = ann["bbox"]
        if "segmentation" not in ann:
            x1, x2, y1, y2 = bb[0], bb[0] + bb[2], bb[1], bb[1] + bb[3]
            ann["segmentation"] = [[x1, y1, x1, y2, x2, y2, x2, y1]]
        ann["area"] = bb[2] * bb[3]
        ann["id"] = id + 1
        ann["iscrowd"] = 0


def _complete_masks(anns: List[dict]) -> None:
    masks = [ann["segmentation"] for ann in anns]
    if all(type(mask) is dict for mask in masks):
        areas, boxes = maskUtils.area(masks), maskUtils.toBbox(masks)
    else:
        areas = [maskUtils.area(mask) for mask in masks]
        boxes = [maskUtils.toBbox(mask) for mask in masks]
    for id, ann in enumerate(anns):
        ann["area"] = areas[id]
        if "bbox" not in ann:
            ann["bbox"] = boxes[id]
        ann["id"] = id + 1
        ann["iscrowd"] = 0


def _complete_keypoints(anns: List[dict]) -> None:
    for id, ann in enumerate(anns):
        x, y = ann["keypoints"][0::3], ann["keypoints"][1::3]
        x0, x1, y0, y1 = np.min(x), np.max(x), np.min(y), np.max(y)
        ann["area"] = (x1 - x0) * (y1 - y0)
        ann["id"] = id + 1
        ann["bbox"] = [x0, y0, x1 - x0, y1 - y0]
