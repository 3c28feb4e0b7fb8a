"""Round trips of random data sets through convert_dataset, for prove_differential.

Masks are drawn by pycocotools, and must come back pixel for pixel; polygons to the last bit
through COCO's and labelme's formats, and as what percent make of them in Label Studio's and seven
digits of a share in YOLO's: an object that has no pixel then must be said to be left out.
"""
import collections
import json
import os
import random
import re
import struct
import subprocess
import zlib

import numpy as np
from pycocotools import mask as masks

NAMES = ['cat', 'dog', 'a cat', 'Straße', 'person 2', "cat's", 'x_1', '猫']

Object = collections.namedtuple('Object', 'name polygons mask crowd')  # mask: RLE, drawn


def png(array):
    """A picture of 8 bits: gray [h,w] or RGB [h,w,3]."""
    h, w = array.shape[:2]
    chunk = lambda kind, data: (struct.pack('>I', len(data)) + kind + data +
                                struct.pack('>I', zlib.crc32(kind + data)))
    rows = b''.join(b'\0' + np.ascontiguousarray(row, np.uint8).tobytes() for row in array)
    header = struct.pack('>IIBBBBB', w, h, 8, 0 if array.ndim == 2 else 2, 0, 0, 0)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(rows, 1)) +
            chunk(b'IEND', b''))


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(content if isinstance(content, bytes) else json.dumps(content).encode())


class Set:
    """Pictures with objects: self.pictures has by stem height, width and objects."""

    def __init__(self, seed):
        self.r = r = random.Random('conversions %d' % seed)
        self.names = r.sample(NAMES, r.randint(1, 4))
        self.pictures = {}
        for i in range(r.randint(1, 4)):
            h, w = r.randint(1, 90), r.randint(1, 90)
            objects = [self.object(h, w) for _ in range(r.randint(0, 5))]
            self.pictures['p%d' % i] = h, w, [o for o in objects if masks.area(o.mask)]

    def polygon(self, x0, y0, x1, y1):
        digits = self.r.choice([0, 1, 2, 15])
        inside = lambda low, high: min(max(round(self.r.uniform(low, high), digits), low), high)
        return [v for _ in range(self.r.randint(3, 9)) for v in (inside(x0, x1), inside(y0, y1))]

    def object(self, h, w):
        r, name = self.r, self.r.choice(self.names)
        way = r.random()
        if way < .3:  # pixels
            noise = np.random.RandomState(r.randrange(1 << 30)).rand(h, w)
            bits = noise < r.choice([.1, .5, .9])
            if r.random() < .5:
                y, x = r.randrange(h), r.randrange(w)
                bits = np.zeros((h, w), bool)
                bits[y:y + r.randint(1, h), x:x + r.randint(1, w)] = True
            mask = masks.encode(np.asfortranarray(bits, np.uint8))
            return Object(name, None, mask, way < .05)
        parts = [self.polygon(0, 0, w, h)]
        if way > .8:  # beside each other
            parts = [self.polygon(0, 0, w * .45, h), self.polygon(w * .55, 0, w, h)]
        return Object(name, parts, masks.merge(masks.frPyObjects(parts, h, w)), False)

    # As files in a folder, by format.

    def write_pictures(self, folder):
        for stem, (h, w, _) in self.pictures.items():
            write(os.path.join(folder, stem + '.png'), png(np.zeros((h, w), np.uint8)))

    def segmentation(self, o, h, w):
        if o.polygons:
            return o.polygons
        if self.r.random() < .5:
            return {'size': [h, w], 'counts': o.mask['counts'].decode()}
        bits = masks.decode(o.mask).flatten(order='F')
        ends = np.flatnonzero(np.diff(bits)) + 1
        counts = np.diff(np.concatenate([[0], ends, [h * w]])).tolist()
        return {'size': [h, w], 'counts': [0] * int(bits[0]) + counts}

    def write_coco(self, folder):
        ids = {name: 3 * i + 7 for i, name in enumerate(self.names)}
        images, anns = [], []
        for number, (stem, (h, w, objects)) in enumerate(self.pictures.items()):
            images.append({'id': 5 * number, 'file_name': stem + '.png', 'height': h, 'width': w})
            for o in objects:
                anns.append({'id': len(anns) + 1, 'image_id': 5 * number, 'category_id': ids[o.name],
                             'segmentation': self.segmentation(o, h, w), 'iscrowd': int(o.crowd),
                             'area': float(masks.area(o.mask)), 'bbox': masks.toBbox(o.mask).tolist()})
        categories = [{'id': id, 'name': name} for name, id in ids.items()]
        write(os.path.join(folder, 'annotations.json'),
              {'images': images, 'annotations': anns, 'categories': categories})
        self.write_pictures(folder)

    def write_label_studio(self, folder):
        tasks = []
        for stem, (h, w, objects) in self.pictures.items():
            result = [{'type': 'polygonlabels', 'id': str(i), 'original_width': w, 'original_height': h,
                       'value': {'polygonlabels': [o.name], 'closed': True,
                                 'points': [[x / w * 100, y / h * 100] for x, y in
                                            zip(o.polygons[0][::2], o.polygons[0][1::2])]}}
                      for i, o in enumerate(objects)]
            tasks.append({'id': len(tasks) + 1, 'data': {'image': stem + '.png'},
                          'annotations': [{'id': 1, 'result': result}]})
        write(os.path.join(folder, 'export.json'), tasks)
        self.write_pictures(folder)

    def write_masks(self, folder):
        self.write_pictures(os.path.join(folder, 'images'))
        for stem, (h, w, objects) in self.pictures.items():
            if not objects:
                write(os.path.join(folder, 'masks', stem + '.png'), png(np.zeros((h, w), np.uint8)))
            for i, o in enumerate(objects):
                write(os.path.join(folder, 'masks', o.name, '%s_%d.png' % (stem, i + 1)),
                      png(masks.decode(o.mask) * 255))

    def write_voc(self, folder):
        """Later objects hide earlier ones; classes are VOC's."""
        self.write_pictures(os.path.join(folder, 'JPEGImages'))
        classes = ['aeroplane', 'bicycle', 'bird', 'boat']
        for stem, (h, w, objects) in self.pictures.items():
            numbers, labels = np.zeros((h, w), np.uint8), np.zeros((h, w), np.uint8)
            for i, o in enumerate(objects):
                inside = masks.decode(o.mask) > 0
                numbers[inside], labels[inside] = i + 1, self.names.index(o.name) + 1
            write(os.path.join(folder, 'SegmentationObject', stem + '.png'), png(numbers))
            write(os.path.join(folder, 'SegmentationClass', stem + '.png'), png(labels))
            seen = [(o, np.asfortranarray(numbers == i + 1, np.uint8)) for i, o in enumerate(objects)]
            kept = [Object(classes[self.names.index(o.name)], None, masks.encode(bits), False)
                    for o, bits in seen if bits.any()]
            self.pictures[stem] = h, w, kept


