#include "fcis/data/coco/split_dataset.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/io/file.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/record_id.h"
#include "fcis/data/json/json_scanner.h"
#include "fcis/data/json/open_json.h"

namespace fcis::data {
namespace {

class Splitter {
 public:
  Splitter(absl::string_view text, BadRecords bad_records,
           const ChooseRecord& choose, std::string* chosen, std::string* rest)
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
    absl::StrAppend(chosen_, text);
    absl::StrAppend(rest_, text);
  }

  // `key` holds the picture of a record.
  bool CopyList(JsonScanner& json, const std::string& name,
                absl::string_view key) {
    Both("[");
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
      std::string* const to = takes ? chosen_ : rest_;
      if (to->back() != '[') to->push_back(',');  // no record ends so
      absl::StrAppend(to, text_.substr(begin, json.offset() - begin));
      return true;
    });
    Both("]");
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
  std::string *const chosen_, *const rest_;
  std::string where_;
};

}  // namespace

absl::Status SplitDataset(absl::string_view text, BadRecords bad_records,
                          const ChooseRecord& choose, std::string* chosen,
                          std::string* rest) {
  return Splitter(text, bad_records, choose, chosen, rest).Run();
}

namespace {

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
  const ChooseRecord choose = [&](absl::string_view list,
                                  const RecordId& picture) {
    const int position = chosen.index.Find(picture);
    if (position >= 0 && list == kImages) chosen.met[position] = true;
    return position >= 0;
  };
  std::string minival_text, rest_text;
  RETURN_IF_ERROR(
      Within(val2014, SplitDataset(file->bytes(), BadRecords::kRefuse, choose,
                                   &minival_text, &rest_text)));
  RETURN_IF_ERROR(CheckAllMet(chosen, val2014, val2017));
  // A disk that is full for the second must not leave the first.
  ASSIGN_OR_RETURN(const auto minival_file, AtomicFile::Create(minival));
  ASSIGN_OR_RETURN(const auto rest_file, AtomicFile::Create(rest));
  RETURN_IF_ERROR(minival_file->Append(minival_text));
  RETURN_IF_ERROR(rest_file->Append(rest_text));
  RETURN_IF_ERROR(minival_file->Commit());
  return rest_file->Commit();
}

}  // namespace fcis::data
