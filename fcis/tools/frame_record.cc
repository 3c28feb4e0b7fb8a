#include "fcis/tools/frame_record.h"

#include <limits>

#include "fcis/core/mask/paste.h"
#include "fcis/data/coco/put_mask.h"
#include "fcis/data/json/json_writer.h"

namespace fcis::tools {

std::string FrameJson(const FrameRecord& record, const ModelConfig& config) {
  const auto put_instance = [&](const TrackedInstance& instance, auto& json) {
    const ClassConfig& klass = config.classes(instance.label - 1);
    const Box& box = instance.box;
    data::PutMember("track", instance.id, json);
    data::PutMember("category_id", klass.category_id(), json);
    data::PutMember("category", klass.name(), json);
    data::PutMember("score", instance.score, json);
    data::PutBox({box.x0, box.y0, box.width(), box.height()}, json);
    data::PutMask(PastedMaskToRle(instance.mask, record.height, record.width),
                  json);
  };
  const auto put = [&](auto& json) {
    data::PutObject(json, [&] {
      data::PutMember("frame", record.frame, json);
      constexpr double kNull = std::numeric_limits<double>::quiet_NaN();
      data::PutMember("time", record.time.value_or(kNull), json);
      data::PutMember("detected", record.detected, json);
      data::PutArray("instances", record.instances, json, [&](const auto& one) {
        data::PutObject(json, [&] { put_instance(one, json); });
      });
    });
  };
  return data::JsonOf(put) + "\n";
}

}  // namespace fcis::tools
