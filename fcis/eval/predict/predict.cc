#include "fcis/eval/predict/predict.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/core/comm/same_everywhere.h"
#include "fcis/core/io/append_file.h"
#include "fcis/core/io/digest.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/file_lock.h"
#include "fcis/core/io/file_stamp.h"
#include "fcis/core/pipeline/pipeline.h"
#include "fcis/core/progress/progress.h"
#include "fcis/data/coco/coco_writer.h"
#include "fcis/data/coco/record_problems.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/eval/predict/journal.h"
#include "fcis/eval/predict/origin.h"
#include "fcis/model/weights/weights_digest.h"

namespace fcis::eval {
namespace {

// Decoded pictures that wait for the network, and results that wait to be
// written.
constexpr size_t kQueueDepth = 2;

// The pictures, each id once, as pycocotools takes them: the last of equal ids.
std::vector<const data::CocoImage*> Pictures(const data::CocoDataset& dataset) {
  const data::RecordIndex index = data::IndexOf(dataset.images);
  std::vector<const data::CocoImage*> pictures;
  for (size_t i = 0; i < dataset.images.size(); ++i) {
    const data::CocoImage& image = dataset.images[i];
    if (index.Find(image.id) == static_cast<int>(i)) pictures.push_back(&image);
  }
  return pictures;
}

// How a picture's size is not what the data set says; "": it is, or the data
// set does not say. Masks of one size never match those of another.
std::string SizeRemark(const data::CocoImage& picture,
                       const JournalPicture& found) {
  if (picture.height < 0 || picture.width < 0 ||
      (picture.height == found.height && picture.width == found.width)) {
    return "";
  }
  return absl::StrCat(
      "warning: image ", picture.id.ToString(), ": ",
      data::DescribeSizeMismatch(found.file, static_cast<int>(found.height),
                                 static_cast<int>(found.width), picture.height,
                                 picture.width));
}

struct Work {
  JournalPicture file;
  PictureJob job;
};

class Predictor {
 public:
  Predictor(const data::ClassMatch& classes, const PredictOptions& options,
            const DetectFunction& detect)
      : classes_(classes), options_(options), detect_(detect) {}

  // Appends to the journal; returns how many pictures failed.
  int Run(const std::vector<const data::CocoImage*>& pictures,
          Progress& progress, AppendFile& journal);

 private:
  Work Load(const data::CocoImage& picture) const;
  absl::Status Save(const data::CocoImage& picture, const Work& work,
                    AppendFile& journal) const;

