#include "fcis/data/convert/read_format.h"

#include "fcis/data/convert/read_coco.h"
#include "fcis/data/convert/read_label_pictures.h"
#include "fcis/data/convert/read_label_studio.h"
#include "fcis/data/convert/read_labelme.h"
#include "fcis/data/convert/read_sbd.h"
#include "fcis/data/convert/read_yolo.h"

namespace fcis::data {

absl::Status ReadFormat(ForeignFormat format, const ReaderInput& input,
                        ForeignSet* set) {
  switch (format) {
    case ForeignFormat::kCoco:
      return ReadCoco(input, set);
    case ForeignFormat::kLabelme:
      return ReadLabelme(input, set);
    case ForeignFormat::kLabelStudio:
      return ReadLabelStudio(input, set);
    case ForeignFormat::kYolo:
      return ReadYolo(input, set);
    case ForeignFormat::kVoc:
      return ReadVoc(input, set);
    case ForeignFormat::kSbd:
      return ReadSbd(input, set);
    case ForeignFormat::kMasks:
      return ReadMasks(input, set);
  }
  return absl::InternalError("no such format");
}

}  // namespace fcis::data
