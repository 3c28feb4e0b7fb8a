"""Packs the programs, and what they need beyond libc, into an archive.

Usage: make_archive.py OUT VERSION STATUS --put DEST FILE... --data FILE...

The archive holds one folder, of OUT's name, which runs wherever it is put, for
all paths in it are relative. DEST is a file of it or, with a / at its end, a
folder; data go to share/ with the path that they have here. STATUS has the line
STABLE_COMMIT, or not (scripts/workspace_status).

    bin/                 the programs, as fcis-*
    include/fcis/, lib/  the library for other programs, and how pkg-config finds it
    lib/fcis/            libraries of the system; Open MPI in openmpi/
    share/fcis/          models and pictures that come with the programs
    share/doc/fcis/      what is said about it; sbom.spdx.json lists all of it
    share/licenses/fcis/ licences of all that is in lib/fcis
    share/man/, ...      pages and completions, made of the programs' --help

The same inputs give the same bytes. What comes from the system is in its list
of packages, which Bazel knows as an input.
"""

import argparse
import datetime
import glob
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile

import manual

# What belongs to the kernel or to libc, and must be the system's: a libc of its
# own needs a loader of its own and finds neither users nor hosts.
LIBC = re.compile(r'linux-vdso|ld-linux|lib(c|m|mvec|dl|rt|pthread|resolv|util|anl|nss_\w+)\.so')

# Open MPI is carried as a whole, for its parts only work with those of the same
# version and Debian 13 has another one. Its folder looks as /usr does, so that
# OPAL_PREFIX alone moves it.
MPI_PROGRAMS = ['/usr/bin/orterun', '/usr/bin/orted']
MPI_PLUGINS = '/usr/lib/x86_64-linux-gnu/openmpi/lib/openmpi3/mca_*.so'
MPI_TEXTS = '/usr/share/openmpi/*.txt'
# Not these: OpenSHMEM, checks of MPI itself, and networks that only clusters
# have, whose libraries (and drivers) come with the cluster.
MPI_WITHOUT = re.compile(r'mca_(atomic|memheap|scoll|spml|sshmem)_|_(ofi|ucx|openib|psm2?|monitoring|netlink)\.so')

# For programs alone, so in a folder of their own, gcc/: what loads libfcis.so,
# Python for one, may load later what needs newer ones.
RUNTIMES = ['libgcc_s.so.1', 'libstdc++.so.6']

# Of libraries that are headers only, and so in the programs.
COMPILED_IN = ['/usr/include/rapidjson/rapidjson.h']

EPOCH = 315532800  # 1980: what has no known time


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding='utf-8').stdout


def is_elf(path):
    with open(path, 'rb') as file:
        return file.read(4) == b'\x7fELF'


def put(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if os.access(source, os.X_OK) and (is_elf(source) or '/bin/' in str(target)) else 0o644)


def libraries_of(paths):
    """{file name: path} of the shared libraries that these need beyond libc."""
    found = {}
    for line in run('ldd', *map(str, paths)).splitlines():
        if 'not found' in line:
            raise SystemExit(f'ldd: {line.strip()}')
        match = re.match(r'\s(\S+) => (/\S+) \(', line)
        if match and not LIBC.match(match.group(1)):
            found[match.group(1)] = match.group(2)
    return found


def carry_open_mpi(tree):
    """Copies it; {name in the tree: path in the system}."""
    plugins = [p for p in sorted(glob.glob(MPI_PLUGINS)) if not MPI_WITHOUT.search(p)]
    carried = {}
    if not os.path.exists(MPI_PROGRAMS[0]):
        raise SystemExit(f'no {MPI_PROGRAMS[0]}: releases are made on Debian 12, with its Open MPI 4')
    for path in MPI_PROGRAMS + plugins + sorted(glob.glob(MPI_TEXTS)):
        name = 'lib/fcis/openmpi/' + os.path.relpath(path, '/usr')
        put(path, tree / name)
        carried[name] = path
    return carried


def set_search_path(path, where):
    """Where a program looks for libraries, those that its plugins need included:
    that is what DT_RPATH does and DT_RUNPATH does not."""
    run('patchelf', '--force-rpath', '--set-rpath', where, str(path))


def settle_programs(tree):
    for folder, where in (('bin', '$ORIGIN/../lib/fcis:$ORIGIN/../lib/fcis/gcc'), ('lib', '$ORIGIN/fcis')):
        for path in sorted((tree / folder).iterdir()):
            if path.is_file() and is_elf(path):
                run('strip', '--strip-unneeded', str(path))
                set_search_path(path, where)
    for path in (tree / 'lib/fcis/openmpi/bin').iterdir():
        set_search_path(path, '$ORIGIN/../..:$ORIGIN/../../gcc')


