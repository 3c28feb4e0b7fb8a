#!/usr/bin/env python3
"""The command lines of README.md and docs/*.md do what they are there for.

Usage: document_commands_test.py PROGRAM... (of Bazel's test)

Those of each document run in its order in a directory of its own, with small
files under the names that the document gives them, and with flags that make them
cheap: two iterations of a small model, a few pictures. Those that need the net
get it from a server here. docs/own-data.md has a test of its own, own_data_test.
"""

import http.server
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request
import zipfile

sys.dont_write_bytecode = True

import command_lines  # pylint: disable=wrong-import-position

ELSEWHERE = {'docs/own-data.md'}
# Lines that are no commands: what may stand there, and the name of a function of
# the shell.
NO_COMMANDS = {'demo [flags] [picture, directory or pattern]...', 'train'}

# What documents name and small files stand for; paths become relative.
STANDS_FOR = {'fcis_coco.npz': 'model.safetensors', '*.jpg': 'pictures/000000000001.jpg', 'PICTURES': 'pictures',
              '/data/coco': 'coco', '$1': 'model.safetensors', '$2': 'found', '$@': None}
FOLDERS = '/tmp/', '$PWD/'

# What is added to make a program's command line cheap.
ADDED = {
    'demo': ['--nodownload'],
    'eval': ['--nodownload', '--data_dir', 'coco'],
    'launch': ['--max_iters', '2'],
    'serve': ['--nodownload', '--port', '0'],
    'synth': ['--images', '4'],
    'train': ['--max_iters', '2'],
}
SMALL = 'model: "small_scenes" init: "scratch" frozen_stages: 0 batch: 1'
NEW_RUN = ['--set', SMALL, '--threads', '1']
# Where nothing says which pictures, they are COCO's.
SAYS_PICTURES = '--ann_file', 'small_scenes'
OWN_DATA = ['--ann_file', 'a.json', '--image_dir', 'pictures']
OF_FUNCTION = ['--image_dir', '.', '--val_ann_file', 'photos/val_coco.json', '--val_image_dir', '.']

ANNOTATIONS = ('a.json', 'gt.json', 'mine.json', 'first20.json', 'round1.json', 'round2.json', 'round3.json',
               'instances_train2017.json', 'instances_val2017.json', 'photos/train.json', 'photos/val_coco.json',
               'finetune_wheel/train.json', 'finetune_wheel/test.json', 'coco/annotations/instances_minival2014.json')
PICTURES = 'pictures', 'mine', 'train2017', 'val2017', 'finetune_wheel', 'coco/images/val2014', '.'
MODELS = 'model.safetensors', 'backbone/resnet50_thin.safetensors'


def write_files(place):
    """What the command lines name."""
    scenes = pathlib.Path('fcis/data/scenes').resolve()
    whole = json.loads((scenes / 'annotations.json').read_text('utf-8'))
    whole['images'] = whole['images'][:4]
    names = {image['id']: image['file_name'] for image in whole['images']}
    whole['annotations'] = [a for a in whole['annotations'] if a['image_id'] in names]
    keys = ('image_id', 'category_id', 'segmentation')
    results = [{**{k: a[k] for k in keys}, 'score': 0.5} for a in whole['annotations']]

    def at(name):
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path
    for name in ANNOTATIONS:
        at(name).write_text(json.dumps(whole))
    at('det.json').write_text(json.dumps(results))
    for folder in PICTURES:
        for name in names.values():
            shutil.copy(scenes / 'images' / name, at(f'{folder}/{name}'))
    for picture in pathlib.Path('fcis/tools/images').glob('*.jpg'):
        shutil.copy(picture, at(f'fcis/tools/images/{picture.name}'))
    shutil.copytree(scenes, place / 'fcis/data/scenes')
    for name in MODELS:
        shutil.copy('fcis/model/embedded/small_scenes.safetensors', at(name))
    at('fcis/model/embedded/photos.safetensors')
    frame = b'FRAME\n' + bytes(range(96)) * 96
    at('in.y4m').write_bytes(b'YUV4MPEG2 W96 H64 F25:1 C420jpeg\n' + 4 * frame)


class Published:
    """A server of what `download` fetches, and the list of it."""

    def __init__(self, manifest):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, 'w') as archive:
            archive.writestr('a/b.jpg', 'a picture')
        model = io.BytesIO()
        with zipfile.ZipFile(model, 'w') as archive:
            archive.writestr('a.npy', b'\x93NUMPY')
        files = {'/pictures.zip': packed.getvalue(), '/model.npz': model.getvalue()}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header('Content-Length', str(len(files[self.path])))
                self.end_headers()
                self.wfile.write(files[self.path])

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        source = f'source {{ allow_http: true url: "http://127.0.0.1:{self.server.server_port}/%s" }}'
        manifest.write_text(
            f'item {{ name: "model" file: "model.npz" format: NPZ {source % "model.npz"} }}\n'
            f'item {{ name: "pictures" file: "pictures.zip" kind: DATASET format: ZIP {source % "pictures.zip"} '
            'unpack { suffix: ".jpg" directory: "images/val2014" } }\n'
            'group { name: "val" item: "pictures" }\n')

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def words_of(text, name, arguments):
    """The command to run in place of the document's."""
    words = [STANDS_FOR.get(a, a) for a in arguments if not a.startswith('[')]
    words = [a for a in words if a is not None]
    for folder in FOLDERS:
        words = [a.replace(folder, '') for a in words]
    if name == 'launch':  # It starts what follows --.
        words[words.index('train')] = command_lines.PROGRAMS['train']
    words += ADDED.get(name, [])
    if name in ('train', 'launch') and '--resume' not in words:
        added = list(NEW_RUN)
        if '--set' in words:  # A second one would replace the first.
            words[words.index('--set') + 1] += ' ' + SMALL
            added = added[2:]
        words += added + ([] if set(SAYS_PICTURES) & set(words) else OWN_DATA)
        # Some are started by a function of the shell that names the pictures.
        words += OF_FUNCTION if '--ann_file' in words and '--image_dir' not in words else []
    if '--watch' in words:
        words += ['--watch_port', '0']
    if name == 'download':
        words += ['--manifest', 'manifest'] + ([] if '-d' in words else ['-d', 'models'])
    ranks = re.search(r'mpiexec.* -n (\d)', text)
    return (['mpiexec', '--allow-run-as-root', '--oversubscribe', '-n', ranks[1]] if ranks else []) + [
        command_lines.PROGRAMS[name], *words]


