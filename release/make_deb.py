"""Makes a Debian package of the archive: the same tree, below /usr.

Usage: make_deb.py OUT VERSION ARCHIVE

It depends on libc alone, in the version that its programs and libraries ask for:
what else they need is in /usr/lib/fcis, where Debian's policy has libraries of
one package's own. So one package serves Debian 12 and 13.
"""

import argparse
import email.utils
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

MAINTAINER = 'the fcis authors <fcis@localhost>'

CONTROL = '''\
Package: fcis
Version: {version}
Architecture: amd64
Maintainer: {maintainer}
Installed-Size: {size}
Depends: libc6 (>= {libc})
Recommends: ca-certificates
Section: science
Priority: optional
Description: instance segmentation of pictures (FCIS)
 Finds the objects in pictures, each with class, score, box and mask, by Fully
 Convolutional Instance-aware Semantic Segmentation (Li et al., CVPR 2017).
 .
 Programs to find and draw instances, to train, to evaluate as COCOeval does, to
 convert and quantize models; a small model of four classes; and the library for
 programs in C and C++.
'''

CHANGELOG = '''\
fcis ({version}) unstable; urgency=medium

  * See NEWS.gz.

 -- {maintainer}  {date}
'''

# What lintian finds and shall find.
OVERRIDES = '''\
# /usr/lib/fcis holds libraries as Debian built them, so that one package serves
# several of its releases.
fcis: embedded-library
fcis: library-not-linked-against-libc
fcis: shared-library-lacks-prerequisites
# The programs, the library and what its users compile with are one package.
fcis: link-to-shared-library-in-wrong-package
fcis: package-name-doesnt-match-sonames
fcis: pkg-config-unavailable-for-cross-compilation
# Its options are those of Open MPI's mpiexec.
fcis: no-manual-page [usr/bin/fcis-mpiexec]
# dpkg of Debian 12 reads zstd, which packs in seconds.
fcis: malformed-deb-archive
# There is no address.
fcis: bogus-mail-host
fcis: bogus-mail-host-in-debian-changelog
'''


def run(*command, **kwargs):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, **kwargs).stdout


def libc_version(tree):
    """The newest one of which a symbol is asked for."""
    newest = (2, 2)
    for path in tree.rglob('*'):
        if path.is_file() and path.read_bytes()[:4] == b'\x7fELF':
            needs = run('readelf', '--version-info', '--wide', str(path), encoding='utf-8')
            found = re.findall(r'Name: GLIBC_(\d+)\.(\d+)', needs)
            newest = max([newest, *((int(a), int(b)) for a, b in found)])
    return '.'.join(map(str, newest))


def compress(path, name=None):
    target = path.with_name((name or path.name) + '.gz')
    target.write_bytes(run('gzip', '-9nc', str(path)))
    os.utime(target, (path.stat().st_mtime,) * 2)
    path.unlink()


def follow_debian(usr, version, time):
    """What Debian's policy wants otherwise than the archive has it."""
    for page in sorted(usr.glob('share/man/man1/*')):
        compress(page)
    doc = usr / 'share/doc/fcis'
    compress(doc / 'CHANGELOG.md', 'NEWS')
    date = email.utils.formatdate(time)
    (doc / 'changelog').write_text(
        CHANGELOG.format(version=version, maintainer=MAINTAINER, date=date), encoding='utf-8')
    os.utime(doc / 'changelog', (time, time))
    compress(doc / 'changelog')
    shutil.copyfile(usr / 'share/licenses/fcis/LICENSE', doc / 'copyright')
    with open(doc / 'copyright', 'a', encoding='utf-8') as file:
        file.write('\nOf what is in /usr/lib/fcis: /usr/share/licenses/fcis and NOTICE.gz beside this.\n')
    shutil.copyfile(usr / 'share/licenses/fcis/NOTICE', doc / 'NOTICE')
    compress(doc / 'NOTICE')
    overrides = usr / 'share/lintian/overrides/fcis'
    overrides.parent.mkdir(parents=True)
    overrides.write_text(OVERRIDES, encoding='utf-8')
    (usr / 'lib/libfcis.so.0').chmod(0o644)
    (usr / 'share/zsh/site-functions').rename(usr / 'share/zsh/vendor-completions')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('out')
    parser.add_argument('version')
    parser.add_argument('archive')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary, 'root')
        usr = root / 'usr'
        usr.mkdir(parents=True)
        run('tar', '--extract', '--no-same-owner', '--strip-components=1', '-C', str(usr), '-f', args.archive)
        time = int((usr / 'bin').stat().st_mtime)
        follow_debian(usr, args.version, time)
        size = sum(p.stat().st_size for p in usr.rglob('*') if p.is_file() and not p.is_symlink()) // 1024
        control = root / 'DEBIAN/control'
        control.parent.mkdir()
        (root / 'DEBIAN/triggers').write_text('activate-noawait ldconfig\n', encoding='utf-8')
        control.write_text(CONTROL.format(version=args.version, maintainer=MAINTAINER, size=size,
                                          libc=libc_version(usr)), encoding='utf-8')
        (root / 'DEBIAN/shlibs').write_text(f'libfcis 0 fcis (>= {args.version})\n', encoding='utf-8')
        files = [p for p in sorted(usr.rglob('*')) if p.is_file() and not p.is_symlink()]
        sums = run('md5sum', *(str(p.relative_to(root)) for p in files), cwd=root)
        (root / 'DEBIAN/md5sums').write_bytes(sums)
        for path in [root, *root.rglob('*')]:
            if path.is_dir():
                path.chmod(0o755)
        # Times after this one become it.
        run('dpkg-deb', '--root-owner-group', '-Zzstd', '-z3', '--build', str(root), args.out,
            env={**os.environ, 'SOURCE_DATE_EPOCH': str(time)})


if __name__ == '__main__':
    main()
