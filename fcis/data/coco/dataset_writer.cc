#include "fcis/data/coco/dataset_writer.h"

#include "fcis/core/io/file.h"
#include "fcis/core/rle/rle_string.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis::data {
namespace {

using Json = rapidjson::Writer<rapidjson::StringBuffer>;

void WriteText(const char* name, const std::string& text, Json& json) {
  json.Key(name);
  json.String(text.c_str(), static_cast<rapidjson::SizeType>(text.size()));
}

void WriteInteger(const char* name, int64_t value, Json& json) {
  json.Key(name);
  json.Int64(value);
}

void WriteMask(const Rle& mask, Json& json) {
  json.Key("segmentation");
  json.StartObject();
  json.Key("size");
  json.StartArray();
  json.Int(mask.height);
  json.Int(mask.width);
  json.EndArray();
  WriteText("counts", RleCountsToString(mask.counts), json);
  json.EndObject();
  WriteInteger("area", RleArea(mask), json);
  const XywhBox box = RleToBbox(mask);
  json.Key("bbox");
  json.StartArray();
  for (const double value : {box.x, box.y, box.width, box.height}) {
    json.Double(value);
  }
  json.EndArray();
}

template <typename Record, typename Write>
void WriteRecords(const char* name, const std::vector<Record>& records,
                  Json& json, Write write) {
  json.Key(name);
  json.StartArray();
  for (const Record& record : records) {
    json.StartObject();
    write(record);
    json.EndObject();
  }
  json.EndArray();
}

}  // namespace

absl::Status WriteCocoDataset(const std::string& path,
                              const WrittenDataset& dataset) {
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  json.StartObject();
  json.Key("info");
  json.StartObject();
  WriteText("description", dataset.description, json);
  json.EndObject();
  WriteRecords("categories", dataset.categories, json,
               [&](const WrittenCategory& category) {
                 WriteInteger("id", category.id, json);
                 WriteText("name", category.name, json);
                 WriteText("supercategory", category.supercategory, json);
               });
  WriteRecords("images", dataset.images, json, [&](const WrittenImage& image) {
    WriteInteger("id", image.id, json);
    WriteText("file_name", image.file_name, json);
    WriteInteger("height", image.height, json);
    WriteInteger("width", image.width, json);
  });
  WriteRecords("annotations", dataset.annotations, json,
               [&](const WrittenAnnotation& annotation) {
                 WriteInteger("id", annotation.id, json);
                 WriteInteger("image_id", annotation.image_id, json);
                 WriteInteger("category_id", annotation.category_id, json);
                 WriteInteger("iscrowd", annotation.crowd, json);
                 WriteMask(annotation.mask, json);
               });
  json.EndObject();
  return WriteFileAtomic(
      path, absl::string_view(buffer.GetString(), buffer.GetSize()));
}

}  // namespace fcis::data
