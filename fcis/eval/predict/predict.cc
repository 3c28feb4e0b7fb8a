#include "fcis/eval/predict/predict.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/core/mask/paste.h"
#include "fcis/core/mask/pasted_rle.h"
#include "fcis/core/pipeline/pipeline.h"
#include "fcis/core/progress/progress.h"
#include "fcis/data/results_json.h"
#include "fcis/eval/predict/journal.h"

namespace fcis {
namespace {

// Decoded pictures that wait for the network, and results that wait to be
// written.
constexpr size_t kQueueDepth = 2;

// The pictures, each id once, as pycocotools takes them: the last of equal ids.
std::vector<const CocoImage*> Pictures(const CocoDataset& dataset) {
  RecordIndex index;
  for (size_t i = 0; i < dataset.images.size(); ++i) {
    index.Set(dataset.images[i].id, static_cast<int>(i));
  }
  std::vector<const CocoImage*> pictures;
  for (size_t i = 0; i < dataset.images.size(); ++i) {
    const CocoImage& image = dataset.images[i];
    if (index.Find(image.id) == static_cast<int>(i)) pictures.push_back(&image);
  }
  return pictures;
}

struct Work {
  absl::Status status;
  Image image;
  std::vector<Detection> detections;
};

class Predictor {
 public:
  Predictor(const PredictOptions& options,
            std::vector<ClassCategory> categories, const DetectPicture& detect)
      : options_(options),
        categories_(std::move(categories)),
        detect_(detect) {}

  // Appends to the journal; returns how many pictures failed.
  int Run(const std::vector<const CocoImage*>& pictures, Progress& progress,
          JournalWriter& journal);

 private:
  Work Load(const CocoImage& picture) const;
  Work Detect(const CocoImage& picture, Work work) const;
  absl::Status Save(const CocoImage& picture, const Work& work,
                    JournalWriter& journal) const;

