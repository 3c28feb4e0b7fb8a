// A run directory as `report` shows it. Input: log.jsonl, run.jsonl,
// config.textproto and run.textproto, zeros between them. Whatever is in them,
// the page gets JSON; a log that was read in two pieces is the same log.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "fcis/core/testing/scratch_path.h"
#include "fcis/train/run/event_log.h"
#include "fcis/train/watch/run_data.h"
#include "rapidjson/document.h"

namespace fcis::train {
namespace {

void Write(const std::string& path, absl::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

rapidjson::Document Json(const RunData& run) {
  const std::string text = run.ToJson({});
  rapidjson::Document json;
  json.Parse<rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
  ABSL_RAW_CHECK(!json.HasParseError(), text.c_str());
  return json;
}

}  // namespace
}  // namespace fcis::train

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fcis::train;  // NOLINT
  static const std::string directory = fcis::NewScratchDirectory("fcis_run");
  std::vector<absl::string_view> files = absl::StrSplit(
      absl::string_view(reinterpret_cast<const char*>(data), size), '\0');
  files.resize(4);
  const std::string log = directory + "/log.jsonl";
  Write(directory + "/run.jsonl", files[1]);
  Write(directory + "/config.textproto", files[2]);
  Write(directory + "/run.textproto", files[3]);
  Write(log, files[0].substr(0, files[0].size() / 2));
  RunData in_pieces(directory), at_once(directory);
  in_pieces.Update();
  Write(log, files[0]);
  in_pieces.Update();
  at_once.Update();
  ABSL_RAW_CHECK(Json(in_pieces)["rows"] == Json(at_once)["rows"], "pieces");
  LastLoggedIteration(directory).IgnoreError();
  std::remove(log.c_str());
  in_pieces.Update();
  Json(in_pieces);
  return 0;
}
