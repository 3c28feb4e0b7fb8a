"""Prints vectors.jsonl: mask operations with the answers of pycocotools.

  python3 -m venv /tmp/v && /tmp/v/bin/pip install pycocotools==2.0.11 numpy
  /tmp/v/bin/python make_vectors.py > vectors.jsonl

Each line is {"id", "op", "tag", "in", "out"}; "out" is {"error": true} where
an error is expected. Deterministic.
"""
import json
import random

import numpy as np
from pycocotools import mask as api

random.seed(20)


def text(rle):
    return rle['counts'].decode('ascii')


def rle(size, counts):
    return {'size': list(size), 'counts': counts}


def stats(r):
    return {'area': int(api.area(r)), 'bbox': [float(v) for v in api.toBbox(r)]}


def uncompressed(size, runs):
    return api.frPyObjects({'size': list(size), 'counts': runs}, *size)


def runs_of(mask):
    """Runs down the columns, by definition."""
    flat = mask.flatten(order='F')
    runs, last = [0], 0
    for v in flat:
        if v != last:
            runs.append(0)
            last = v
        runs[-1] += 1
    return runs


def random_mask(h, w):
    kind = random.randrange(6)
    if kind == 0:
        return np.zeros((h, w), np.uint8)
    if kind == 1:
        return np.ones((h, w), np.uint8)
    mask = (np.array([[random.random() for _ in range(w)] for _ in range(h)]) <
            random.random()).astype(np.uint8).reshape(h, w)
    if kind < 4:  # blobs
        mask[:, :] = 0
        for _ in range(random.randrange(1, 4)):
            y, x = random.randrange(max(h, 1)), random.randrange(max(w, 1))
            mask[y:y + random.randrange(1, 9), x:x + random.randrange(1, 9)] = 1
    return mask


def size():
    kind = random.randrange(8)
    if kind == 0:
        return 1, random.randrange(1, 30)
    if kind == 1:
        return random.randrange(1, 30), 1
    return random.randrange(1, 25), random.randrange(1, 25)


def encode_cases():
    yield 'empty', {'h': 0, 'w': 0, 'rows': []}
    yield 'empty', {'h': 0, 'w': 4, 'rows': []}
    yield 'empty', {'h': 3, 'w': 0, 'rows': ['', '', '']}
    for _ in range(60):
        h, w = size()
        rows = [''.join(map(str, row)) for row in random_mask(h, w).tolist()]
        yield 'mask', {'h': h, 'w': w, 'rows': rows}


def encode(q):
    mask = np.array([[int(c) for c in row] for row in q['rows']],
                    np.uint8).reshape(q['h'], q['w'])
    r = api.encode(np.asfortranarray(mask))
    return dict(counts=text(r), runs=runs_of(mask), **stats(r))


def decode_cases():
    for _ in range(50):
        h, w = size()
        r = api.encode(np.asfortranarray(random_mask(h, w)))
        yield 'mask', rle((h, w), text(r))
    yield 'zeros', rle((2, 3), text(uncompressed((2, 3), [0, 1, 0, 2, 0, 3])))
    for runs in ([7], [0, 7], [3, 3, 1], [0, 0, 0, 9]):
        yield 'overflow', rle((2, 3), text(uncompressed((2, 3), runs)))


def decode(q):
    try:
        mask = api.decode(q)
    except ValueError:
        return {'error': True}
    return {'rows': [''.join(map(str, row)) for row in mask.tolist()]}


