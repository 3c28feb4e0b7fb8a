#!/usr/bin/env python3
"""The archive, unpacked: programs run there, and all of it is as promised.

Usage: archive_test.py ARCHIVE (of Bazel's test)
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ARCHIVE = os.path.abspath(sys.argv.pop(1))
TRY = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'try_installed')
LIBC = re.compile(r'/lib(64)?/.*(ld-linux-[\w-]+|lib(c|m|mvec|dl|rt|pthread|resolv))\.so\.\d+$')


def run(*command):
    # Neither the workspace's files nor its libraries.
    environment = {'PATH': '/usr/bin:/bin', 'HOME': tempfile.gettempdir()}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8',
                          env=environment, check=False)
    return done.returncode, done.stdout


class ArchiveTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(dir=os.environ.get('TEST_TMPDIR'))
        # Such a name of a folder is a test of its own.
        place = pathlib.Path(cls.temporary.name, 'put anywhere')
        place.mkdir()
        subprocess.run(['tar', '-C', place, '-xf', ARCHIVE], check=True)
        cls.tree, = place.iterdir()
        cls.elves = [p for p in sorted(cls.tree.rglob('*')) if p.is_file() and p.read_bytes()[:4] == b'\x7fELF']
        cls.programs = [p for p in cls.elves if p.parent == cls.tree / 'bin']

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def output(self, *command):
        code, text = run(*map(str, command))
        self.assertEqual(code, 0, f'{command}: {text}')
        return text

    def test_programs_work(self):
        self.assertIn('all programs work', self.output(TRY, self.tree))

    def test_folders(self):
        self.assertEqual({p.name for p in self.tree.iterdir()}, {'bin', 'include', 'lib', 'share'})
        self.assertGreaterEqual(len(self.programs), 15)
        for path in self.tree.rglob('*'):
            self.assertFalse(path.is_symlink() and os.path.isabs(os.readlink(path)), path)

    def of_the_system(self, path):
        """Names of the libraries that the file takes from there."""
        paths = re.findall(r'(/[^\n]*) \(0x', self.output('ldd', path))
        self.assertTrue(paths)
        return {os.path.basename(p) for p in paths
                if not LIBC.search(p) and not os.path.realpath(p).startswith(str(self.tree))}

    def test_nothing_but_libc_is_the_systems(self):
        for program in [*self.programs, *self.tree.glob('lib/fcis/openmpi/bin/*')]:
            self.assertEqual(self.of_the_system(program), set(), program)

    def test_who_loads_the_library_may_have_a_newer_cxx(self):
        for library in self.tree.glob('lib/*.so*'):
            self.assertEqual(self.of_the_system(library), {'libgcc_s.so.1', 'libstdc++.so.6'})

    def test_no_path_of_the_system_in_search_paths(self):
        for path in self.elves:
            for where in re.findall(r'\((?:RPATH|RUNPATH)\).*\[(.*)\]', self.output('readelf', '-dW', path)):
                self.assertTrue(all(w.startswith('$ORIGIN') for w in where.split(':')), f'{path}: {where}')

    def test_programs_are_hardened(self):
        own = [*self.programs, *self.tree.glob('lib/*.so*')]
        for path in own:
            headers = self.output('readelf', '-hldW', '--dyn-syms', path)
            with self.subTest(path=path.name):
                for has in (r'Type: +DYN', r'GNU_RELRO', r'\bBIND_NOW\b|Flags:.*\bNOW\b', r'GNU_STACK .* RW +0x',
                            r'__stack_chk_fail', r'\b__(?!stack)\w+_chk@', *[r'Flags:.*\bPIE\b'] * (path.parent.name == 'bin')):
                    self.assertTrue(re.search(has, headers), has)
                self.assertFalse(re.search(r'\(TEXTREL\)|\bTEXTREL\b', headers))

    def test_a_program_of_others_links_the_library(self):
        place = pathlib.Path(self.temporary.name)
        source, program = place / 'own.cc', place / 'own'
        source.write_text('#include <cstdio>\n#include <fcis/version.h>\n'
                          'int main() { std::puts(fcis::version()); }\n', 'utf-8')
        found = self.output('env', f'PKG_CONFIG_PATH={self.tree}/lib/pkgconfig', 'pkg-config', '--cflags', '--libs', 'fcis')
        version = self.output('env', f'PKG_CONFIG_PATH={self.tree}/lib/pkgconfig', 'pkg-config', '--modversion', 'fcis')
        self.output('g++', '-std=c++17', source, '-o', program, *shlex.split(found))
        self.assertEqual(self.output(program), version)

    def test_licences_of_all_libraries(self):
        sbom = json.loads((self.tree / 'share/doc/fcis/sbom.spdx.json').read_text('utf-8'))
        names = {f['fileName'] for f in sbom['files']}
        owners = {r['relatedSpdxElement']: r['spdxElementId'] for r in sbom['relationships']
                  if r['relationshipType'] == 'CONTAINS'}
        packages = {p['SPDXID']: p for p in sbom['packages']}
        for entry in sbom['files']:
            owner = packages[owners[entry['SPDXID']]]
            if entry['fileName'].startswith('./lib/fcis/'):
                licence = self.tree / owner['licenseComments']
                self.assertGreater(licence.stat().st_size, 100)
                self.assertTrue(owner['versionInfo'])
        there = {f'./{p.relative_to(self.tree)}' for p in self.tree.rglob('*') if p.is_file() and not p.is_symlink()}
        self.assertEqual(there - names, {'./share/doc/fcis/sbom.spdx.json'})
        self.assertEqual(names - there, set())
        self.assertIn('MIT', (self.tree / 'share/licenses/fcis/LICENSE').read_text('utf-8'))

    def test_pages_and_completions_name_every_flag(self):
        for program in self.programs:
            flags = set(re.findall(r'^  (?:-\w, )?--(?:\[no\])?(\w+)', self.output(program, '--help'), re.MULTILINE))
            share, name = self.tree / 'share', program.name
            man = (share / f'man/man1/{name}.1').read_text('utf-8').replace('\\-', '-')
            bash = (share / f'bash-completion/completions/{name}').read_text('utf-8')
            zsh = (share / f'zsh/site-functions/_{name}').read_text('utf-8')
            fish = (share / f'fish/vendor_completions.d/{name}.fish').read_text('utf-8')
            for flag in flags:
                self.assertRegex(man, rf'--{flag}\b')
                self.assertRegex(bash, rf'--{flag}\b')
                self.assertRegex(zsh, rf"'--{flag}\[")
                self.assertRegex(fish, rf'-l {flag}\b')

    def test_bash_completes(self):
        script = self.tree / 'share/bash-completion/completions/fcis-demo'
        words = self.output('bash', '-c', f'. "{script}"; COMP_WORDS=(fcis-demo --score); COMP_CWORD=1; '
                                          '_fcis_demo; echo "${COMPREPLY[@]}"')
        self.assertEqual(words, '--score_thresh\n')
        for path in (self.tree / 'share/bash-completion/completions').iterdir():
            self.output('bash', '-n', path)

    @unittest.skipUnless(shutil.which('man'), 'no man here')
    def test_man_shows_pages_without_a_warning(self):
        for page in (self.tree / 'share/man/man1').iterdir():
            done = subprocess.run(['man', '--warnings', '--local-file', page], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, encoding='utf-8', env={**os.environ, 'MANWIDTH': '80'},
                                  check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ''), page)
            self.assertIn('EXIT STATUS', done.stdout)


def write_outcomes(path, names, result):
    """What Bazel, and scripts/count_tests.py after it, reads of each test."""
    outcomes = {test.id(): ('skipped', reason) for test, reason in result.skipped}
    for test, text in result.failures + result.errors:
        outcomes[getattr(test, 'test_case', test).id()] = 'failure', text
    suites = xml.etree.ElementTree.Element('testsuites')
    suite = xml.etree.ElementTree.SubElement(suites, 'testsuite', name='archive_test')
    for name in names:
        case = xml.etree.ElementTree.SubElement(suite, 'testcase', classname='ArchiveTest', name=name.split('.')[-1])
        if name in outcomes:
            kind, text = outcomes[name]
            xml.etree.ElementTree.SubElement(case, kind, message=text)
    xml.etree.ElementTree.ElementTree(suites).write(path)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(ArchiveTest)
    names = [test.id() for test in suite]
    result = unittest.TextTestRunner().run(suite)
    if 'XML_OUTPUT_FILE' in os.environ:
        write_outcomes(os.environ['XML_OUTPUT_FILE'], names, result)
    sys.exit(not result.wasSuccessful())


if __name__ == '__main__':
    main()
