"""Tests of the installed package: wheel_test.py CASES MODEL. The cases are
pycocotools' answers (compare_pycocotools.py), the model is the embedded one."""

import collections
import copy
import io
import json
import os
import pickle
import random
import re
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
import warnings
from contextlib import redirect_stdout
from typing import Any, Callable, List

import numpy as np

HERE = sys.path.pop(0)  # where the package's sources are, too

import fcis  # noqa: E402
from fcis import _programs  # noqa: E402

sys.path.append(HERE)

import compare_pycocotools  # noqa: E402
import random_sets  # noqa: E402

CASES = sys.argv.pop(1)
MODEL = sys.argv.pop(1)


def quietly(function: Callable[[], Any]) -> Any:
    with redirect_stdout(io.StringIO()):
        return function()


class Equality(unittest.TestCase):
    def test_cases(self) -> None:
        with open(CASES) as file:
            cases = json.load(file)
        kinds: Any = collections.Counter()
        for seed, expected in cases.items():
            case = random_sets.make(int(seed), fcis.mask)
            run = compare_pycocotools.Run(
                fcis.coco, fcis.cocoeval, case, int(seed)
            )
            got = compare_pycocotools.answer(run.seen)
            kinds[case.kind, "error" in got] += 1
            if expected.get("error") == "ValueError":
                continue  # of summarize, from NumPy 2 on only
            with self.subTest(seed=seed, kind=case.kind):
                self.assertEqual(got.get("error"), expected.get("error"))
                if "error" in got:
                    continue
                # The last bits of a mean and of a similarity are NumPy's.
                np.testing.assert_allclose(
                    got["stats"], expected["stats"], rtol=1e-12
                )
                if case.kind != "keypoints":
                    self.assertEqual(got["digests"], expected["digests"])
        for kind in ("bbox", "segm", "keypoints"):
            self.assertGreater(kinds[kind, False], 5)


class Masks(unittest.TestCase):
    def test_round_trip(self) -> None:
        masks = np.zeros((5, 7, 2), np.uint8, order="F")
        masks[1:3, 2:6, 0] = 1
        rles = fcis.mask.encode(masks)
        self.assertEqual(rles[0]["size"], [5, 7])
        self.assertIsInstance(rles[0]["counts"], bytes)
        np.testing.assert_array_equal(fcis.mask.decode(rles), masks)
        areas = fcis.mask.area(rles)
        self.assertEqual((areas.dtype, areas.tolist()), (np.uint32, [8, 0]))
        self.assertEqual(fcis.mask.toBbox(rles)[0].tolist(), [2, 1, 4, 2])
        merged = fcis.mask.merge(rles)
        self.assertEqual(merged, rles[0])
        ious = fcis.mask.iou(rles[:1], [merged, rles[1]], [0, 1])
        self.assertEqual(ious.tolist(), [[1, 0]])
        self.assertTrue(ious.flags.f_contiguous)

    def test_errors(self) -> None:
        rle = {"size": [2, 2], "counts": b"04"}
        for error, broken in (
            (KeyError, {"size": [2, 2]}),
            (TypeError, dict(rle, counts=[0, 4])),
            (TypeError, dict(rle, size=["a", 2])),
            (OverflowError, dict(rle, size=[-1, 2])),
            (ValueError, dict(rle, counts=b"0z")),
            (ValueError, dict(rle, counts=b"0ooooooooooo")),
            (ValueError, dict(rle, size=[1 << 40, 1 << 40])),
        ):
            with self.subTest(broken=broken), self.assertRaises(error):
                fcis.mask.decode(broken)
        with self.assertRaises(ValueError):
            fcis.mask.encode(np.zeros((2, 3, 4), np.uint8))

    def test_replaces_pycocotools(self) -> None:
        program = (
            "import fcis; fcis.as_pycocotools()\n"
            "import pycocotools.mask as m\n"
            "from pycocotools.coco import COCO\n"
            "from pycocotools.cocoeval import COCOeval, Params\n"
            "from pycocotools import mask, _mask\n"
            "assert COCO is fcis.COCO and m is mask is fcis.mask\n"
            "from importlib.util import find_spec\n"
            "assert find_spec('pycocotools') and find_spec('pycocotools.coco')\n"
            "assert not find_spec('pycocotools.other')\n"
        )
        subprocess.run([sys.executable, "-c", program], check=True)


