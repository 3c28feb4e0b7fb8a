// Masks, boxes and polygons in the JSON of COCO's files. Errors name the member
// and what was expected.
#ifndef FCIS_EVAL_MASK_OPS_MASK_JSON_H_
#define FCIS_EVAL_MASK_OPS_MASK_JSON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/rle/rle.h"
#include "rapidjson/document.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis::eval {

using Json = rapidjson::Value;
using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>,
                                     rapidjson::UTF8<>, rapidjson::CrtAllocator,
                                     rapidjson::kWriteNanAndInfFlag>;

// As Python reads it: doubles correctly rounded, NaN and Infinity accepted;
// nesting is limited by memory only. InvalidArgument names the byte.
absl::Status ParseJson(absl::string_view text, rapidjson::Document& document);

// The member, or nullptr; of several of that name the last.
const Json* FindMember(const Json& object, absl::string_view name);

// The readers take the object that has the member `name`.
absl::StatusOr<const Json*> ReadMember(const Json& object,
                                       absl::string_view name);
// An integer, which may be written as 3.0.
absl::StatusOr<int64_t> ReadInteger(const Json& object, absl::string_view name);
// 0 to 255, false or true each.
absl::StatusOr<std::vector<uint8_t>> ReadFlags(const Json& object,
                                               absl::string_view name);
absl::StatusOr<std::vector<uint32_t>> ReadRuns(const Json& object,
                                               absl::string_view name);
absl::StatusOr<std::vector<std::string>> ReadStrings(const Json& object,
                                                     absl::string_view name);
absl::StatusOr<std::vector<std::vector<double>>> ReadNumberLists(
    const Json& object, absl::string_view name);
// Lists of four numbers.
absl::StatusOr<std::vector<XywhBox>> ReadBoxes(const Json& object,
                                               absl::string_view name);

struct MaskSize {
  int64_t height, width;
};
// "size": [height, width].
absl::StatusOr<MaskSize> ReadSize(const Json& object);

// {"size", "counts"}, the counts compressed (a string) or not (a list).
absl::StatusOr<Rle> ReadRle(const Json& object);
absl::StatusOr<std::vector<Rle>> ReadRles(const Json& object,
                                          absl::string_view name);

void WriteString(absl::string_view text, JsonWriter& writer);
// [x, y, width, height]
void WriteBox(const XywhBox& box, JsonWriter& writer);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_MASK_OPS_MASK_JSON_H_
