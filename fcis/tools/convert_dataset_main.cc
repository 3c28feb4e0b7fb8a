// Converts a data set of an annotation tool into COCO's format, and back.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/output_directory.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/file_kind.h"
#include "fcis/data/coco/data_flags.h"
#include "fcis/data/coco/hold_out.h"
#include "fcis/data/convert/complete_set.h"
#include "fcis/data/convert/find_format.h"
#include "fcis/data/convert/foreign_set.h"
#include "fcis/data/convert/picture_finder.h"
#include "fcis/data/convert/place_pictures.h"
#include "fcis/data/convert/reader_input.h"
#include "fcis/data/convert/unzip.h"
#include "fcis/data/convert/write_set.h"

ABSL_FLAG(std::string, from, "",
          "The format, one of coco, labelme, label_studio, yolo, voc, sbd, "
          "masks. Default: what the files are.");
ABSL_FLAG(std::string, to, "coco", "What is written: coco, yolo or labelme.");
ABSL_FLAG(double, hold_out, 0,
          "Share of the pictures with objects that becomes a validation part "
          "(at least 4 of 12 and more, at most 200 and what classes need), so "
          "that each class of two pictures is in both. 0: the parts that the "
          "data have, if any.");
ABSL_FLAG(bool, copy_images, false,
          "Copy the pictures into --out; else they stay where they are. YOLO's "
          "and labelme's formats have them beside their files, so there they "
          "are always copied.");

namespace fcis::tools {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "convert_dataset";
  program.arguments = "FILE_OR_FOLDER --out DIR [flags]";
  program.summary =
      "Makes a data set in COCO's format of what an annotation tool wrote: "
      "labelme's files, exports of CVAT (COCO, segmentation masks), Label "
      "Studio (JSON, COCO, YOLO) and Roboflow, YOLO's labels, Pascal VOC's "
      "segmentations, SBD's files of MATLAB, or masks as PNG; a folder, a file "
      "or a zip archive. What it is, is found by its content. Says what was "
      "left out and why, and "
      "writes back to YOLO and labelme.\n\nMasks in a folder masks/ are named "
      "after their picture: <picture>.png has a number or colour for each "
      "object, <picture>_<number>.png and <picture>_<number>_<class>.png one "
      "object (as demo --save_masks writes them). The class is the name's, "
      "else that of the folder: masks/<class>/<picture>.png.";
  program.groups = {
      {"Input", {"from", "image_dir", "bad_annotations", "max_messages"}},
      {"Output", {"out", "to", "copy_images"}},
      {"Validation part", {"hold_out", "seed"}},
      {"Computing", {"threads"}}};
  program.texts = {
      {"out",
       "Directory for the result, made if need be: annotations.json, or "
       "train.json and val.json; images/ for copies; source/ for what was in "
       "an archive."},
      {"image_dir", "The pictures, where they are not with their annotations."},
      {"seed", "Which pictures validate."}};
  program.examples = {
      "convert_dataset labelme_folder --out mine --hold_out 0.15",
      "convert_dataset cvat_export.zip --out mine",
      "convert_dataset label_studio.json --image_dir pictures --out mine",
      "convert_dataset mine/annotations.json --to yolo --out mine_yolo"};
  return program;
}

struct Flags {
  std::string input, image_dir, out, from, to;
  double hold_out = 0;
  bool copy = false;
  data::BadAnnotationPolicy policy;
};