class CommandsTest(unittest.TestCase):

    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(dir=os.environ.get('TEST_TMPDIR')))
        write_files(self.place)
        published = Published(self.place / 'manifest')
        self.addCleanup(published.close)
        # Open MPI's sockets have short paths.
        mpi = tempfile.TemporaryDirectory(prefix='mpi.', dir='/tmp')
        self.addCleanup(mpi.cleanup)
        self.environment = {
            **os.environ, 'HOME': str(self.place), 'TMPDIR': mpi.name,
            'OMPI_ALLOW_RUN_AS_ROOT': '1', 'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM': '1',
            'OMPI_MCA_rmaps_base_oversubscribe': '1', 'OMPI_MCA_btl_vader_backing_directory': mpi.name,
            'OMPI_MCA_btl_sm_backing_directory': mpi.name}

    def start(self, words, **options):
        return subprocess.Popen(words, cwd=self.place, env=self.environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, **options)

    def serve(self, text, words):
        """One that runs until it is ended: it says an address, and a page is there."""
        with self.start(words, stdin=subprocess.DEVNULL) as process:
            address = None
            for line in process.stdout:
                address = re.search(rb'http://\S+', line)
                if address:
                    break
            try:
                self.assertTrue(address, f'{text}: no address')
                with urllib.request.urlopen(address[0].decode()) as answer:
                    self.assertIn(b'<html', answer.read().lower())
            finally:
                process.send_signal(signal.SIGTERM)
                out, error = process.communicate()
        self.assertEqual(process.returncode, 0, f'{text}: {(out + error).decode()}')

    def run_to_its_end(self, text, words):
        video = (self.place / 'in.y4m').read_bytes() if '--video -' in text else None
        with self.start(words, stdin=subprocess.PIPE if video else subprocess.DEVNULL) as process:
            out, error = process.communicate(video)
        self.assertEqual(process.returncode, 0, f'{text}: {words}: {(out + error).decode(errors="replace")}')
        said = error if '--video -' in text or '--out -' in text else out + error
        # Paths are those that the user knows.
        self.assertNotIn(str(self.place).encode(), said, text)
        self.assertNotIn(b'.runfiles', said, text)

    def run_document(self, document):
        count = 0
        for path, text, name, arguments in command_lines.command_lines():
            if path != document or text in NO_COMMANDS:
                continue
            count += 1
            with self.subTest(text):
                words = words_of(text, name, arguments)
                if '--max_iters' in words and '--resume' not in words and '--out' in words:
                    shutil.rmtree(self.place / words[words.index('--out') + 1], ignore_errors=True)
                forever = name == 'serve' or name == 'report' and '--watch' in words
                (self.serve if forever else self.run_to_its_end)(text, words)
        return count

    def test_readme(self):
        self.assertGreater(self.run_document('README.md'), 18)

    def test_export(self):
        self.assertEqual(self.run_document('docs/export.md'), 2)

    def test_results(self):
        self.assertGreater(self.run_document('docs/results.md'), 18)

    def test_serve(self):
        self.assertEqual(self.run_document('docs/serve.md'), 1)

    def test_training(self):
        # Runs that `report` is given.
        for run in ('run1', 'run2', 'run3'):
            (self.place / run).mkdir()
            (self.place / run / 'log.jsonl').write_text('{"iteration":1,"loss":0.5}\n')
            (self.place / run / 'config.textproto').write_text('batch: 2\n')
        self.assertGreater(self.run_document('docs/training.md'), 6)

    def test_video(self):
        self.assertEqual(self.run_document('docs/video.md'), 4)
        self.assertEqual((self.place / 'out.y4m').stat().st_size, (self.place / 'in.y4m').stat().st_size)
        self.assertEqual(len((self.place / 'out.jsonl').read_text('utf-8').splitlines()), 4)

    def test_every_document_has_a_test(self):
        documents = {path for path, text, _, _ in command_lines.command_lines() if text not in NO_COMMANDS}
        tests = {'README.md', *(f'docs/{name}.md' for name in ('export', 'results', 'serve', 'training', 'video'))}
        self.assertEqual(documents, tests | ELSEWHERE)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
