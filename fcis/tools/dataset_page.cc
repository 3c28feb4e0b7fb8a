#include "fcis/tools/dataset_page.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/draw/draw_instances.h"
#include "fcis/core/image/image.h"
#include "fcis/core/mask/paste.h"
#include "fcis/core/page/page.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/json/json_writer.h"
#include "fcis/data/loader/judgement.h"
#include "fcis/data/loader/training_set.h"
#include "fcis/data/transform/crop.h"
#include "fcis/tools/dataset_page_template.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis::tools {
namespace {

using Json = rapidjson::Writer<rapidjson::StringBuffer>;
using data::PutArray;
using data::PutMember;
using data::PutObject;

constexpr size_t kSuspects = static_cast<size_t>(Suspect::kCount);
constexpr int kThumbnail = 400;  // pixels of the longer side
constexpr int kJpegQuality = 80;
constexpr size_t kExamples = 20;

// The picture's JPEG with what is annotated.
absl::StatusOr<std::string> Thumbnail(const data::CocoIndex& index,
                                      const data::CocoPicture& picture) {
  ASSIGN_OR_RETURN(Image image, data::ReadImage(picture.path));
  std::vector<PastedMask> masks;
  std::vector<DrawInstance> instances;
  masks.reserve(picture.end - picture.begin);
  for (const data::CocoObject& object : index.ObjectsOf(picture)) {
    DrawInstance& instance = instances.emplace_back();
    instance.box = object.box;
    instance.label = index.class_names[static_cast<size_t>(object.label - 1)];
    if (object.ignored) instance.label = "ignored: " + instance.label;
    const auto mask = data::DecodeSegmentation(object.segmentation,
                                               image.height, image.width);
    if (!mask.ok()) continue;
    masks.push_back(RleToPastedMask(*mask, image.height, image.width));
    if (!masks.back().bits.empty()) instance.mask = &masks.back();
  }
  DrawInstances(instances, &image);
  const int longer = std::max(image.height, image.width);
  if (longer > kThumbnail) {
    const auto side = [&](int64_t size) {
      return std::max(1, static_cast<int>(size * kThumbnail / longer));
    };
    image = data::ResizeImage(image, side(image.height), side(image.width));
  }
  return data::EncodeJpeg(image, kJpegQuality);
}

// Kinds of suspects of each picture.
std::vector<std::set<int>> KindsOf(const data::CocoIndex& index,
                                   const DatasetLook& look) {
  std::vector<std::set<int>> kinds(index.pictures.size());
  for (const SuspectRecord& record : look.suspects) {
    kinds[static_cast<size_t>(record.picture)].insert(
        static_cast<int>(record.suspect));
  }
  return kinds;
}

// Positions of the pictures that are shown, ascending.
std::vector<int> ChooseGallery(const std::vector<std::set<int>>& kinds,
                               const DatasetLook& look, size_t most) {
  std::set<int> chosen;
  const size_t for_each = most / 2 / kSuspects + 1;
  std::array<size_t, kSuspects> shown = {};
  for (const SuspectRecord& record : look.suspects) {
    size_t& count = shown[static_cast<size_t>(record.suspect)];
    if (count < for_each && chosen.size() < most &&
        chosen.insert(record.picture).second) {
      ++count;
    }
  }
  const size_t others = std::min(most, kinds.size());
  for (size_t i = 0; i < others && chosen.size() < most; ++i) {
    chosen.insert(static_cast<int>(i * kinds.size() / others));
  }
  return {chosen.begin(), chosen.end()};
}

void PutClasses(const data::CocoIndex& index, const DatasetLook& look,
                Json& json) {
  size_t i = 0;
  PutArray("classes", look.classes, json, [&](const ClassCounts& counts) {
    PutObject(json, [&] {
      PutMember("name", index.class_names[i++], json);
      PutMember("objects", counts.objects, json);
      PutMember("pictures", counts.pictures, json);
      PutArray("sizes", counts.sizes, json);
    });
  });
}

void PutSuspects(const data::CocoIndex& index, const DatasetLook& look,
                 Json& json) {
  std::vector<std::vector<const SuspectRecord*>> kinds(kSuspects);
  for (const SuspectRecord& record : look.suspects) {
    kinds[static_cast<size_t>(record.suspect)].push_back(&record);
  }
  int kind = 0;
  PutArray("suspects", kinds, json, [&](const auto& records) {
    PutObject(json, [&] {
      PutMember("text", Describe(static_cast<Suspect>(kind++)), json);
      PutMember("count", records.size(), json);
      const size_t shown = std::min(records.size(), kExamples);
      PutArray("examples", absl::MakeConstSpan(records).first(shown), json,
               [&](const SuspectRecord* record) {
                 PutObject(json, [&] {
                   const auto at = static_cast<size_t>(record->picture);
                   PutMember("picture", index.pictures[at].file_name, json);
                   PutMember("id", record->id, json);
                 });
               });
    });
  });
}

void PutGallery(const data::CocoIndex& index, const DatasetLook& look,
                size_t most, Json& json) {
  const std::vector<std::set<int>> kinds = KindsOf(index, look);
  const std::vector<int> chosen = ChooseGallery(kinds, look, most);
  std::vector<absl::StatusOr<std::string>> jpegs(chosen.size());
  ParallelForEach(chosen.size(), 1, [&](size_t i) {
    jpegs[i] = Thumbnail(index, index.pictures[static_cast<size_t>(chosen[i])]);
  });
  size_t i = 0;
  PutArray("gallery", chosen, json, [&](int number) {
    const auto at = static_cast<size_t>(number);
    const data::CocoPicture& picture = index.pictures[at];
    std::set<int> labels;
    for (const data::CocoObject& object : index.ObjectsOf(picture)) {
      labels.insert(object.label - 1);
    }
    const absl::StatusOr<std::string>& jpeg = jpegs[i++];
    PutObject(json, [&] {
      PutMember("name", picture.file_name, json);
      PutMember("size", absl::StrCat(picture.width, " x ", picture.height),
                json);
      PutMember("objects", picture.end - picture.begin, json);
      PutArray("classes", labels, json);
      PutArray("suspects", kinds[at], json);
      PutMember("jpeg", jpeg.ok() ? absl::Base64Escape(*jpeg) : "", json);
      PutMember("problem",
                jpeg.ok() ? "" : std::string(jpeg.status().message()), json);
    });
  });
}

}  // namespace

std::string DatasetPage(const data::CocoIndex& index,
                        const data::DatasetReport& report,
                        const DatasetLook& look,
                        const DatasetPageOptions& options) {
  const auto put = [&](Json& json) {
    PutObject(json, [&] {
      PutMember("title", options.title, json);
      PutMember("pictures", report.pictures, json);
      PutMember("annotations", report.annotations, json);
      PutMember("report", report.ToText(), json);
      PutMember("errors", report.problems.errors.ToText(kExamples), json);
      PutMember("conflicts", report.problems.conflicts.ToText(kExamples), json);
      PutClasses(index, look, json);
      PutArray("shares", look.shares, json);
      PutSuspects(index, look, json);
      PutGallery(index, look, static_cast<size_t>(options.gallery), json);
    });
  };
  return MakePage(kDatasetPageHtml, data::JsonOf(put));
}

}  // namespace fcis::tools
