#include "fcis/train/watch/fixed_pictures.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/core/page/instance_json.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/results.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/json/json_writer.h"
#include "fcis/data/transform/crop.h"

namespace fcis::train {
namespace {

using Json = rapidjson::Writer<rapidjson::StringBuffer>;

constexpr int kJpegQuality = 80;

// Up to `most` of 0 .. count - 1, spread evenly, the first and the last among
// them.
std::vector<size_t> Spread(size_t count, size_t most) {
  std::vector<size_t> chosen;
  for (size_t i = 0; i < std::min(count, most); ++i) {
    chosen.push_back(count <= most ? i : i * (count - 1) / (most - 1));
  }
  return chosen;
}

// The annotations of each picture, by its position.
using Annotations = std::vector<std::vector<const data::CocoAnnotation*>>;

Annotations ByPicture(const data::CocoDataset& dataset) {
  const data::RecordIndex index = data::IndexOf(dataset.images);
  Annotations annotations(dataset.images.size());
  for (const data::CocoAnnotation& a : dataset.annotations) {
    const int at = index.Find(a.image_id);
    if (at >= 0) annotations[static_cast<size_t>(at)].push_back(&a);
  }
  return annotations;
}

// Positions of pictures; of those with objects where there are any.
std::vector<size_t> Choose(const Annotations& annotations, size_t most) {
  std::vector<size_t> with, all;
  for (size_t i = 0; i < annotations.size(); ++i) {
    all.push_back(i);
    if (!annotations[i].empty()) with.push_back(i);
  }
  const std::vector<size_t>& from = with.empty() ? all : with;
  std::vector<size_t> chosen;
  for (const size_t i : Spread(from.size(), most)) chosen.push_back(from[i]);
  return chosen;
}

// Notes where the detections of some pictures are.
class OffsetSink : public data::ResultsSink {
 public:
  OffsetSink(const data::RecordIndex* wanted, size_t pictures)
      : wanted_(*wanted), found_(pictures) {}

  absl::Status Add(const data::CocoResult& result) override {
    const int picture = wanted_.Find(result.image_id);
    if (picture >= 0) {
      found_[static_cast<size_t>(picture)].push_back(
          {-result.score, result.offset});
    }
    return absl::OkStatus();
  }

  // Of the best of a picture, the best first.
  std::vector<size_t> Best(size_t picture, size_t most) const {
    auto sorted = found_[picture];
    absl::c_sort(sorted);
    sorted.resize(std::min(sorted.size(), most));
    std::vector<size_t> offsets;
    for (const auto& [score, offset] : sorted) offsets.push_back(offset);
    return offsets;
  }

