#include "fcis/api/c_instances.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/api/c_pixels.h"
#include "fcis/api/c_status.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/draw/draw_instances.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/core/rle/rle_string.h"
#include "fcis/data/coco/coco_writer.h"

namespace fcis::api {
namespace {

using One = fcis_instances::One;

absl::StatusOr<const One*> Find(const fcis_instances* instances, size_t index) {
  RETURN_IF_ERROR(CheckGiven(instances, "instances"));
  const size_t count = instances->all.size();
  if (index < count) return &instances->all[index];
  return absl::NotFoundError(absl::StrCat("there is no instance number ", index,
                                          ", expected less than ", count));
}

const ClassConfig& ClassOf(const fcis_instances& instances, const One& one) {
  return instances.config->classes(one.class_index);
}

Rle RleOf(const fcis_instances& instances, const One& one) {
  return PastedMaskToRle(one.mask, instances.height, instances.width);
}

absl::Status Draw(const fcis_instances& instances, const PixelLayout& layout,
                  uint8_t* pixels) {
  if (layout.height != instances.height || layout.width != instances.width) {
    return absl::InvalidArgumentError(
        absl::StrCat("the picture is ", layout.width, "x", layout.height,
                     " (width x height), expected that of the instances, ",
                     instances.width, "x", instances.height));
  }
  ASSIGN_OR_RETURN(Image image,
                   ImageOf(pixels, layout, layout.height * layout.width));
  std::vector<DrawInstance> drawable;
  for (const One& one : instances.all) {
    drawable.push_back({one.box, &one.mask,
                        ScoreLabel(ClassOf(instances, one).name(), one.score)});
  }
  DrawInstances(drawable, &image);
  return WriteOver(image, layout, pixels);
}

absl::StatusOr<std::string> ToCoco(const fcis_instances& instances,
                                   int64_t image_id) {
  std::string json = "[";
  for (const One& one : instances.all) {
    data::ResultEntry entry;
    entry.image_id = data::RecordId(image_id);
    entry.category_id = data::RecordId(ClassOf(instances, one).category_id());
    entry.bbox =
        XywhBox{one.box.x0, one.box.y0, one.box.width(), one.box.height()};
    entry.score = one.score;
    entry.segmentation = RleOf(instances, one);
    ASSIGN_OR_RETURN(const std::string text, data::ResultEntryJson(entry));
    absl::StrAppend(&json, json.size() > 1 ? ",\n" : "", text);
  }
  return json + "]";
}

}  // namespace
}  // namespace fcis::api

using fcis::api::CheckGiven;
using fcis::api::Guarded;

void fcis_instances_free(fcis_instances* instances) noexcept {
  delete instances;
}

int fcis_instances_size(const fcis_instances* instances, size_t* count,
                        int64_t* height, int64_t* width, char* error,
                        size_t error_size) noexcept {
  return Guarded(error, error_size, [&] {
    RETURN_IF_ERROR(CheckGiven(instances, "instances"));
    if (count != nullptr) *count = instances->all.size();
    if (height != nullptr) *height = instances->height;
    if (width != nullptr) *width = instances->width;
    return absl::OkStatus();
  });
}

int fcis_instances_get(const fcis_instances* instances, size_t index,
                       int32_t* class_index, const char** name, float* score,
                       float box[4], char* error, size_t error_size) noexcept {
  return Guarded(error, error_size, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const auto* const one, fcis::api::Find(instances, index));
    if (class_index != nullptr) *class_index = one->class_index;
    if (name != nullptr) {
      *name = fcis::api::ClassOf(*instances, *one).name().c_str();
    }
    if (score != nullptr) *score = one->score;
    if (box != nullptr) {
      const fcis::Box& b = one->box;
      for (const float side : {b.x0, b.y0, b.x1, b.y1}) *box++ = side;
    }
    return absl::OkStatus();
  });
}

int fcis_instances_mask(const fcis_instances* instances, size_t index,
                        uint8_t* mask, size_t capacity, size_t* needed,
                        char* error, size_t error_size) noexcept {
  return Guarded(error, error_size, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const auto* const one, fcis::api::Find(instances, index));
    const size_t size =
        static_cast<size_t>(instances->height) * instances->width;
    if (needed != nullptr) *needed = size;
    if (mask == nullptr) return absl::OkStatus();
    if (capacity < size) return fcis::api::TooSmall(capacity, size);
    return fcis::DecodeRowMajor(fcis::api::RleOf(*instances, *one),
                                absl::MakeSpan(mask, size));
  });
}

int fcis_instances_rle(const fcis_instances* instances, size_t index,
                       char* counts, size_t capacity, size_t* needed,
                       char* error, size_t error_size) noexcept {
  return Guarded(error, error_size, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const auto* const one, fcis::api::Find(instances, index));
    return fcis::api::CopyText(
        fcis::RleCountsToString(fcis::api::RleOf(*instances, *one).counts),
        counts, capacity, needed);
  });
}

int fcis_instances_draw(const fcis_instances* instances, uint8_t* pixels,
                        int64_t height, int64_t width, int64_t stride,
                        int format, char* error, size_t error_size) noexcept {
  return Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(instances, "instances"));
    return fcis::api::Draw(*instances, {height, width, stride, format}, pixels);
  });
}

int fcis_instances_to_coco(const fcis_instances* instances, int64_t image_id,
                           char* json, size_t capacity, size_t* needed,
                           char* error, size_t error_size) noexcept {
  return Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(instances, "instances"));
    ASSIGN_OR_RETURN(const std::string text,
                     fcis::api::ToCoco(*instances, image_id));
    return fcis::api::CopyText(text, json, capacity, needed);
  });
}
