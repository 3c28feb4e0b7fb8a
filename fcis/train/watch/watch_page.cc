#include "fcis/train/watch/watch_page.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/page/page.h"
#include "fcis/train/run/run_directory.h"
#include "fcis/train/watch/page_template.h"
#include "fcis/train/watch/run_data.h"

namespace fcis::train {

std::string LivePage() { return MakePage(kWatchHtml, "null"); }

absl::Status CheckRuns(const std::vector<std::string>& runs) {
  for (const std::string& run : runs) {
    if (HoldsRun(run)) continue;
    return absl::NotFoundError(absl::StrCat(
        run,
        " holds no training run: expected a directory with "
        "config.textproto and log.jsonl, as train --out makes one"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReportPage(const std::vector<std::string>& runs) {
  RETURN_IF_ERROR(CheckRuns(runs));
  std::vector<std::string> data;
  for (const std::string& run : runs) {
    RunData one(run);
    one.Update();
    data.push_back(one.ToJson(RunData::Known()));
  }
  return MakePage(kWatchHtml, absl::StrCat("[", absl::StrJoin(data, ","), "]"));
}

}  // namespace fcis::train
