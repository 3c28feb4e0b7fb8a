#include "fcis/train/main/closing_lines.h"

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/cli/paths.h"

namespace fcis::train {
namespace {

// One word of a shell.
std::string Quoted(const std::string& text) {
  const bool plain = absl::c_all_of(text, [](char c) {
    return absl::ascii_isalnum(c) || absl::StrContains("_-+=:,./@%", c);
  });
  if (plain && !text.empty()) return text;
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

}  // namespace

std::string WhatToDoNext(const FinishedRun& run) {
  const std::string model = Quoted(run.model);
  std::string lines = absl::StrCat("model: ", run.model);
  if (!run.picture.empty()) {
    absl::StrAppend(&lines, "\nPredictions beside truth:  ", run.picture);
  }
  absl::StrAppend(&lines, "\nTo use it:  ", CommandOf("//fcis/tools:demo"),
                  " -m ", model);
  if (run.score_thresh >= 0) {
    absl::StrAppendFormat(&lines, " --score_thresh %.2f", run.score_thresh);
  }
  absl::StrAppend(&lines, " --imgdir YOUR_PICTURES");
  if (run.val_ann_file.empty()) return lines;
  absl::StrAppend(&lines, "\nTo score it:  ", CommandOf("//fcis/eval:eval"),
                  " -m ", model, " --ann_file ", Quoted(run.val_ann_file),
                  " --image_dir ", Quoted(run.val_image_dir));
  if (!run.map_classes.empty()) {
    absl::StrAppend(&lines, " --map_classes ", Quoted(run.map_classes));
  }
  return lines;
}

std::string HowToGoOn(const std::string& directory, int processes) {
  return absl::StrCat("To go on:  ", CommandOf("//fcis/train:train", processes),
                      " --out ", Quoted(directory), " --resume");
}

}  // namespace fcis::train
