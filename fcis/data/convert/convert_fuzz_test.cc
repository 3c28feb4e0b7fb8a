// The readers of texts and packed masks that come from outside, and of whole
// folders. The first byte chooses one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/testing/memory_file.h"
#include "fcis/core/testing/scratch_path.h"
#include "fcis/data/convert/complete_set.h"
#include "fcis/data/convert/find_format.h"
#include "fcis/data/convert/label_studio_rle.h"
#include "fcis/data/convert/mat_file.h"
#include "fcis/data/convert/picture_finder.h"
#include "fcis/data/convert/read_label_pictures.h"
#include "fcis/data/convert/read_label_studio.h"
#include "fcis/data/convert/read_labelme.h"
#include "fcis/data/convert/read_yolo.h"
#include "fcis/data/convert/unzip.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;

// A directory that is gone when the object is.
class Folder {
 public:
  Folder() : path_(NewScratchDirectory("fcis_set")) {}
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Below the folder: plain letters, no "..".
std::string SafePath(const Folder& folder, absl::string_view name) {
  std::string path = folder.path() + "/";
  for (const char c : name.substr(0, 60)) {
    const bool plain = absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                       c == '/' || c == '_' || c == '.' || c == ' ';
    if (plain && !(c == '.' && path.back() == '.')) path.push_back(c);
  }
  return path;
}

// Files, each a line with its path and its bytes, with a mark between them.
void WriteFiles(absl::string_view text, const Folder& folder) {
  constexpr absl::string_view kMark = "\n@@ ";
  for (const absl::string_view file : absl::StrSplit(text, kMark)) {
    const size_t end = std::min(file.find('\n'), file.size());
    const std::string path = SafePath(folder, file.substr(0, end));
    std::error_code error;
    fs::create_directories(fs::path(path).parent_path(), error);
    std::ofstream(path, std::ios::binary)
        << file.substr(std::min(end + 1, file.size()));
  }
}

// As convert_dataset does.
void ReadSet(absl::string_view text) {
  const Folder folder;
  WriteFiles(text, folder);
  ReaderInput input;
  input.root = folder.path();
  input.all = ListFiles(folder.path()).value();
  for (const std::string& name : ForeignFormatNames()) {
    const auto found = FindFormat(input.root, input.all, name);
    if (!found.ok()) continue;
    const PictureFinder finder({input.root}, input.all);
    input.files = found->files;
    input.pictures = &finder;
    ForeignSet set;
    if (!ReadFormat(found->format, input, &set).ok()) continue;
    CompleteSet(&set);
    (void)set.notes.ToText();
    for (const ForeignPicture& picture : set.pictures) {
      for (const ForeignObject& object : picture.objects) {
        ABSL_RAW_CHECK(object.mask.height == picture.height &&
                           object.mask.width == picture.width,
                       "a mask of its picture's size");
      }
    }
  }
  (void)FindFormat(input.root, input.all, "");
}

}  // namespace
}  // namespace fcis::data

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fcis::data;  // NOLINT
  fcis::SetNumThreads(1);
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
    case 'd':
      ReadSet(text);
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
      ParseYoloLabels(text, {"a", "b"}, 2, "file", &notes).IgnoreError();
      break;
    case 'z': {
      const Folder folder;
      Unzip(fcis::MemoryFile(text).path(), folder.path())
          .status()
          .IgnoreError();
      break;
    }
    default:
      break;
  }
  return 0;
}
