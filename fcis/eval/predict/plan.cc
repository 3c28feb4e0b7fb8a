#include "fcis/eval/predict/plan.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/digest.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/file_stamp.h"
#include "fcis/data/coco/record_problems.h"
#include "fcis/data/download/free_space.h"
#include "fcis/data/loader/similar_file.h"
#include "fcis/model/weights/weights_digest.h"

namespace fcis::eval {
namespace {

using Pictures = std::vector<const data::CocoImage*>;

absl::Status CheckFiles(const data::CocoDataset& dataset,
                        const Pictures& pictures,
                        const PredictOptions& options) {
  data::RecordLines missing;
  for (const data::CocoImage* picture : pictures) {
    const std::string path = PicturePath(options, *picture);
    if (data::WhyUnreadable(path).empty()) continue;
    // What nobody will see is not looked for.
    missing.Add(missing.count < options.max_messages
                    ? data::DescribeUnreadable(picture->id, path)
                    : "");
  }
  if (missing.count == 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat(
      missing.count, " of ", pictures.size(), " pictures of ", dataset.path,
      " cannot be read:\n", missing.ToText(options.max_messages, "  ")));
}

// The digest of the weights, which a file that is as it was need not give
// again.
std::string DigestOnce(const model::Weights& weights, const std::string& stamp,
                       const JournalReader& journals) {
  for (const JournalReader::Journal& journal : journals.journals()) {
    if (!stamp.empty() && journal.readable &&
        journal.origin.weights_source == weights.source &&
        journal.origin.weights_stamp == stamp) {
      return journal.origin.weights;
    }
  }
  return model::WeightsDigest(weights);
}

Origin MakeOrigin(const PredictOptions& options,
                  const data::ClassMatch& classes,
                  const JournalReader& journals) {
  const model::Weights& weights = *options.weights;
  Origin origin;
  origin.weights_source = weights.source;
  origin.weights_stamp = FileStamp(weights.source, options.weights_read_at);
  origin.weights = DigestOnce(weights, origin.weights_stamp, journals);
  origin.settings = SettingsText(weights.config);
  origin.computed_by = options.computed_by;
  origin.classes = ClassesText(weights.config, classes);
  return origin;
}

// Why none of the kept detections is good; "": they may be.
std::string WhatDiffers(const JournalReader& journals, const Origin& now) {
  for (const JournalReader::Journal& journal : journals.journals()) {
    if (!journal.readable) return "another version of this program";
    const std::string difference = Difference(journal.origin, now);
    if (!difference.empty()) return difference;
  }
  return "";
}

// Whether a picture's file is what it was; `kept` becomes the file as it is.
// An unreadable one is not.
bool IsSame(const std::string& path, JournalPicture& kept) {
  const std::string stamp = FileStamp(path, absl::Now());
  if (kept.file == path && kept.stamp == stamp && !stamp.empty()) return true;
  const absl::StatusOr<std::string> bytes = ReadFile(path);
  if (!bytes.ok()) return false;
  Digest digest = Digest::Sha256();
  digest.Update(*bytes);
  if (digest.Hex() != kept.sha256) return false;
  kept.file = path;
  kept.stamp = stamp;
  return true;
}

// What of a journal is good.
struct Kept {
  explicit Kept(size_t pictures) : by_picture(pictures), same(pictures) {}

