// Looks at every picture and every mask of a data set before hours of training
// depend on them (chainer-fcis examples/coco/check_dataset.py, and more).
#ifndef FCIS_DATA_LOADER_CHECK_DATASET_H_
#define FCIS_DATA_LOADER_CHECK_DATASET_H_

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/data/loader/coco_index.h"
#include "fcis/data/loader/dataset_report.h"

namespace fcis::data {

// IndexCoco's and UsablePictures' report, and: pictures that are missing, that
// cannot be read, whose size is not the file's, which do not count as used;
// what only an evaluation would refuse (problems); masks without pixels, and
// those whose extent differs from their box by more than 3 pixels and more than
// 5 % of its longer side. Works on NumThreads() threads; `done` is called from
// any of them with the pictures done so far and their number. Errors:
// IndexCoco's.
absl::StatusOr<DatasetReport> CheckDataset(
    absl::Span<const CocoSource> sources, const InputConfig& input,
    const std::function<void(int64_t done, int64_t total)>& done);

// Whether pictures are missing, damaged or of another size: training would end
// at one of them.
bool HasBadPictures(const DatasetReport& report);

}  // namespace fcis::data

#endif  // FCIS_DATA_LOADER_CHECK_DATASET_H_
