"""Counts the test cases of a `bazel test --build_event_json_file=FILE` run.

Usage: count_tests.py FILE BAZEL_EXIT_STATUS

Lists failed and skipped test cases (the latter with reasons), then prints
"N skipped" and "N passed, N failed". A target that does not build, or fails
without a failed case to show for it, counts as one failed test. Exits with 1
unless all is well.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree


def cases_of(uri, label):
    """(name, outcome, reason) of each test case of a test.xml."""
    path = urllib.parse.unquote(urllib.parse.urlparse(uri).path)
    for case in xml.etree.ElementTree.parse(path).iter('testcase'):
        suite = case.get('classname')
        name = f'{label} {suite}.{case.get("name")}' if suite else label
        skipped = case.find('skipped')
        if case.find('failure') is not None or case.find('error') is not None:
            yield name, 'failed', ''
        elif skipped is not None:
            reason = skipped.get('message') or skipped.text or ''
            # GoogleTest puts file:line on a line of its own before the reason.
            yield name, 'skipped', ' '.join(reason.split())
        elif case.get('status') == 'notrun':
            yield name, 'skipped', 'disabled in the source'
        else:
            yield name, 'passed', ''


def outcomes(events):
    """(name, outcome, reason) of every test case of the run."""
    results = {}  # A later attempt replaces an earlier one.
    tests = set()
    for event in events:
        ids = event['id']
        if 'testResult' in ids:
            key = ids['testResult']
            results[key['label'], key.get('run'), key.get('shard')] = event['testResult']
        elif 'targetConfigured' in ids:
            if event.get('configured', {}).get('targetKind', '').endswith('_test rule'):
                tests.add(ids['targetConfigured']['label'])
        elif 'targetCompleted' in ids:
            label = ids['targetCompleted']['label']
            if event.get('aborted', {}).get('reason') == 'SKIPPED':
                if label in tests:
                    yield label, 'skipped', 'not for this configuration'
            elif not event.get('completed', {}).get('success'):
                yield label, 'failed', 'does not build'
    for (label, _, _), result in results.items():
        cases = []
        for output in result.get('testActionOutput', []):
            if output['name'] == 'test.xml':
                cases = list(cases_of(output['uri'], label))
        status = result['status']
        ok = status in ('PASSED', 'FLAKY')
        if not ok and not any(case[1] == 'failed' for case in cases):
            cases.append((label, 'failed', status))
        elif ok and not cases:
            cases.append((label, 'passed', ''))
        yield from cases


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        events = [json.loads(line) for line in file if line.strip()]
    bazel_status = int(sys.argv[2])
    found = list(outcomes(events))
    failed = [o for o in found if o[1] == 'failed']
    skipped = [o for o in found if o[1] == 'skipped']
    if bazel_status != 0 and not failed:
        failed.append((f'bazel test (exit status {bazel_status})', 'failed', 'see above'))
    print()
    for name, outcome, reason in failed + skipped:
        print(f'{outcome.upper()}: {name}' + (f': {reason}' if reason else ''))
    print(f'{len(skipped)} skipped')
    print(f'{len(found) - len(skipped) - sum(o[1] == "failed" for o in found)} passed, '
          f'{len(failed)} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
