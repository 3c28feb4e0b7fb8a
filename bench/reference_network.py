#!/usr/bin/env python3
"""A preset's network (fcis/core/config/photos.textproto, ...) in OpenVINO and PyTorch:
the yardstick of bench/compare_network. Batch norms are folded into the
convolutions, as fcis runs them. Prints one JSON line of seconds."""
import argparse
import collections
import glob
import json
import os
import statistics
import time

import torch
from torch import nn

GROUP = 7
# Channels of res2's 3x3 kernels, blocks, channels of the RPN, anchors, channels of the head, classes with background.
PRESETS = {'resnet101_coco': (64, (3, 4, 23, 3), 512, 12, 1024, 81), 'photos': (32, (3, 4, 6, 3), 256, 15, 256, 5)}
STEM = 64
PICTURES = 32  # that calibrate int8


class Bottleneck(nn.Module):
    def __init__(self, inputs, mid, stride, dilation):
        super().__init__()
        self.reduce = nn.Conv2d(inputs, mid, 1, stride)
        self.conv = nn.Conv2d(mid, mid, 3, padding=dilation, dilation=dilation)
        self.expand = nn.Conv2d(mid, 4 * mid, 1)
        self.project = nn.Conv2d(inputs, 4 * mid, 1, stride) if inputs != 4 * mid or stride > 1 else nn.Identity()

    def forward(self, x):
        y = torch.relu(self.conv(torch.relu(self.reduce(x))))
        return torch.relu(self.expand(y) + self.project(x))


class Network(nn.Module):
    def __init__(self, width, blocks, rpn, anchors, head, classes):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, STEM, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True))
        stages, inputs = [], STEM
        for i, count in enumerate(blocks):
            mid = width << i
            for b in range(count):
                stages.append(Bottleneck(inputs, mid, 2 if b == 0 and i in (1, 2) else 1, 2 if i == 3 else 1))
                inputs = 4 * mid
        self.res4 = nn.Sequential(*stages[:-blocks[-1]])
        self.res5 = nn.Sequential(*stages[-blocks[-1]:])
        self.rpn = nn.Sequential(nn.Conv2d(16 * width, rpn, 3, padding=1), nn.ReLU())
        self.rpn_scores, self.rpn_deltas = nn.Conv2d(rpn, 2 * anchors, 1), nn.Conv2d(rpn, 4 * anchors, 1)
        self.head = nn.Sequential(nn.Conv2d(32 * width, head, 1), nn.ReLU())
        self.scores = nn.Conv2d(head, GROUP * GROUP * 2 * classes, 1)
        self.boxes = nn.Conv2d(head, GROUP * GROUP * 8, 1)

    def forward(self, x):
        res4 = self.res4(self.stem(x))
        rpn, head = self.rpn(res4), self.head(self.res5(res4))
        return self.rpn_scores(rpn), self.rpn_deltas(rpn), self.scores(head), self.boxes(head)


def parse_args():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--preset', default='photos', choices=sorted(PRESETS))
    p.add_argument('--height', type=int, default=576)
    p.add_argument('--width', type=int, default=768)
    p.add_argument('--threads', type=int, default=2)
    p.add_argument('--repeats', type=int, default=20)
    p.add_argument('--precision', default='f32', choices=['f32', 'bf16', 'int8'])
    p.add_argument('--floats', default='f32', choices=['f32', 'bf16'], help='of the layers that int8 leaves')
    p.add_argument('--int8_model', help="OpenVINO's file of the network in 8 bits (.xml); made by NNCF where there is none")
    p.add_argument('--calibration', help='a folder of pictures, for that')
    p.add_argument('--without_torch', action='store_true')
    return p.parse_args()


def network(preset):
    torch.manual_seed(1)
    net = Network(*PRESETS[preset]).eval()
    for m in net.modules():  # values of ordinary size
        if isinstance(m, nn.Conv2d):
            nn.init.kaiming_normal_(m.weight)
            nn.init.zeros_(m.bias)
            m.weight.data *= 0.7
    return net


def pictures(a):
    import numpy
    from PIL import Image
    files = sorted(glob.glob(os.path.join(a.calibration, '**/*.jpg'), recursive=True))
    for path in files[::max(1, len(files) // PICTURES)][:PICTURES]:
        picture = Image.open(path).convert('RGB').resize((a.width, a.height))
        yield numpy.asarray(picture, numpy.float32).transpose(2, 0, 1)[None] / 255


def quantized(a, model):
    """The network after NNCF's post-training quantisation, from its file."""
    import openvino
    if not os.path.exists(a.int8_model):
        import nncf
        openvino.save_model(nncf.quantize(model, nncf.Dataset(list(pictures(a))), subset_size=PICTURES), a.int8_model)
    return openvino.Core().read_model(a.int8_model)


def convolutions(compiled):
    """How most convolutions are computed, as OpenVINO calls it: brgconv_avx512_amx, ..."""
    found = collections.Counter()
    for op in compiled.get_runtime_model().get_ops():
        info = op.get_rt_info()
        if str(info['layerType'].value) == 'Convolution':
            found[str(info['primitiveType'].value)] += 1
    return found.most_common(1)[0][0]


def clock(run, repeats):
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return {'min': min(times), 'median': statistics.median(times)}


def openvino_times(a, net, x):
    import openvino
    model = openvino.convert_model(net, example_input=x)
    model.reshape(list(x.shape))
    floats = a.floats
    if a.precision == 'int8':
        model = quantized(a, model)
    else:
        floats = a.precision
    compiled = openvino.Core().compile_model(model, 'CPU', {
        'INFERENCE_PRECISION_HINT': floats, 'INFERENCE_NUM_THREADS': a.threads, 'PERFORMANCE_HINT': 'LATENCY'})
    request = compiled.create_infer_request()
    return dict(clock(lambda: request.infer([x.numpy()]), a.repeats), by=convolutions(compiled))


def torch_times(a, net, x):
    net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    with torch.autocast('cpu', torch.bfloat16, enabled=a.precision == 'bf16'):
        return clock(lambda: net(x), a.repeats)


def main():
    a = parse_args()
    torch.set_num_threads(a.threads)
    torch.set_flush_denormal(True)
    net, x = network(a.preset), torch.rand(1, 3, a.height, a.width)
    with torch.no_grad():
        out = {'openvino_' + a.precision: openvino_times(a, net, x)}
        if a.precision != 'int8' and not a.without_torch:
            out['torch_' + a.precision] = torch_times(a, net, x)
    print(json.dumps(out))


main()
