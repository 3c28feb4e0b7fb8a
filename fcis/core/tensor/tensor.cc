#include "fcis/core/tensor/tensor.h"

#include <cstring>
#include <utility>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/tensor/block_cache.h"

namespace fcis {

namespace {

struct TypeFacts {
  absl::string_view name;
  int64_t size;
};

// In the order of DType.
constexpr TypeFacts kTypes[kNumDTypes] = {
    {"f32", 4}, {"bf16", 2}, {"f16", 2}, {"f64", 8},     {"i8", 1},
    {"u8", 1},  {"i32", 4},  {"i64", 8}, {"u64", 8},     {"bool", 1},
    {"i16", 2}, {"u16", 2},  {"u32", 4}, {"f8_e4m3", 1}, {"f8_e5m2", 1},
};

const TypeFacts& FactsOf(DType type) { return kTypes[static_cast<int>(type)]; }

}  // namespace

int64_t DTypeSize(DType type) { return FactsOf(type).size; }

absl::string_view DTypeName(DType type) { return FactsOf(type).name; }

Tensor::Tensor() : shape_{0}, type_(DType::kF32) {}

Tensor::Tensor(const Shape& shape, DType type)
    : shape_(shape),
      type_(type),
      num_elements_(shape.num_elements()),
      num_bytes_(num_elements_ * DTypeSize(type)) {
  std::shared_ptr<void> memory = BlockCache::Global().Allocate(num_bytes_);
  data_ = memory.get();
  owner_ = std::move(memory);
}

Tensor Tensor::View(const Shape& shape, DType type, const void* data,
                    std::shared_ptr<const void> owner) {
  Tensor t;
  t.shape_ = shape;
  t.type_ = type;
  t.num_elements_ = shape.num_elements();
  t.num_bytes_ = t.num_elements_ * DTypeSize(type);
  t.owner_ = std::move(owner);
  t.allocated_ = false;
  t.data_ = const_cast<void*>(data);
  return t;
}

Tensor Tensor::OnDevice(const Shape& shape, DType type, Device device,
                        std::shared_ptr<void> memory) {
  Tensor t;
  t.shape_ = shape;
  t.type_ = type;
  t.device_ = device;
  t.num_elements_ = shape.num_elements();
  t.num_bytes_ = t.num_elements_ * DTypeSize(type);
  t.data_ = memory.get();
  t.owner_ = std::move(memory);
  return t;
}

Tensor Tensor::InBackendLayout(const Shape& shape, DType type,
                               int64_t num_bytes) {
  Tensor t({num_bytes}, DType::kU8);
  t.shape_ = shape;
  t.type_ = type;
  t.layout_ = Layout::kBackend;
  t.num_elements_ = shape.num_elements();
  return t;
}

Tensor Tensor::Zeros(const Shape& shape, DType type) {
  Tensor t(shape, type);
  std::memset(t.mutable_raw(), 0, t.num_bytes());
  return t;
}

std::string Tensor::Describe() const {
  return absl::StrCat(DTypeName(type_), " ", shape_.ToString());
}

Tensor Tensor::Reshaped(const Shape& shape) const {
  CheckRowMajor();
  ABSL_RAW_CHECK(shape.num_elements() == num_elements_,
                 "Reshaped: another number of elements");
  Tensor t = *this;
  t.shape_ = shape;
  return t;
}

Tensor Tensor::Part(int64_t first, const Shape& shape) const {
  CheckRowMajor();
  const int64_t count = shape.num_elements();
  ABSL_RAW_CHECK(first >= 0 && first + count <= num_elements_,
                 "Part: beyond the tensor's elements");
  Tensor t = *this;
  t.shape_ = shape;
  t.num_elements_ = count;
  t.num_bytes_ = count * DTypeSize(type_);
  t.data_ = static_cast<char*>(data_) + first * DTypeSize(type_);
  return t;
}

Tensor Tensor::Clone() const {
  CheckReadable();
  Tensor t(shape_, type_);
  std::memcpy(t.mutable_raw(), data_, num_bytes());
  return t;
}

void Tensor::CheckReadable() const {
  ABSL_RAW_CHECK(device_ == Device::kHost, "tensor read on another device");
  CheckRowMajor();
}

void Tensor::CheckRowMajor() const {
  ABSL_RAW_CHECK(layout_ == Layout::kRowMajor,
                 "tensor read in a backend's layout");
}

void Tensor::CheckType(DType type) const {
  ABSL_RAW_CHECK(type == type_, "tensor read as another element type");
}

}  // namespace fcis
