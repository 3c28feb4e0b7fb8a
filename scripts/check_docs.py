"""Checks that what the documents name is there. Run by check_structure.py.

Documents are the *.md of the root and docs/. In them exist
- bazel labels (//fcis/eval:eval, also as bazel-bin/fcis/eval/eval_main);
- paths below the repository's folders, and targets of relative links; in
  `path` (`Name`) the file has that name in it;
- tests that are named alone, as `score_order_test`;
- flags (--out): one of our programs or scripts has it, or FOREIGN.
README's table has every program, and the names in GIVEN are targets. In
sources, "docs/reference.md, Network 1 and Training 9 to 11" cites rules that
are there.
"""

import glob
import pathlib
import re

# Flags of other programs.
FOREIGN = {
    'every program of ours': ['help', 'version'],
    'bazel': ['run_under', 'test_tag_filters'],
    'compute-sanitizer': ['tool'],
    'curl': ['data-binary'],
    'mpiexec': ['bind-to', 'oversubscribe'],
    'pkg-config': ['cflags', 'libs'],
}
# What scripts of others call, whatever the rule for new names is.
GIVEN = ['//fcis/tools:demo', '//fcis/tools:demo_main', '//fcis/tools:download_main', '//fcis/eval:eval_main',
         '//fcis/train:train_main']
REFERENCE = pathlib.Path('docs/reference.md')
FIXTURES = 'fcis/testdata'  # its folders may be named alone

LABEL = re.compile(r'//(fcis(?:/\w+)*)(/\.\.\.)?(?::(\w+))?')
BUILT = re.compile(r'bazel-bin/(fcis(?:/\w+)*)/(\w+)')
PATH = re.compile(r'(?<![\w/:.~-])((?:fcis|docs|scripts|bench|release|third_party|parity|parity_chainercv)'
                  r'/(?:[\w.*-]+/?)+)')
LINK = re.compile(r'\]\(([^)\s#]+)[^)]*\)')
NAMED_IN = re.compile(r'`([\w./-]+)`\s+\((`[\w:]+`(?:,\s+`[\w:]+`)*)\)')
TEST = re.compile(r'`(\w+_test)`')
FLAG = re.compile(r'(?<![\w-])--([a-z0-9][\w-]*)(\*?)')
CITATION = re.compile(r'docs/reference\.md, (.{1,120})')
RULE = re.compile(r'(?:, | and )?([A-Z][A-Za-z ]*?) (\d+)(?: (?:to|and) (\d+))?')  # one of a citation's


def documents():
    return [pathlib.Path(p) for p in [*sorted(glob.glob('*.md')), *sorted(glob.glob('docs/*.md'))]]


def is_there(path):
    return bool(glob.glob(path) or glob.glob(f'{FIXTURES}/{path}'))


def own_flags():
    """Names that a program or script of ours defines; --x and --nox for a bool."""
    flags = set()
    for source in [*pathlib.Path('fcis').rglob('*.cc'), *pathlib.Path('fcis').rglob('*.h')]:
        for kind, name in re.findall(r'ABSL_FLAG\(\s*([^,]+),\s*(\w+)\s*,', source.read_text('utf-8')):
            flags |= {name, 'no' + name} if 'bool' in kind else {name}
    for script in ['presubmit', 'bootstrap', *glob.glob('scripts/*'), *glob.glob('bench/*')]:
        if pathlib.Path(script).is_file():
            flags |= set(re.findall(r"""add_argument\(\s*['"]--([\w-]+)|^ *--([\w-]+)\)""",
                                    pathlib.Path(script).read_text('utf-8'), re.MULTILINE))
    return {f for found in flags for f in (found if isinstance(found, tuple) else [found]) if f}


def own_tests(targets):
    """Targets, their sources and macros."""
    names = {t.split(':')[1] for t in targets} | {p.stem for p in pathlib.Path('fcis').rglob('*_test.cc')}
    for macros in pathlib.Path('.').glob('*/**/*.bzl'):
        names |= set(re.findall(r'^def (\w+)\(', macros.read_text('utf-8'), re.MULTILINE))
    return names


def missing_labels(text, targets):
    for match in LABEL.finditer(text):
        package, below, name = match.groups()
        if below or not name:  # a pattern, or the target called as its folder
            known = pathlib.Path(package).is_dir() if below else f'//{package}:{package.split("/")[-1]}' in targets
        else:
            known = f'//{package}:{name}' in targets
        if not known:
            yield match, f'{match.group()} is no target'
        elif name and name.endswith('_main'):
            yield match, f'{match.group()} is called {match.group()[:-len("_main")]}'
    for match in BUILT.finditer(text):
        if '//{}:{}'.format(*match.groups()) not in targets:
            yield match, f'{match.group()} is no target'


