#include "fcis/data/coco/split_dataset.h"

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/data/json/json_scanner.h"

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

}  // namespace fcis::data
