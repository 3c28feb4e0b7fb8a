#!/usr/bin/env python3
"""The network of the preset photos (fcis/core/config/photos.textproto) in PyTorch
and OpenVINO: a yardstick for bench/compare_network --preset photos. Batch norms
are folded into the convolutions, as fcis runs them. Prints one JSON line."""
import argparse
import json
import statistics
import time

import torch
from torch import nn

WIDTH, STEM, BLOCKS = 32, 64, (3, 4, 6, 3)
RPN, ANCHORS = 256, 15
HEAD, GROUP, CLASSES = 256, 7, 5


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


class Photos(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, STEM, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True))
        stages, inputs = [], STEM
        for i, blocks in enumerate(BLOCKS):
            mid = WIDTH << i
            for b in range(blocks):
                stages.append(Bottleneck(inputs, mid, 2 if b == 0 and i in (1, 2) else 1, 2 if i == 3 else 1))
                inputs = 4 * mid
        self.res4 = nn.Sequential(*stages[:-BLOCKS[-1]])
        self.res5 = nn.Sequential(*stages[-BLOCKS[-1]:])
        self.rpn = nn.Sequential(nn.Conv2d(16 * WIDTH, RPN, 3, padding=1), nn.ReLU())
        self.rpn_scores, self.rpn_deltas = nn.Conv2d(RPN, 2 * ANCHORS, 1), nn.Conv2d(RPN, 4 * ANCHORS, 1)
        self.head = nn.Sequential(nn.Conv2d(32 * WIDTH, HEAD, 1), nn.ReLU())
        self.scores = nn.Conv2d(HEAD, GROUP * GROUP * 2 * CLASSES, 1)
        self.boxes = nn.Conv2d(HEAD, GROUP * GROUP * 8, 1)

    def forward(self, x):
        res4 = self.res4(self.stem(x))
        rpn, head = self.rpn(res4), self.head(self.res5(res4))
        return self.rpn_scores(rpn), self.rpn_deltas(rpn), self.scores(head), self.boxes(head)


def clock(run, repeats):
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return {'min': min(times), 'median': statistics.median(times)}


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--height', type=int, default=576)
    p.add_argument('--width', type=int, default=768)
    p.add_argument('--threads', type=int, default=2)
    p.add_argument('--repeats', type=int, default=20)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.set_flush_denormal(True)
    net = Photos().eval()
    for m in net.modules():  # values of ordinary size
        if isinstance(m, nn.Conv2d):
            nn.init.kaiming_normal_(m.weight)
            nn.init.zeros_(m.bias)
            m.weight.data *= 0.7
    x = torch.rand(1, 3, a.height, a.width)
    out = {}
    with torch.no_grad():
        import openvino
        model = openvino.convert_model(net, example_input=x)
        for precision in ('f32', 'bf16'):
            request = openvino.Core().compile_model(model, 'CPU', {
                'INFERENCE_PRECISION_HINT': precision, 'INFERENCE_NUM_THREADS': a.threads,
                'PERFORMANCE_HINT': 'LATENCY'}).create_infer_request()
            out['openvino_' + precision] = clock(lambda: request.infer([x.numpy()]), a.repeats)
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
        out['torch_f32'] = clock(lambda: net(x), a.repeats)
        with torch.autocast('cpu', torch.bfloat16):
            out['torch_bf16'] = clock(lambda: net(x), a.repeats)
    print(json.dumps(out))


main()
