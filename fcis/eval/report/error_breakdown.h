// What kinds of errors a detector makes, and what each kind costs: TIDE (Bolya
// et al., ECCV 2020), number for number as its authors' package tidecv 1.0.1.
#ifndef FCIS_EVAL_REPORT_ERROR_BREAKDOWN_H_
#define FCIS_EVAL_REPORT_ERROR_BREAKDOWN_H_

#include <array>
#include <cstdint>
#include <vector>

#include "fcis/eval/report/overlap_table.h"

namespace fcis::eval {

enum class ErrorKind : uint8_t {
  kClass,       // on an object of another category
  kLocation,    // touches an object of its category
  kBoth,        // touches objects of other categories only
  kDuplicate,   // on an object that a better detection took
  kBackground,  // touches nothing
  kMissed,      // an object that no detection of the first two kinds is for
  kNone,
};
inline constexpr int kNumErrorKinds = 6;

struct DetectionFate {
  bool correct = false;
  bool ignored = false;  // in a crowd of its category; does not count
  // What is wrong with it; an ignored one has a kind too.
  ErrorKind error = ErrorKind::kNone;
  // The object that it found, or would have found but for its error; -1: none.
  int object = -1;
};

struct ErrorBreakdown {
  // AP at kForegroundIou, the mean over the classes that have objects or
  // detections (a class without objects counts 0, other than in COCOeval; at
  // most max_dets detections per picture, not per picture and class).
  double ap = 0;
  // By ErrorKind: how many, and how much AP would gain if they were mended
  // (never less than 0): classes and places set right, duplicates, background
  // and wrong in both taken out, missed objects not asked for.
  std::array<int64_t, kNumErrorKinds> counts = {};
  std::array<double, kNumErrorKinds> gains = {};
  // What AP would gain if every detection that is not correct came last, and if
  // no object that was not found were asked for.
  double false_positive_gain = 0, false_negative_gain = 0;
  std::vector<DetectionFate> fates;  // of the table's detections
  std::vector<uint8_t> found;        // of the table's objects
};

ErrorBreakdown BreakDownErrors(const OverlapTable& table);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_REPORT_ERROR_BREAKDOWN_H_
