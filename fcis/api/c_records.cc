// The C ABI's records of COCO's files, as columns.
#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "fcis/api/c_masks.h"
#include "fcis/api/c_status.h"
#include "fcis/api/record_columns.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/fcis.h"

struct fcis_records {
  fcis::api::RecordFile file;
};

using fcis::api::CheckGiven;

extern "C" {

int fcis_records_open(const char* path, int results, fcis_records** records,
                      char* error, size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(records, "records"));
    RETURN_IF_ERROR(CheckGiven(path, "path"));
    ASSIGN_OR_RETURN(fcis::api::RecordFile file,
                     results != 0 ? fcis::api::ReadResultFile(path)
                                  : fcis::api::ReadAnnotationFile(path));
    *records = new fcis_records{std::move(file)};
    return absl::OkStatus();
  });
}

int fcis_records_columns(const fcis_records* records,
                         fcis_record_columns* columns, char* error,
                         size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(records, "records"));
    RETURN_IF_ERROR(CheckGiven(columns, "columns"));
    if (columns->struct_size != sizeof(fcis_record_columns)) {
      return absl::InvalidArgumentError(
          absl::StrCat("struct_size: ", columns->struct_size, ", expected ",
                       sizeof(fcis_record_columns)));
    }
    const fcis::api::RecordFile& file = records->file;
    const fcis::api::RecordColumns& r = file.records;
    columns->records = static_cast<int64_t>(r.size);
    columns->images = static_cast<int64_t>(file.images.ids.size());
    columns->categories = static_cast<int64_t>(file.categories.ids.size());
    columns->all_members = r.all;
    columns->any_members = r.any;
    columns->ids = r.ids.data();
    columns->image_ids = r.image_ids.data();
    columns->category_ids = r.category_ids.data();
    columns->areas = r.areas.data();
    columns->scores = r.scores.data();
    columns->boxes = reinterpret_cast<const double*>(r.boxes.data());
    columns->crowd = r.crowd.data();
    columns->integral_scores = r.integral.data();
    columns->listed_images = file.images.ids.data();
    columns->image_heights = file.images.heights.data();
    columns->image_widths = file.images.widths.data();
    columns->listed_categories = file.categories.ids.data();
    columns->text = file.file->bytes().data();
    columns->text_size = file.file->bytes().size();
    return absl::OkStatus();
  });
}

int fcis_records_masks(const fcis_records* records, const int64_t* sizes,
                       fcis_masks** masks, char* error,
                       size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(records, "records"));
    RETURN_IF_ERROR(CheckGiven(sizes, "sizes"));
    const fcis::api::RecordColumns& r = records->file.records;
    return fcis::api::MakeMasks(
        static_cast<int64_t>(r.size), masks, [&](int64_t i) {
          return fcis::api::MaskOf(r, static_cast<size_t>(i), sizes[2 * i],
                                   sizes[2 * i + 1]);
        });
  });
}

int fcis_records_keypoints(const fcis_records* records, int64_t* num_keypoints,
                           int64_t* ends, double* numbers, size_t capacity,
                           size_t* needed, char* error,
                           size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(records, "records"));
    const fcis::api::RecordColumns& r = records->file.records;
    ASSIGN_OR_RETURN(const fcis::api::Keypoints all, fcis::api::KeypointsOf(r));
    RETURN_IF_ERROR(fcis::api::CopyOut(absl::MakeConstSpan(all.numbers),
                                       numbers, capacity, needed));
    if (ends != nullptr) std::copy(all.ends.begin(), all.ends.end(), ends);
    if (num_keypoints != nullptr) {
      std::fill_n(num_keypoints, r.size, 0);
      std::copy(r.num_keypoints.begin(), r.num_keypoints.end(), num_keypoints);
    }
    return absl::OkStatus();
  });
}

void fcis_records_free(fcis_records* records) noexcept { delete records; }

}  // extern "C"
