"""Writes mini_chainer_fcis.npz beside this script with the real library, so
that the importer is tested on what users have. Needs chainer and numpy (<1.24)
in a scratch environment; the tests need neither. (chainercv's and MXNet's files
are fixtures: fcis/testdata/parity_chainercv.)

The network is parity_mini, the weights are the deterministic ones of seed 7.

    python make_testdata.py weights.npz OUT_DIR
"""
import sys

import chainer
import numpy as np

SEED = 7
MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix64(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def stream(name, n):
    h = 0xCBF29CE484222325
    for b in name.encode():
        h = ((h ^ b) * 0x100000001B3) & MASK
    key = h ^ mix64((SEED * GOLDEN) & MASK)
    raw = [mix64((key + (i + 1) * GOLDEN) & MASK) for i in range(n)]
    return np.array([((r >> 40) - 2**23) for r in raw], np.float32) / np.float32(2**23)


def distribution(name, shape):
    if name.endswith('/W'):
        gain = {'extractor/res1/conv1/W': 1 / 64, 'rpn/loc/W': .25, 'head/psroi_conv2/W': 8}.get(name, 1)
        return 0, gain * np.sqrt(6.0 / np.prod(shape[1:]))
    if name.endswith('/gamma'):
        if 'bn4' in name or ('bn3' in name and '_a/' in name):
            return .75, .25
        return (.28125, .09375) if 'bn3' in name else (1, .25)
    if name.endswith('/beta'):
        return -.125, .25
    if name.endswith('/avg_mean'):
        return 0, .125
    if name.endswith('/avg_var'):
        return 1, .5
    return (-.25, .25) if name in ('rpn/conv1/b', 'head/psroi_conv1/b') else (0, .0625)


PAIRED = ('rpn/score/W', 'rpn/loc/W', 'head/psroi_conv2/W', 'head/psroi_conv3/W')


def tensor(name, shape):
    centre, spread = (np.float32(v) for v in distribution(name, shape))
    n = int(np.prod(shape))
    if name in PAIRED:
        half = spread * stream(name, n // 2)
        values = np.stack([half, -half], axis=1).ravel()
    else:
        values = spread * stream(name, n)
        values = values + centre if centre else values
    return values.reshape(shape).astype(np.float32)


def save_chainer(path, arrays):
    """Through chainer's own serialiser: links nested as the names say."""
    root = chainer.Chain()

    def child(parent, name):
        if not hasattr(parent, name):
            with parent.init_scope():
                setattr(parent, name, chainer.Chain())
        return getattr(parent, name)

    for name, value in arrays.items():
        *path_names, leaf = name.split('/')
        link = root
        for part in path_names:
            link = child(link, part)
        if leaf in ('avg_mean', 'avg_var', 'N'):
            link.add_persistent(leaf, value)
        else:
            with link.init_scope():
                setattr(link, leaf, chainer.Parameter(value))
    chainer.serializers.save_npz(path, root)


def main():
    table, out = np.load(sys.argv[1]), sys.argv[2]
    names = table['mini_names'].tobytes().decode().split('\n')
    arrays = {}
    for name, shape in zip(names, table['mini_shapes']):
        arrays[name] = tensor(name, tuple(int(n) for n in shape if n))
    counters = {n[:-5] + 'N': np.int32(0) for n in arrays if n.endswith('gamma')}
    fcis = {**arrays, **counters}
    save_chainer(out + '/mini_chainer_fcis.npz', fcis)


main()
