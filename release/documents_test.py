#!/usr/bin/env python3
"""docs/cli.md is what the programs say, and the documents' command lines are theirs.

Usage: documents_test.py PROGRAM... [--write] (of Bazel's test; --write, under
`bazel run`, makes docs/cli.md)

Command lines are those in README.md and docs/*.md. Each is parsed by its
program: it is there, has these flags, and they take these values. Of those in
blocks, the ones in RUN run as well, with small files under the names that the
documents give them; PARSED and PARSED_PROGRAMS say why others do not.
"""

import glob
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

sys.dont_write_bytecode = True

import manual  # pylint: disable=wrong-import-position

PROGRAMS = {
    os.path.basename(p).removesuffix('_main'): os.path.abspath(p)
    for p in sys.argv[1:] if not p.startswith('-')
}
CLI = 'docs/cli.md'

# Command lines as they stand, and what is added: flags that make them cheap.
RUN = {
    'bazel run //fcis/tools:demo': '--nodownload',
    'bazel run //fcis/tools:demo -- --nodownload --out docs/pictures fcis/tools/images/astronaut.jpg '
    'fcis/tools/images/cat.jpg': '',
    'bazel run //fcis/tools:demo -- -m run/model.safetensors --imgdir pictures': '',
    'demo --video in.y4m --out out.y4m --save_json': '--nodownload',
    'demo --video in.y4m --out - --every 3': '--nodownload',
    'bazel run //fcis/tools:check_dataset -- --ann_file mine/annotations.json --image_dir mine/images '
    '--html mine/look.html': '',
    'convert model.safetensors model.onnx': '',
    'convert --torchvision model.safetensors backbone.safetensors': '',
    'bazel run //fcis/tools:synth -- --out /tmp/scenes --images 2000': '--out scenes --images 2',
    'score --annotations gt.json --results det.json --iou_type segm': '',
    'eval --split scenes': '--precision f32',
}
# Why the others only parse: by program, and by what is in them.
PARSED_PROGRAMS = {
    'train': 'takes minutes; fcis/train/main has its tests',
    'launch': 'starts train',
    'report': 'needs what trainings made; report_main_test has its own',
    'serve': 'runs until it is stopped; serve_main_test',
    'download': 'needs the network',
}
PARSED = {
    r'fcis_coco|minival2014': 'needs a published model or COCO',
    r'-m (\S*/)?(run|mean|photos|wheels)[/.]|-m \$1|/tmp/mean|--ann_file a\.json': 'needs what a training made',
    r':convert_dataset': 'fcis/tools:own_data_test runs it',
    r'--images \d\d\d': 'takes minutes',
    r'--video -$': 'the same as with a file, but for the pipe, which demo_main_test has',
    r'\[flags\]': 'says what may stand there',
}

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


# A name for what stands there, as N.
VALUE = re.compile(r'[A-Z]+$')


def is_placeholder(word):
    return word.startswith('[') or word.endswith(']') or '...' in word


def run(program, arguments, **options):
    return subprocess.run([PROGRAMS[program], *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, check=False, **options)


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
                says_why = name in PARSED_PROGRAMS or any(re.search(r, text) for r in PARSED)
                self.assertTrue(text in RUN or says_why, f'{path}: {text}: neither in RUN nor in PARSED')
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


def write_files(place):
    """What RUN's command lines name."""
    scenes = pathlib.Path('fcis/data/scenes').resolve()
    annotations = json.loads((scenes / 'annotations.json').read_text('utf-8'))
    (place / 'mine').mkdir()
    for name in ('mine/annotations.json', 'gt.json'):
        (place / name).write_text(json.dumps(annotations))
    keys = ('image_id', 'category_id', 'segmentation')
    results = [{**{k: a[k] for k in keys}, 'score': 0.5} for a in annotations['annotations']]
    (place / 'det.json').write_text(json.dumps(results))
    (place / 'mine/images').symlink_to(scenes / 'images')
    for folder in ('pictures', 'fcis/tools/images', 'run'):
        (place / folder).mkdir(parents=True)
    shutil.copy(scenes / 'images/000000000001.jpg', place / 'pictures')
    for picture in pathlib.Path('fcis/tools/images').glob('*.jpg'):
        shutil.copy(picture, place / 'fcis/tools/images')
    for name in ('run/model.safetensors', 'model.safetensors'):
        shutil.copy('fcis/model/embedded/small_scenes.safetensors', place / name)
    frame = b'FRAME\n' + bytes(range(96)) * 96
    (place / 'in.y4m').write_bytes(b'YUV4MPEG2 W96 H64 F25:1 C420jpeg\n' + 4 * frame)


class RunTest(unittest.TestCase):

    def test_run(self):
        known = {text: (name, arguments) for _, text, name, arguments in command_lines()}
        with tempfile.TemporaryDirectory(dir=os.environ.get('TEST_TMPDIR')) as root:
            place = pathlib.Path(root)
            write_files(place)
            environment = {**os.environ, 'HOME': root}
            for text, added in RUN.items():
                with self.subTest(text):
                    self.assertIn(text, known, f'{text}: no document has it any more')
                    name, arguments = known[text]
                    done = run(name, arguments + added.split(), cwd=root, env=environment)
                    self.assertEqual(done.returncode, 0, f'{text}: {done.stderr.decode()}')
                    # Paths are those that the user knows.
                    said = done.stderr if '--out -' in text else done.stdout + done.stderr
                    self.assertNotIn(root.encode(), said, text)
                    self.assertNotIn(b'.runfiles', said, text)
            self.assertEqual((place / 'out.y4m').stat().st_size, (place / 'in.y4m').stat().st_size)
            self.assertEqual(len((place / 'out.jsonl').read_text('utf-8').splitlines()), 4)


if __name__ == '__main__':
    if '--write' in sys.argv:
        target = pathlib.Path(os.environ['BUILD_WORKSPACE_DIRECTORY'], CLI)
        target.write_text(manual.markdown(helps()), encoding='utf-8')
    else:
        unittest.main(argv=sys.argv[:1])