  std::vector<JournalPicture> by_picture;  // sha256 "": not there
  std::vector<char> same;                  // its file is what it was
  std::vector<JournalPicture> elsewhere;   // of no picture of the data set
  bool renewed = false;  // a file's path or stamp is not what it was
  data::RecordLines changed;
};

Kept Compare(const JournalReader& journals, const Pictures& pictures,
             const PredictOptions& options) {
  Kept kept(pictures.size());
  data::RecordIndex listed;
  for (size_t i = 0; i < pictures.size(); ++i) {
    listed.Set(pictures[i]->id, static_cast<int>(i));
    const JournalPicture* found = journals.Find(pictures[i]->id);
    if (found != nullptr) kept.by_picture[i] = *found;
  }
  for (const JournalPicture& picture : journals.pictures()) {
    if (listed.Find(picture.image) < 0) kept.elsewhere.push_back(picture);
  }
  ParallelForEach(pictures.size(), 16, [&](size_t i) {
    if (kept.by_picture[i].sha256.empty()) return;
    kept.same[i] =
        IsSame(PicturePath(options, *pictures[i]), kept.by_picture[i]);
  });
  for (size_t i = 0; i < pictures.size(); ++i) {
    JournalPicture& now = kept.by_picture[i];
    if (now.sha256.empty()) continue;
    const JournalPicture& before = *journals.Find(pictures[i]->id);
    kept.renewed |= before.file != now.file || before.stamp != now.stamp;
    if (kept.same[i]) continue;
    const std::string path = PicturePath(options, *pictures[i]);
    kept.changed.Add(absl::StrCat(
        "image ", pictures[i]->id.ToString(), ": ", path,
        path == now.file ? " has another content"
                         : absl::StrCat(" in place of ", now.file)));
  }
  return kept;
}

std::string Changes(const Kept& kept, const data::CocoDataset& dataset,
                    const PredictOptions& options) {
  std::string text;
  if (kept.changed.count > 0) {
    absl::StrAppend(&text, kept.changed.count, " of the pictures kept in ",
                    options.directory, " are others now",
                    options.reuse ? ":\n" : ", and computed again:\n",
                    kept.changed.ToText(options.max_messages, "  "));
  }
  if (!kept.elsewhere.empty()) {
    absl::StrAppend(&text, text.empty() ? "" : "\n", kept.elsewhere.size(),
                    " of the pictures kept in ", options.directory,
                    " are not listed in ", dataset.path, "; they do not count");
  }
  return text;
}

absl::Status NotReused(absl::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat(
      what,
      "\nWithout --reuse they are computed again; with another --out "
      "both are kept"));
}

// Another state's results would look like this one's until it is done.
absl::Status RemoveResults(const PredictOptions& options) {
  const std::string path = ResultsPath(options);
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus("cannot remove", path, errno);
}

// A full disk is better met now than after an hour.
absl::Status CheckSpace(const std::vector<bool>& todo,
                        const PredictOptions& options) {
  // 100 detections, which is what COCOeval counts, of 300 bytes each, in a
  // journal and in results.json.
  constexpr int64_t kBytesOfAPicture = 2 * 100 * 300;
  return data::CheckFreeSpace(
      options.directory,
      kBytesOfAPicture * std::count(todo.begin(), todo.end(), true));
}

bool HeadersAre(const JournalReader& journals, const std::string& header) {
  return std::all_of(journals.journals().begin(), journals.journals().end(),
                     [&](const JournalReader::Journal& journal) {
                       return journal.header == header;
                     });
}

// All is computed again.
absl::StatusOr<Plan> StartAfresh(Plan plan, absl::string_view what,
                                 const PredictOptions& options) {
  plan.message = absl::StrCat("the detections in ", options.directory,
                              " were made with ", what);
  if (options.reuse) return NotReused(plan.message);
  absl::StrAppend(&plan.message, "; computing all again");
  RETURN_IF_ERROR(CheckSpace(plan.todo, options));
  RETURN_IF_ERROR(RemoveResults(options));
  RETURN_IF_ERROR(RewriteJournals(options.directory, plan.header, {}));
  return plan;
}

// What is good stays.
absl::StatusOr<Plan> GoOn(Plan plan, const JournalReader& journals,
                          const data::CocoDataset& dataset,
                          const Pictures& pictures,
                          const PredictOptions& options) {
  Kept kept = Compare(journals, pictures, options);
  plan.message = Changes(kept, dataset, options);
  if (options.reuse && !plan.message.empty()) return NotReused(plan.message);
  for (size_t i = 0; i < pictures.size(); ++i) {
    plan.todo[i] = !kept.same[i];
    if (kept.same[i]) plan.kept.push_back(std::move(kept.by_picture[i]));
  }
  RETURN_IF_ERROR(CheckSpace(plan.todo, options));
  const bool complete =
      plan.kept.size() == pictures.size() && kept.elsewhere.empty();
  if (!complete && !journals.journals().empty()) {
    RETURN_IF_ERROR(RemoveResults(options));
  }
  if (kept.changed.count > 0 || kept.renewed ||
      !HeadersAre(journals, plan.header)) {
    std::vector<JournalPicture> all = plan.kept;
    all.insert(all.end(), kept.elsewhere.begin(), kept.elsewhere.end());
    RETURN_IF_ERROR(RewriteJournals(options.directory, plan.header, all));
  }
  for (JournalPicture& picture : plan.kept) picture.results = "";
  return plan;
}

}  // namespace

std::string ResultsPath(const PredictOptions& options) {
  return absl::StrCat(options.directory, "/results.json");
}

std::string PicturePath(const PredictOptions& options,
                        const data::CocoImage& image) {
  return absl::StrCat(options.image_dir, "/", image.file_name);
}

absl::StatusOr<Plan> MakePlan(
    const data::CocoDataset& dataset,
    const std::vector<const data::CocoImage*>& pictures,
    const data::ClassMatch& classes, const PredictOptions& options) {
  RETURN_IF_ERROR(CheckFiles(dataset, pictures, options));
  ASSIGN_OR_RETURN(const JournalReader journals,
                   JournalReader::Open(options.directory));
  const Origin origin = MakeOrigin(options, classes, journals);
  Plan plan;
  plan.header = OriginJson(origin);
  plan.todo.assign(pictures.size(), true);
  const std::string differs = WhatDiffers(journals, origin);
  if (!differs.empty()) return StartAfresh(std::move(plan), differs, options);
  return GoOn(std::move(plan), journals, dataset, pictures, options);
}

}  // namespace fcis::eval
