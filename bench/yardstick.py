"""What the comparisons of this folder share: scratch environments, the machine, rounds
and what becomes of them in docs/benchmarks.md.

Machines differ and are noisy: only ratios count. A round times both sides, one after
the other; it is a dict of numbers by name. A ratio is the median of the rounds'
ratios."""
import argparse
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DOCS = os.path.join(ROOT, 'docs/benchmarks.md')
# What an environment has, so that numbers of two days are of the same programs.
VERSIONS = {'hotcoco': '1.3.0', 'nncf': '3.4.0', 'numpy': '2.4.6', 'openvino': '2026.4.1', 'pycocotools': '2.0.11',
            'torch': '2.15.0', 'torchvision': '0.29.2', 'ultrafast-pycocotools': '0.1.14'}


def parser(doc, rounds, venv):
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--venv', default=venv, help='the Python environment of the others; made where there is none')
    p.add_argument('--rounds', type=int, default=rounds)
    p.add_argument('--write', action='store_true', help='replace the table in docs/benchmarks.md')
    return p


def python_of(venv, packages):
    python = os.path.join(venv, 'bin/python')
    if not os.path.exists(python):
        subprocess.run([sys.executable, '-m', 'venv', venv], check=True)
        subprocess.run([python, '-m', 'pip', 'install', '-q'] + ['%s==%s' % (p, VERSIONS[p]) for p in packages], check=True)
    return python


def build(program, *targets):
    """Unless `program` was built elsewhere."""
    if program.startswith(ROOT):
        subprocess.run(['bazel', 'build', *targets], cwd=ROOT, check=True)


def cpu():
    """The CPU's name and its features."""
    info = open('/proc/cpuinfo').read().splitlines()
    model = next(l.split(':')[1].strip() for l in info if l.startswith('model name'))
    return model, set(next(l for l in info if l.startswith('flags')).split())


def precisions():
    return ['f32'] + (['bf16'] if cpu()[1] & {'avx512_bf16', 'amx_bf16'} else [])


def date():
    return time.strftime('%Y-%m-%d')


def say(what, *values):
    print('%s  %s' % (time.strftime('%H:%M:%S'), what), *('%.4g' % v for v in values), file=sys.stderr, flush=True)


def median(rounds, name):
    return statistics.median(r[name] for r in rounds)


def ratio(rounds, ours, theirs):
    return statistics.median(r[ours] / r[theirs] for r in rounds)


def all_rounds(rounds, ratios):
    """Every number of every round, folded away. ratios: pairs of names."""
    row = lambda name, values: '| %s | %s |' % (name, ' | '.join('%.4g' % v for v in values))
    lines = ['', '<details><summary>All rounds</summary>', '', row('', range(1, len(rounds) + 1)),
             '|---' * (len(rounds) + 1) + '|']
    lines += [row(name, (r[name] for r in rounds)) for name in rounds[0]]
    for ours, theirs in ratios:
        lines.append(row('%s / %s' % (ours, theirs.split(', ')[-1]), (r[ours] / r[theirs] for r in rounds)))
    return lines + ['', '</details>']


def finish(a, section, lines):
    """Prints a section of docs/benchmarks.md, and puts it there with --write."""
    text = '\n'.join(lines)
    print(text, flush=True)
    if not a.write:
        return
    begin, end = '<!-- %s: begin -->' % section, '<!-- %s: end -->' % section
    page = open(DOCS).read()
    head, rest = page.split(begin)
    open(DOCS, 'w').write(head + begin + '\n' + text + '\n' + end + rest.split(end)[1])
