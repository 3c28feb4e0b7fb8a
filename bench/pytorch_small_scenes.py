#!/usr/bin/env python3
"""The preset small_scenes as PyTorch trains it: a yardstick of bench/train_compare.

    pytorch_small_scenes.py THREADS REPEATS [bf16]

prints, as JSON, the median seconds per step of four 256x320 pictures:
bare   the layers alone: forward, sum of squares for a loss, backward, SGD
whole  with what a training step needs besides: score maps pooled for 96 RoIs a
       picture, the five losses, clipping, AdamW, averaged weights. RoIs, labels
       and masks are given: finding proposals and targets costs it nothing.
Each channels last and without; the faster counts. bf16: the layers under
autocast.
"""
import json
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

PICTURES, HEIGHT, WIDTH = 4, 256, 320
CLASSES, GROUP, ROI_SIZE, ROIS = 9, 7, 21, 96
# Per group of the grid: inside and outside scores of the classes, then boxes.
ROW = 2 * CLASSES + 8


class Block(nn.Module):
    def __init__(self, cin, mid, cout, stride, dilation, down):
        super().__init__()
        self.a, self.b = nn.Conv2d(cin, mid, 1, stride), nn.Conv2d(mid, mid, 3, padding=dilation, dilation=dilation)
        self.c = nn.Conv2d(mid, cout, 1)
        self.d = nn.Conv2d(cin, cout, 1, stride) if down else None

    def forward(self, x):
        y = self.c(torch.relu(self.b(torch.relu(self.a(x)))))
        return torch.relu(y + (self.d(x) if self.d is not None else x))


def stage(n, cin, mid, stride, dilation=1):
    return nn.Sequential(*[Block(cin if i == 0 else 4 * mid, mid, 4 * mid, stride if i == 0 else 1, dilation, i == 0)
                           for i in range(n)])


class Net(nn.Module):
    def __init__(self, w=24, blocks=(2, 2, 3, 2), rpn=64, anchors=9, reduced=256, row=ROW):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, w, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True))
        self.res2, self.res3 = stage(blocks[0], w, w, 1), stage(blocks[1], 4 * w, 2 * w, 2)
        self.res4, self.res5 = stage(blocks[2], 8 * w, 4 * w, 2), stage(blocks[3], 16 * w, 8 * w, 1, 2)
        self.rpn, self.rpn_out = nn.Conv2d(16 * w, rpn, 3, padding=1), nn.Conv2d(rpn, anchors * 6, 1)
        self.reduce, self.maps = nn.Conv2d(32 * w, reduced, 1), nn.Conv2d(reduced, GROUP * GROUP * row, 1)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode='fan_in')
                m.weight.data *= 0.7

    def forward(self, x):
        r4 = self.res4(self.res3(self.res2(self.stem(x))))
        return self.rpn_out(torch.relu(self.rpn(r4))), self.maps(torch.relu(self.reduce(self.res5(r4))))


class Targets:
    """Random RoIs, a quarter of a picture wide and high at least, and what they show."""

    def __init__(self, h, w):
        n = PICTURES * ROIS
        step = torch.arange(ROI_SIZE)
        low = torch.rand(n, 2) * 0.6
        size = 0.2 + torch.rand(n, 2) * 0.2
        at = (low[:, :, None] + size[:, :, None] * (step + 0.5) / ROI_SIZE) * torch.tensor([h, w])[:, None]
        y, x = at[:, 0].long()[:, :, None], at[:, 1].long()[:, None, :]
        group = step * GROUP // ROI_SIZE
        group = group[:, None] * GROUP + group[None, :]
        picture = torch.arange(PICTURES).repeat_interleave(ROIS)[:, None, None]
        # Rows of the maps as (picture, y, x, group) lists.
        self.rows = ((picture * h + y) * w + x) * GROUP * GROUP + group
        self.label = torch.randint(0, CLASSES, (n,))
        self.label[torch.rand(n) > 0.4] = 0
        self.foreground = torch.nonzero(self.label).flatten()
        self.mask = torch.randint(0, 2, (len(self.foreground), ROI_SIZE, ROI_SIZE))
        self.box = torch.randn(n, 4)
        self.anchor_label = torch.randint(0, 2, (PICTURES, 9, h, w))
        self.anchor_box = torch.randn(PICTURES, 9, 4, h, w)


def losses(rpn, maps, t):
    b, _, h, w = maps.shape
    scores, boxes = rpn[:, :18].reshape(b, 2, 9, h, w), rpn[:, 18:].reshape(b, 9, 4, h, w)
    rpn_loss = F.cross_entropy(scores, t.anchor_label) + F.smooth_l1_loss(boxes, t.anchor_box)
    # A row is what one group scores at one place: the fastest way PyTorch has
    # of pooling by position is to look rows up.
    table = maps.permute(0, 2, 3, 1).reshape(-1, ROW)
    pooled = F.embedding(t.rows, table)
    seg = pooled[..., :2 * CLASSES].unflatten(-1, (2, CLASSES))
    score = seg.amax(-2).mean((1, 2))
    f = t.foreground
    inside = seg[f, :, :, :, t.label[f]].permute(0, 3, 1, 2)
    box = pooled[..., 2 * CLASSES:].mean((1, 2))[:, 4:]
    return (rpn_loss + F.cross_entropy(score, t.label) + F.smooth_l1_loss(box[f], t.box[f]) +
            F.cross_entropy(inside, t.mask))


def seconds(layout, whole, repeats, bf16):
    torch.manual_seed(0)
    net = Net().to(memory_format=layout)
    x = torch.rand(PICTURES, 3, HEIGHT, WIDTH).to(memory_format=layout)
    with torch.no_grad():
        t = Targets(*net(x)[1].shape[2:])
    params = list(net.parameters())
    average = [p.detach().clone() for p in params]
    if whole:
        opt = torch.optim.AdamW(params, 1e-9, weight_decay=0.02, fused=True)
    else:
        opt = torch.optim.SGD(params, 1e-9, momentum=0.9, weight_decay=5e-4)
    times = []
    for _ in range(repeats + 1):
        begin = time.perf_counter()
        with torch.autocast('cpu', torch.bfloat16, enabled=bf16):
            rpn, maps = net(x)
        rpn, maps = rpn.float(), maps.float()
        opt.zero_grad()
        (losses(rpn, maps, t) if whole else rpn.pow(2).sum() + maps.pow(2).sum()).backward()
        if whole:
            nn.utils.clip_grad_norm_(params, 5)
        opt.step()
        if whole:
            torch._foreach_lerp_(average, [p.detach() for p in params], 0.002)
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.set_flush_denormal(True)
    layouts = (torch.channels_last, torch.contiguous_format)
    bf16 = sys.argv[3:] == ['bf16']
    print(json.dumps({name: min(seconds(layout, whole, int(sys.argv[2]), bf16) for layout in layouts)
                      for name, whole in (('bare', False), ('whole', True))}))


if __name__ == '__main__':
    main()