 private:
  const data::RecordIndex& wanted_;
  // Scores, negative, and where each detection begins.
  std::vector<std::vector<std::pair<double, size_t>>> found_;
};

std::string ListOf(const std::vector<std::string>& elements) {
  return absl::StrCat("[", absl::StrJoin(elements, ","), "]");
}

void PutRaw(const std::string& text, Json& json) {
  json.RawValue(text.data(), text.size(), rapidjson::kArrayType);
}

}  // namespace

absl::Status FixedPictures::ReadPicture(const std::string& path,
                                        Picture* picture) {
  ASSIGN_OR_RETURN(const Image image, data::ReadImage(path));
  picture->size = PagePicture::Of(image.height, image.width, kSide);
  const Image small = data::ResizeImage(image, picture->size.mask_height,
                                        picture->size.mask_width);
  ASSIGN_OR_RETURN(const std::string jpeg,
                   data::EncodeJpeg(small, kJpegQuality));
  picture->jpeg = absl::Base64Escape(jpeg);
  return absl::OkStatus();
}

std::string FixedPictures::TruthJson(
    const std::vector<const data::CocoAnnotation*>& annotations,
    const Picture& picture) const {
  std::vector<std::string> truth;
  for (const data::CocoAnnotation* annotation : annotations) {
    data::Segmentation segmentation;
    absl::StatusOr<Rle> mask = absl::NotFoundError("none");
    if (data::ParseSegmentation(annotation->segmentation, segmentation).ok()) {
      mask = data::SegmentationToRle(segmentation, picture.size.height,
                                     picture.size.width);
    }
    if (!mask.ok() && !annotation->has_bbox) continue;
    truth.push_back(absl::StrCat(
        "{\"class\":", ClassJson(annotation->category_id), ",",
        InstanceMembers(
            annotation->has_bbox ? annotation->bbox : RleToBbox(*mask),
            mask.ok() ? &*mask : nullptr, picture.size),
        "}"));
  }
  return ListOf(truth);
}

absl::StatusOr<FixedPictures> FixedPictures::Open(
    const std::string& ann_file, const std::string& image_dir) {
  ASSIGN_OR_RETURN(const data::CocoDataset dataset,
                   data::ReadCocoDataset(ann_file));
  FixedPictures fixed;
  for (const data::CocoCategory& category : dataset.categories) {
    fixed.classes_[category.id.ToJson()] = category.name;
  }
  const Annotations annotations = ByPicture(dataset);
  for (const size_t i : Choose(annotations, kPictures)) {
    const data::CocoImage& image = dataset.images[i];
    Picture picture;
    picture.id = image.id;
    picture.name = image.file_name;
    const absl::Status read = ReadPicture(
        (std::filesystem::path(image_dir) / image.file_name).string(),
        &picture);
    if (!read.ok()) {
      fixed.problems_.emplace_back(read.message());
      continue;
    }
    picture.truth = fixed.TruthJson(annotations[i], picture);
    fixed.pictures_.push_back(std::move(picture));
  }
  return fixed;
}

std::string FixedPictures::ClassJson(const data::RecordId& id) const {
  const auto name = classes_.find(id.ToJson());
  return data::ToJson(name == classes_.end() ? id.ToPlain() : name->second);
}

absl::StatusOr<std::string> FixedPictures::FoundJson(
    const MappedFile& results, const std::string& path, size_t offset,
    const Picture& picture) const {
  data::CocoResult result;
  RETURN_IF_ERROR(data::ReadResultAt(results.bytes(), path, offset, result));
  Rle mask;
  if (result.has_segmentation) {
    ASSIGN_OR_RETURN(
        mask, data::SegmentationToRle(result.segmentation, picture.size.height,
                                      picture.size.width));
    if (!result.has_bbox) result.bbox = RleToBbox(mask);
  }
  return absl::StrCat(
      "{\"class\":", ClassJson(result.category_id),
      ",\"score\":", absl::SixDigits(result.score), ",",
      InstanceMembers(result.bbox, result.has_segmentation ? &mask : nullptr,
                      picture.size),
      "}");
}

absl::StatusOr<FixedPictures::Found> FixedPictures::ReadFound(
    const std::string& path) const {
  ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  const data::RecordIndex wanted = data::IndexOf(pictures_);
  data::ResultsOptions options;
  options.read_segmentation = false;
  ASSIGN_OR_RETURN(
      const auto sinks, data::ReadResults(file->bytes(), path, options, [&] {
        return std::make_unique<OffsetSink>(&wanted, pictures_.size());
      }));
  Found found(pictures_.size(), "[]");
  if (sinks.empty()) return found;  // The list is empty.
  const auto& sink = static_cast<const OffsetSink&>(*sinks[0]);
  for (size_t i = 0; i < pictures_.size(); ++i) {
    std::vector<std::string> instances;
    for (const size_t offset : sink.Best(i, kDetections)) {
      ASSIGN_OR_RETURN(instances.emplace_back(),
                       FoundJson(*file, path, offset, pictures_[i]));
    }
    found[i] = ListOf(instances);
  }
  return found;
}

bool FixedPictures::Update(const std::string& run,
                           const std::vector<int64_t>& iterations) {
  if (pictures_.empty()) return false;
  std::vector<int64_t> shown;
  for (const size_t i : Spread(iterations.size(), kValidations)) {
    const int64_t iteration = iterations[i];
    if (found_.count(iteration) == 0) {
      absl::StatusOr<Found> found = ReadFound(
          absl::StrCat(run, "/validation_", iteration, "/results.json"));
      if (!found.ok()) continue;
      found_[iteration] = *std::move(found);
    }
    shown.push_back(iteration);
  }
  const bool is_new = shown != shown_;
  shown_ = std::move(shown);
  return is_new;
}

void FixedPictures::Put(Json& json) const {
  data::PutArray("iterations", shown_, json);
  data::PutArray("pictures", pictures_, json, [&](const Picture& picture) {
    const auto place = static_cast<size_t>(&picture - pictures_.data());
    data::PutObject(json, [&] {
      data::PutMember("name", picture.name, json);
      data::PutMember("jpeg", picture.jpeg, json);
      data::PutMember("width", picture.size.width, json);
      data::PutMember("height", picture.size.height, json);
      data::PutArray(
          "mask_size",
          std::vector<int>{picture.size.mask_height, picture.size.mask_width},
          json);
      json.Key("truth");
      PutRaw(picture.truth, json);
      data::PutArray("found", shown_, json, [&](int64_t iteration) {
        PutRaw(found_.at(iteration)[place], json);
      });
    });
  });
  data::PutArray("problems", problems_, json);
}

}  // namespace fcis::train