absl::StatusOr<Flags> ReadFlags(const std::vector<std::string>& arguments) {
  Flags flags;
  if (arguments.size() != 1 || absl::GetFlag(FLAGS_out).empty()) {
    return UsageError("expected a file or folder, and --out");
  }
  flags.input = ResolvePath(arguments[0]);
  while (flags.input.size() > 1 && flags.input.back() == '/') {
    flags.input.pop_back();
  }
  // What YOLO's programs are given stands for the folder that it describes.
  std::error_code error;
  if ((absl::EndsWith(flags.input, ".yaml") ||
       absl::EndsWith(flags.input, ".yml")) &&
      std::filesystem::is_regular_file(flags.input, error)) {
    flags.input = data::DirectoryOf(flags.input);
  }
  flags.image_dir = ResolvePath(absl::GetFlag(FLAGS_image_dir));
  flags.from = absl::GetFlag(FLAGS_from);
  flags.to = absl::GetFlag(FLAGS_to);
  flags.hold_out = absl::GetFlag(FLAGS_hold_out);
  if (!flags.from.empty()) {
    RETURN_IF_ERROR(
        CheckChoice("from", flags.from, data::ForeignFormatNames()));
  }
  RETURN_IF_ERROR(CheckChoice("to", flags.to, {"coco", "yolo", "labelme"}));
  if (!(flags.hold_out >= 0 && flags.hold_out < 1)) {
    return UsageError(absl::StrCat("--hold_out=", flags.hold_out,
                                   ": expected 0 to less than 1"));
  }
  flags.copy = absl::GetFlag(FLAGS_copy_images) || flags.to != "coco";
  if (std::filesystem::equivalent(
          flags.input, ResolvePath(absl::GetFlag(FLAGS_out)), error)) {
    return UsageError(
        absl::StrCat("--out=", absl::GetFlag(FLAGS_out),
                     ": it is the folder that is read; expected another one, "
                     "which may lie in it"));
  }
  ASSIGN_OR_RETURN(flags.policy, data::BadAnnotationPolicyFromFlags());
  RETURN_IF_ERROR(SetThreadsFromFlag());
  ASSIGN_OR_RETURN(flags.out,
                   MakeOutputDirectory(absl::GetFlag(FLAGS_out),
                                       "convert_dataset", absl::Now()));
  return flags;
}

absl::StatusOr<bool> IsArchive(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  return KindOfBytes(file->bytes().substr(0, 512)) == FileKind::kZip;
}

// All files below the root but those of an earlier conversion to `out` there.
absl::StatusOr<std::vector<std::string>> FilesOf(const std::string& root,
                                                 const std::string& out) {
  ASSIGN_OR_RETURN(std::vector<std::string> files, data::ListFiles(root));
  const std::string top = absl::StrCat(out, "/");
  if (absl::StartsWith(root, top)) return files;
  files.erase(std::remove_if(files.begin(), files.end(),
                             [&](const std::string& file) {
                               return absl::StartsWith(file, top);
                             }),
              files.end());
  return files;
}

// What was in the archive: an earlier one may have been unpacked there.
absl::StatusOr<std::vector<std::string>> FilesOfArchive(
    const std::string& archive, const std::string& source) {
  ASSIGN_OR_RETURN(const std::vector<std::string> unpacked,
                   data::Unzip(archive, source));
  ASSIGN_OR_RETURN(const auto listed, data::ListFiles(source));
  std::vector<std::string> files;
  absl::c_set_intersection(unpacked, listed, std::back_inserter(files));
  return files;
}

// Pictures that files of annotations leave out.
void NoteUnnamed(const data::ReaderInput& input, data::ForeignSet* set) {
  std::set<std::string> named;
  for (const data::ForeignPicture& picture : set->pictures) {
    named.insert(picture.path);
  }
  for (const std::string& file : input.all) {
    if (data::HasPictureName(file) && named.count(file) == 0) {
      set->notes.Add("pictures that no annotation file names, left out", file);
    }
  }
}

// A file has its pictures beside it, or where --image_dir says.
absl::StatusOr<data::ForeignSet> ReadSet(const Flags& flags) {
  ASSIGN_OR_RETURN(const bool archive, IsArchive(flags.input));
  const std::string root =
      archive ? absl::StrCat(flags.out, "/source") : flags.input;
  data::ReaderInput input;
  input.root = root;
  ASSIGN_OR_RETURN(input.all, archive ? FilesOfArchive(flags.input, root)
                                      : FilesOf(root, flags.out));
  ASSIGN_OR_RETURN(data::FoundFormat found,
                   data::FindFormat(root, input.all, flags.from));
  absl::PrintF("format: %s, %d files\n", NameOf(found.format),
               found.files.size());
  input.files = std::move(found.files);
  std::error_code error;
  const bool file = std::filesystem::is_regular_file(root, error);
  std::vector<std::string> roots = {file ? data::DirectoryOf(root) : root};
  if (!flags.image_dir.empty()) roots.insert(roots.begin(), flags.image_dir);
  if (file || !flags.image_dir.empty()) {
    ASSIGN_OR_RETURN(const auto pictures, data::ListFiles(roots[0]));
    const std::vector<std::string> others = std::move(input.all);
    input.all.clear();
    absl::c_set_union(others, pictures, std::back_inserter(input.all));
  }
  const data::PictureFinder finder(roots, input.all);
  input.pictures = &finder;
  data::ForeignSet set;
  for (const std::string& damaged : found.damaged) {
    set.problems.errors.Add(damaged);
  }
  RETURN_IF_ERROR(data::ReadFormat(found.format, input, &set));
  if (IsJson(found.format) && (!file || !flags.image_dir.empty())) {
    NoteUnnamed(input, &set);
  }
  data::CompleteSet(&set);
  return set;
}