  const data::ClassMatch& classes_;
  const PredictOptions& options_;
  const DetectFunction& detect_;
};

Work Predictor::Load(const data::CocoImage& picture) const {
  Work work;
  JournalPicture& file = work.file;
  file.image = picture.id;
  file.file = PicturePath(options_, picture);
  file.stamp = FileStamp(file.file, absl::Now());
  const absl::StatusOr<std::string> bytes = ReadFile(file.file);
  if (!bytes.ok()) {
    work.job.status = bytes.status();
    return work;
  }
  Digest digest = Digest::Sha256();
  digest.Update(*bytes);
  file.sha256 = digest.Hex();
  work.job = DecodePicture(*bytes, file.file, options_.max_pixels);
  file.height = work.job.image.height;
  file.width = work.job.image.width;
  return work;
}

absl::Status Predictor::Save(const data::CocoImage& picture, const Work& work,
                             AppendFile& journal) const {
  const auto category = [&](const model::Detection& detection)
      -> const std::optional<data::RecordId>& {
    return classes_.categories[static_cast<size_t>(detection.label - 1)];
  };
  const auto counts = [&](const model::Detection& detection) {
    return category(detection).has_value();
  };
  std::vector<std::string> texts;
  for (const Instance& instance :
       PasteInstances(work.job, options_.paste_threshold, counts)) {
    // Without a "bbox", so that COCOeval takes areas from masks, as the
    // reference does.
    ASSIGN_OR_RETURN(std::string text, data::ResultEntryJson(ResultOf(
                                           instance, work.job.image, picture.id,
                                           *category(instance.detection))));
    texts.push_back(std::move(text));
  }
  const std::string list = absl::StrCat("[", absl::StrJoin(texts, ", "), "]");
  JournalPicture line = work.file;
  line.results = list;
  return journal.Append(PictureLine(line));
}

int Predictor::Run(const std::vector<const data::CocoImage*>& pictures,
                   Progress& progress, AppendFile& journal) {
  int failed = 0, odd = 0;
  const auto picture = [&](int64_t i) -> const data::CocoImage& {
    return *pictures[static_cast<size_t>(i)];
  };
  const auto save = [&](int64_t i, const Work& work) {
    const absl::Status status = work.job.status.ok()
                                    ? Save(picture(i), work, journal)
                                    : work.job.status;
    if (!status.ok()) {
      ++failed;
      progress.Print(stderr, absl::StrCat("error: ", status.message()));
      return;
    }
    const std::string remark = SizeRemark(picture(i), work.file);
    if (!remark.empty() && odd++ < options_.max_messages) {
      progress.Print(stderr, remark);
    }
  };
  RunPipeline(
      static_cast<int64_t>(pictures.size()), kQueueDepth,
      [&](int64_t i) { return Load(picture(i)); },
      [&](int64_t, Work work) {
        work.job = DetectIn(std::move(work.job), work.file.file, detect_);
        return work;
      },
      [&](int64_t i, const Work& work) {
        save(i, work);
        progress.Update(i + 1);
      });
  if (odd > options_.max_messages) {
    progress.Print(stderr, absl::StrCat("... and ", odd - options_.max_messages,
                                        " more pictures of another size"));
  }
  return failed;
}

// One list of all pictures' lists.
absl::Status WriteResults(const std::vector<const data::CocoImage*>& pictures,
                          const PredictOptions& options,
                          const std::string& header) {
  ASSIGN_OR_RETURN(const JournalReader journals,
                   JournalReader::Open(options.directory));
  for (const JournalReader::Journal& journal : journals.journals()) {
    if (journal.header == header) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        journal.path, " was replaced by another process meanwhile"));
  }
  ASSIGN_OR_RETURN(const auto file, AtomicFile::Create(ResultsPath(options)));
  RETURN_IF_ERROR(file->Append("["));
  bool first = true;
  for (const data::CocoImage* picture : pictures) {
    const JournalPicture* found = journals.Find(picture->id);
    if (found == nullptr) {
      return absl::DataLossError(
          absl::StrCat("image ", picture->id.ToString(), " (",
                       PicturePath(options, *picture),
                       "): its detections are missing in ", options.directory));
    }
    if (found->results.size() < 3) continue;  // []
    RETURN_IF_ERROR(file->Append(
        absl::StrCat(first ? "\n" : ",\n",
                     found->results.substr(1, found->results.size() - 2))));
    first = false;
  }
  RETURN_IF_ERROR(file->Append("\n]\n"));
  return file->Commit();
}

// Shares of different lists, or of what different models find, would add up to
// a wrong score without an error.
absl::Status CheckSame(const std::vector<const data::CocoImage*>& pictures,
                       const data::ClassMatch& classes,
                       const PredictOptions& options, Communicator& job) {
  if (job.size() == 1) return absl::OkStatus();
  std::string list;
  for (const data::CocoImage* picture : pictures) {
    absl::StrAppend(&list, picture->id.ToString(), " ", picture->file_name,
                    "\n");
  }
  return CheckSameEverywhere(
      {{"the number of pictures", absl::StrCat(pictures.size())},
       {"the list of pictures", list},
       {"weights", model::WeightsDigest(*options.weights)},
       {"settings", SettingsText(options.weights->config)},
       {"categories", ClassesText(options.weights->config, classes)}},
      &job);
}

