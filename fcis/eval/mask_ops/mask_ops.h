// The mask operations of pycocotools over JSON, so that scripts in any language
// can have them. One line asks, one answers:
//
//   {"id": 7, "op": "toRuns", "in": {"size": [3, 1], "counts": "21"}}
//   {"id": 7, "out": {"runs": [2, 1], "area": 1, "bbox": [0.0, 2.0, 1.0, 1.0]}}
//
// kMaskOpsHelp lists the operations.
#ifndef FCIS_EVAL_MASK_OPS_MASK_OPS_H_
#define FCIS_EVAL_MASK_OPS_MASK_OPS_H_

#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fcis::eval {

// One line per operation: name, members of "in", members of "out".
extern const char kMaskOpsHelp[];

// The answer to one line, without a line break: {"id", "out"}, or {"id",
// "error": text}. "id" is as the line has it; null when it has none, or a list
// or an object, or the line is not JSON: then the text names the line.
std::string AnswerMaskOp(absl::string_view line, int64_t line_number);

// Answers all lines of `in`, in order, blank ones excepted; each answer is
// flushed. Fails when `in` cannot be read or `out` not be written.
absl::Status AnswerMaskOps(std::FILE* in, std::FILE* out);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_MASK_OPS_MASK_OPS_H_
