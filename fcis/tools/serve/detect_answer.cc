#include "fcis/tools/serve/detect_answer.h"

#include "fcis/core/draw/draw_instances.h"
#include "fcis/core/io/utf8.h"
#include "fcis/core/rle/rle_to_polygons.h"
#include "fcis/data/coco/put_mask.h"
#include "fcis/data/codec/png.h"
#include "fcis/data/json/json_writer.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis::tools {
namespace {

using Json = rapidjson::Writer<rapidjson::StringBuffer>;

void PutSegmentation(const Rle& rle, MaskForm masks, Json& json) {
  if (masks == MaskForm::kRle) {
    data::PutMask(rle, json);
  } else if (masks == MaskForm::kPolygons) {
    data::PutArray("segmentation", RleToPolygons(rle), json,
                   [&](const std::vector<double>& polygon) {
                     json.StartArray();
                     for (const double at : polygon) {
                       json.Int64(static_cast<int64_t>(at));
                     }
                     json.EndArray();
                   });
  }
}

void PutInstance(const FoundInstance& found, const ModelConfig& config,
                 MaskForm masks, Json& json) {
  const ClassConfig& klass = config.classes(found.label - 1);
  const Box& box = found.box;
  data::PutObject(json, [&] {
    data::PutMember("class", klass.name(), json);
    data::PutMember("category_id", klass.category_id(), json);
    data::PutMember("score", found.score, json);
    data::PutBox({box.x0, box.y0, box.width(), box.height()}, json);
    data::PutMember("area", RleArea(found.mask), json);
    PutSegmentation(found.mask, masks, json);
  });
}

}  // namespace

std::string AnswerJson(const ModelConfig& config,
                       absl::Span<const PictureAnswer> pictures,
                       MaskForm masks) {
  return data::JsonOf([&](Json& json) {
    data::PutObject(json, [&] {
      data::PutMember("model", config.name(), json);
      data::PutArray("pictures", pictures, json, [&](const PictureAnswer& one) {
        data::PutObject(json, [&] {
          data::PutMember("name", ValidUtf8(one.name), json);
          data::PutMember("width", one.width, json);
          data::PutMember("height", one.height, json);
          data::PutMember("seconds", one.seconds, json);
          data::PutArray("instances", one.instances, json,
                         [&](const FoundInstance& found) {
                           PutInstance(found, config, masks, json);
                         });
        });
      });
    });
  });
}

absl::StatusOr<std::string> AnswerPng(
    const ModelConfig& config, absl::Span<const eval::Instance> instances,
    Image image) {
  std::vector<DrawInstance> drawable;
  for (const auto& [detection, mask] : instances) {
    drawable.push_back({detection.box, &mask,
                        ScoreLabel(config.classes(detection.label - 1).name(),
                                   detection.score)});
  }
  DrawInstances(drawable, &image);
  return data::EncodePng(image);
}

}  // namespace fcis::tools