  const PredictOptions& options_;
  const std::vector<ClassCategory> categories_;
  const DetectPicture& detect_;
};

Work Predictor::Load(const CocoImage& picture) const {
  Work work;
  if (picture.file_name.empty()) {
    work.status = absl::InvalidArgumentError(
        absl::StrCat("image ", picture.id.ToString(), " has no \"file_name\""));
    return work;
  }
  absl::StatusOr<Image> image =
      ReadImage(absl::StrCat(options_.image_dir, "/", picture.file_name),
                {options_.max_pixels});
  work.status = image.status();
  if (image.ok()) work.image = *std::move(image);
  return work;
}

Work Predictor::Detect(const CocoImage& picture, Work work) const {
  if (!work.status.ok()) return work;
  absl::StatusOr<std::vector<Detection>> found = detect_(work.image);
  if (found.ok()) {
    work.detections = *std::move(found);
  } else {
    work.status = absl::Status(
        found.status().code(),
        absl::StrCat(picture.file_name, ": ", found.status().message()));
  }
  return work;
}

absl::Status Predictor::Save(const CocoImage& picture, const Work& work,
                             JournalWriter& journal) const {
  std::vector<std::string> texts;
  for (const Detection& detection : work.detections) {
    const ClassCategory& category =
        categories_[static_cast<size_t>(detection.label - 1)];
    if (!category.known) continue;
    // Without a "bbox", so that COCOeval takes areas from masks, as the
    // reference does.
    ResultEntry entry;
    entry.image_id = picture.id;
    entry.category_id = category.category;
    entry.score = detection.score;
    entry.segmentation = PastedMaskToRle(
        PasteMask(detection.mask, detection.box, options_.paste_threshold,
                  work.image.height, work.image.width),
        work.image.height, work.image.width);
    ASSIGN_OR_RETURN(std::string text, ResultEntryJson(entry));
    texts.push_back(std::move(text));
  }
  return journal.Write(picture.id,
                       absl::StrCat("[", absl::StrJoin(texts, ", "), "]"));
}

int Predictor::Run(const std::vector<const CocoImage*>& pictures,
                   Progress& progress, JournalWriter& journal) {
  int failed = 0;
  const auto picture = [&](int64_t i) -> const CocoImage& {
    return *pictures[static_cast<size_t>(i)];
  };
  RunPipeline(
      static_cast<int64_t>(pictures.size()), kQueueDepth,
      [&](int64_t i) { return Load(picture(i)); },
      [&](int64_t i, Work work) { return Detect(picture(i), std::move(work)); },
      [&](int64_t i, const Work& work) {
        const absl::Status status =
            work.status.ok() ? Save(picture(i), work, journal) : work.status;
        if (!status.ok()) {
          ++failed;
          progress.Print(stderr, absl::StrCat("error: ", status.message()));
        }
        progress.Update(i + 1);
      });
  return failed;
}

// One list of all pictures' lists.
absl::Status WriteResults(const std::vector<const CocoImage*>& pictures,
                          const PredictOptions& options) {
  ASSIGN_OR_RETURN(const JournalReader journal,
                   JournalReader::Open(options.directory, options.key));
  ASSIGN_OR_RETURN(const auto file, AtomicFile::Create(ResultsPath(options)));
  RETURN_IF_ERROR(file->Append("["));
  bool first = true;
  for (const CocoImage* picture : pictures) {
    absl::string_view list = journal.Results(picture->id);
    if (list.size() < 3) continue;  // []
    list = list.substr(1, list.size() - 2);
    RETURN_IF_ERROR(file->Append(absl::StrCat(first ? "\n" : ",\n", list)));
    first = false;
  }
  RETURN_IF_ERROR(file->Append("\n]\n"));
  return file->Commit();
}

}  // namespace

absl::StatusOr<std::vector<ClassCategory>> MatchCategories(
    const ModelConfig& config, const CocoDataset& dataset) {
  std::vector<ClassCategory> categories;
  int known = 0;
  for (const ClassConfig& klass : config.classes()) {
    ClassCategory match;
    for (const CocoCategory& category : dataset.categories) {
      if (category.name == klass.name()) {
        match = {true, category.id};
        break;
      }
      if (klass.has_category_id() &&
          category.id == RecordId(int64_t{klass.category_id()})) {
        match = {true, category.id};
      }
    }
    known += match.known;
    categories.push_back(match);
  }
  if (known > 0 || dataset.categories.empty()) return categories;
  return absl::FailedPreconditionError(
      absl::StrCat("the model has none of the categories of ", dataset.path,
                   ": its first "
                   "class is ",
                   config.classes_size() > 0 ? config.classes(0).name() : "",
                   ", their first is ", dataset.categories[0].name));
}

std::string ResultsPath(const PredictOptions& options) {
  return absl::StrCat(options.directory, "/results.json");
}

absl::Status Predict(const CocoDataset& dataset, const ModelConfig& config,
                     const PredictOptions& options, const DetectPicture& detect,
                     Communicator& job) {
  ASSIGN_OR_RETURN(std::vector<ClassCategory> categories,
                   MatchCategories(config, dataset));
  const std::vector<const CocoImage*> pictures = Pictures(dataset);
  std::vector<const CocoImage*> mine;
  int64_t missing = 0;
  {
    ASSIGN_OR_RETURN(const JournalReader journal,
                     JournalReader::Open(options.directory, options.key));
    for (const CocoImage* picture : pictures) {
      if (journal.Has(picture->id)) continue;
      if (missing++ % job.size() == job.rank()) mine.push_back(picture);
    }
  }
  // All must have read before one writes, or they share differently.
  RETURN_IF_ERROR(job.Barrier());
  ASSIGN_OR_RETURN(
      const auto journal,
      JournalWriter::Open(options.directory, job.rank(), options.key));
  int failed = 0;
  {
    Progress progress(Progress::OnStderr(
        job.size() == 1 ? "pictures"
                        : absl::StrCat("pictures of rank ", job.rank()),
        static_cast<int64_t>(mine.size())));
    const auto done = static_cast<int64_t>(pictures.size()) - missing;
    if (done > 0 && job.rank() == 0) {
      progress.Print(stderr, absl::StrCat(done, " of ", pictures.size(),
                                          " pictures were done before"));
    }
    failed = Predictor(options, std::move(categories), detect)
                 .Run(mine, progress, *journal);
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
  if (job.rank() == 0) written = WriteResults(pictures, options);
  RETURN_IF_ERROR(job.Barrier());
  return written;
}

}  // namespace fcis
