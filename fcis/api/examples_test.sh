#!/bin/bash
# examples_test.sh DETECT DETECT_C EVALUATE: what they print.
set -euo pipefail
fail() {
  echo "examples_test.sh: $1" >&2
  exit 1
}
for detect in "$1" "$2"; do
  found=$("$detect" fcis/tools/images/cat.jpg)
  grep -q '^cat 0\.[0-9]*$' <<< "$found" || fail "$detect found: $found"
  ! "$detect" /nowhere.jpg 2> "$TEST_TMPDIR/error" || fail "$detect finds what is not there"
  grep -q nowhere "$TEST_TMPDIR/error" || fail "$detect does not name the file"
done

cat > "$TEST_TMPDIR/truth.json" <<< '{
  "images": [{"id": 1, "height": 20, "width": 20}], "categories": [{"id": 1}],
  "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "area": 81, "iscrowd": 0,
                   "segmentation": [[1, 1, 10, 1, 10, 10, 1, 10]]}]}'
cat > "$TEST_TMPDIR/results.json" <<< '[{"image_id": 1, "category_id": 1, "score": 0.5,
  "bbox": [1, 1, 9, 9]}]'
numbers=$("$3" "$TEST_TMPDIR/truth.json" "$TEST_TMPDIR/results.json")
[[ $(wc -l <<< "$numbers") == 12 && $(head -1 <<< "$numbers") == 1 ]] || fail "$3: $numbers"