def carry_libraries(tree, carried):
    """Adds to `carried` what the programs and plugins need."""
    elves = [p for p in sorted(tree.rglob('*')) if p.is_file() and is_elf(p)]
    for name, path in sorted(libraries_of(elves).items()):
        target = ('lib/fcis/gcc/' if name in RUNTIMES else 'lib/fcis/') + name
        put(path, tree / target)
        (tree / target).chmod(0o644)
        carried[target] = os.path.realpath(path)
    # An own RUNPATH would have the loader forget the programs' RPATH.
    for name in carried:
        path = tree / name
        if '.so' in path.name and 'RUNPATH' in run('readelf', '-dW', str(path)):
            run('patchelf', '--remove-rpath', str(path))


def packages_of(paths):
    """{path: (package, version, source, its version)}, all Debian's."""
    asked = sorted({p for path in paths for p in (path, path.replace('/usr/lib/', '/lib/', 1))})
    owners = {}
    answer = subprocess.run(['dpkg', '-S', *asked], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            encoding='utf-8', check=False).stdout
    for line in answer.splitlines():
        names, _, path = line.rpartition(': ')
        if not line.startswith('diversion '):
            owners[path.replace('/lib/', '/usr/lib/', 1) if path.startswith('/lib/') else path] = names.split(',')[0]
    fields = run('dpkg-query', '-W', '-f', r'${binary:Package}\t${Version}\t${source:Package}\t${source:Version}\n')
    known = {line.split('\t')[0]: line.split('\t') for line in fields.splitlines()}
    known.update({name.split(':')[0]: row for name, row in known.items()})
    return {path: known[owners[path]] for path in paths}


def carry_licences(tree, packages):
    for name, *_ in packages:
        plain = name.split(':')[0]
        put(f'/usr/share/doc/{plain}/copyright', tree / f'share/licenses/fcis/{plain}.copyright')
    # To which those refer.
    for path in sorted(glob.glob('/usr/share/common-licenses/*')):
        if not os.path.islink(path):
            put(path, tree / 'share/licenses/fcis/common-licenses' / os.path.basename(path))


def write_manual(tree, version, date):
    programs = [p for p in sorted((tree / 'bin').iterdir()) if is_elf(p)]
    helps = [run(str(program), '--help') for program in programs]
    for name, text in manual.pages(helps, version, date).items():
        path = tree / 'share' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')


def check_version(tree, version):
    said = run(str(tree / 'bin/fcis-demo'), '--version').splitlines()[0]
    if not said.startswith(f'fcis demo {version} ('):
        raise SystemExit(f'the archive is named {version}, and fcis-demo says: {said}')


def spdx_package(row):
    name, version, source, source_version = row
    plain = name.split(':')[0]
    return {
        'SPDXID': 'SPDXRef-' + re.sub(r'[^A-Za-z0-9.-]', '-', plain),
        'name': plain,
        'versionInfo': version,
        'supplier': 'Organization: Debian',
        'downloadLocation': f'https://snapshot.debian.org/package/{source}/{source_version}/',
        'sourceInfo': f'Debian source package {source} {source_version}',
        'licenseConcluded': 'NOASSERTION',
        'licenseDeclared': 'NOASSERTION',
        'licenseComments': f'share/licenses/fcis/{plain}.copyright',
        'copyrightText': 'NOASSERTION',
        'filesAnalyzed': False,
    }


