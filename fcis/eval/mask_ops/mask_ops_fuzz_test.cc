// Fuzzes whole lines of mask_main.
#include <cstdint>
#include <string>

#include "absl/base/internal/raw_logging.h"
#include "fcis/eval/mask_ops/mask_json.h"
#include "fcis/eval/mask_ops/mask_ops.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view line(reinterpret_cast<const char*>(data), size);
  const std::string answer = fcis::eval::AnswerMaskOp(line, 1);
  rapidjson::Document document;
  ABSL_RAW_CHECK(fcis::eval::ParseJson(answer, document).ok(),
                 "answer is JSON");
  ABSL_RAW_CHECK(document.HasMember("out") != document.HasMember("error"),
                 "out or error");
  return 0;
}
