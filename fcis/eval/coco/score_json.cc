#include "fcis/eval/coco/score_json.h"

#include <cmath>
#include <vector>

#include "absl/strings/string_view.h"
#include "fcis/eval/coco/category_rows.h"
#include "rapidjson/prettywriter.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis {
namespace {

using Json = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

template <typename Writer>
void WriteDoubles(const char* name, const double* values, size_t n,
                  Writer& json) {
  json.Key(name);
  json.StartArray();
  for (size_t i = 0; i < n; ++i) json.Double(values[i]);
  json.EndArray();
}

void WriteText(const std::string& text, Json& json) {
  json.String(text.c_str(), static_cast<rapidjson::SizeType>(text.size()));
}

void WriteId(const RecordId& id, Json& json) {
  const std::string text = id.ToJson();
  json.RawValue(text.data(), text.size(),
                id.is_text() ? rapidjson::kStringType : rapidjson::kNumberType);
}

void WriteScore(const CategoryScore& score,
                const std::vector<std::string>& size_columns, Json& json) {
  const auto write = [&](const std::string& name, double value) {
    json.Key(name.c_str());
    json.Double(value);
  };
  write("AP", score.ap);
  write("AP50", score.ap50);
  write("AP75", score.ap75);
  for (size_t i = 0; i < size_columns.size(); ++i) {
    write(size_columns[i], score.ap_by_size[i]);
  }
}

const char* IouTypeName(IouType type) {
  return type == IouType::kSegm   ? "segm"
         : type == IouType::kBbox ? "bbox"
                                  : "boundary";
}

// JSON has no infinity; readers take what is too large for one.
void WriteBound(const char* key, double bound, Json& json) {
  json.Key(key);
  if (!std::isinf(bound)) {
    json.Double(bound);
    return;
  }
  const absl::string_view text = bound > 0 ? "1e999" : "-1e999";
  json.RawValue(text.data(), text.size(), rapidjson::kNumberType);
}

void WriteRange(const AreaRange& range, const EvalSummary& summary,
                Json& json) {
  json.StartObject();
  json.Key("label");
  WriteText(range.label, json);
  WriteBound("low", range.low, json);
  WriteBound("high", range.high, json);
  constexpr size_t kAp = 0, kAr = 8;
  SizeScore score = {"all", summary.stats[kAp], summary.stats[kAr]};
  for (const SizeScore& size : summary.sizes) {
    if (size.label == range.label) score = size;
  }
  json.Key("AP");
  json.Double(score.ap);
  json.Key("AR");
  json.Double(score.ar);
  json.EndObject();
}

void WriteOptions(const EvalOptions& options, const EvalSummary& summary,
                  Json& json) {
  json.Key("iou_type");
  json.String(IouTypeName(options.iou_type));
  json.Key("class_agnostic");
  json.Bool(options.class_agnostic);
  json.Key("sane");
  json.Bool(options.sane);
  json.Key("boxes_as_masks");
  json.Bool(options.boxes_as_masks);
  WriteDoubles("iou_thresholds", options.iou_thresholds.data(),
               options.iou_thresholds.size(), json);
  json.Key("max_dets");
  json.StartArray();
  for (const int cut : options.max_dets) json.Int(cut);
  json.EndArray();
  json.Key("area_ranges");
  json.StartArray();
  for (const AreaRange& range : options.area_ranges) {
    WriteRange(range, summary, json);
  }
  json.EndArray();
}

void WriteSeconds(const Evaluation::Seconds& seconds, Json& json) {
  json.Key("seconds");
  json.StartObject();
  const auto write = [&](const char* name, double value) {
    json.Key(name);
    json.Double(value);
  };
  write("annotations", seconds.annotations);
  write("truth", seconds.truth);
  write("detections", seconds.detections);
  write("accumulate", seconds.accumulate);
  json.EndObject();
}

// COCOeval's order of the inner axes.
template <typename Write>
void WriteCells(const EvalCurves& curves, Write write) {
  for (int k = 0; k < curves.K; ++k) {
    for (int a = 0; a < curves.A; ++a) {
      for (int m = 0; m < curves.M; ++m) write(k, a, m);
    }
  }
}

}  // namespace

std::string ScoreJson(const Evaluation& evaluation,
                      const std::vector<std::string>& findings) {
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  json.SetFormatOptions(rapidjson::kFormatSingleLineArray);
  json.StartObject();
  const EvalSummary& summary = evaluation.summary;
  WriteDoubles("stats", summary.stats.data(), summary.stats.size(), json);
  json.Key("mean");
  json.StartObject();
  const std::vector<std::string> size_columns = SizeColumns(summary);
  WriteScore(summary.mean, size_columns, json);
  json.EndObject();
  json.Key("per_category");
  json.StartArray();
  for (const CategoryRow& row : CategoryRows(evaluation)) {
    json.StartObject();
    json.Key("category_id");
    WriteId(row.id, json);
    json.Key("name");
    WriteText(row.name, json);
    WriteScore(row.score, size_columns, json);
    json.EndObject();
  }
  json.EndArray();
  json.Key("num_images");
  json.Uint64(evaluation.truth.images().size());
  json.Key("num_annotations");
  json.Uint64(evaluation.truth.objects().size());
  json.Key("num_detections");
  json.Uint64(evaluation.detections.list.size());
  WriteOptions(evaluation.options, summary, json);
  json.Key("warnings");
  json.StartArray();
  for (const std::string& finding : findings) WriteText(finding, json);
  json.EndArray();
  WriteSeconds(evaluation.seconds, json);
  json.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

std::string CurvesJson(const EvalCurves& curves) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  json.StartObject();
  json.Key("shape");
  json.StartObject();
  const auto write = [&](const char* name, int value) {
    json.Key(name);
    json.Int(value);
  };
  write("T", curves.T);
  write("R", curves.R);
  write("K", curves.K);
  write("A", curves.A);
  write("M", curves.M);
  json.EndObject();
  for (const char* const name : {"precision", "scores"}) {
    const auto& values =
        name == absl::string_view("scores") ? curves.scores : curves.precision;
    json.Key(name);
    json.StartArray();
    for (int t = 0; t < curves.T; ++t) {
      for (int r = 0; r < curves.R; ++r) {
        WriteCells(curves, [&](int k, int a, int m) {
          json.Double(values[curves.At(t, r, k, a, m)]);
        });
      }
    }
    json.EndArray();
  }
  json.Key("recall");
  json.StartArray();
  for (int t = 0; t < curves.T; ++t) {
    WriteCells(curves, [&](int k, int a, int m) {
      json.Double(curves.recall[curves.At(t, k, a, m)]);
    });
  }
  json.EndArray();
  json.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace fcis
