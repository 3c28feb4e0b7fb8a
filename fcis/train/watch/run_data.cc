#include "fcis/train/watch/run_data.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "fcis/core/base/counter_rng.h"
#include "fcis/core/config/text_proto.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/file_stamp.h"
#include "fcis/core/io/utf8.h"
#include "fcis/data/json/json_scanner.h"
#include "fcis/data/json/json_writer.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/run/run_directory.h"
#include "fcis/train/watch/settings.h"
#include "rapidjson/document.h"

namespace fcis::train {
namespace {

namespace fs = std::filesystem;

using Json = rapidjson::Writer<rapidjson::StringBuffer>;

// Short, as a chart needs it; whole numbers as they are.
void PutNumber(double value, Json& json) {
  if (!std::isfinite(value)) {
    json.Null();
  } else if (value == std::floor(value) && std::abs(value) < 1e15) {
    json.Int64(static_cast<int64_t>(value));
  } else {
    const std::string text = absl::StrFormat("%.6g", value);
    json.RawValue(text.data(), text.size(), rapidjson::kNumberType);
  }
}

// The text, or "" and a problem. A missing file is none.
std::string ReadText(const std::string& path,
                     std::vector<std::string>* problems) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (text.ok()) return *std::move(text);
  if (!absl::IsNotFound(text.status())) {
    problems->emplace_back(text.status().message());
  }
  return "";
}

// The lines of run.jsonl that are whole objects, as browsers read them.
std::vector<absl::string_view> StartLines(absl::string_view text) {
  std::vector<absl::string_view> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    // RapidJSON passes over bytes of a mark, which are none of JSON's.
    if (line[0] != '{') continue;
    rapidjson::Document json;
    constexpr unsigned kFlags =
        rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
    json.Parse<kFlags>(line.data(), line.size());
    if (!json.HasParseError() && json.IsObject()) lines.push_back(line);
  }
  return lines;
}

// The number of iterations that the last start was to reach; 0: not known.
int64_t IterationsOf(const std::string& starts) {
  const std::vector<absl::string_view> lines = StartLines(starts);
  if (lines.empty()) return 0;
  data::JsonScanner json(lines.back());
  double iterations = 0;
  json.ReadObject([&](absl::string_view key) {
    return key == "iterations" ? json.ReadNumber(iterations) : json.Skip();
  });
  constexpr double kMost = 1e15;
  return iterations > 0 && iterations < kMost ? static_cast<int64_t>(iterations)
                                              : 0;
}

std::string FlagOf(const RunRecord& record, const std::string& name) {
  const auto found = record.flags().find(name);
  return found == record.flags().end() ? "" : found->second;
}

std::map<std::string, std::string> AllSettings(const std::string& recipe,
                                               const RunRecord& record) {
  std::map<std::string, std::string> settings;
  TrainConfig config;
  if (MergeTextProto(recipe, "config.textproto", &config).ok()) {
    settings = Settings(config);
  }
  for (const auto& [flag, value] : record.flags()) {
    if (!value.empty()) settings[absl::StrCat("--", flag)] = value;
  }
  if (record.has_computes()) settings["computes"] = record.computes();
  settings["classes"] = absl::StrCat(record.classes_size());
  settings["pictures"] = absl::StrCat(record.pictures_size());
  if (record.stretch() != 1) {
    settings["length, of the recipe's"] =
        absl::StrFormat("%.3g", record.stretch());
  }
  if (record.input_scale() != 1) {
    settings["input, of the model's"] =
        absl::StrFormat("%.3g", record.input_scale());
  }
  return settings;
}

// Seconds since the file was written; -1: there is none.
double AgeOf(const std::string& path) {
  std::error_code error;
  const auto written = fs::last_write_time(path, error);
  if (error) return -1;
  const std::chrono::duration<double> age =
      fs::file_time_type::clock::now() - written;
  return std::max(0.0, age.count());
}

}  // namespace

// That of COCO lists more than a hundred thousand pictures.
void RunData::UpdateRecord() {
  const std::string path = absl::StrCat(path_, "/run.textproto");
  const std::string stamp = FileStamp(path, absl::Now());
  if (!stamp.empty() && stamp == record_stamp_) return;
  const absl::StatusOr<RunRecord> record = ReadRunRecord(path_);
  if (record.ok()) {
    record_ = *record;
    record_stamp_ = stamp;
  } else if (!absl::IsNotFound(record.status())) {
    problems_.emplace_back(record.status().message());
  }
}

