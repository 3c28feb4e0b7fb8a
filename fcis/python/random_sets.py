"""Random data sets and detections for tests of COCOeval: few pictures, many
ties, crowds, odd flags, records of pictures and categories that are missing,
ids that are texts or large."""

import random
from typing import Any, Callable, Dict, List, NamedTuple

import numpy as np


class RandomSet(NamedTuple):
    kind: str  # iouType
    dataset: Dict[str, Any]
    results: Any  # a list, or an array [n, 7]
    params: Dict[str, Any]  # attributes of Params


def _runs(mask: np.ndarray) -> List[int]:
    """Uncompressed counts of a mask."""
    counts, last, length = [], 0, 0
    for pixel in mask.flatten(order="F").tolist():
        if pixel != last:
            counts.append(length)
            last, length = pixel, 0
        length += 1
    return counts + [length]


class _Maker:
    def __init__(self, seed: int, masks: Any):
        self.r = random.Random(seed)
        self.masks = masks  # the module that encodes
        self.kind = self.r.choice(["bbox", "segm", "keypoints"])
        self.usual = self.r.random() < 0.5  # records as COCO's own are
        self.width, self.height = self.r.randint(5, 80), self.r.randint(5, 80)

    def rarely(self, probability: float) -> bool:
        return self.r.random() < probability

    def box(self) -> List[float]:
        r, w, h = self.r, self.width, self.height
        if self.rarely(0.1):
            return [0, 0, w, h]
        box = [r.uniform(-5, w), r.uniform(-5, h), r.uniform(0, w), r.uniform(0, h)]
        if self.rarely(0.5):
            box = [float(int(x)) for x in box]
        if self.rarely(0.05):
            box[2] = 0
        return box

    def keypoints(self) -> List[float]:
        r = self.r
        points: List[float] = []
        for _ in range(17):
            x = r.randint(0, self.width) if self.rarely(0.5) else r.uniform(0, self.width)
            points += [x, r.uniform(0, self.height), r.choice([0, 0, 1, 2])]
        if self.rarely(0.2):
            points[2::3] = [0] * 17
        return points

    def mask(self) -> np.ndarray:
        r = self.r
        mask = np.zeros((self.height, self.width), np.uint8, order="F")
        x, y = r.randint(0, self.width - 1), r.randint(0, self.height - 1)
        mask[y : y + r.randint(0, self.height), x : x + r.randint(0, self.width)] = 1
        if self.rarely(0.3):
            noise = np.random.RandomState(r.randint(0, 1 << 30))
            mask[:] = noise.rand(self.height, self.width) < 0.4
        return mask

    def rle(self) -> Dict[str, Any]:
        rle = self.masks.encode(self.mask())
        if self.rarely(0.5):
            rle["counts"] = rle["counts"].decode()
        return rle

    def polygon(self) -> List[float]:
        r, w, h = self.r, self.width, self.height
        x, y = r.uniform(0, w), r.uniform(0, h)
        polygon: List[float] = []
        for _ in range(r.randint(3, 9)):
            polygon.append(round(x + r.uniform(-w, w) / 3, 2))
            polygon.append(round(y + r.uniform(-h, h) / 3, 2))
        return polygon

    def segmentation(self) -> Any:
        way = self.r.random()
        if way < 0.6:
            return [self.polygon() for _ in range(self.r.randint(1, 3))]
        if way < 0.8:
            return self.rle()
        size = [self.height, self.width]
        return {"size": size, "counts": _runs(self.mask())}

    def annotation(self, number: int) -> Dict[str, Any]:
        r = self.r
        ann = {
            "id": number + (0 if self.rarely(0.02) and not self.usual else 1),
            "image_id": r.choice(self.images)["id"],
            "category_id": r.choice(self.categories)["id"],
            "bbox": self.box(),
            "area": r.uniform(0, 10) * r.uniform(0, self.scale) ** 2,
            "iscrowd": int(self.rarely(0.15)),
        }
        if self.rarely(0.03):
            ann["category_id"] = 77
        if self.rarely(0.02) and self.kind != "segm":
            ann["image_id"] = 9999
        if self.rarely(0.1) and not self.usual:
            ann["iscrowd"] = r.choice([True, False, 1.0])
        if self.rarely(0.1):
            ann["ignore"] = 1
        if self.kind == "segm":
            ann["segmentation"] = self.segmentation()
        if self.kind == "keypoints":
            ann["keypoints"] = self.keypoints()
            ann["num_keypoints"] = sum(v > 0 for v in ann["keypoints"][2::3])
        return ann

    def shaken(self, values: List[float], by: float) -> List[float]:
        by *= self.r.random()
        return [v + self.r.uniform(-by, by) for v in values]

    def found_mask(self, ann: Any) -> Any:
        segmentation = ann and ann["segmentation"]
        if type(segmentation) is list:
            parts = [self.shaken(part, 2) for part in segmentation]
            drawn = self.masks.frPyObjects(parts, self.height, self.width)
            return self.masks.merge(drawn)
        if segmentation and type(segmentation["counts"]) is not list:
            return dict(segmentation)
        return self.rle()

    def detection(self, anns: List[Dict[str, Any]]) -> Dict[str, Any]:
        r = self.r
        score = r.choice(self.scores) if self.rarely(0.5) else r.random()
        ann = r.choice(anns) if anns and self.rarely(0.7) else None
        if self.rarely(0.05):
            score = r.choice([0, 1, np.float32(0.3), -1.5])
        found = {
            "image_id": r.choice(self.images)["id"],
            "category_id": r.choice(self.categories)["id"],
            "score": score,
        }
        if ann and ann["image_id"] != 9999:
            found["image_id"] = ann["image_id"]
            found["category_id"] = ann["category_id"]
        if self.kind == "bbox":
            found["bbox"] = self.shaken(ann["bbox"], 2) if ann else self.box()
        elif self.kind == "segm":
            found["segmentation"] = self.found_mask(ann)
            if self.boxes_too:
                found["bbox"] = self.box()
        else:
            found["keypoints"] = (
                self.shaken(ann["keypoints"], 3) if ann else self.keypoints()
            )
        return found

    def params(self) -> Dict[str, Any]:
        r, params = self.r, {}
        if self.rarely(0.2) and self.kind != "keypoints":
            cuts = [[1, 2, 3], [5, 3, 1], [100, 10, 1], [1, 10, 50]]
            params["maxDets"] = r.choice(cuts)
        if self.rarely(0.2):
            params["useCats"] = 0
        if self.rarely(0.2):
            params["iouThrs"] = r.choice(
                [np.array([0.5]), np.array([0.3, 0.9, 1.0]), [0.5, 0.6]]
            )
        if self.rarely(0.1):
            params["iouThrs"] = np.linspace(0.01, 0.99, 70)
        if self.rarely(0.2):
            params["recThrs"] = r.choice(
                [np.array([0, 0.1, 1.0]), np.array([0.5, -1.0, 2.0, 0.2])]
            )
        if self.rarely(0.2):
            params["areaRng"] = [[0, 1e10], [0, 50], [50, 500], [500, 1e10]]
        if self.rarely(0.15):
            ids = [r.choice(self.images)["id"] for _ in range(3)]
            params["imgIds"] = ids + [123456] * int(self.rarely(0.3))
        if self.rarely(0.15):
            ids = [r.choice(self.categories)["id"] for _ in range(2)]
            params["catIds"] = ids + [55] * int(self.rarely(0.3))
        if self.kind == "keypoints" and self.rarely(0.3):
            sigmas = [r.uniform(0.02, 0.2) for _ in range(17)]
            params["kpt_oks_sigmas"] = np.array(sigmas)
        return params

    def make(self) -> RandomSet:
        r = self.r
        size = {"height": self.height, "width": self.width}
        self.images = [
            dict(size, id=i * 3 + r.choice([0, 0, 1]), file_name=str(i))
            for i in range(r.randint(1, 8))
        ]
        self.categories = [
            {"id": c + 1, "name": "c%d" % c, "supercategory": "s%d" % (c % 2)}
            for c in range(r.randint(1, 5))
        ]
        self.scale = r.choice([1, 30, 200])
        self.scores = [r.random() for _ in range(5)]
        self.boxes_too = self.rarely(0.2)
        anns = [self.annotation(i) for i in range(r.randint(0, 40))]
        most = 0 if self.rarely(0.03) else 80
        results: Any = [self.detection(anns) for _ in range(r.randint(min(1, most), most))]
        if self.kind == "bbox" and results and self.rarely(0.1):
            results = np.array(
                [
                    [d["image_id"], *d["bbox"], d["score"], d["category_id"]]
                    for d in results
                ],
                float,
            )
        dataset = {
            "info": {"year": 1},
            "images": self.images,
            "annotations": anns,
            "categories": self.categories,
        }
        return RandomSet(self.kind, dataset, results, self.params())


def _rename(made: RandomSet, seed: int) -> None:
    """Other ids for pictures or categories, in one set of five."""
    r = random.Random("ids of %d" % seed)
    if r.random() < 0.8 or isinstance(made.results, np.ndarray):
        return
    other: Callable[[int], Any] = r.choice(
        [str, lambda id: "p%03d" % id, lambda id: id + (1 << 53), lambda id: -id]
    )
    key, list_name, parameter = r.choice(
        [
            ("image_id", "images", "imgIds"),
            ("category_id", "categories", "catIds"),
        ]
    )
    for record in made.dataset["annotations"] + made.results:
        record[key] = other(record[key])
    for entry in made.dataset[list_name]:
        entry["id"] = other(entry["id"])
    if parameter in made.params:
        made.params[parameter] = [other(id) for id in made.params[parameter]]


def make(seed: int, masks: Any, small_ids: bool = False) -> RandomSet:
    """The set of a number; `masks` encodes: pycocotools.mask or fcis.mask.
    small_ids: all ids are small integers."""
    made = _Maker(seed, masks).make()
    if not small_ids:
        _rename(made, seed)
    return made