def write_sbom(tree, folder, version, commit, time, carried, packages):
    """What is not carried is our own."""
    files, relations = [], []
    for path in sorted(p for p in tree.rglob('*') if p.is_file() and not p.is_symlink()):
        name = str(path.relative_to(tree))
        reference = f'SPDXRef-File-{len(files)}'
        content = path.read_bytes()
        files.append({
            'SPDXID': reference,
            'fileName': './' + name,
            'checksums': [{'algorithm': a, 'checksumValue': hashlib.new(a.lower(), content).hexdigest()}
                          for a in ('SHA1', 'SHA256')],
            'licenseConcluded': 'NOASSERTION',
            'copyrightText': 'NOASSERTION',
        })
        owner = spdx_package(packages[carried[name]])['SPDXID'] if name in carried else 'SPDXRef-fcis'
        relations.append((owner, 'CONTAINS', reference))
    rows = sorted({tuple(row) for row in packages.values()})
    own = {
        'SPDXID': 'SPDXRef-fcis', 'name': 'fcis', 'versionInfo': version,
        'sourceInfo': f'commit {commit}' if commit else 'no commit known',
        'downloadLocation': 'NOASSERTION', 'licenseConcluded': 'MIT', 'licenseDeclared': 'MIT',
        'copyrightText': 'NOASSERTION', 'filesAnalyzed': False,
    }
    relations += [('SPDXRef-DOCUMENT', 'DESCRIBES', 'SPDXRef-fcis')]
    relations += [('SPDXRef-fcis', 'DEPENDS_ON', spdx_package(row)['SPDXID']) for row in rows]
    document = {
        'spdxVersion': 'SPDX-2.3', 'dataLicense': 'CC0-1.0', 'SPDXID': 'SPDXRef-DOCUMENT', 'name': folder,
        'documentNamespace': f'https://spdx.org/spdxdocs/{folder}-{commit or "unknown"}',
        'creationInfo': {'created': datetime.datetime.fromtimestamp(time, datetime.timezone.utc)
                                    .strftime('%Y-%m-%dT%H:%M:%SZ'),
                         'creators': ['Tool: fcis/release/make_archive.py']},
        'packages': [own] + [spdx_package(row) for row in rows],
        'files': files,
        'relationships': [dict(zip(('spdxElementId', 'relationshipType', 'relatedSpdxElement'), r))
                          for r in relations],
    }
    (tree / 'share/doc/fcis/sbom.spdx.json').write_text(json.dumps(document, indent=1) + '\n', encoding='utf-8')


def pack(tree, folder, out, time):
    """A .tar.zst of the same bytes for the same files."""
    compress = ['zstd', '--quiet', '--force', '-3', '--long=27', '-T1', '-o', out]
    with subprocess.Popen(compress, stdin=subprocess.PIPE) as zstd:
        with tarfile.open(fileobj=zstd.stdin, mode='w|', format=tarfile.GNU_FORMAT) as tar:
            for path in [tree, *sorted(tree.rglob('*'))]:
                info = tar.gettarinfo(path, os.path.normpath(os.path.join(folder, path.relative_to(tree))))
                info.uid = info.gid = 0
                info.uname = info.gname = 'root'
                info.mtime = time
                if info.isdir():
                    info.mode = 0o755
                with open(path if info.isreg() else os.devnull, 'rb') as content:
                    tar.addfile(info, content if info.isreg() else None)
    if zstd.returncode != 0:
        raise SystemExit('zstd failed')


def read_status(path):
    """(commit, its time), as far as known."""
    lines = pathlib.Path(path).read_text(encoding='utf-8').splitlines()
    status = dict(line.split(' ', 1) for line in lines if ' ' in line)
    return status.get('STABLE_COMMIT', ''), int(status.get('STABLE_COMMIT_TIME', EPOCH))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('out')
    parser.add_argument('version')
    parser.add_argument('status')
    parser.add_argument('--put', nargs='+', action='append', default=[])
    parser.add_argument('--data', nargs='+', default=[])
    args = parser.parse_args()
    commit, time = read_status(args.status)
    folder = os.path.basename(args.out).rsplit('.tar.', 1)[0]
    with tempfile.TemporaryDirectory() as temporary:
        tree = pathlib.Path(temporary, folder)
        for target, *sources in args.put:
            for source in sources:
                put(source, tree / target / os.path.basename(source) if target.endswith('/') else tree / target)
        for source in args.data:
            put(source, tree / 'share' / source)
        if commit:
            (tree / 'share/fcis/commit').write_text(commit + '\n', encoding='utf-8')
        carried = carry_open_mpi(tree)
        carry_libraries(tree, carried)
        settle_programs(tree)
        library, = (tree / 'lib').glob('libfcis.so.*')
        (tree / 'lib/libfcis.so').symlink_to(library.name)
        packages = packages_of({*carried.values(), *COMPILED_IN})
        carry_licences(tree, sorted({tuple(row) for row in packages.values()}))
        check_version(tree, args.version)
        date = datetime.datetime.fromtimestamp(time, datetime.timezone.utc).strftime('%Y-%m-%d')
        write_manual(tree, args.version, date)
        write_sbom(tree, folder, args.version, commit, time, carried, packages)
        pack(tree, folder, args.out, time)


if __name__ == '__main__':
    main()
