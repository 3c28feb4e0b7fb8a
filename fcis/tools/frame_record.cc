#include "fcis/tools/frame_record.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/mask/paste.h"
#include "fcis/data/coco/put_mask.h"
#include "fcis/data/json/json_writer.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis::tools {

std::string FrameJson(const FrameRecord& record, const ModelConfig& config) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  const auto put = [&](const TrackedInstance& instance) {
    const ClassConfig& klass = config.classes(instance.label - 1);
    const Box& box = instance.box;
    data::PutObject(json, [&] {
      data::PutMember("track", instance.id, json);
      data::PutMember("category_id", klass.category_id(), json);
      data::PutMember("category", klass.name(), json);
      data::PutMember("score", instance.score, json);
      data::PutBox({box.x0, box.y0, box.width(), box.height()}, json);
      data::PutMask(PastedMaskToRle(instance.mask, record.height, record.width),
                    json);
    });
  };
  data::PutObject(json, [&] {
    data::PutMember("frame", record.frame, json);
    // NaN is null.
    data::PutMember(
        "time", record.time.value_or(std::numeric_limits<double>::quiet_NaN()),
        json);
    data::PutMember("detected", record.detected, json);
    data::PutArray("instances", record.instances, json, put);
  });
  return absl::StrCat(absl::string_view(buffer.GetString(), buffer.GetSize()),
                      "\n");
}

}  // namespace fcis::tools