// Whether there are two parts; chooses them where that is asked for.
bool ChooseParts(double share, data::ForeignSet* set) {
  if (share > 0) {
    // Names that stay when the whole is moved.
    const auto places = data::PicturesInPlace(*set);
    std::vector<data::PictureClasses> pictures;
    for (const data::ForeignPicture& picture : set->pictures) {
      data::PictureClasses& classes = pictures.emplace_back();
      classes.file_name =
          places.ok() ? places->names[pictures.size() - 1] : picture.source;
      for (const data::ForeignObject& object : picture.objects) {
        if (object.crowd || object.ignore) continue;
        classes.classes.push_back(static_cast<int>(
            absl::c_find(set->classes, object.name) - set->classes.begin()));
      }
    }
    for (data::ForeignPicture& picture : set->pictures) {
      picture.validates = false;
    }
    for (const int at : data::ChooseHeldOut(pictures, share,
                                            absl::GetFlag(FLAGS_seed), true)) {
      set->pictures[static_cast<size_t>(at)].validates = true;
    }
  }
  const auto validates = [](const data::ForeignPicture& picture) {
    return picture.validates;
  };
  const bool parts = absl::c_any_of(set->pictures, validates) &&
                     !absl::c_all_of(set->pictures, validates);
  for (data::ForeignPicture& picture : set->pictures) {
    picture.validates &= parts;
  }
  return parts;
}

// A line for each class: objects and pictures that have them, in both parts.
void PrintCounts(const data::ForeignSet& set) {
  struct Count {
    int64_t objects = 0, pictures = 0, regions = 0;
  };
  std::vector<std::array<Count, 2>> counts(set.classes.size());
  for (const data::ForeignPicture& picture : set.pictures) {
    std::set<std::string> seen;
    for (const data::ForeignObject& object : picture.objects) {
      const auto at = static_cast<size_t>(
          absl::c_find(set.classes, object.name) - set.classes.begin());
      Count& count = counts[at][picture.validates ? 1 : 0];
      if (object.crowd || object.ignore) {
        ++count.regions;
        continue;
      }
      ++count.objects;
      count.pictures += seen.insert(object.name).second;
    }
  }
  absl::PrintF("objects of each class, and pictures that have them:\n");
  for (size_t i = 0; i < counts.size(); ++i) {
    const auto& [train, val] = counts[i];
    absl::PrintF("%8d in %5d  %s", train.objects + val.objects,
                 train.pictures + val.pictures, set.classes[i]);
    if (val.objects > 0) {
      absl::PrintF(" (%d in %d of them to validate)", val.objects,
                   val.pictures);
    }
    if (train.regions + val.regions > 0) {
      absl::PrintF("; %d crowds and ignored ones", train.regions + val.regions);
    }
    absl::PrintF("\n");
  }
}

// The lines that check and train what was written, each behind a line's end.
std::string NextLines(const std::string& train, const std::string& val,
                      const std::string& images) {
  const std::string data =
      absl::StrCat(" --ann_file ", train, " --image_dir ", images);
  return absl::StrCat(
      "\nTo look it over:  ", CommandOf("//fcis/tools:check_dataset"), data,
      " --html ", train,
      ".html\nTo train on it:  ", CommandOf("//fcis/train:train"), data,
      val.empty()
          ? ""
          : absl::StrCat(" --val_ann_file ", val, " --val_image_dir ", images),
      " --out run");
}

