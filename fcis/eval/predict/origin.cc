#include "fcis/eval/predict/origin.h"

#include <map>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fcis/core/config/text_proto.h"
#include "fcis/data/coco/record_reader.h"
#include "fcis/data/json/json_scanner.h"
#include "fcis/data/json/json_writer.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"

namespace fcis::eval {
namespace {

using google::protobuf::TextFormat;

// Counted up whenever the same model, settings and picture come to give other
// detections, or the journals another form.
constexpr char kVersion[] = "2";

std::map<std::string, std::string*> Members(Origin& origin) {
  return {{"weights", &origin.weights},
          {"weights_source", &origin.weights_source},
          {"weights_stamp", &origin.weights_stamp},
          {"settings", &origin.settings},
          {"computed_by", &origin.computed_by},
          {"classes", &origin.classes}};
}

// " (modified: rpn.nms_thresh: 0.7 -> 0.5, ...)"; "" if one cannot be read.
std::string SettingsDifference(const std::string& kept,
                               const std::string& now) {
  ModelConfig before, after;
  if (!TextFormat::ParseFromString(kept, &before) ||
      !TextFormat::ParseFromString(now, &after)) {
    return "";
  }
  std::string report;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&report);
  differencer.Compare(before, after);
  return absl::StrCat(
      " (",
      absl::StrReplaceAll(absl::StripSuffix(report, "\n"), {{"\n", ", "}}),
      ")");
}

// The first lines of `text` that `other` lacks.
std::string LinesOnlyIn(const std::string& text, const std::string& other) {
  constexpr size_t kMost = 5;
  const std::vector<std::string> theirs = absl::StrSplit(other, '\n');
  std::vector<std::string> lines;
  size_t more = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (line.empty() || absl::c_linear_search(theirs, line)) continue;
    if (lines.size() < kMost) {
      lines.emplace_back(line);
    } else {
      ++more;
    }
  }
  if (more > 0) lines.push_back(absl::StrCat("and ", more, " more"));
  return lines.empty() ? "nothing else" : absl::StrJoin(lines, ", ");
}

// Writes out what is not given, so that it reads and compares like what is.
void FillInDefaults(google::protobuf::Message* message) {
  const auto* const of = message->GetReflection();
  for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
    const auto* const field = message->GetDescriptor()->field(i);
    if (field->is_repeated()) continue;
    if (field->message_type() != nullptr) {
      FillInDefaults(of->MutableMessage(message, field));
    } else if (!of->HasField(*message, field)) {
      std::string value;
      TextFormat::PrintFieldValueToString(*message, field, -1, &value);
      TextFormat::ParseFieldValueFromString(value, field, message);
    }
  }
}

}  // namespace

std::string SettingsText(const ModelConfig& config) {
  ModelConfig settings = config;
  FillInDefaults(&settings);
  settings.clear_name();
  settings.clear_classes();
  return AsText(settings);
}

std::string ClassesText(const ModelConfig& config,
                        const data::ClassMatch& match) {
  std::string text;
  for (int i = 0; i < config.classes_size(); ++i) {
    const auto& category = match.categories[static_cast<size_t>(i)];
    if (!category) continue;
    absl::StrAppend(&text, i + 1, " ", config.classes(i).name(), " = ",
                    category->ToString(), "\n");
  }
  return text;
}

std::string OriginJson(const Origin& origin) {
  Origin copy = origin;
  return data::JsonOf([&](auto& json) {
    data::PutObject(json, [&] {
      data::PutMember("version", kVersion, json);
      for (const auto& [key, value] : Members(copy)) {
        data::PutMember(key, *value, json);
      }
    });
  });
}

bool ReadOrigin(absl::string_view line, Origin& origin) {
  std::map<std::string, std::string*> members = Members(origin);
  std::string version;
  members["version"] = &version;
  data::JsonScanner json(line);
  const bool read = json.ReadObject([&](absl::string_view key) {
    const auto member = members.find(std::string(key));
    if (member == members.end()) return json.Skip();
    return data::ReadText(json, *member->second);
  });
  return read && version == kVersion;
}

std::string Difference(const Origin& kept, const Origin& now) {
  std::vector<std::string> parts;
  if (kept.weights != now.weights) {
    parts.push_back(kept.weights_source == now.weights_source
                        ? absl::StrCat("other weights (", now.weights_source,
                                       " was replaced)")
                        : absl::StrCat("other weights (", kept.weights_source,
                                       ", now ", now.weights_source, ")"));
  }
  if (kept.settings != now.settings) {
    parts.push_back(absl::StrCat(
        "other settings", SettingsDifference(kept.settings, now.settings)));
  }
  if (kept.computed_by != now.computed_by) {
    parts.push_back(absl::StrCat("another device or precision (",
                                 kept.computed_by, ", now ", now.computed_by,
                                 ")"));
  }
  if (kept.classes != now.classes) {
    parts.push_back(absl::StrCat(
        "other categories (", LinesOnlyIn(kept.classes, now.classes), "; now ",
        LinesOnlyIn(now.classes, kept.classes), ")"));
  }
  return absl::StrJoin(parts, " and ");
}

}  // namespace fcis::eval