def without_crowds(pictures):
    return {stem: (h, w, [o for o in objects if not o.crowd]) for stem, (h, w, objects) in pictures.items()}


def read_coco(path):
    """By stem the objects, drawn."""
    with open(path) as file:
        data = json.load(file)
    images = {image['id']: image for image in data['images']}
    names = {category['id']: category['name'] for category in data['categories']}
    found = {os.path.splitext(os.path.basename(i['file_name']))[0]: [] for i in data['images']}
    for ann in data['annotations']:
        image, outline = images[ann['image_id']], ann['segmentation']
        h, w = image['height'], image['width']
        polygons = outline if isinstance(outline, list) else None
        rle = masks.frPyObjects(outline, h, w) if polygons or isinstance(outline['counts'], list) else outline
        mask = masks.merge(rle) if polygons else rle
        assert ann['area'] == masks.area(mask), 'the area is the mask\'s'
        assert ann['bbox'] == masks.toBbox(mask).tolist(), 'the box is the mask\'s'
        stem = os.path.splitext(os.path.basename(image['file_name']))[0]
        found[stem].append(Object(names[ann['category_id']], polygons, mask, bool(ann['iscrowd'])))
    return found


def same_mask(got, want):
    text = lambda rle: rle['counts'] if isinstance(rle['counts'], bytes) else rle['counts'].encode()
    return got['size'] == want['size'] and text(got) == text(want)


def is_clear(polygons):
    """Whether no coordinate is halfway between two fifths of a pixel, to which drawing rounds."""
    return all(abs(v * 5 % 1 - .5) > .01 for polygon in polygons for v in polygon)


def vertices(polygon, near):
    """Without those that equal the one before: a vertex that rounding moves over the border is cut
    into two."""
    points = list(zip(polygon[::2], polygon[1::2]))
    return [p for i, p in enumerate(points) if not near(p, points[i - 1])] or points[:1]


def compare_polygon(got, want, h, w):
    near = lambda p, q: abs(p[0] - q[0]) <= 1e-12 * w and abs(p[1] - q[1]) <= 1e-12 * h
    p, q = vertices(got, near), vertices(want, near)
    assert len(p) == len(q) and all(map(near, p, q)), '%s, expected %s' % (p, q)


