"""Checks what neither compiler nor clang-format sees. Run by ./presubmit.

- BUILD files: load() first, no tabs, lists of labels and files sorted.
- Each header under fcis/ belongs to a cc_library, and each source foo.cc of one
  comes with foo_test.cc, unless scripts/untested_sources.txt says why not.
- What a floor defines is in its namespace: fcis::data in fcis/data, and so on;
  the ground floor, fcis/core, is fcis itself, and so are the headers for others,
  fcis/api/include.
- No two headers define a type of the same qualified name: what links both would
  break C++'s one-definition rule, and no compiler has to say so.
- No flag of the programs is defined in two places.
- What documents name exists (check_docs.py).

Usage: check_structure.py QUERY_XML BUILD_FILE...
with QUERY_XML made by `bazel query --output=xml 'kind(rule, //fcis/...)'`.
"""

import ast
import pathlib
import re
import sys
import xml.etree.ElementTree

import check_docs

EXCEPTIONS = pathlib.Path('scripts/untested_sources.txt')
SORTED = ('deps', 'hdrs', 'packages', 'srcs')


def sort_key(label):
    """Buildifier's order: files, :local, //ours, @theirs."""
    for phase, start in ((3, '@'), (2, '//'), (1, ':')):
        if label.startswith(start):
            return phase, re.split('[:.]', label)
    return 0, re.split('[:.]', label)


def check_build_file(path):
    text = pathlib.Path(path).read_text(encoding='utf-8')
    if '\t' in text:
        yield f'{path}: has tabs'
    if text and not text.endswith('\n'):
        yield f'{path}: the last line does not end'
    tree = ast.parse(text, path)
    begun = False
    for statement in tree.body:
        function = getattr(getattr(statement, 'value', None), 'func', None)
        is_load = isinstance(function, ast.Name) and function.id == 'load'
        if is_load and begun:
            yield f'{path}:{statement.lineno}: load() comes first'
        begun = begun or not is_load
    for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call)):
        for keyword in call.keywords:
            if keyword.arg not in SORTED:
                continue
            for items in (n for n in ast.walk(keyword.value) if isinstance(n, ast.List)):
                values = [e.value for e in items.elts if isinstance(e, ast.Constant)]
                if values != sorted(values, key=sort_key):
                    yield f'{path}:{items.lineno}: {keyword.arg} is not sorted'
                if len(values) != len(set(values)):
                    yield f'{path}:{items.lineno}: {keyword.arg} names something twice'


def read_exceptions():
    """label -> reason."""
    exceptions = {}
    for line in EXCEPTIONS.read_text(encoding='utf-8').splitlines():
        if line.strip() and not line.startswith('#'):
            label, _, reason = line.partition(' ')
            exceptions[label] = reason.strip()
    return exceptions


def reachable(rules, start):
    """Labels that `start` depends on, also indirectly."""
    inputs = {r.get('name'): [i.get('name') for i in r.findall('rule-input')] for r in rules}
    found, todo = set(), [start]
    while todo:
        for label in inputs.get(todo.pop(), []):
            if label not in found:
                found.add(label)
                todo.append(label)
    return found


def sources_of(rule):
    """Files of the project among a rule's sources and headers."""
    for attribute in rule.findall('list'):
        if attribute.get('name') in ('hdrs', 'srcs', 'textual_hdrs'):
            for item in attribute.findall('label'):
                package, _, name = item.get('value').lstrip('/').partition(':')
                path = pathlib.Path(package, name)
                if path.exists():
                    yield path


