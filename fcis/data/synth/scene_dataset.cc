#include "fcis/data/synth/scene_dataset.h"

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/data/coco/coco_writer.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/synth/scene.h"
#include "fcis/data/synth/shape.h"

namespace fcis::data {
namespace {

constexpr int kJpegQuality = 92;

std::string FileName(int id) { return absl::StrFormat("%012d.jpg", id); }

absl::Status WriteScene(const std::string& path, const Scene& scene) {
  ASSIGN_OR_RETURN(const std::string bytes,
                   EncodeJpeg(scene.image, kJpegQuality));
  return WriteFileAtomic(path, bytes);
}

WrittenDataset Describe(const SceneDatasetOptions& options,
                        std::vector<std::vector<SceneObject>> scenes) {
  WrittenDataset dataset;
  dataset.description = absl::StrCat("painted scenes, seed ", options.seed);
  for (int label = 0; label < kNumShapes; ++label) {
    dataset.categories.push_back(
        {label + 1, kShapeNames[static_cast<size_t>(label)], "shape"});
  }
  for (int i = 0; i < options.images; ++i) {
    const int id = i + 1;
    dataset.images.push_back({id, FileName(id), options.height, options.width});
    for (SceneObject& object : scenes[static_cast<size_t>(i)]) {
      const auto number = static_cast<int64_t>(dataset.annotations.size());
      dataset.annotations.push_back(
          {number + 1, id, object.label + 1, std::move(object.mask), false});
    }
  }
  return dataset;
}

}  // namespace

absl::Status WriteSceneDataset(const std::string& directory,
                               const SceneDatasetOptions& options,
                               const std::function<void(int64_t)>& done) {
  const std::string folder = absl::StrCat(directory, "/images");
  RETURN_IF_ERROR(MakeDirectories(folder));
  std::vector<std::vector<SceneObject>> scenes(
      static_cast<size_t>(options.images));
  std::mutex mutex;
  absl::Status status;
  std::atomic<int64_t> finished{0};
  std::atomic<bool> failed{false};
  ParallelForEach(options.images, 1, [&](int i) {
    if (failed) return;
    Scene scene = PaintScene(options.height, options.width, options.seed,
                             static_cast<uint64_t>(i));
    const absl::Status written =
        WriteScene(absl::StrCat(folder, "/", FileName(i + 1)), scene);
    if (!written.ok()) {
      failed = true;
      const std::lock_guard<std::mutex> lock(mutex);
      status.Update(written);
      return;
    }
    scenes[static_cast<size_t>(i)] = std::move(scene.objects);
    done(++finished);
  });
  RETURN_IF_ERROR(status);
  return WriteCocoDataset(absl::StrCat(directory, "/annotations.json"),
                          Describe(options, std::move(scenes)));
}

}  // namespace fcis::data
