#!/usr/bin/env python3
"""docs/cli.md is what the programs say, and the documents' command lines are theirs.

Usage: documents_test.py PROGRAM... [--write] (of Bazel's test; --write, under
`bazel run`, makes docs/cli.md)

Command lines are those in README.md and docs/*.md. Each is parsed by its
program: it is there, has these flags, and they take these values.
document_commands_test.py runs those in blocks.
"""

import os
import pathlib
import re
import sys
import unittest

sys.dont_write_bytecode = True

import manual  # pylint: disable=wrong-import-position
from command_lines import (  # pylint: disable=wrong-import-position
    CLI, PROGRAMS, command_lines, program_of, run, split_shell)

# A name for what stands there, as N.
VALUE = re.compile(r'[A-Z]+$')


def is_placeholder(word):
    return word.startswith('[') or word.endswith(']') or '...' in word


def helps():
    return [run(name, ['--help']).stdout.decode() for name in sorted(PROGRAMS)]


class CliPageTest(unittest.TestCase):

    def test_is_what_the_programs_say(self):
        self.maxDiff = None
        self.assertEqual(
            pathlib.Path(CLI).read_text('utf-8'), manual.markdown(helps()),
            f'{CLI} is not what --help says any more; make it again: bazel run //release:documents_test -- --write')


class CommandLinesTest(unittest.TestCase):

    def check_parses(self, where, name, arguments):
        self.assertIn(name, PROGRAMS, f'{where}: release/BUILD.bazel (FILES) has no program {name}')
        done = run(name, arguments, env={**os.environ, 'FCIS_PARSE_ONLY': '1'})
        self.assertEqual(done.returncode, 0, f'{where}: {done.stderr.decode()}')

    def test_parse(self):
        count = 0
        for path, text, name, arguments in command_lines():
            with self.subTest(text):
                self.check_parses(f'{path}: {text}', name, [a for a in arguments if not is_placeholder(a)])
            count += 1
        self.assertGreater(count, 40)

    def test_running_text_parses(self):
        count = 0
        for path, text, name, arguments in command_lines(inline=True):
            with self.subTest(text):
                values = ['1' if VALUE.match(a) else a for a in arguments if not is_placeholder(a)]
                if values and values[-1].startswith('--') and values[-1] != '--help':
                    values[-1] += '=1'  # What it is set to is not said.
                self.check_parses(f'{path}: {text}', name, values)
            count += 1
        self.assertGreater(count, 20)

    def test_examples_of_help_parse(self):
        for name, text in zip(sorted(PROGRAMS), helps()):
            for example in manual.Help(text).examples:
                for words in split_shell(example):
                    found = program_of(words)
                    if found:
                        with self.subTest(example):
                            self.check_parses(f'{name} --help: {example}', *found)

    def test_the_parser_is_asked(self):
        for arguments in (['--no_such_flag'], ['--every', 'often']):
            done = run('demo', arguments, env={**os.environ, 'FCIS_PARSE_ONLY': '1'})
            self.assertEqual(done.returncode, 2)


if __name__ == '__main__':
    if '--write' in sys.argv:
        target = pathlib.Path(os.environ['BUILD_WORKSPACE_DIRECTORY'], CLI)
        target.write_text(manual.markdown(helps()), encoding='utf-8')
    else:
        unittest.main(argv=sys.argv[:1])