def check_sources(rules):
    """One test per source: of x.cc, or of x.h where there is no x.cc."""
    libraries = [r for r in rules if r.get('class') == 'cc_library']
    tests = {r.get('name'): r for r in rules if r.get('class') == 'cc_test'}
    tested = {path for rule in tests.values() for path in sources_of(rule)}
    exceptions = read_exceptions()
    owners = {path: rule.get('name') for rule in libraries for path in sources_of(rule)}
    for path in sorted(owners):
        body = next((b for b in (path.with_suffix('.cc'), path.with_suffix('.cu')) if b in owners),
                    path)
        if path != body or path.suffix not in ('.h', '.cuh', '.cc', '.cu'):
            continue
        if path.with_name(path.stem + '_test.cc') in tested:
            if str(path) in exceptions:
                yield f'{EXCEPTIONS}: {path} has a test now'
        elif not exceptions.get(str(path)):
            yield f'{path}: no {path.stem}_test.cc beside it, and no reason in {EXCEPTIONS}'
    for path, reason in exceptions.items():
        owner = owners.get(pathlib.Path(path))
        if owner is None:
            yield f'{EXCEPTIONS}: {path} is in no library'
        elif reason.startswith('//'):
            test = reason.split()[0]
            if test not in tests or owner not in reachable(rules, test):
                yield f'{EXCEPTIONS}: {test} does not test {path}'
    for header in sorted(pathlib.Path('fcis').rglob('*.h')):
        if header not in owners and header not in tested:  # a test's own is owned by it
            yield f'{header}: belongs to no cc_library'


def types_of(header):
    """Qualified names of the types that a header defines at namespace level."""
    text = re.sub(r'//[^\n]*', '', header.read_text())
    scopes = []  # names of namespaces; None: any other brace
    for match in re.finditer(
            r'namespace\s+([\w:]+)\s*\{|[{}]|'
            r'\b(?:class|struct|union|enum(?:\s+class)?)\s+(\w+)[^;{}()=]*(?=\{)', text):
        namespace, defined = match.groups()
        if defined:
            if None not in scopes:
                yield '::'.join(scopes + [defined])
        elif match.group() == '}':
            if scopes:
                scopes.pop()
        else:
            scopes.append(namespace)


def check_types():
    first = {}
    for header in sorted(pathlib.Path('fcis').rglob('*.h')):
        for name in types_of(header):
            if first.setdefault(name, header) != header:
                yield f'{header}: {name} is defined in {first[name]} too'


def check_flags():
    """A flag that several programs have is one definition, such as shared_flags.cc's."""
    first = {}
    for path in sorted(pathlib.Path('fcis').rglob('*')):
        if path.suffix not in ('.h', '.cc', '.cu', '.cuh'):
            continue
        for name in re.findall(r'ABSL_FLAG\(\s*[^,]+,\s*(\w+)\s*,', path.read_text()):
            if first.setdefault(name, path) != path:
                yield f'{path}: --{name} is defined in {first[name]} too'


def check_namespaces():
    for path in sorted(pathlib.Path('fcis').rglob('*')):
        if path.suffix not in ('.h', '.cc', '.cu', '.cuh'):
            continue
        floor = path.parts[1]
        expected = 'fcis' if floor == 'core' or 'include' in path.parts else 'fcis::' + floor
        for name in re.findall(r'^namespace\s+(fcis[\w:]*)', path.read_text(), re.M):
            if name != expected:
                yield f'{path}: namespace {name} instead of {expected}'


def check_includes():
    """A header includes what it names: the precompiled one of g++ hides that it does not."""
    homes = {'absl::StatusOr<': ['absl/status/statusor.h'],
             'absl::Status ': ['absl/status/status.h', 'absl/status/statusor.h'],
             'absl::Span<': ['absl/types/span.h'], 'absl::string_view': ['absl/strings/string_view.h'],
             'std::vector<': ['vector'], 'std::string ': ['string'], 'std::optional<': ['optional'],
             'std::function<': ['functional'], 'std::unique_ptr<': ['memory'], 'std::map<': ['map']}
    for header in sorted(pathlib.Path('fcis').rglob('*.h')):
        text = re.sub(r'//[^\n]*', '', header.read_text())
        included = set(re.findall(r'#include ["<]([^">]+)', text))
        for name, files in homes.items():
            if name in text and not included & set(files):
                yield f'{header}: {name.strip("< ")} without {files[0]}'


def main():
    rules = list(xml.etree.ElementTree.parse(sys.argv[1]).iter('rule'))
    problems = list(check_sources(rules)) + list(check_types()) + list(check_flags())
    problems += check_namespaces()
    problems += check_includes()
    problems += check_docs.check({rule.get('name') for rule in rules})
    for path in sys.argv[2:]:
        problems += check_build_file(path)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