class Lists(unittest.TestCase):
    """When the dicts of a list of results are completed."""

    def setUp(self) -> None:
        self.truth = fcis.COCO()
        self.truth.dataset = {
            "images": [{"id": 1, "height": 9, "width": 9}],
            "categories": [{"id": 1}],
            "annotations": [],
        }
        quietly(self.truth.createIndex)

    def load(self, results: List[dict]) -> Any:
        return quietly(lambda: self.truth.loadRes(results))

    def result(self) -> dict:
        box = [1, 2.0, 3.0, 4]
        return {"image_id": 1, "category_id": 1, "score": 1, "bbox": box}

    def test_when_seen(self) -> None:
        results = [self.result(), self.result()]
        found = self.load(results)
        self.assertNotIn("area", results[0])
        self.assertIs(found.dataset["annotations"], results)
        self.assertEqual([ann["id"] for ann in results], [1, 2])
        self.assertEqual(results[0]["area"], 12)
        corners = [[1, 2, 1, 6, 4, 6, 4, 2]]
        self.assertEqual(results[1]["segmentation"], corners)

    def test_at_once_for_who_holds_one(self) -> None:
        held = self.result()
        self.load([self.result(), held])
        self.assertEqual(held["id"], 2)

    def test_one_twice(self) -> None:
        results = [self.result()] * 2
        self.assertEqual(self.load(results).getAnnIds(), [2, 2])

    def test_masks(self) -> None:
        results = [self.result()]
        del results[0]["bbox"]
        results[0]["segmentation"] = {"size": [9, 9], "counts": "0z"}
        with self.assertRaises(ValueError):
            self.load(results)
        results[0]["segmentation"]["counts"] = b"<3R2"
        found = self.load(results)
        self.assertNotIn("bbox", results[0])
        self.assertEqual(found.anns[1]["area"], 3)


TRUTH = {
    "images": [{"id": 1, "height": 9, "width": 9}],
    "categories": [{"id": 1, "name": "M\u00fccke"}],
    "annotations": [
        {
            "id": 1,
            "image_id": 1,
            "category_id": 1,
            "area": 12,
            "iscrowd": 0,
            "bbox": [1, 2, 3, 4],
            "segmentation": [[1, 2, 4, 2, 4, 6, 1, 6]],
        }
    ],
}
FOUND = [{"image_id": 1, "category_id": 1, "score": 0.5, "bbox": [1, 2, 3, 5]}]