def compare_object(got, want, h, w, route):
    assert (got.name, got.crowd) == (want.name, want.crowd), '%s, expected %s' % (got, want)
    # YOLO's objects have one polygon: lines to and fro join parts, and may draw them otherwise.
    joined = route.says == yolo_says and want.polygons and len(want.polygons) > 1
    if not joined or is_clear(want.polygons):
        assert same_mask(got.mask, want.mask), 'other pixels: %s, expected %s' % (got, want)
    if joined or not want.polygons or not route.polygons:
        return
    if route.says:
        compare_polygon(got.polygons[0], want.polygons[0], h, w)
    else:
        assert got.polygons == want.polygons, '%s, expected %s' % (got, want)


def compare(found, pictures, route):
    assert set(found) == set(pictures), 'pictures %s, expected %s' % (sorted(found), sorted(pictures))
    for stem, (h, w, objects) in pictures.items():
        got = found[stem]
        assert len(got) == len(objects), '%s: %d objects, expected %d' % (stem, len(got), len(objects))
        key = lambda o: (o.name, bytes(o.mask['counts'] if isinstance(o.mask['counts'], bytes)
                                       else o.mask['counts'].encode()))
        if not route.polygons:
            got, objects = sorted(got, key=key), sorted(objects, key=key)
        for a, b in zip(got, objects):
            try:
                compare_object(a, b, h, w, route)
            except AssertionError as error:
                raise AssertionError('%s: %s' % (stem, error)) from None


def yolo_says(value, side):
    return float('%.7g' % (value / side)) * side


def label_studio_says(value, side):
    return value / side * 100 * (side / 100)


class Route:
    """From a set's files through steps of convert_dataset to COCO's format again. `says`: what a
    format makes of a coordinate; `polygons`: whether they come back, and not only their pixels."""

    def __init__(self, writer, steps, says=None, polygons=True, crowds=True, change=None):
        self.writer, self.steps, self.says, self.polygons = writer, steps, says, polygons
        self.crowds, self.change = crowds, change

    def as_said(self, pictures):
        """And how many objects have no pixel then, and are not among them."""
        said, lost = {}, 0
        for stem, (h, w, objects) in pictures.items():
            objects = [self.object_as_said(o, h, w) for o in objects]
            said[stem] = h, w, [o for o in objects if masks.area(o.mask)]
            lost += len(objects) - len(said[stem][2])
        return said, lost

    def object_as_said(self, o, h, w):
        if not self.says or not o.polygons:
            return o
        polygons = [[self.says(v, (w, h)[i % 2]) for i, v in enumerate(polygon)] for polygon in o.polygons]
        return o._replace(polygons=polygons, mask=masks.merge(masks.frPyObjects(polygons, h, w)))


def only_polygons(s):
    """Of one part."""
    for stem, (h, w, objects) in s.pictures.items():
        s.pictures[stem] = h, w, [o for o in objects if o.polygons and len(o.polygons) == 1]


def no_crowds(s):
    for stem, (h, w, objects) in s.pictures.items():
        s.pictures[stem] = h, w, [o._replace(crowd=False) for o in objects]


ROUTES = {
    'COCO, COCO': Route(Set.write_coco, ['coco']),
    'COCO, labelme, COCO': Route(Set.write_coco, ['labelme', 'coco'], crowds=False),
    'COCO, YOLO, COCO': Route(Set.write_coco, ['yolo', 'coco'], yolo_says, crowds=False),
    'COCO, YOLO, labelme, COCO': Route(Set.write_coco, ['yolo', 'labelme', 'coco'], yolo_says, crowds=False),
    'Label Studio, COCO': Route(Set.write_label_studio, ['coco'], label_studio_says, change=only_polygons),
    'masks, COCO': Route(Set.write_masks, ['coco'], polygons=False, change=no_crowds),
    'Pascal VOC, COCO': Route(Set.write_voc, ['coco'], polygons=False),
}


def left_out(text):
    """The objects without a pixel of which convert_dataset speaks."""
    said = re.search(r'(\d+)  objects without a pixel in their picture', text)
    return int(said.group(1)) if said else 0


def run_case(program, seed, folder):
    """The route's name; AssertionError: something came back otherwise."""
    name = list(ROUTES)[seed % len(ROUTES)]
    route, s = ROUTES[name], Set(seed)
    if route.change:
        route.change(s)
    at = os.path.join(folder, 'source')
    route.writer(s, at)
    pictures, lost = route.as_said(s.pictures if route.crowds else without_crowds(s.pictures))
    said = 0
    for i, to in enumerate(route.steps):
        out = os.path.join(folder, str(i))
        done = subprocess.run([program, at, '--to', to, '--out', out, '--threads', '1'], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, '%s: exit code %d: %s' % (to, done.returncode, done.stdout)
        said += left_out(done.stdout)
        at = out
    assert said == lost, '%d objects without a pixel said, expected %d' % (said, lost)
    compare(read_coco(os.path.join(at, 'annotations.json')), pictures, route)
    return name