def corrupt_cases():
    """pycocotools answers these with memory of others, or wrongly."""
    yield 'truncated', rle((9, 9), 'P')
    yield 'truncated', rle((9, 9), '11PPP')
    yield 'truncated', rle((9, 9), '1Po')
    yield 'groups', rle((9, 9), 'PPPPPPPP')
    yield 'groups', rle((9, 9), '1' + 'P' * 40 + '0')
    yield 'negative', rle((9, 9), 'O')
    yield 'negative', rle((9, 9), '0000N')
    yield 'byte', rle((9, 9), '1/')
    yield 'byte', rle((9, 9), '1p')
    yield 'byte', rle((9, 9), '1 1')
    yield 'byte', rle((9, 9), '1\u00e92')
    yield 'byte', rle((9, 9), '1\u00002')
    yield 'size', rle((65536, 65536), '1')
    yield 'size', rle((-1, 4), '1')
    yield 'size', rle((1 << 62, 4), '1')
    yield 'size', rle((2,), '1')
    yield 'overflow', rle((65535, 65537), 'oooooo31')


def from_runs_cases():
    for _ in range(60):
        h, w = size()
        runs, left = [], h * w
        while left and len(runs) < 50:
            runs.append(min(left, random.choice((0, 1, 2, 3, h, random.randrange(
                1 + h * w)))))
            left -= runs[-1]
        runs += [0] * random.randrange(3)
        yield 'runs', {'size': [h, w], 'runs': runs}
    yield 'short', {'size': [4, 5], 'runs': [3, 2]}
    yield 'short', {'size': [4, 5], 'runs': []}
    yield 'large', {'size': [65535, 65537], 'runs': [0, 4294967295]}
    yield 'large', {'size': [1, 2147483647], 'runs': [1073741824, 1, 1073741822]}
    yield 'large', {'size': [2147483647, 1], 'runs': [1, 2147483645, 1]}
    yield 'large', {'size': [60000, 60000], 'runs': [1452516352, 2147483648]}
    for runs in ([21], [4294967295, 21], [-1, 3], [4294967296]):
        yield 'error', {'size': [4, 5], 'runs': runs}


def from_runs(q):
    r = uncompressed(q['size'], q['runs'])
    return dict(counts=text(r), **stats(r))


def coordinate(kind, n):
    if kind == 'inside':
        return round(random.uniform(0, n), 2)
    if kind == 'around':
        return random.uniform(-n, 2 * n)
    if kind == 'tenths':
        return round(random.randrange(-20, 10 * n + 20) * .1, 1)
    if kind == 'halves':
        return random.randrange(-4, 2 * n + 4) * .5
    if kind == 'integers':
        return float(random.randrange(-2, n + 3))
    if kind == 'tiny':
        return n / 2 + random.uniform(-.6, .6)
    return random.uniform(-3e4, 3e4)


def polygon_cases():
    kinds = 'inside around tenths halves integers tiny far'.split()
    for i in range(140):
        h, w = size() if i % 4 else (random.randrange(30, 90),
                                     random.randrange(30, 90))
        kind = kinds[i % len(kinds)]
        polys = []
        for p in range(random.randrange(1, 4)):
            xy = []
            for _ in range(random.randrange(3 if p == 0 else 0, 12)):
                if xy and random.random() < .2:  # a vertex, or one axis, again
                    xy += [xy[-2], random.choice((xy[-1], coordinate(kind, h)))]
                else:
                    xy += [coordinate(kind, w), coordinate(kind, h)]
            if p and random.random() < .2:
                xy.append(1.)
            polys.append(xy)
        yield kind, {'h': h, 'w': w, 'polys': polys}
    yield 'large', {'h': 60000, 'w': 60000, 'polys': [
        [100., 100., 100.5, 59000., 59999., 59999., 59000.3, 7.]]}
    yield 'empty', {'h': 0, 'w': 7, 'polys': [[0., 0., 5., 0., 5., 5.]]}
    # Not w = 0: there it answers with runs beyond the mask (w - 1 wraps).
    for polys in ([], [[]], [[1., 2., 3., 4.]], [[1., 2., 3., 4.], [0.] * 6]):
        yield 'error', {'h': 9, 'w': 9, 'polys': polys}


def polygon(q):
    rles = api.frPyObjects(q['polys'], q['h'], q['w'])
    merged = api.merge(rles)
    return dict(rles=[text(r) for r in rles], merged=text(merged),
                **stats(merged))