class Files(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        # Twice: as columns, and as Python alone can read it.
        self.truths = [
            self.save("ascii.json", json.dumps(TRUTH)),
            self.save("utf8.json", json.dumps(TRUTH, ensure_ascii=False)),
        ]
        self.found = self.save("found.json", json.dumps(FOUND))

    def save(self, name: str, text: str) -> str:
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def evaluation(self, truth: Any, kind: str) -> Any:
        coco = fcis.COCO(truth)
        return fcis.COCOeval(coco, coco.loadRes(self.found), kind)

    def finish(self, evaluation: Any) -> List[float]:
        evaluation.accumulate()
        evaluation.summarize()
        return evaluation.stats.tolist()

    def copies(self, truth: str, kind: str) -> None:
        expected = self.evaluation(truth, kind)
        expected.evaluate()
        images, ious = expected.evalImgs, expected.ious
        stats = self.finish(expected)
        for copied in (
            copy.deepcopy,
            copy.copy,
            lambda one: pickle.loads(pickle.dumps(one)),
        ):
            before = copied(self.evaluation(truth, kind))
            before.evaluate()
            after = copied(before)
            self.assertEqual(repr(after.evalImgs), repr(images))
            self.assertEqual(repr(after.ious), repr(ious))
            self.assertEqual(after._gts.keys(), before._gts.keys())
            self.assertEqual(self.finish(after), stats)
            self.assertEqual(copied(after).stats.tolist(), stats)
            self.assertEqual(self.finish(before), stats)

    def test_copies(self) -> None:
        for truth in self.truths:
            for kind in ("bbox", "segm"):
                with self.subTest(truth=truth, kind=kind):
                    quietly(lambda: self.copies(truth, kind))

    def large(self) -> Any:
        """An evaluation, done, of many records of which no dict is there."""
        truth = dict(TRUTH, annotations=[])
        for i in range(2000):
            truth["annotations"].append(dict(TRUTH["annotations"][0], id=i + 1))
        path = self.save("large.json", json.dumps(truth))
        self.save("found.json", json.dumps(FOUND * 200))
        evaluation = self.evaluation(path, "bbox")
        evaluation.evaluate()
        return evaluation

    def test_threads_read_the_same(self) -> None:
        """What is made when it is read is made once."""
        interval = sys.getswitchinterval()
        self.addCleanup(sys.setswitchinterval, interval)
        sys.setswitchinterval(1e-5)
        names = ["anns", "imgs", "cats", "imgToAnns", "catToImgs", "dataset"]
        for _ in range(5):
            e = quietly(self.large)
            for one, attributes in (
                (e.cocoGt, names),
                (e.cocoDt, names),
                (e, ["evalImgs", "ious", "_gts", "_dts"]),
            ):
                self.read_at_once(one, attributes)

    def read_at_once(self, one: Any, names: List[str]) -> None:
        ready = threading.Barrier(12)
        found: Any = collections.defaultdict(list)

        def read(name: str) -> None:
            ready.wait()
            try:
                found[name].append(id(getattr(one, name)))
            except Exception as error:
                found[name].append(repr(error))

        threads = [
            threading.Thread(target=read, args=(names[i % len(names)],))
            for i in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name in names:
            self.assertEqual(set(found[name]), {id(getattr(one, name))})

    def test_nothing_to_evaluate(self) -> None:
        def printed(imgIds: List[int]) -> str:
            evaluation = self.evaluation(self.truths[0], "bbox")
            evaluation.params.imgIds = imgIds
            evaluation.evaluate()
            with redirect_stdout(io.StringIO()) as lines:
                evaluation.accumulate()
            return lines.getvalue()

        said = "Please run evaluate() first"
        self.assertIn(said, quietly(lambda: printed([])))
        self.assertNotIn(said, quietly(lambda: printed([1])))

    def test_closed(self) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for truth in self.truths:
                quietly(lambda: self.evaluation(truth, "bbox").cocoDt.anns)
        self.assertEqual(list(map(str, caught)), [])

    def test_pipes(self) -> None:
        def write(pipe: str, text: bytes) -> None:
            with open(pipe, "wb") as file:
                file.write(text)

        for truth in self.truths:
            pipe = truth + ".pipe"
            os.mkfifo(pipe)
            with open(truth, "rb") as file:
                text = file.read()
            writer = threading.Thread(target=write, args=(pipe, text))
            writer.start()
            coco = quietly(lambda: fcis.COCO(pipe))
            writer.join()
            self.assertEqual(coco.getAnnIds(), [1])
            self.assertLess({"anns", "imgs", "getAnnIds"}, set(dir(coco)))
        number = os.open(self.truths[0], os.O_RDONLY)
        self.assertEqual(quietly(lambda: fcis.COCO(number)).getAnnIds(), [1])


class Detection(unittest.TestCase):
    def setUp(self) -> None:
        self.detector = fcis.Detector(min_size=64, max_size=96)
        noise = np.random.RandomState(1)
        self.picture = noise.randint(0, 256, (48, 80, 3)).astype(np.uint8)

    def test_shapes(self) -> None:
        # Low thresholds, so that there is something to look at.
        detector = fcis.Detector(
            min_size=64, max_size=96, score_threshold=1e-6
        )
        found = detector(self.picture)
        n = len(found)
        self.assertGreater(n, 0)
        self.assertEqual(found.boxes.shape, (n, 4))
        self.assertEqual(found.masks.shape, (n, 48, 80))
        self.assertEqual(found.masks.dtype, np.bool_)
        self.assertEqual(len(found.names), n)
        for mask, rle in zip(found.masks, found.rles):
            np.testing.assert_array_equal(fcis.mask.decode(rle), mask)
        records = found.to_coco(17)
        self.assertEqual([r["image_id"] for r in records], [17] * n)
        drawn = found.draw()
        self.assertEqual(drawn.shape, self.picture.shape)
        self.assertTrue((drawn != self.picture).any())
        self.assertEqual(
            [detector.classes[label] for label in found.labels], found.names
        )

    def test_layouts(self) -> None:
        expected = self.detector(self.picture).to_coco(1)
        flipped = np.ascontiguousarray(self.picture[::-1, :, ::-1])
        wide = np.zeros((96, 80, 3), np.uint8)
        wide[::2] = self.picture
        for same in (
            flipped[::-1, :, ::-1],
            np.asfortranarray(self.picture),
            wide[::2],
        ):
            self.assertEqual(self.detector(same).to_coco(1), expected)
        found = self.detector([self.picture, self.picture])
        self.assertEqual([f.to_coco(1) for f in found], [expected] * 2)

    def test_pillow(self) -> None:
        class Wide:  # Pillow's, which may not be there
            mode = "I;16"
            pixels = self.picture[:, :, 0].astype(np.uint16) * 257

            def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
                return self.pixels

            def getextrema(self) -> Any:
                return 0, 65535

            def convert(self, mode: str) -> Any:
                return np.full(self.pixels.shape + (3,), 255, np.uint8)

        wide, gray = Wide(), self.picture[:, :, 0]
        self.assertEqual(
            self.detector(wide).to_coco(1), self.detector(gray).to_coco(1)
        )
        np.testing.assert_array_equal(
            self.detector(gray).draw(wide), self.detector(gray).draw()
        )
        wide.mode = "I"
        with self.assertRaisesRegex(ValueError, "of mode I: .* got 65535"):
            self.detector(wide)

    def test_threads(self) -> None:
        expected = self.detector(self.picture).to_coco(1)
        found: List[Any] = []

        def detect() -> None:
            found.append(self.detector(self.picture).to_coco(1))

        threads = [threading.Thread(target=detect) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [expected] * 4)

    def test_errors(self) -> None:
        with self.assertRaises(FileNotFoundError):
            fcis.Detector("/nowhere.safetensors")
        with self.assertRaises(FileNotFoundError):
            self.detector("/nowhere.jpg")
        with self.assertRaises(ValueError):
            self.detector(b"no picture")
        with self.assertRaisesRegex(TypeError, "to_coco"):
            pickle.dumps(self.detector(self.picture))
        for image_id in (1 << 63, 1 << 70, -(1 << 70)):
            with self.assertRaisesRegex(ValueError, "image_id"):
                self.detector(self.picture).to_coco(image_id)
        for image_id in (1.5, "7"):
            with self.assertRaises(TypeError):
                self.detector(self.picture).to_coco(image_id)
        for option in (
            {"max_pixels": 1 << 70},
            {"threads": 1 << 32},
            {"score_threshold": -0.5},
        ):
            with self.assertRaisesRegex(ValueError, list(option)[0]):
                fcis.Detector(**option)
        for picture in (self.picture.astype(float), 5, None, "\0"):
            with self.assertRaises((TypeError, ValueError)):
                self.detector(picture)
        for shape in ((0, 5, 3), (5, 5, 2), (5,), (5, 5, 3, 1)):
            with self.assertRaises(ValueError):
                self.detector(np.zeros(shape, np.uint8))


class OwnModel(unittest.TestCase):
    """A model file with classes of its own."""

    NAMES = {"person": "Schraube M4", "car": "m\u00fcder Hund", "cat": "\u732b"}

    def renamed(self) -> bytes:
        """The embedded model with other names in its header."""
        with open(MODEL, "rb") as file:
            model = file.read()
        end = 8 + struct.unpack("<Q", model[:8])[0]
        header = json.loads(model[8:end])
        config = header["__metadata__"]["fcis.config"]
        for name, other in self.NAMES.items():
            config = config.replace('"%s"' % name, '"%s"' % other)
        header["__metadata__"]["fcis.config"] = config.replace(
            "category_id: 17\n", "category_id: 4711\n"
        )
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        return struct.pack("<Q", len(text)) + text + model[end:]

    def test_names(self) -> None:
        classes = [*self.NAMES.values(), "dog"]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "my model.safetensors")
            with open(path, "wb") as file:
                file.write(self.renamed())
            detector = fcis.Detector(
                path, min_size=64, max_size=96, score_threshold=1e-6
            )
        self.assertEqual(list(detector.classes), classes)
        noise = np.random.RandomState(1)
        found = detector(noise.randint(0, 256, (48, 80, 3)).astype(np.uint8))
        self.assertGreater(len(found), 0)
        ids = dict(zip(classes, (1, 3, 4711, 18)))
        for label, name, record in zip(
            found.labels, found.names, found.to_coco(5)
        ):
            self.assertEqual(name, classes[label])
            self.assertEqual(record["category_id"], ids[name])


class Doors(unittest.TestCase):
    """Whatever comes in, an exception or an answer comes out: 10,000 cases
    through each door, a tenth of them in another thread."""

    CASES = 10000
    THREADED = 1000
    FORKED = 100  # again, in a child process

    def value(self, r: random.Random, depth: int = 0) -> Any:
        kinds: List[Callable[[], Any]] = [
            lambda: None,
            lambda: r.choice([0, 1, -1, 3, 7.5, 1 << 31, 1 << 62, 1 << 70]),
            lambda: r.choice([float("nan"), float("inf"), -0.0, 1e300, True]),
            lambda: r.choice(["", "a", "size", b"", b"\0", b"05", "12", b"oo"]),
            lambda: self.array(r),
            lambda: self.rle(r),
            lambda: [r.uniform(-9, 99) for _ in range(r.randint(0, 9))],
        ]
        if depth < 2:
            kinds.append(
                lambda: [self.value(r, depth + 1) for _ in range(r.randint(0, 4))]
            )
            kinds.append(lambda: self.annotation(r, depth + 1))
        return r.choice(kinds)()

    def array(self, r: random.Random) -> np.ndarray:
        shape = [r.choice([0, 1, 2, 4, 7]) for _ in range(r.randint(0, 4))]
        dtype = r.choice(
            [np.uint8, bool, np.int8, np.int64, np.float32, float, complex, object]
        )
        array = np.zeros(shape, dtype, order=r.choice("CF"))
        if array.size and dtype is float and r.random() < 0.5:
            array[...] = r.choice([float("nan"), 1e308, -5])
        if array.ndim and r.random() < 0.3:
            array = array[:: r.choice([-1, 2, -2])]
        if r.random() < 0.3:
            array = array.T
        return array

    def rle(self, r: random.Random) -> Any:
        rle = {
            "size": [r.choice([0, 1, 3, 9, 1 << 20]) for _ in range(2)],
            "counts": bytes(r.randint(40, 112) for _ in range(r.randint(0, 8))),
        }
        if r.random() < 0.3:
            rle["counts"] = [r.randint(-1, 9) for _ in range(r.randint(0, 5))]
        if r.random() < 0.1:
            rle["size"] = self.value(r, 2)
        return rle

    def annotation(self, r: random.Random, depth: int) -> Any:
        usual = {
            "id": 1,
            "image_id": 1,
            "category_id": 1,
            "bbox": [1, 2, 3, 4],
            "area": 12,
            "score": 0.5,
            "iscrowd": 0,
            "segmentation": [[1, 1, 4, 1, 4, 4]],
            "keypoints": [1, 1, 2] * 17,
            "num_keypoints": 17,
        }
        record = {k: v for k, v in usual.items() if r.random() < 0.95}
        for key in record:
            if r.random() < 0.1:
                record[key] = self.value(r, depth)
        return record

    def mask_door(self, name: str) -> Callable[[random.Random], Any]:
        count = {"frPyObjects": 3, "iou": 3, "merge": 2}.get(name, 1)
        function = getattr(fcis.mask, name)

        def door(r: random.Random) -> Any:
            arguments = [self.value(r) for _ in range(count)]
            if r.random() < 0.2:
                arguments[0] = self.objects(r)
                if name == "frPyObjects":
                    arguments[1:] = [r.choice([9, 0, -1]), r.choice([9, 1 << 40])]
                if name == "iou":
                    arguments[1] = self.objects(r)
                    arguments[2] = [0] * r.choice([len(arguments[1]), 1])
            return function(*arguments)

        return door

    def objects(self, r: random.Random) -> Any:
        """As masks and boxes come."""
        kinds: List[Callable[[], Any]] = [
            lambda: {"size": [3, 3], "counts": r.choice([b"09", "09", b"63", b"5"])},
            lambda: {"size": [3, 3], "counts": [r.randint(0, 9)]},
            lambda: [r.uniform(-9, 99) for _ in range(r.choice([4, 6, 7, 8]))],
        ]
        kind = r.choice(kinds)
        objects = [kind() for _ in range(r.choice([0, 1, 2, 9, 10]))]
        return np.array(objects) if r.random() < 0.2 else objects

    def truth(self, r: random.Random) -> Any:
        truth = fcis.COCO()
        truth.dataset = {
            "images": [{"id": 1, "height": 9, "width": r.choice([9, 0, -1, "a"])}],
            "categories": [{"id": 1, "name": "a"}],
            "annotations": [self.annotation(r, 1) for _ in range(r.randint(0, 3))],
        }
        if r.random() < 0.1:
            truth.dataset[r.choice(sorted(truth.dataset))] = self.value(r)
        truth.createIndex()
        return truth

    def coco(self, r: random.Random) -> Any:
        truth = self.truth(r)
        name = r.choice(["getAnnIds", "getCatIds", "getImgIds", "loadAnns"])
        getattr(truth, name)(self.value(r))
        for ann in truth.loadAnns(truth.getAnnIds()):
            truth.annToMask(ann)

    def results(self, r: random.Random) -> Any:
        if r.random() < 0.1:
            return self.value(r)
        return [self.annotation(r, 1) for _ in range(r.randint(0, 3))]

    def load_res(self, r: random.Random) -> Any:
        self.truth(r).loadRes(self.results(r)).anns

    def load_array(self, r: random.Random) -> Any:
        array = self.array(r)
        if r.random() < 0.5:
            array = np.resize(array, (r.randint(0, 3), 7)) if array.size else array
        if r.random() < 0.5:
            return self.truth(r).loadNumpyAnnotations(array)
        return self.truth(r).loadRes(array).anns

    def evaluation(self, r: random.Random) -> Any:
        truth = self.truth(r)
        found = truth.loadRes(self.results(r))
        e = fcis.COCOeval(truth, found, r.choice(["bbox", "segm", "keypoints"]))
        if r.random() < 0.3:
            name = r.choice(sorted(vars(e.params)))
            setattr(e.params, name, self.value(r))
        e.evaluate()
        if r.random() < 0.2:
            e.evalImgs, e.ious
        e.accumulate()
        e.summarize()

    def options(self, r: random.Random) -> Any:
        if r.random() < 0.003:  # loads a model
            return fcis.Detector(threads=r.choice([0, 1, -1]))
        names = ["device", "precision", "threads", "min_size", "max_pixels"]
        names += ["max_size", "score_threshold", "mask_threshold"]
        given = {name: self.value(r) for name in r.sample(names, 2)}
        return fcis.Detector(r.choice(["/none", "", "\0", 7, b"/"]), **given)

    def picture(self, r: random.Random) -> Any:
        return self.detector(self.value(r))

    def through(self, door: Callable, seeds: range, ends: Any) -> None:
        """Notes what came out."""
        for seed in seeds:
            try:
                with np.errstate(all="ignore"):
                    door(random.Random(seed))
                ends["answered"] += 1
            except Exception as error:
                ends[type(error).__name__] += 1
                self.assertIsInstance(str(error), str)

    def of(self, door: Callable, seeds: range) -> Any:
        ends: Any = collections.Counter()
        quietly(lambda: self.through(door, seeds, ends))
        return ends

    def test_random(self) -> None:
        self.detector = fcis.Detector(min_size=16, max_size=32)
        doors = {"mask." + name: self.mask_door(name) for name in fcis.mask.__all__}
        doors["COCO"], doors["loadRes"] = self.coco, self.load_res
        doors["loadNumpyAnnotations"] = self.load_array
        doors["COCOeval"] = self.evaluation
        doors["Detector"], doors["Detector()"] = self.options, self.picture
        first = range(self.FORKED)
        for name, door in doors.items():
            ends: Any = collections.Counter()
            in_thread = range(self.CASES - self.THREADED, self.CASES)
            thread = threading.Thread(
                target=lambda: ends.update(self.of(door, in_thread))
            )
            thread.start()
            thread.join()
            ends += self.of(door, range(self.CASES - self.THREADED))
            print("%s: %s" % (name, dict(ends)), file=sys.stderr)
            with self.subTest(door=name):
                self.assertEqual(sum(ends.values()), self.CASES)
                self.assertGreater(ends["answered"], 9)
                self.assertGreater(self.CASES - ends["answered"], 100)
        expected = [self.of(door, first) for door in doors.values()]
        child = os.fork()
        if child == 0:
            same = False
            try:
                same = expected == [self.of(d, first) for d in doors.values()]
            finally:
                os._exit(0 if same else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)


class Libraries(unittest.TestCase):
    def test_glibc(self) -> None:
        """Made on Debian 12 it needs what docs/python.md says, elsewhere what is there."""
        here = tuple(map(int, (os.confstr("CS_GNU_LIBC_VERSION") or "").split()[1].split(".")))
        folder = os.path.dirname(fcis.__file__)
        needed = []
        for name in os.listdir(folder):
            if ".so." not in name:
                continue
            with open(os.path.join(folder, name), "rb") as file:
                found = re.findall(rb"\0GLIBC_(\d+)\.(\d+)", file.read())
            needed += [tuple(map(int, version)) for version in found]
        self.assertGreater(len(needed), 10)
        self.assertLessEqual(max(needed), max((2, 36), here))


class Programs(unittest.TestCase):
    def test_usage(self) -> None:
        folder = os.path.dirname(sys.executable)
        for name in ("fcis-eval", "fcis-demo"):
            program = os.path.join(folder, name)
            done = subprocess.run([program, "--help"], capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(name.encode(), done.stdout)
            done = subprocess.run([program], capture_output=True)
            self.assertEqual(done.returncode, 2)

    def run_in(self, folder: str, name: str, *arguments: str) -> Any:
        program = os.path.join(os.path.dirname(sys.executable), name)
        return subprocess.run(
            [program, *arguments], cwd=folder, capture_output=True, text=True
        )

    def test_bad_files_are_named(self) -> None:
        no_area = json.loads(json.dumps(TRUTH))
        del no_area["annotations"][0]["area"]
        texts = {
            "truth": json.dumps(TRUTH),
            "found": json.dumps(FOUND),
            "no_area": json.dumps(no_area),
            "cut": "[{",
            "none": "[]",
            "numbers": "[1]",
        }
        with tempfile.TemporaryDirectory() as folder:
            for name, text in texts.items():
                with open(os.path.join(folder, name), "w") as file:
                    file.write(text)
            for truth, found, bad in (
                ("cut", "found", "cut: "),
                ("nowhere", "found", "'nowhere'"),
                ("none", "found", "none: "),
                ("truth", "cut", "cut: "),
                ("truth", "none", "none: "),
                ("truth", "numbers", "numbers: "),
                ("no_area", "found", "no_area, found: KeyError: 'area'"),
            ):
                done = self.run_in(
                    folder, "fcis-eval", truth, found, "--iou_type", "bbox"
                )
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertTrue(done.stderr.startswith("fcis-eval: "))
                self.assertIn(bad, done.stderr)
            done = self.run_in(
                folder, "fcis-eval", "truth", "found", "--iou_type", "bbox"
            )
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_no_drawing_takes_a_pictures_place(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            done = self.run_in(folder, "fcis-demo", "a.png", "--out", ".")
            self.assertEqual(done.returncode, 2)
            self.assertIn("a.png is a picture to work on", done.stderr)
            self.assertEqual(os.listdir(folder), [])
        pictures = ["x/a.jpg", "y/a.jpg", "a_2.jpg", "z/a.png"]
        self.assertEqual(
            _programs._drawings(pictures, "o"),
            ["o/a.png", "o/a_3.png", "o/a_2.png", "o/a_4.png"],
        )


if __name__ == "__main__":
    unittest.main()
