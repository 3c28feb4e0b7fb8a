"""From matches per picture to curves, and from those to the usual averages."""

from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np


def fits(cells: Any, p: Any, evaluated: Any) -> bool:
    """Whether `cells` hold what accumulate(p) asks for."""
    if bool(p.useCats) != bool(evaluated.useCats) or p.useCats not in (0, 1):
        return False
    classes = list(p.catIds) if p.useCats else [-1]
    ranges = [tuple(r) for r in p.areaRng]
    try:
        return (
            len(p.iouThrs) == cells.T
            and classes == cells.classes
            and list(p.imgIds) == cells.images
            and ranges == [tuple(r) for r in cells.area_ranges]
            and set(p.maxDets) <= set(cells.max_dets)
            and all(isinstance(m, (int, np.integer)) for m in p.maxDets)
            and all(m >= 0 for m in p.maxDets)
        )
    except ValueError:  # some are arrays
        return False


def accumulate_images(
    evalImgs: List[Optional[dict]], p: Any, evaluated: Any
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """COCOeval.accumulate over COCOeval.evalImgs: precision, recall, scores."""
    T, R = len(p.iouThrs), len(p.recThrs)
    K = len(p.catIds) if p.useCats else 1
    A, M = len(p.areaRng), len(p.maxDets)
    precision = -np.ones((T, R, K, A, M))
    recall = -np.ones((T, K, A, M))
    scores = -np.ones((T, R, K, A, M))
    catIds = evaluated.catIds if evaluated.useCats else [-1]
    setK, setM, setI = set(catIds), set(evaluated.maxDets), set(evaluated.imgIds)
    setA = set(map(tuple, evaluated.areaRng))
    k_list = [n for n, k in enumerate(p.catIds) if k in setK]
    m_list = [m for m in p.maxDets if m in setM]
    a_list = [n for n, a in enumerate(map(tuple, p.areaRng)) if a in setA]
    i_list = [n for n, i in enumerate(p.imgIds) if i in setI]
    I0, A0 = len(evaluated.imgIds), len(evaluated.areaRng)
    for k, k0 in enumerate(k_list):
        for a, a0 in enumerate(a_list):
            first = (k0 * A0 + a0) * I0
            E = [evalImgs[first + i] for i in i_list]
            E = [e for e in E if e is not None]
            if not E:
                continue
            for m, maxDet in enumerate(m_list):
                curves = _curves_of(E, maxDet, p.recThrs)
                for t, (points, last, found) in enumerate(curves):
                    precision[t, :, k, a, m] = points
                    recall[t, k, a, m] = last
                    scores[t, :, k, a, m] = found
    return precision, recall, scores


def _curves_of(E: List[dict], maxDet: int, recThrs: Any) -> List[tuple]:
    """Of each threshold precision and score at the recalls, and the last
    recall; nothing where no object counts."""
    score = np.concatenate([e["dtScores"][0:maxDet] for e in E])
    inds = np.argsort(-score, kind="mergesort")
    score = score[inds]
    dtm = np.concatenate([e["dtMatches"][:, 0:maxDet] for e in E], axis=1)
    dtig = np.concatenate([e["dtIgnore"][:, 0:maxDet] for e in E], axis=1)
    gtig = np.concatenate([e["gtIgnore"] for e in E])
    npig = np.count_nonzero(gtig == 0)
    if npig == 0:
        return []
    matched, counts = dtm[:, inds] != 0, np.logical_not(dtig[:, inds])
    tp = np.cumsum(matched & counts, axis=1).astype(dtype=float)
    fp = np.cumsum(~matched & counts, axis=1).astype(dtype=float)
    curves = []
    for t in range(len(tp)):
        rc = tp[t] / npig
        pr = tp[t] / (fp[t] + tp[t] + np.spacing(1))
        pr = np.maximum.accumulate(pr[::-1])[::-1]
        q, ss = np.zeros(len(recThrs)), np.zeros(len(recThrs))
        at = np.searchsorted(rc, recThrs, side="left")
        beyond = np.flatnonzero(at >= len(pr))
        reached = int(beyond[0]) if len(beyond) else len(at)
        q[:reached] = pr[at[:reached]]
        ss[:reached] = score[at[:reached]]
        curves.append((q, rc[-1] if len(rc) else 0, ss))
    return curves


def _average(
    result: Dict[str, Any],
    p: Any,
    ap: int = 1,
    iouThr: Optional[float] = None,
    areaRng: str = "all",
    maxDets: int = 100,
) -> float:
    """One line of the summary, printed and returned."""
    aind = [i for i, aRng in enumerate(p.areaRngLbl) if aRng == areaRng]
    mind = [i for i, mDet in enumerate(p.maxDets) if mDet == maxDets]
    s = result["precision"] if ap == 1 else result["recall"]
    if iouThr is not None:
        s = s[np.where(iouThr == p.iouThrs)[0]]
    s = s[:, :, :, aind, mind] if ap == 1 else s[:, :, aind, mind]
    s = s[s > -1]
    mean = -1 if len(s) == 0 else np.mean(s)
    if iouThr is None:
        iou = "{:0.2f}:{:0.2f}".format(p.iouThrs[0], p.iouThrs[-1])
    else:
        iou = "{:0.2f}".format(iouThr)
    line = " {:<18} {} @[ IoU={:<9} | area={:>6s} | maxDets={:>3d} ] = {:0.3f}"
    title = "Average Precision" if ap == 1 else "Average Recall"
    kind = "(AP)" if ap == 1 else "(AR)"
    print(line.format(title, kind, iou, areaRng, maxDets, mean))
    return mean


def summarize(result: Dict[str, Any], p: Any) -> np.ndarray:
    """Prints the averages of COCO's tables; [12], of keypoints [10]."""
    keypoints = p.iouType == "keypoints"
    stats = np.zeros((10 if keypoints else 12,))
    lines = _keypoint_lines() if keypoints else _detection_lines(p)
    for i, line in enumerate(lines):
        stats[i] = _average(result, p, **line)
    return stats


def _detection_lines(p: Any) -> Iterator[Dict[str, Any]]:
    yield {}  # is printed also where maxDets has no three
    most = p.maxDets[2]
    for iouThr in (0.5, 0.75):
        yield {"iouThr": iouThr, "maxDets": most}
    labels = ("small", "medium", "large")
    for label in labels:
        yield {"areaRng": label, "maxDets": most}
    for maxDets in p.maxDets[:3]:
        yield {"ap": 0, "maxDets": maxDets}
    for label in labels:
        yield {"ap": 0, "areaRng": label, "maxDets": most}


def _keypoint_lines() -> List[Dict[str, Any]]:
    kinds: Tuple[Dict[str, Any], ...] = (
        {},
        {"iouThr": 0.5},
        {"iouThr": 0.75},
        {"areaRng": "medium"},
        {"areaRng": "large"},
    )
    return [dict(kind, ap=ap, maxDets=20) for ap in (1, 0) for kind in kinds]