def box_cases():
    for i in range(40):
        h, w = size()
        kind = ('around', 'halves', 'integers', 'tenths')[i % 4]
        boxes = [[coordinate(kind, n) for n in (w, h, w, h)]
                 for _ in range(random.randrange(1, 4))]
        yield kind, {'h': h, 'w': w, 'boxes': boxes}


def boxes(q):
    rles = api.frPyObjects(np.array(q['boxes'], np.double), q['h'], q['w'])
    return {'rles': [text(r) for r in rles]}


def some_rles(n):
    h, w = size()
    result = []
    for _ in range(n):
        runs = runs_of(random_mask(h, w))
        if random.random() < .5:  # empty runs, where both may have one
            at = random.randrange(len(runs))
            k = random.randrange(runs[at] + 1)
            runs[at:at + 1] = [k, 0, runs[at] - k]
        result.append(rle((h, w), text(uncompressed((h, w), runs))))
    return result


def merge_cases():
    for i in range(80):
        yield 'same', {'rles': some_rles(random.randrange(1, 5)),
                       'intersect': i % 2}
    for _ in range(6):
        yield 'sizes', {'rles': some_rles(2) + some_rles(1), 'intersect': 0}
    yield 'none', {'rles': [], 'intersect': 1}


def merge(q):
    r = api.merge(q['rles'], q['intersect'])
    return {'size': r['size'], 'counts': text(r)}


def iou_cases():
    for i in range(80):
        rles = some_rles(random.randrange(2, 9))
        if i % 9 == 0:
            rles += some_rles(2)
        random.shuffle(rles)
        cut = random.randrange(1, len(rles))
        yield 'masks', {'dt': rles[:cut], 'gt': rles[cut:],
                        'iscrowd': [random.randrange(2) for _ in rles[cut:]]}
    yield 'none', {'dt': [], 'gt': [], 'iscrowd': []}
    yield 'none', {'dt': some_rles(1), 'gt': [], 'iscrowd': []}


def box_iou_cases():
    for i in range(30):
        kind = ('around', 'integers', 'tenths')[i % 3]
        dt, gt = ([[coordinate(kind, 9) for _ in range(4)]
                   for _ in range(random.randrange(1, 6))] for _ in range(2))
        yield kind, {'dt': dt, 'gt': gt,
                     'iscrowd': [random.randrange(2) for _ in gt]}
    nan, inf = float('nan'), float('inf')
    yield 'nan', {'dt': [[0., 0., nan, 4.], [nan, 0., 4., 4.],
                         [0., 0., 4., 4.], [0., 0., inf, 4.]],
                  'gt': [[2., 2., 4., 4.], [nan, 1., 2., 2.],
                         [0., 0., inf, inf]], 'iscrowd': [0, 0, 1]}


def iou(q):
    m = api.iou(q['dt'], q['gt'], q['iscrowd'])
    return {'iou': np.asarray(m).tolist()}


def area(q):
    return {'area': stats(q)['area']}


def bbox(q):
    return {'bbox': stats(q)['bbox']}


def error(_):
    return {'error': True}


CASES = [('encode', encode_cases, encode), ('decode', decode_cases, decode),
         ('toRuns', corrupt_cases, error), ('decode', corrupt_cases, error),
         ('area', corrupt_cases, error),
         ('fromRuns', from_runs_cases, from_runs),
         ('frPoly', polygon_cases, polygon), ('frBbox', box_cases, boxes),
         ('merge', merge_cases, merge), ('iou', iou_cases, iou),
         ('bbIou', box_iou_cases, iou),
         ('area', lambda: (('mask', r) for r in some_rles(10)), area),
         ('toBbox', lambda: (('mask', r) for r in some_rles(20)), bbox)]


def main():
    number = 0
    for op, cases, answer in CASES:
        for tag, q in cases():
            out = error(q) if tag == 'error' else answer(q)
            print(json.dumps({'id': f'{op}{number}', 'op': op, 'tag': tag,
                              'in': q, 'out': out}, separators=(',', ':')))
            number += 1


main()
