#!/bin/bash
# wheel_test.sh WHEEL MODEL: installs the wheel into an environment of its own,
# offline, and tests it there.
set -euo pipefail
here=$PWD/fcis/python
model=$PWD/$2
python=/usr/bin/python3
$python -c 'import ensurepip, numpy' || {
  echo "wheel_test.sh: python3-numpy and python3-venv are missing; see ./bootstrap" >&2
  exit 1
}
$python -m venv --system-site-packages "$TEST_TMPDIR/venv"
"$TEST_TMPDIR/venv/bin/python" -m pip --quiet --disable-pip-version-check \
  install --no-index --no-deps "$1"
unset PYTHONPATH FCIS_LIBRARY
# A sanitizer's runtime must be there before the library is; Python leaks.
library=$("$TEST_TMPDIR/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/fcis/libfcis.so.0
LD_PRELOAD=$(ldd "$library" | awk '/lib[at]san/ { print $3 }')
export LD_PRELOAD ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
cd "$TEST_TMPDIR"
exec "$TEST_TMPDIR/venv/bin/python" "$here/wheel_test.py" "$here/wheel_cases.json" "$model"
