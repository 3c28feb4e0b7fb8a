// The readers of texts and packed masks that come from outside. The first byte
// chooses one.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/data/convert/label_studio_rle.h"
#include "fcis/data/convert/mat_file.h"
#include "fcis/data/convert/read_label_pictures.h"
#include "fcis/data/convert/read_label_studio.h"
#include "fcis/data/convert/read_labelme.h"
#include "fcis/data/convert/read_yolo.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fcis::data;  // NOLINT
  if (size == 0) return 0;
  const absl::string_view text(reinterpret_cast<const char*>(data) + 1,
                               size - 1);
  ConversionNotes notes;
  switch (data[0]) {
    case 'a':
      ReadMatFields(text, "GTinst", {"Segmentation", "Categories"}, 1 << 20)
          .IgnoreError();
      break;
    case 'b':
      DecodeLabelStudioRle(absl::MakeSpan(data + 1, size - 1), 5, 7)
          .IgnoreError();
      break;
    case 'l':
      ParseLabelme(text, "file", &notes).IgnoreError();
      break;
    case 'm':
      ParseLabelMap(text).IgnoreError();
      break;
    case 'n':
      ParseYoloNames(text).IgnoreError();
      break;
    case 's':
      ParseLabelStudio(text, &notes).IgnoreError();
      break;
    case 'y':
      ParseYoloLabels(text, {"a", "b"}, "file", &notes).IgnoreError();
      break;
    default:
      break;
  }
  return 0;
}
