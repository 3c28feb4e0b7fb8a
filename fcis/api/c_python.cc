// For the Python package: dicts of records read and completed through Python's
// own functions, which it hands over, as the library knows no Python.
#include <cstdint>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/api/c_status.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/fcis.h"

namespace {

absl::Status Unusual(int64_t i) {
  return absl::InvalidArgumentError(absl::StrCat("record ", i, " is unusual"));
}

// An object's type stands behind its count of references; the package has made
// sure.
const void* TypeOf(const void* object) {
  const void* type;
  std::memcpy(&type, static_cast<const char*>(object) + sizeof(void*),
              sizeof(type));
  return type;
}

class Records {
 public:
  Records(const fcis_python* python, void* list) : py_(*python), list_(list) {}

  void* Get(int64_t i, void* key) const {
    void* const record = py_.list_get_item(list_, i);
    return record == nullptr ? nullptr : py_.dict_get_item(record, key);
  }
  bool Integer(int64_t i, void* key, int64_t* value) const {
    void* const object = Get(i, key);
    if (object == nullptr) return false;
    *value = py_.long_as_long_long(object);
    return *value != -1 || py_.err_occurred() == nullptr;
  }
  bool Number(void* object, double* value) const {
    if (object == nullptr) return false;
    *value = py_.float_as_double(object);
    return *value != -1 || py_.err_occurred() == nullptr;
  }
  // Whether sums and products of two of these are exact, or rounded as Python
  // does it.
  bool IsPlain(const void* object, double value) const {
    constexpr double kMost = 1 << 26;
    const void* const type = TypeOf(object);
    return type == py_.float_type ||
           (type == py_.int_type && value >= -kMost && value <= kMost);
  }
  bool Box(int64_t i, bool plain, double* box) const {
    void* const object = Get(i, py_.bbox);
    if (object == nullptr || TypeOf(object) != py_.list_type) return false;
    if (py_.list_size(object) != 4) return false;
    for (int64_t k = 0; k < 4; ++k) {
      void* const number = py_.list_get_item(object, k);
      if (!Number(number, box + k)) return false;
      if (plain && !IsPlain(number, box[k])) return false;
    }
    return true;
  }
  bool Size(void* rle, int64_t* size) const;
  void* Counts(void* rle, const char** text, int64_t* length) const;
  bool Complete(int64_t i) const;

 private:
  // Sets a member to a new object, which goes over to the record.
  bool Set(void* record, void* key, void* object) const {
    if (object == nullptr) return false;
    const bool set = py_.dict_set_item(record, key, object) == 0;
    py_.dec_ref(object);
    return set;
  }
  void* Polygon(void* x, void* y, double x2, double y2) const;