void SayIfThere(const std::string& path) {
  if (!FileExists(path)) return;
  PrintLine(stdout, absl::StrCat(path, " stays from an earlier conversion"));
}

// What is to be done next.
absl::StatusOr<std::string> WriteAsCoco(const Flags& flags, bool parts,
                                        const data::ForeignSet& set) {
  absl::StatusOr<data::PicturePlaces> places =
      flags.copy
          ? data::PlacesOfCopies(set, false, absl::StrCat(flags.out, "/images"))
          : data::PicturesInPlace(set);
  RETURN_IF_ERROR(places.status());
  if (flags.copy) RETURN_IF_ERROR(data::CopyPictures(set, *places));
  const std::string whole = absl::StrCat(flags.out, "/annotations.json");
  const std::string train = absl::StrCat(flags.out, "/train.json");
  const std::string val = absl::StrCat(flags.out, "/val.json");
  if (!parts) {
    RETURN_IF_ERROR(data::WriteCoco(set, *places, nullptr, whole));
    for (const std::string& part : {train, val}) SayIfThere(part);
    return NextLines(whole, "", places->directory);
  }
  for (const bool validates : {false, true}) {
    RETURN_IF_ERROR(
        data::WriteCoco(set, *places, &validates, validates ? val : train));
  }
  SayIfThere(whole);
  return NextLines(train, val, places->directory);
}

absl::StatusOr<std::string> Write(const Flags& flags, bool parts,
                                  data::ForeignSet* set) {
  if (flags.to == "coco") return WriteAsCoco(flags, parts, *set);
  const bool yolo = flags.to == "yolo";
  const data::PicturePlaces places = data::PlacesOfCopies(
      *set, yolo || parts, absl::StrCat(flags.out, "/images"));
  RETURN_IF_ERROR(yolo ? data::CheckYoloLeftovers(places, flags.out)
                       : data::CheckLabelmeLeftovers(places));
  RETURN_IF_ERROR(data::CopyPictures(*set, places));
  RETURN_IF_ERROR(yolo ? data::WriteYolo(places, flags.out, set)
                       : data::WriteLabelme(places, set));
  return std::string();
}

absl::Status Run(const std::vector<std::string>& arguments) {
  ASSIGN_OR_RETURN(const Flags flags, ReadFlags(arguments));
  ASSIGN_OR_RETURN(data::ForeignSet set, ReadSet(flags));
  const absl::Status problems = set.problems.Check(flags.policy);
  if (!problems.ok() && flags.image_dir.empty() &&
      absl::StrContains(problems.message(), "there is no picture")) {
    return absl::Status(
        problems.code(),
        absl::StrCat(problems.message(),
                     "\n--image_dir names the folder of pictures that lie "
                     "elsewhere"));
  }
  RETURN_IF_ERROR(problems);
  for (const std::string& note : set.problems.Notes(flags.policy)) {
    PrintLine(stdout, note);
  }
  if (set.pictures.empty()) {
    return absl::NotFoundError(
        absl::StrCat(flags.input, ": no pictures to train on\n",
                     absl::StripSuffix(set.notes.ToText(), "\n")));
  }
  if (absl::c_all_of(set.pictures, [](const data::ForeignPicture& picture) {
        return absl::c_all_of(picture.objects,
                              [](const data::ForeignObject& object) {
                                return object.crowd || object.ignore;
                              });
      })) {
    PrintLine(stdout, "warning: no picture has an object");
  }
  const bool parts = ChooseParts(flags.hold_out, &set);
  if (flags.hold_out > 0 && !parts) {
    absl::PrintF("no validation part: fewer than 8 pictures with objects\n");
  }
  PrintCounts(set);
  const absl::StatusOr<std::string> next = Write(flags, parts, &set);
  std::fputs(TextFor(stdout, set.notes.ToText()).c_str(), stdout);
  RETURN_IF_ERROR(next.status());
  PrintLine(stdout, absl::StrCat(flags.out, ": ", set.pictures.size(),
                                 " pictures", *next));
  return absl::OkStatus();
}

}  // namespace
}  // namespace fcis::tools

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::tools::MakeProgram(), fcis::tools::Run);
}
