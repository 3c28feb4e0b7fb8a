#include "fcis/eval/coco/score_json.h"

#include <vector>

#include "absl/strings/string_view.h"
#include "fcis/data/coco/record_id.h"
#include "fcis/data/json/json_writer.h"
#include "fcis/eval/coco/score_table.h"
#include "rapidjson/prettywriter.h"
#include "rapidjson/stringbuffer.h"

namespace fcis::eval {
namespace {

using Json = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void WriteScore(const CategoryScore& score,
                const std::vector<std::string>& columns, Json& json) {
  for (size_t i = 0; i < columns.size(); ++i) {
    data::PutMember(columns[i], score[i], json);
  }
}

const char* IouTypeName(IouType type) {
  return type == IouType::kSegm   ? "segm"
         : type == IouType::kBbox ? "bbox"
                                  : "boundary";
}

void WriteRange(const AreaRange& range, const EvalSummary& summary,
                Json& json) {
  constexpr size_t kAp = 0, kAr = 8;
  SizeScore score = {"all", summary.stats[kAp], summary.stats[kAr]};
  for (const SizeScore& size : summary.sizes) {
    if (size.label == range.label) score = size;
  }
  data::PutObject(json, [&] {
    data::PutMember("label", range.label, json);
    data::PutMember("low", range.low, json);
    data::PutMember("high", range.high, json);
    data::PutMember("AP", score.ap, json);
    data::PutMember("AR", score.ar, json);
  });
}

void WriteOptions(const EvalOptions& options, const EvalSummary& summary,
                  Json& json) {
  data::PutMember("iou_type", IouTypeName(options.iou_type), json);
  data::PutMember("class_agnostic", options.class_agnostic, json);
  data::PutMember("sane", options.sane, json);
  data::PutMember("boxes_as_masks", options.boxes_as_masks, json);
  data::PutArray("iou_thresholds", options.iou_thresholds, json);
  data::PutArray("max_dets", options.max_dets, json);
  data::PutArray(
      "area_ranges", options.area_ranges, json,
      [&](const AreaRange& range) { WriteRange(range, summary, json); });
}

void WriteSeconds(const Evaluation::Seconds& seconds, Json& json) {
  data::PutObject("seconds", json, [&] {
    data::PutMember("annotations", seconds.annotations, json);
    data::PutMember("truth", seconds.truth, json);
    data::PutMember("detections", seconds.detections, json);
    data::PutMember("accumulate", seconds.accumulate, json);
  });
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
  const EvalSummary& summary = evaluation.summary;
  const std::vector<std::string> columns = ScoreColumns(summary);
  const auto put = [&](Json& json) {
    json.SetFormatOptions(rapidjson::kFormatSingleLineArray);
    data::PutObject(json, [&] {
      data::PutArray("stats", summary.stats, json);
      data::PutObject("mean", json,
                      [&] { WriteScore(summary.mean, columns, json); });
      data::PutArray("per_category", CategoryRows(evaluation), json,
                     [&](const CategoryRow& row) {
                       data::PutObject(json, [&] {
                         data::PutId("category_id", row.id, json);
                         data::PutMember("name", row.name, json);
                         WriteScore(row.score, columns, json);
                       });
                     });
      data::PutMember("num_images", evaluation.truth.images().size(), json);
      data::PutMember("num_annotations", evaluation.truth.objects().size(),
                      json);
      data::PutMember("num_detections", evaluation.detections.list.size(),
                      json);
      WriteOptions(evaluation.options, summary, json);
      data::PutArray("warnings", findings, json);
      WriteSeconds(evaluation.seconds, json);
    });
  };
  return data::PrettyJsonOf(put) + "\n";
}

std::string CurvesJson(const EvalCurves& curves) {
  const auto put = [&](auto& json) {
    data::PutObject(json, [&] {
      data::PutObject("shape", json, [&] {
        data::PutMember("T", curves.T, json);
        data::PutMember("R", curves.R, json);
        data::PutMember("K", curves.K, json);
        data::PutMember("A", curves.A, json);
        data::PutMember("M", curves.M, json);
      });
      for (const char* const name : {"precision", "scores"}) {
        const auto& values = name == absl::string_view("scores")
                                 ? curves.scores
                                 : curves.precision;
        data::PutList(name, json, [&] {
          for (int t = 0; t < curves.T; ++t) {
            for (int r = 0; r < curves.R; ++r) {
              WriteCells(curves, [&](int k, int a, int m) {
                json.Double(values[curves.At(t, r, k, a, m)]);
              });
            }
          }
        });
      }
      data::PutList("recall", json, [&] {
        for (int t = 0; t < curves.T; ++t) {
          WriteCells(curves, [&](int k, int a, int m) {
            json.Double(curves.recall[curves.At(t, k, a, m)]);
          });
        }
      });
    });
  };
  return data::JsonOf(put) + "\n";
}

}  // namespace fcis::eval
