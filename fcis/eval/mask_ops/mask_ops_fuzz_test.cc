// Fuzzes whole lines of mask_main: the answer to the bytes as one line, and all
// answers to them as a file.
#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/base/internal/raw_logging.h"
#include "fcis/core/io/utf8.h"
#include "fcis/data/json/json_scanner.h"
#include "fcis/eval/mask_ops/mask_ops.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view line(reinterpret_cast<const char*>(data), size);
  const std::string answer = fcis::eval::AnswerMaskOp(line, 1);
  ABSL_RAW_CHECK(answer.find('\n') == std::string::npos, "a line");
  ABSL_RAW_CHECK(fcis::IsUtf8(answer), "UTF-8");
  fcis::data::JsonScanner json(answer);
  int ids = 0, outcomes = 0;
  const bool read = json.ReadObject([&](absl::string_view key) {
    ids += key == "id";
    outcomes += key == "out" || key == "error";
    return json.Skip();
  });
  ABSL_RAW_CHECK(read && json.ReadEnd(), "answer is JSON");
  ABSL_RAW_CHECK(ids == 1 && outcomes == 1, "out or error");
  if (size == 0) return 0;
  std::FILE* const in = fmemopen(const_cast<uint8_t*>(data), size, "r");
  std::FILE* const out = std::fopen("/dev/null", "w");
  ABSL_RAW_CHECK(in != nullptr && out != nullptr, "files");
  ABSL_RAW_CHECK(fcis::eval::AnswerMaskOps(in, out).ok(), "answered");
  std::fclose(in);
  std::fclose(out);
  return 0;
}
