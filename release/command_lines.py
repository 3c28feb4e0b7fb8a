"""The command lines of our programs that README.md and docs/*.md have.

Of no use by itself: documents_test.py and document_commands_test.py give it the
programs, as words of their command lines.
"""

import glob
import os
import pathlib
import re
import shlex
import subprocess
import sys

PROGRAMS = {
    os.path.basename(p).removesuffix('_main'): os.path.abspath(p)
    for p in sys.argv[1:] if not p.startswith('-')
}
CLI = 'docs/cli.md'

LABEL = re.compile(r'//fcis(?:/\w+)*:(\w+)$')
BUILT = re.compile(r'bazel-bin/fcis(?:/\w+)*/(\w+)$')
INLINE = re.compile(r'`([^`]+)`')
MPIEXEC = re.compile(r'(fcis-)?mpiexec$')


def split_document(text):
    """(lines of indented and fenced blocks, those that go on joined; the code in
    its other lines, which may go on as well)"""
    fenced, blocks, line, prose = False, [], '', []
    for raw in text.splitlines():
        if raw.startswith('```'):
            fenced = not fenced
        elif fenced or raw.startswith('    '):
            line += raw.strip().removesuffix('\\')
            if raw.endswith('\\'):
                continue
            blocks.append(line)
            line = ''
        else:
            prose.append(raw)
    paragraphs = re.split(r'\n\n|\n(?=\|)', '\n'.join(prose))
    return blocks, [' '.join(code.split()) for p in paragraphs for code in INLINE.findall(p)]


def split_shell(line):
    """Words of each command in a line of shell; [] for what is none."""
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars='|&;<>(){}')
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:  # C++, say
        return []
    commands = [[]]
    for word in words:
        if word and set(word) <= set('|&;(){}'):
            commands.append([])
        else:
            commands[-1].append(word)
    return commands


def program_of(words):
    """(name, arguments) of a program of ours; None: it is another's."""
    if words and MPIEXEC.match(words[0]):
        at = next((i for i, w in enumerate(words) if w in PROGRAMS or BUILT.match(w)), None)
        return program_of(words[at:]) if at else None
    if words[:2] == ['bazel', 'run']:
        label = next((i for i, w in enumerate(words) if LABEL.match(w)), None)
        if label is None:
            return None
        rest = words[label + 1:]
        return LABEL.match(words[label]).group(1), rest[1:] if rest[:1] == ['--'] else rest
    if words and BUILT.match(words[0]):
        return BUILT.match(words[0]).group(1).removesuffix('_main'), words[1:]
    if words and words[0].removeprefix('fcis-').replace('-', '_') in PROGRAMS:
        return words[0].removeprefix('fcis-').replace('-', '_'), words[1:]
    return None


def command_lines(inline=False):
    """(document, text, program, arguments) of each that is one of ours: those in
    blocks, or with arguments in running text."""
    for path in ['README.md', *sorted(glob.glob('docs/*.md'))]:
        if path == CLI:
            continue  # its examples are those of --help
        for line in split_document(pathlib.Path(path).read_text('utf-8'))[inline]:
            for words in split_shell(line):
                found = program_of(words)
                if found and (found[1] or not inline):
                    yield path, ' '.join(words), *found


def run(program, arguments, **options):
    return subprocess.run([PROGRAMS[program], *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, check=False, **options)
