// What the detections of a data set were made with: kept ones are good only
// for the same.
#ifndef FCIS_EVAL_PREDICT_ORIGIN_H_
#define FCIS_EVAL_PREDICT_ORIGIN_H_

#include <string>

#include "absl/strings/string_view.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/data/coco/match_classes.h"

namespace fcis::eval {

struct Origin {
  std::string weights;         // SHA-256 of their content (weights_digest.h)
  std::string weights_source;  // a path, or what made them; for messages
  std::string weights_stamp;   // of that file (file_stamp.h); "": none
  std::string settings;        // SettingsText
  std::string computed_by;     // "cpu, f32"; the number of threads is no matter
  std::string classes;         // ClassesText
};

// The model's numbers, in text form; neither its name nor its classes, of which
// ClassesText has what counts.
std::string SettingsText(const ModelConfig& config);

// A line for each class that is detected, with its category.
std::string ClassesText(const ModelConfig& config,
                        const data::ClassMatch& match);

// One line without its end.
std::string OriginJson(const Origin& origin);

// False: the line is none of OriginJson, or of another version of this program
// that might detect otherwise.
bool ReadOrigin(absl::string_view line, Origin& origin);

// What of `now` differs from `kept`, in words that follow "was made with":
// "other weights (m.safetensors was replaced) and other settings (...)". "":
// nothing.
std::string Difference(const Origin& kept, const Origin& now);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_PREDICT_ORIGIN_H_