  const fcis_python& py_;
  void* const list_;
};

// [[x1, y1, x1, y2, x2, y2, x2, y1]], or null.
void* Records::Polygon(void* x, void* y, double x2, double y2) const {
  void* const right = py_.float_from_double(x2);
  void* const bottom = py_.float_from_double(y2);
  void* const corners = py_.list_new(8);
  void* const polygon = py_.list_new(1);
  bool made = right && bottom && corners && polygon;
  if (made) {
    void* const numbers[] = {x, y, x, bottom, right, bottom, right, y};
    for (int64_t k = 0; k < 8; ++k) {
      py_.inc_ref(numbers[k]);
      made &= py_.list_set_item(corners, k, numbers[k]) == 0;
    }
    py_.inc_ref(corners);
    made &= py_.list_set_item(polygon, 0, corners) == 0;
  }
  for (void* const object : {right, bottom, corners}) {
    if (object != nullptr) py_.dec_ref(object);
  }
  if (made) return polygon;
  if (polygon != nullptr) py_.dec_ref(polygon);
  return nullptr;
}

// A result with a box of floats gets what annotations have.
bool Records::Complete(int64_t i) const {
  void* const box = Get(i, py_.bbox);
  if (box == nullptr || TypeOf(box) != py_.list_type) return false;
  if (py_.list_size(box) != 4) return false;
  void* numbers[4];
  double values[4];
  for (int64_t k = 0; k < 4; ++k) {
    numbers[k] = py_.list_get_item(box, k);
    if (numbers[k] == nullptr || TypeOf(numbers[k]) != py_.float_type) {
      return false;
    }
    values[k] = py_.float_as_double(numbers[k]);
  }
  void* const record = py_.list_get_item(list_, i);
  if (py_.dict_get_item(record, py_.segmentation) == nullptr) {
    if (py_.err_occurred() != nullptr) return false;
    if (!Set(record, py_.segmentation,
             Polygon(numbers[0], numbers[1], values[0] + values[2],
                     values[1] + values[3]))) {
      return false;
    }
  }
  return Set(record, py_.area, py_.float_from_double(values[2] * values[3])) &&
         Set(record, py_.id, py_.long_from_long_long(i + 1)) &&
         py_.dict_set_item(record, py_.iscrowd, py_.zero) == 0;
}

// Height and width.
bool Records::Size(void* rle, int64_t* size) const {
  constexpr int64_t kMost = int64_t{1} << 62;
  void* const pair = py_.dict_get_item(rle, py_.size);
  if (pair == nullptr || TypeOf(pair) != py_.list_type) return false;
  if (py_.list_size(pair) != 2) return false;
  for (int64_t k = 0; k < 2; ++k) {
    void* const length = py_.list_get_item(pair, k);
    if (length == nullptr || TypeOf(length) != py_.int_type) return false;
    size[k] = py_.long_as_long_long(length);
    if (size[k] < 0 || size[k] >= kMost) return false;
  }
  return true;
}

// The object that holds the text, or null.
void* Records::Counts(void* rle, const char** text, int64_t* length) const {
  void* const counts = py_.dict_get_item(rle, py_.counts);
  if (counts == nullptr) return nullptr;
  intptr_t size = 0;
  *text = nullptr;
  if (TypeOf(counts) == py_.str_type) {
    *text = py_.unicode_as_utf8_and_size(counts, &size);
  } else if (TypeOf(counts) == py_.bytes_type) {
    char* bytes = nullptr;
    if (py_.bytes_as_string_and_size(counts, &bytes, &size) == 0) *text = bytes;
  }
  *length = size;
  return *text == nullptr ? nullptr : counts;
}

absl::Status Check(const fcis_python* python, void* list) {
  RETURN_IF_ERROR(fcis::api::CheckGiven(python, "python"));
  RETURN_IF_ERROR(fcis::api::CheckGiven(list, "list"));
  if (python->struct_size != sizeof(fcis_python)) {
    return absl::InvalidArgumentError(
        absl::StrCat("struct_size: ", python->struct_size, ", expected ",
                     sizeof(fcis_python)));
  }
  // All that follows are pointers.
  const void* members[sizeof(fcis_python) / sizeof(void*)];
  std::memcpy(members, python, sizeof(members));
  for (const void* member : members) {
    RETURN_IF_ERROR(fcis::api::CheckGiven(member, "a member of python"));
  }
  return absl::OkStatus();
}

}  // namespace

extern "C" {

int fcis_python_columns(const fcis_python* python, void* list, int64_t n,
                        int plain, int64_t* image_ids, int64_t* category_ids,
                        double* ids, double* areas, double* scores,
                        double* boxes, char* error,
                        size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(Check(python, list));
    const Records r(python, list);
    const auto integer = [&](int64_t i, void* key, int64_t* column) {
      return column == nullptr || r.Integer(i, key, column + i);
    };
    const auto number = [&](int64_t i, void* key, double* column) {
      return column == nullptr || r.Number(r.Get(i, key), column + i);
    };
    for (int64_t i = 0; i < n; ++i) {
      const bool usual =
          integer(i, python->image_id, image_ids) &&
          integer(i, python->category_id, category_ids) &&
          number(i, python->id, ids) && number(i, python->area, areas) &&
          number(i, python->score, scores) &&
          (boxes == nullptr || r.Box(i, plain != 0, boxes + 4 * i));
      if (!usual) return Unusual(i);
    }
    return absl::OkStatus();
  });
}

int fcis_python_counts(const fcis_python* python, void* list, int64_t n,
                       void* held, int64_t* sizes, const char** texts,
                       int64_t* lengths, char* error,
                       size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(Check(python, list));
    RETURN_IF_ERROR(fcis::api::CheckGiven(held, "held"));
    RETURN_IF_ERROR(fcis::api::CheckGiven(sizes, "sizes"));
    RETURN_IF_ERROR(fcis::api::CheckGiven(texts, "texts"));
    RETURN_IF_ERROR(fcis::api::CheckGiven(lengths, "lengths"));
    const Records r(python, list);
    for (int64_t i = 0; i < n; ++i) {
      void* const rle = python->list_get_item(list, i);
      if (rle == nullptr || TypeOf(rle) != python->dict_type ||
          !r.Size(rle, sizes + 2 * i)) {
        return Unusual(i);
      }
      void* const counts = r.Counts(rle, texts + i, lengths + i);
      if (counts == nullptr) return Unusual(i);
      python->inc_ref(counts);
      if (python->list_set_item(held, i, counts) != 0) return Unusual(i);
    }
    return absl::OkStatus();
  });
}

int fcis_python_complete(const fcis_python* python, void* list, int64_t n,
                         char* error, size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(Check(python, list));
    const Records r(python, list);
    for (int64_t i = 0; i < n; ++i) {
      if (!r.Complete(i)) return Unusual(i);
    }
    return absl::OkStatus();
  });
}

}  // extern "C"