void RunData::Update() {
  problems_.clear();
  starts_ = ReadText(absl::StrCat(path_, "/run.jsonl"), &problems_);
  recipe_ = ReadText(absl::StrCat(path_, "/config.textproto"), &problems_);
  UpdateRecord();
  const absl::Status log = log_.Update();
  if (!log.ok()) problems_.emplace_back(log.message());
  if (log_.bad_lines() > 0) {
    problems_.push_back(
        absl::StrCat(path_, "/log.jsonl: ", log_.bad_lines(),
                     " lines cannot be read, and are left out"));
  }
  UpdatePictures();
}

void RunData::OpenPictures() {
  pictures_ = FixedPictures();
  pictures_problem_.clear();
  ++pictures_changes_;
  std::string ann_file = FlagOf(record_, "val_ann_file");
  // The run's own part is where the run is.
  if (record_.has_held_out_of()) {
    ann_file = absl::StrCat(path_, "/", kValidationPart);
  }
  absl::StatusOr<FixedPictures> pictures =
      FixedPictures::Open(ann_file, FlagOf(record_, "val_image_dir"));
  if (pictures.ok()) {
    pictures_ = *std::move(pictures);
  } else {
    pictures_problem_ = std::string(pictures.status().message());
  }
}

void RunData::UpdatePictures() {
  if (FlagOf(record_, "val_ann_file").empty()) return;
  std::vector<int64_t> iterations;
  for (const LogTable::Validation& validation : log_.table().validations()) {
    if (iterations.empty() || iterations.back() != validation.iteration) {
      iterations.push_back(validation.iteration);
    }
  }
  if (iterations.empty()) return;
  // What a run finds again after it was cut may be something else.
  const std::string now =
      absl::StrCat(FlagOf(record_, "val_ann_file"), ":", log_.beginnings());
  if (now != pictures_of_) OpenPictures();
  pictures_of_ = now;
  if (!pictures_problem_.empty()) problems_.push_back(pictures_problem_);
  if (pictures_.Update(path_, iterations)) ++pictures_changes_;
}

std::string RunData::Version() const {
  return absl::StrFormat("%x-%d-%d-%d", Fnv1a64(absl::StrCat(path_, starts_)),
                         log_.beginnings(), log_.table().stride(),
                         log_.table().columns().size());
}

void RunData::PutAbout(Json& json) const {
  data::PutMember("path", path_, json);
  data::PutMember("name", fs::path(path_).filename().string(), json);
  data::PutArray("problems", problems_, json);
  data::PutArray(
      "starts", StartLines(starts_), json, [&](absl::string_view line) {
        json.RawValue(line.data(), line.size(), rapidjson::kObjectType);
      });
  data::PutMember("recipe", recipe_, json);
  data::PutObject("settings", json, [&] {
    for (const auto& [name, value] : AllSettings(recipe_, record_)) {
      data::PutMember(name, value, json);
    }
  });
  data::PutMember("iterations", IterationsOf(starts_), json);
  data::PutMember("finished", record_.finished(), json);
  data::PutMember("last_line_s", AgeOf(absl::StrCat(path_, "/log.jsonl")),
                  json);
}

void RunData::PutRows(const Known& known, Json& json) const {
  const LogTable& table = log_.table();
  const bool goes_on = known.version == Version();
  const size_t first =
      goes_on ? std::min(known.rows, table.whole_rows()) : size_t{0};
  data::PutArray("columns", table.columns(), json);
  data::PutMember("stride", table.stride(), json);
  data::PutMember("first_row", first, json);
  json.Key("rows");
  json.StartArray();
  for (size_t row = first; row < table.num_rows(); ++row) {
    json.StartArray();
    for (size_t i = 0; i < table.columns().size(); ++i) {
      PutNumber(table.At(row, i), json);
    }
    json.EndArray();
  }
  json.EndArray();
  data::PutMember("partial", table.num_rows() > table.whole_rows(), json);
  data::PutArray("validations", table.validations(), json,
                 [&](const LogTable::Validation& v) {
                   json.StartArray();
                   json.Int64(v.iteration);
                   for (const double n : {v.epoch, v.elapsed_s, v.ap, v.ap50}) {
                     PutNumber(n, json);
                   }
                   json.EndArray();
                 });
}

std::string RunData::ToJson(const Known& known) const {
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  data::PutObject(json, [&] {
    PutAbout(json);
    data::PutMember("version", Version(), json);
    PutRows(known, json);
    const std::string pictures =
        absl::StrCat(Version(), "-", pictures_changes_);
    data::PutMember("pictures_version", pictures, json);
    if (known.pictures == pictures) return;
    data::PutObject("pictures", json, [&] { pictures_.Put(json); });
  });
  return ValidUtf8({buffer.GetString(), buffer.GetSize()});
}

}  // namespace fcis::train
