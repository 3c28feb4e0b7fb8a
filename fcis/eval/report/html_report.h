// An evaluation as one page for people: numbers, curves, kinds of errors,
// pictures.
#ifndef FCIS_EVAL_REPORT_HTML_REPORT_H_
#define FCIS_EVAL_REPORT_HTML_REPORT_H_

#include <string>
#include <vector>

#include "fcis/eval/coco/evaluate.h"

namespace fcis::eval {

struct ReportOptions {
  std::string image_dir;  // of the pictures, absolute; "": none are shown
  std::string page_dir;   // of the page, absolute
  std::vector<std::string> findings;  // warnings, shown first
};

// report.html with the numbers in it as JSON, from which it draws itself: a
// complete HTML document that refers to nothing outside of itself, but for the
// pictures that are browsed, which it finds on the way from page_dir to
// image_dir; without them their instances are drawn all the same. It takes 5 to
// 15 kB for each of these pictures, and with many no more than about 22 MB.
// `evaluation`: with options.explain. Pictures that are missing or damaged are
// said to be so on the page.
std::string HtmlReport(const Evaluation& evaluation,
                       const ReportOptions& options);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_REPORT_HTML_REPORT_H_
