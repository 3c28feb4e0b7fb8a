// The bytes of a fuzzer, as the values that a test wants.
#ifndef FCIS_API_TESTING_FUZZ_BYTES_H_
#define FCIS_API_TESTING_FUZZ_BYTES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"

namespace fcis::api {

// Takes values off the front; zeros when nothing is left.
class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  template <typename T>
  T Take() {
    T value = {};
    const size_t n = std::min(sizeof(value), size_);
    if (n > 0) std::memcpy(&value, data_, n);
    data_ += n;
    size_ -= n;
    return value;
  }
  std::string TakeText() {
    std::string text;
    while (const char c = Take<char>()) text += c;
    return text;
  }

  // What is left.
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  absl::string_view text() const {
    return {reinterpret_cast<const char*>(data_), size_};
  }

 private:
  const uint8_t* data_;
  size_t size_;
};

}  // namespace fcis::api

#endif  // FCIS_API_TESTING_FUZZ_BYTES_H_