// No two jobs at once. The other ranks follow rank 0.
absl::StatusOr<std::unique_ptr<FileLock>> Lock(const PredictOptions& options) {
  ASSIGN_OR_RETURN(
      std::unique_ptr<FileLock> lock,
      FileLock::TryAcquire(absl::StrCat(options.directory, "/journal.lock")));
  if (lock != nullptr) return lock;
  return absl::UnavailableError(absl::StrCat(
      "another process writes detections into ", options.directory));
}

// Rank 0's plan, as a text for the others.
std::string PlanText(const Plan& plan) {
  std::string text = absl::StrCat(plan.header, "\n");
  for (const bool todo : plan.todo) text += todo ? '1' : '0';
  return text;
}

// A rank's share of what PlanText marks.
std::vector<const data::CocoImage*> Mine(
    const std::vector<const data::CocoImage*>& pictures,
    const std::string& marks, int rank, int size) {
  std::vector<const data::CocoImage*> mine;
  int todo = 0;
  for (size_t i = 0; i < pictures.size(); ++i) {
    if (marks[i] == '1' && todo++ % size == rank) mine.push_back(pictures[i]);
  }
  return mine;
}

// What becomes of earlier detections, and whatever is odd about their pictures.
void Announce(const Plan& plan,
              const std::vector<const data::CocoImage*>& pictures,
              const PredictOptions& options) {
  if (!plan.message.empty()) PrintLine(stderr, plan.message);
  if (plan.kept.empty()) return;
  absl::FPrintF(stderr, "%d of %d pictures were done before\n",
                plan.kept.size(), pictures.size());
  data::RecordLines remarks;
  size_t kept = 0;
  for (size_t i = 0; i < pictures.size(); ++i) {
    if (plan.todo[i]) continue;
    const std::string remark = SizeRemark(*pictures[i], plan.kept[kept++]);
    if (!remark.empty()) remarks.Add(remark);
  }
  if (remarks.count > 0) {
    PrintLine(stderr, remarks.ToText(options.max_messages));
  }
}

}  // namespace

absl::Status Predict(const data::CocoDataset& dataset,
                     const data::ClassMatch& classes,
                     const PredictOptions& options,
                     const DetectFunction& detect, Communicator& job) {
  const std::vector<const data::CocoImage*> pictures = Pictures(dataset);
  RETURN_IF_ERROR(CheckSame(pictures, classes, options, job));
  std::unique_ptr<FileLock> lock;
  std::string text;
  if (job.rank() == 0) {
    ASSIGN_OR_RETURN(lock, Lock(options));
    ASSIGN_OR_RETURN(const Plan plan,
                     MakePlan(dataset, pictures, classes, options));
    Announce(plan, pictures, options);
    text = PlanText(plan);
  }
  // Nobody writes before rank 0 has brought the directory into order.
  ASSIGN_OR_RETURN(text, job.Broadcast(std::move(text)));
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  const std::vector<const data::CocoImage*> mine =
      Mine(pictures, lines[1], job.rank(), job.size());
  ASSIGN_OR_RETURN(const auto journal,
                   OpenJournal(options.directory, job.rank(), lines[0]));
  int failed = 0;
  {
    Progress progress(Progress::OnStderr(
        job.size() == 1 ? "pictures"
                        : absl::StrCat("pictures of rank ", job.rank()),
        static_cast<int64_t>(mine.size())));
    failed = Predictor(classes, options, detect).Run(mine, progress, *journal);
  }
  ASSIGN_OR_RETURN(const int all_failed, job.Sum(failed));
  if (all_failed > 0) {
    return absl::DataLossError(absl::StrCat(
        all_failed, " of ", pictures.size(),
        " pictures failed, see above; without them there is no score. The "
        "others are kept in ",
        options.directory));
  }
  absl::Status written;
  if (job.rank() == 0) written = WriteResults(pictures, options, lines[0]);
  RETURN_IF_ERROR(job.Barrier());
  return written;
}

}  // namespace fcis::eval
