// Detector: finds the instances in pictures.
//
//   fcis::Result<fcis::Detector> detector = fcis::Detector::Load();
//   for (const fcis::Instance& i :
//   detector.value().DetectFile("a.jpg").value())
//     std::cout << i.name << " " << i.score << "\n";
//
// Threads: one Detector for each that detects at the same time; clones share
// the weights. Header-only, over the functions of fcis.h.
#ifndef FCIS_DETECTOR_H_
#define FCIS_DETECTOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fcis/fcis.h"
#include "fcis/result.h"

namespace fcis {

// As fcis_detector_options, which says what each is.
struct DetectorOptions {
  std::string model;  // "": the model that is in the library
  std::string device = "cpu";
  std::string precision = "auto";
  int threads = 0;
  int min_size = 0, max_size = 0;
  int64_t max_pixels = 0;
  double score_threshold = -1, nms_threshold = -1, mask_threshold = -1;
};

// A picture in memory: Pixels of uint8_t is drawn on, of const uint8_t read.
template <typename Byte>
struct Pixels {
  Byte* data = nullptr;
  int64_t height = 0, width = 0;
  fcis_pixel_format format = FCIS_RGB;
  int64_t stride = 0;  // bytes from row to row; 0: rows follow one another
};

struct Instance {
  int class_index = 0;                   // of Detector::classes()
  std::string name;                      // of the class
  float score = 0;                       // (0, 1]
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0;  // the box, in pixels of the picture
};

// What was found in a picture: a list of Instance by class, then falling score.
class Instances {
 public:
  // Of the picture, and of the masks.
  int64_t height() const { return height_; }
  int64_t width() const { return width_; }

  size_t size() const { return list_.size(); }
  bool empty() const { return list_.empty(); }
  const Instance& operator[](size_t i) const { return list_[i]; }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }

  // The mask of number i: height() x width() bytes, 0 or 1, row by row.
  Result<std::vector<uint8_t>> Mask(size_t i) const {
    return internal::Filled<std::vector<uint8_t>>([&](uint8_t* to, auto... r) {
      return fcis_instances_mask(handle_.get(), i, to, r...);
    });
  }

  // The same as COCO's compressed run lengths, "counts" of its files.
  Result<std::string> Rle(size_t i) const {
    return internal::Filled<std::string>([&](char* to, auto... r) {
      return fcis_instances_rle(handle_.get(), i, to, r...);
    });
  }

  // Draws them onto the picture, which has the size that it had.
  Result<Done> Draw(const Pixels<uint8_t>& p) const {
    return internal::Checked(
        [&](auto... error) {
          return fcis_instances_draw(handle_.get(), p.data, p.height, p.width,
                                     p.stride, p.format, error...);
        },
        [] { return Done(); });
  }

  // A JSON array in COCO's results format.
  Result<std::string> ToCoco(int64_t image_id) const {
    return internal::Filled<std::string>([&](char* to, auto... r) {
      return fcis_instances_to_coco(handle_.get(), image_id, to, r...);
    });
  }

 private:
  friend class Detector;

  struct Free {
    void operator()(fcis_instances* i) const { fcis_instances_free(i); }
  };

  explicit Instances(fcis_instances* handle) : handle_(handle) {
    size_t count = 0;
    fcis_instances_size(handle, &count, &height_, &width_, nullptr, 0);
    list_.resize(count);
    for (size_t i = 0; i < count; ++i) {
      Instance& one = list_[i];
      int32_t class_index = 0;
      const char* name = "";
      float box[4] = {};
      fcis_instances_get(handle, i, &class_index, &name, &one.score, box,
                         nullptr, 0);
      one.class_index = class_index;
      one.name = name;
      one.x0 = box[0];
      one.y0 = box[1];
      one.x1 = box[2];
      one.y1 = box[3];
    }
  }

  std::unique_ptr<fcis_instances, Free> handle_;
  int64_t height_ = 0, width_ = 0;
  std::vector<Instance> list_;
};

class Detector {
 public:
  struct Class {
    std::string name;
    int64_t category_id = 0;  // in the data set
  };

  static Result<Detector> Load(const DetectorOptions& options = {}) {
    fcis_detector_options o = FCIS_DETECTOR_OPTIONS_INIT;
    o.model = options.model.empty() ? nullptr : options.model.c_str();
    o.device = options.device.c_str();
    o.precision = options.precision.c_str();
    o.threads = options.threads;
    o.min_size = options.min_size;
    o.max_size = options.max_size;
    o.max_pixels = options.max_pixels;
    o.score_threshold = options.score_threshold;
    o.nms_threshold = options.nms_threshold;
    o.mask_threshold = options.mask_threshold;
    return Made([&](fcis_detector** made, auto... error) {
      return fcis_detector_new(&o, made, error...);
    });
  }

  // Another one with the same weights, for another thread. threads: as in the
  // options; -1: the same.
  Result<Detector> Clone(int threads = -1) const {
    return Made([&](fcis_detector** made, auto... error) {
      return fcis_detector_clone(handle_.get(), threads, made, error...);
    });
  }

  const std::vector<Class>& classes() const { return classes_; }

  // What it is: "photos: cpu, bf16, 2 threads".
  Result<std::string> Describe() const {
    return internal::Filled<std::string>([&](char* to, auto... r) {
      return fcis_detector_describe(handle_.get(), to, r...);
    });
  }

  Result<Instances> Detect(const Pixels<const uint8_t>& p) const {
    return Found([&](auto... r) {
      return fcis_detector_detect(handle_.get(), p.data, p.height, p.width,
                                  p.stride, p.format, r...);
    });
  }

  // In the bytes of a JPEG or PNG file.
  Result<Instances> DetectEncoded(std::string_view bytes) const {
    return Found([&](auto... r) {
      return fcis_detector_detect_encoded(
          handle_.get(), reinterpret_cast<const uint8_t*>(bytes.data()),
          bytes.size(), r...);
    });
  }

  Result<Instances> DetectFile(const std::string& path) const {
    return Found([&](auto... r) {
      return fcis_detector_detect_file(handle_.get(), path.c_str(), r...);
    });
  }

 private:
  struct Free {
    void operator()(fcis_detector* d) const { fcis_detector_free(d); }
  };

  explicit Detector(fcis_detector* handle) : handle_(handle) {
    size_t count = 0;
    fcis_detector_num_classes(handle, &count, nullptr, 0);
    classes_.resize(count);
    for (size_t i = 0; i < count; ++i) {
      const char* name = "";
      fcis_detector_class(handle, i, &name, &classes_[i].category_id, nullptr,
                          0);
      classes_[i].name = name;
    }
  }

  template <typename Call>
  static Result<Detector> Made(const Call& call) {
    fcis_detector* handle = nullptr;
    return internal::Checked(
        [&](auto... error) { return call(&handle, error...); },
        [&] { return Detector(handle); });
  }

  template <typename Call>
  static Result<Instances> Found(const Call& call) {
    fcis_instances* handle = nullptr;
    return internal::Checked(
        [&](auto... error) { return call(&handle, error...); },
        [&] { return Instances(handle); });
  }

  std::unique_ptr<fcis_detector, Free> handle_;
  std::vector<Class> classes_;
};

}  // namespace fcis

#endif  // FCIS_DETECTOR_H_