def sources():
    """Ours that may name a label: C++ files and scripts."""
    found = [p for end in ('cc', 'h') for p in pathlib.Path('fcis').rglob('*.' + end)]
    found += [pathlib.Path(p) for p in [*glob.glob('scripts/*'), *glob.glob('bench/*'), 'presubmit', '.ci/run']]
    return sorted(p for p in found if p.is_file() and p.name != 'check_docs.py')


def missing_programs(targets):
    """Programs by the name that their --help has."""
    readme = pathlib.Path('README.md').read_text('utf-8')
    for source in pathlib.Path('fcis').rglob('*.cc'):
        for name in re.findall(r'program\.name = "(\w+)"', source.read_text('utf-8')):
            labels = [t for t in targets if t.split(':')[1] == name]
            if source.match('*_test.cc') or source.match('*_benchmark.cc'):
                continue
            if not any(f'`{label}`' in readme for label in labels):
                yield f'{source}: README.md has no program {name}, or there is no target of this name'
    for label in GIVEN:
        if label not in targets:
            yield f'{label}: is no target any more'


def missing_paths(text, folder):
    for match in PATH.finditer(text):
        if not is_there(match.group(1).rstrip('.')):
            yield match, f'{match.group(1)} does not exist'
    for match in LINK.finditer(text):
        if not match.group(1).startswith('http') and not (folder / match.group(1)).exists():
            yield match, f'the link {match.group(1)} leads nowhere'
    for match in NAMED_IN.finditer(text):
        path, names = match.groups()
        for name in re.findall(r'`([\w:]+)`', names) if pathlib.Path(path).is_file() else []:
            if not re.search(rf'\b{name}\b', pathlib.Path(path).read_text('utf-8')):
                yield match, f'{path} has no {name}'


def missing_flags(text, flags):
    for match in FLAG.finditer(text):
        name, starts = match.groups()
        if not (any(f.startswith(name) for f in flags) if starts else name in flags):
            yield match, f'--{name}: no program has this flag'


def rules():
    """{chapter: numbers} of REFERENCE."""
    chapters, numbers = {}, set()
    for line in REFERENCE.read_text('utf-8').splitlines():
        if line.startswith('## '):
            numbers = chapters.setdefault(line[3:], set())
        elif match := re.match(r'\| (\d+) \|', line):
            numbers.add(int(match.group(1)))
    return chapters


def is_cited_right(citation, chapters):
    """Of "Network 1 and Prediction 2 to 4 ...": each chapter has the numbers."""
    at, cited = 0, RULE.match(citation)
    while cited:
        chapter, *numbers = cited.groups()
        if not {int(n) for n in numbers if n} <= chapters.get(chapter, set()):
            return False
        at, cited = cited.end(), RULE.match(citation, cited.end())
    return at > 0


def missing_rules():
    chapters = rules()
    for source in sorted(pathlib.Path('fcis').rglob('*')):
        if source.suffix not in ('.cc', '.cu', '.h', '.proto', '.textproto'):
            continue
        text = re.sub(r'\s*\n\s*(?://|#)?\s*', ' ', source.read_text('utf-8'))
        for match in CITATION.finditer(text):
            if not is_cited_right(match.group(1), chapters):
                yield f'{source}: {REFERENCE} has no {match.group(1)[:40]}...'


def check(targets):
    """Problems, a line each. targets: labels of all rules below //fcis."""
    flags = own_flags() | {f for some in FOREIGN.values() for f in some}
    tests = own_tests(targets)
    for path in documents():
        text = path.read_text('utf-8')
        found = [*missing_labels(text, targets), *missing_paths(text, path.parent), *missing_flags(text, flags)]
        found += [(m, f'{m.group(1)} is no test') for m in TEST.finditer(text) if m.group(1) not in tests]
        for match, problem in sorted(found, key=lambda f: f[0].start()):
            yield f'{path}:{text.count(chr(10), 0, match.start()) + 1}: {problem}'
    for path in sources():
        text = path.read_text('utf-8')
        for match, problem in missing_labels(text, targets):
            yield f'{path}:{text.count(chr(10), 0, match.start()) + 1}: {problem}'
    yield from missing_programs(targets)
    yield from missing_rules()
