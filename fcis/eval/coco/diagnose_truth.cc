#include "fcis/eval/coco/diagnose_truth.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "fcis/eval/coco/score_table.h"

namespace fcis::eval {
namespace {

using Lines = std::vector<std::string>;

// Of many findings so many are shown.
constexpr size_t kFew = 3;

// The texts of the first few of `items`, and dots if there are more.
template <typename Items, typename Text>
std::string FirstFew(const Items& items, Text text) {
  std::string all;
  for (size_t i = 0; i < std::min(items.size(), kFew); ++i) {
    absl::StrAppend(&all, i > 0 ? ", " : "", text(items[i]));
  }
  return items.size() > kFew ? all + ", ..." : all;
}

const data::CocoAnnotation& AnnotationAt(const Evaluation& evaluation,
                                         int index) {
  return evaluation.dataset->annotations[static_cast<size_t>(index)];
}

void DiagnosePresence(const Evaluation& evaluation, Lines& lines) {
  const GroundTruth& truth = evaluation.truth;
  const std::string& path = evaluation.dataset->path;
  if (truth.objects().empty()) {
    lines.push_back(absl::StrCat(
        "no ground truth: ", path, " has ",
        evaluation.dataset->annotations.size(),
        " annotations, none of an evaluated picture and category; AP and AR "
        "are -1"));
  } else if (absl::c_all_of(truth.objects(), [](const TruthObject& object) {
               return object.ignore;
             })) {
    lines.push_back(absl::StrCat("no ground truth that counts: all of ", path,
                                 " is crowd; AP and AR are -1"));
  }
  const auto unknown = [&](std::vector<data::RecordId> ids,
                           absl::string_view flag, const auto& is_known) {
    absl::c_sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    ids.erase(std::remove_if(ids.begin(), ids.end(), is_known), ids.end());
    if (ids.empty()) return;
    lines.push_back(absl::StrCat(
        ids.size(), " of the ids in ", flag, " are not in ", path, ": ",
        FirstFew(ids, [](const data::RecordId& id) { return id.ToString(); })));
  };
  const EvalOptions& options = evaluation.options;
  unknown(options.image_ids, "--image_ids",
          [&](const data::RecordId& id) { return truth.FindImage(id).known; });
  unknown(
      options.category_ids, "--category_ids",
      [&](const data::RecordId& id) { return truth.CategoryIndex(id) >= 0; });
  if (absl::c_any_of(truth.objects(), [](const TruthObject& object) {
        return object.unmatchable;
      })) {
    lines.push_back(
        "an annotation has id 0: as in pycocotools, its detection counts as a "
        "false positive (--sane counts it as found)");
  }
}

// Annotations (indices) whose `id_of` is of no record in `list`.
template <typename IdOf>
void DiagnoseUnlisted(const Evaluation& evaluation,
                      const std::vector<int>& unlisted, absl::string_view list,
                      absl::string_view member, IdOf id_of,
                      const std::string& note, Lines& lines) {
  if (unlisted.empty()) return;
  // The first annotation of each id, until more are there than are shown.
  std::vector<int> firsts;
  for (const int index : unlisted) {
    if (firsts.size() > kFew) break;
    const data::RecordId& id = id_of(AnnotationAt(evaluation, index));
    if (absl::c_none_of(firsts, [&](int first) {
          return id_of(AnnotationAt(evaluation, first)) == id;
        })) {
      firsts.push_back(index);
    }
  }
  const auto text = [&](int index) {
    const data::CocoAnnotation& annotation = AnnotationAt(evaluation, index);
    return absl::StrCat(id_of(annotation).ToString(), " (of annotation ",
                        annotation.id.ToString(), ")");
  };
  lines.push_back(absl::StrCat(
      unlisted.size(), " of ", evaluation.dataset->annotations.size(),
      " annotations in ", evaluation.dataset->path, " are left out: \"", list,
      "\" lacks their ", member, ", ", FirstFew(firsts, text), note));
}

void DiagnoseReferences(const Evaluation& evaluation, Lines& lines) {
  const GroundTruth& truth = evaluation.truth;
  const TruthReferences& references = truth.references();
  const auto image_id =
      [](const data::CocoAnnotation& a) -> const data::RecordId& {
    return a.image_id;
  };
  const auto category_id =
      [](const data::CocoAnnotation& a) -> const data::RecordId& {
    return a.category_id;
  };
  // Of the first, as the others are likely to be alike.
  const auto note = [&](const std::vector<int>& unlisted, bool image) {
    if (unlisted.empty()) return std::string();
    const data::CocoAnnotation& first = AnnotationAt(evaluation, unlisted[0]);
    return image ? truth.NoteOnImage(first.image_id)
                 : truth.NoteOnCategory(first.category_id);
  };
  DiagnoseUnlisted(evaluation, references.no_image, "images", "image_id",
                   image_id, note(references.no_image, true), lines);
  DiagnoseUnlisted(evaluation, references.no_category, "categories",
                   "category_id", category_id,
                   note(references.no_category, false), lines);
}

// Positions of records that `find` (the last of an id) does not lead back to.
template <typename Record, typename Find>
std::vector<int> EarlierOnes(const std::vector<Record>& records, Find find) {
  std::vector<int> earlier;
  for (size_t i = 0; i < records.size(); ++i) {
    const auto position = static_cast<int>(i);
    if (find(records[i].id) != position) earlier.push_back(position);
  }
  return earlier;
}

void DiagnoseRepeatedRecords(const Evaluation& evaluation, Lines& lines) {
  const data::CocoDataset& dataset = *evaluation.dataset;
  const GroundTruth& truth = evaluation.truth;
  const auto add = [&](absl::string_view list, const std::vector<int>& earlier,
                       size_t all, auto text) {
    if (earlier.empty()) return;
    lines.push_back(absl::StrCat(
        earlier.size(), " of ", all, " ", list, " in ", dataset.path,
        " are listed again under the same id: ", FirstFew(earlier, text),
        "; the last of each counts"));
  };
  const auto image = [&](const data::RecordId& id) {
    return truth.FindImage(id).index;
  };
  add("pictures", EarlierOnes(dataset.images, image), dataset.images.size(),
      [&](int index) {
        const data::CocoImage& earlier =
            dataset.images[static_cast<size_t>(index)];
        const data::CocoImage& last =
            dataset.images[static_cast<size_t>(image(earlier.id))];
        return absl::StrFormat("%s (images[%d] \"%s\", images[%d] \"%s\")",
                               earlier.id.ToString(), earlier.index,
                               earlier.file_name, last.index, last.file_name);
      });
  const auto category = [&](const data::RecordId& id) {
    return truth.CategoryIndex(id);
  };
  add("categories", EarlierOnes(dataset.categories, category),
      dataset.categories.size(), [&](int index) {
        const auto& earlier = dataset.categories[static_cast<size_t>(index)];
        const auto last = static_cast<size_t>(category(earlier.id));
        return absl::StrFormat("%s (\"%s\", \"%s\")", earlier.id.ToString(),
                               earlier.name, dataset.categories[last].name);
      });
}

void DiagnoseRepeatedAnnotations(const Evaluation& evaluation, Lines& lines) {
  const auto& replaced = evaluation.truth.references().replaced;
  if (replaced.empty()) return;
  const auto text = [&](const TruthReferences::Replaced& pair) {
    const data::CocoAnnotation& earlier =
        AnnotationAt(evaluation, pair.annotation);
    const data::CocoAnnotation& last = AnnotationAt(evaluation, pair.by);
    return absl::StrFormat(
        "%s (annotations[%d] of picture %s, annotations[%d] of picture %s)",
        earlier.id.ToString(), earlier.index, earlier.image_id.ToString(),
        last.index, last.image_id.ToString());
  };
  lines.push_back(absl::StrCat(
      replaced.size(), " of ", evaluation.dataset->annotations.size(),
      " annotations in ", evaluation.dataset->path,
      " have an id that comes again: ", FirstFew(replaced, text),
      evaluation.options.sane
          ? "; each counts"
          : "; as in pycocotools, the earlier one is dropped and the last of "
            "the id counts in its place, once more (--sane counts each)"));
}

void DiagnoseNames(const Evaluation& evaluation, Lines& lines) {
  if (evaluation.options.class_agnostic) return;
  const std::vector<int>& categories = evaluation.truth.categories();
  const std::vector<std::string> labels = CategoryLabels(evaluation);
  std::vector<std::string> shared;
  for (size_t k = 0; k < labels.size(); ++k) {
    if (categories[k] < 0) continue;
    const auto index = static_cast<size_t>(categories[k]);
    if (labels[k] == evaluation.dataset->categories[index].name) continue;
    shared.push_back(labels[k]);
  }
  if (shared.empty()) return;
  absl::c_sort(shared);  // those of one name together
  lines.push_back(absl::StrCat(
      shared.size(), " categories in ", evaluation.dataset->path,
      " share their name with another: ",
      FirstFew(shared, [](const std::string& label) { return label; }),
      "; each is scored by itself and shown with its id"));
}

// What is wrong with the size of an object's mask.
struct OtherSize {
  const data::CocoAnnotation* annotation;
  const MeasuredMask* mask;
  const data::CocoImage* image;
};

std::string SizeText(const OtherSize& other) {
  const bool swapped = other.mask->height == other.image->width &&
                       other.mask->width == other.image->height;
  return absl::StrFormat(
      "annotation %s (a mask of %dx%d%s for picture %s of %dx%d)",
      other.annotation->id.ToString(), other.mask->width, other.mask->height,
      swapped ? ", which looks swapped," : "", other.image->id.ToString(),
      other.image->width, other.image->height);
}

// Polygons are drawn on the picture, so runs alone can be of another size.
void DiagnoseMaskSizes(const Evaluation& evaluation, Lines& lines) {
  if (evaluation.options.iou_type == IouType::kBbox) return;
  std::vector<OtherSize> others;
  for (const TruthObject& object : evaluation.truth.objects()) {
    const data::CocoAnnotation& annotation =
        AnnotationAt(evaluation, object.annotation);
    const MeasuredMask& mask = object.mask;
    const int index = evaluation.truth.FindImage(annotation.image_id).index;
    const data::CocoImage& image =
        evaluation.dataset->images[static_cast<size_t>(index)];
    if (image.height < 0 || image.width < 0 ||
        (mask.height == image.height && mask.width == image.width)) {
      continue;
    }
    others.push_back({&annotation, &mask, &image});
  }
  if (others.empty()) return;
  lines.push_back(
      absl::StrCat(others.size(), " of ", evaluation.truth.objects().size(),
                   " masks in ", evaluation.dataset->path,
                   " have another size (width x height) than their picture: ",
                   FirstFew(others, SizeText),
                   "; they match no mask of the picture's size"));
}

}  // namespace

std::vector<std::string> DiagnoseTruth(const Evaluation& evaluation) {
  Lines lines;
  DiagnosePresence(evaluation, lines);
  DiagnoseReferences(evaluation, lines);
  DiagnoseRepeatedRecords(evaluation, lines);
  DiagnoseRepeatedAnnotations(evaluation, lines);
  DiagnoseNames(evaluation, lines);
  DiagnoseMaskSizes(evaluation, lines);
  return lines;
}

}  // namespace fcis::eval
