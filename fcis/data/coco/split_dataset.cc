#include "fcis/data/coco/split_dataset.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/record_id.h"
#include "fcis/data/json/json_scanner.h"
#include "fcis/data/json/open_json.h"

namespace fcis::data {
namespace {

// A list of records on its way to a sink.
class ListOutput {
 public:
  explicit ListOutput(const TextSink& sink) : sink_(sink) { sink_("["); }
  void Append(absl::string_view record) {
    if (!first_) sink_(",");
    first_ = false;
    sink_(record);
  }
  void End() { sink_("]"); }

 private:
  const TextSink& sink_;
  bool first_ = true;
};

class Splitter {
 public:
  Splitter(absl::string_view text, BadRecords bad_records,
           const ChooseRecord& choose, const TextSink& chosen,
           const TextSink& rest)
      : text_(text),
        bad_records_(bad_records),
        choose_(choose),
        chosen_(chosen),
        rest_(rest) {}

  absl::Status Run() {
    JsonScanner json(text_);
    bool first = true, has_images = false, has_annotations = false;
    const bool read =
        json.ReadObject([&](absl::string_view key) {
          const std::string name(key);
          Both(first ? "{" : ",");
          first = false;
          // A key with escapes is none of COCO's.
          if (name.find_first_of("\"\\") != std::string::npos) {
            return json.Fail("a key of COCO's has no quotes or backslashes");
          }
          Both(absl::StrCat("\"", name, "\":"));
          if (name == kImages) {
            has_images = true;
            return CopyList(json, name, "id");
          }
          if (name == kAnnotations) {
            has_annotations = true;
            return CopyList(json, name, "image_id");
          }
          absl::string_view value;
          if (!json.Skip(value)) return false;
          Both(value);
          return true;
        }) &&
        json.ReadEnd() &&
        (has_images || json.Fail("there is no list \"images\"")) &&
        (has_annotations || json.Fail("there is no list \"annotations\""));
    Both("}");
    if (read) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(where_, json.status().message()));
  }

 private:
  void Both(absl::string_view text) {
    chosen_(text);
    rest_(text);
  }

  // `key` holds the picture of a record.
  bool CopyList(JsonScanner& json, const std::string& name,
                absl::string_view key) {
    ListOutput chosen(chosen_), rest(rest_);
    int count = 0;
    const bool read = json.ReadArray([&] {
      where_ = absl::StrCat(name, "[", count++, "]: ");
      const JsonScanner::Place place = json.place();
      const size_t begin = json.offset();
      RecordId picture;
      bool takes = false;
      if (ReadPicture(json, key, picture)) {
        takes = choose_(name, picture);
      } else if (bad_records_ == BadRecords::kRefuse) {
        return false;
      } else {
        json.GoBack(place);
        if (!json.Skip()) return false;
      }
      (takes ? chosen : rest)
          .Append(text_.substr(begin, json.offset() - begin));
      return true;
    });
    chosen.End();
    rest.End();
    if (read) where_.clear();
    return read;
  }

  static bool ReadPicture(JsonScanner& json, absl::string_view key,
                          RecordId& picture) {
    const size_t begin = json.offset();
    bool found = false;
    const bool read = json.ReadObject([&](absl::string_view field) {
      if (field != key) return json.Skip();
      found = true;
      return ReadRecordId(json, picture);
    });
    return read && (found || json.FailAt(begin, absl::StrCat("there is no \"",
                                                             key, "\"")));
  }

  const absl::string_view text_;
  const BadRecords bad_records_;
  const ChooseRecord& choose_;
  const TextSink &chosen_, &rest_;
  std::string where_;
};

}  // namespace

absl::Status SplitDataset(absl::string_view text, BadRecords bad_records,
                          const ChooseRecord& choose, const TextSink& chosen,
                          const TextSink& rest) {
  return Splitter(text, bad_records, choose, chosen, rest).Run();
}

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
