// The parts of a report that show COCOeval's numbers; each an HTML <section>.
#ifndef FCIS_EVAL_REPORT_SCORE_SECTIONS_H_
#define FCIS_EVAL_REPORT_SCORE_SECTIONS_H_

#include <string>

#include "fcis/eval/coco/evaluate.h"

namespace fcis {

// The numbers of the summary.
std::string HeadlineSection(const Evaluation& evaluation);
// Precision over recall, a curve per IoU threshold (ten of them at most).
std::string CurvesSection(const Evaluation& evaluation);
// AP and AR of each area range.
std::string SizeSection(const Evaluation& evaluation);
// AP of each category, as bars and as a table.
std::string CategorySection(const Evaluation& evaluation);

}  // namespace fcis

#endif  // FCIS_EVAL_REPORT_SCORE_SECTIONS_H_
