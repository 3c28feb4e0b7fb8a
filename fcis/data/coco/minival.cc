#include "fcis/data/coco/minival.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/record_id.h"
#include "fcis/data/coco/split_dataset.h"
#include "fcis/data/json/open_json.h"

namespace fcis::data {
namespace {

// One of the two files. The first error stays.
class Output {
 public:
  static absl::StatusOr<Output> Create(const std::string& path) {
    ASSIGN_OR_RETURN(std::unique_ptr<AtomicFile> file,
                     AtomicFile::Create(path));
    return Output(std::move(file));
  }

  void Append(absl::string_view text) {
    absl::StrAppend(&buffer_, text);
    if (buffer_.size() >= kFull) Flush();
  }
  // All of it is on its way to the disk; only Commit is missing.
  absl::Status Finish() {
    Flush();
    return status_;
  }
  absl::Status Commit() { return file_->Commit(); }

 private:
  static constexpr size_t kFull = size_t{1} << 20;

  explicit Output(std::unique_ptr<AtomicFile> file) : file_(std::move(file)) {}

  void Flush() {
    if (status_.ok()) status_ = file_->Append(buffer_);
    buffer_.clear();
  }

  std::unique_ptr<AtomicFile> file_;
  std::string buffer_;
  absl::Status status_;
};

// The pictures of val2017, and which of them val2014 has.
struct Chosen {
  std::vector<RecordId> ids;
  RecordIndex index;
  std::vector<bool> met;
};

absl::StatusOr<Chosen> ReadChosen(const std::string& val2017) {
  ASSIGN_OR_RETURN(const CocoDataset dataset, ReadCocoDataset(val2017));
  RETURN_IF_ERROR(dataset.problems.Check(BadAnnotationPolicy()));
  Chosen chosen;
  for (const CocoImage& image : dataset.images) {
    if (chosen.index.Find(image.id) >= 0) continue;
    chosen.index.Set(image.id, static_cast<int>(chosen.ids.size()));
    chosen.ids.push_back(image.id);
  }
  chosen.met.resize(chosen.ids.size());
  return chosen;
}

absl::Status CheckAllMet(const Chosen& chosen, const std::string& val2014,
                         const std::string& val2017) {
  size_t missing = 0;
  RecordId first;
  for (size_t i = 0; i < chosen.ids.size(); ++i) {
    if (!chosen.met[i] && missing++ == 0) first = chosen.ids[i];
  }
  if (chosen.ids.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(val2017, ": there is no picture in it"));
  }
  if (missing == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      val2017, ": ", missing, " of its ", chosen.ids.size(),
      " pictures are not in ", val2014, ", such as ", first.ToString(),
      "; expected COCO's own files of val2017 and val2014"));
}

}  // namespace

absl::Status SplitMinival2014(const std::string& val2014,
                              const std::string& val2017,
                              const std::string& minival,
                              const std::string& rest) {
  ASSIGN_OR_RETURN(Chosen chosen, ReadChosen(val2017));
  ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> file,
                   OpenJson(val2014));
  ASSIGN_OR_RETURN(Output chosen_output, Output::Create(minival));
  ASSIGN_OR_RETURN(Output rest_output, Output::Create(rest));
  const absl::Status split = SplitDataset(
      file->bytes(), BadRecords::kRefuse,
      [&](absl::string_view list, const RecordId& picture) {
        const int position = chosen.index.Find(picture);
        if (position >= 0 && list == kImages) chosen.met[position] = true;
        return position >= 0;
      },
      [&](absl::string_view text) { chosen_output.Append(text); },
      [&](absl::string_view text) { rest_output.Append(text); });
  if (!split.ok()) {
    return absl::Status(split.code(),
                        absl::StrCat(val2014, ": ", split.message()));
  }
  RETURN_IF_ERROR(CheckAllMet(chosen, val2014, val2017));
  RETURN_IF_ERROR(chosen_output.Finish());
  RETURN_IF_ERROR(rest_output.Finish());
  RETURN_IF_ERROR(chosen_output.Commit());
  return rest_output.Commit();
}

}  // namespace fcis::data
