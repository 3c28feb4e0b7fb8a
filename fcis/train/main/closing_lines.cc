#include "fcis/train/main/closing_lines.h"

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/data/coco/data_flags.h"
#include "fcis/train/main/train_plan.h"

namespace fcis::train {

std::string WhatToDoNext(const std::string& model,
                         const ValidationReport& report) {
  std::string lines = absl::StrCat("model: ", model);
  if (!report.picture.empty()) {
    absl::StrAppend(&lines, "\nPredictions beside truth:  ", report.picture);
  }
  absl::StrAppend(&lines, "\nTo use it:  ", CommandOf("//fcis/tools:demo"),
                  " -m ", ShellWord(model));
  if (report.score_thresh >= 0) {
    absl::StrAppendFormat(&lines, " --score_thresh %.2f", report.score_thresh);
  }
  absl::StrAppend(&lines, " --imgdir YOUR_PICTURES");
  if (absl::GetFlag(FLAGS_val_ann_file).empty()) return lines;
  const auto path = [](const absl::Flag<std::string>& flag) {
    return ShellWord(ResolvePath(absl::GetFlag(flag)));
  };
  absl::StrAppend(&lines, "\nTo score it:  ", CommandOf("//fcis/eval:eval"),
                  " -m ", ShellWord(model), " --ann_file ",
                  path(FLAGS_val_ann_file), " --image_dir ",
                  path(FLAGS_val_image_dir));
  const std::string map_classes = absl::GetFlag(FLAGS_map_classes);
  if (!map_classes.empty()) {
    absl::StrAppend(&lines, " --map_classes ", ShellWord(map_classes));
  }
  return lines;
}

std::string HowToGoOn(const std::string& directory, int processes) {
  return absl::StrCat("To go on:  ", CommandOf("//fcis/train:train", processes),
                      " --out ", ShellWord(directory), " --resume");
}

}  // namespace fcis::train
