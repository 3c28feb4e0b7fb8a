// Tensor: a dense array in host memory, or, for the feature maps of a backend
// that has its own, in a device's. Images and feature maps are N,H,W,C.
// Elements are row-major unless layout() says that they are in an order of a
// backend's. Copying a Tensor shares its elements; Clone() copies them.
#ifndef FCIS_CORE_TENSOR_TENSOR_H_
#define FCIS_CORE_TENSOR_TENSOR_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/core/base/f16.h"
#include "fcis/core/tensor/shape.h"

namespace fcis {

enum class DType : uint8_t {
  kF32,
  kBF16,
  kF16,
  kF64,
  kI8,
  kU8,
  kI32,
  kI64,
  kU64,
  // Only listed and copied: weight files of others hold them.
  kBool,
  kI16,
  kU16,
  kU32,
  kF8E4M3,
  kF8E5M2
};
constexpr int kNumDTypes = static_cast<int>(DType::kF8E5M2) + 1;

// Bytes of one element.
int64_t DTypeSize(DType type);
// "f32", "bf16", "i8", ...: safetensors' names in lower case.
absl::string_view DTypeName(DType type);

enum class Device : uint8_t { kHost, kCuda };

// The order of elements in memory. kBackend: one that the backend which made
// the tensor derives from its shape and type, perhaps with padding; only that
// backend's ops read it.
enum class Layout : uint8_t { kRowMajor, kBackend };

template <typename T>
struct DTypeOf;
// clang-format off
template <> struct DTypeOf<float> { static constexpr DType value = DType::kF32; };
template <> struct DTypeOf<Half> { static constexpr DType value = DType::kF16; };
template <> struct DTypeOf<double> { static constexpr DType value = DType::kF64; };
template <> struct DTypeOf<int8_t> { static constexpr DType value = DType::kI8; };
template <> struct DTypeOf<uint8_t> { static constexpr DType value = DType::kU8; };
template <> struct DTypeOf<int32_t> { static constexpr DType value = DType::kI32; };
template <> struct DTypeOf<int64_t> { static constexpr DType value = DType::kI64; };
template <> struct DTypeOf<uint64_t> { static constexpr DType value = DType::kU64; };
// bf16 has no host type of its own: its bits.
template <> struct DTypeOf<uint16_t> { static constexpr DType value = DType::kBF16; };
// clang-format on

class Tensor {
 public:
  // No elements and no memory: shape {0}, f32.
  Tensor();
  // Elements are uninitialised. Memory is 64-byte aligned, large ones on huge
  // pages where the system grants them.
  explicit Tensor(const Shape& shape, DType type = DType::kF32);

  // A view of memory kept alive by `owner` (e.g. a mapped file). `data` must
  // be aligned for `type` and hold shape.num_elements() elements.
  static Tensor View(const Shape& shape, DType type, const void* data,
                     std::shared_ptr<const void> owner);
  // Elements in a device's memory, which goes back with the last copy. Nothing
  // here reads them: data(), span() and Clone() CHECK for host memory.
  static Tensor OnDevice(const Shape& shape, DType type, Device device,
                         std::shared_ptr<void> memory);
  // Uninitialised elements in an order of a backend's that takes `num_bytes`.
  // Nothing here reads them: data(), span(), Clone(), Reshaped() and Part()
  // CHECK for a row-major tensor.
  static Tensor InBackendLayout(const Shape& shape, DType type,
                                int64_t num_bytes);
  template <typename T>
  static Tensor FromSpan(const Shape& shape, absl::Span<const T> values);
  static Tensor Zeros(const Shape& shape, DType type = DType::kF32);

  // "f32 2x3": for messages.
  std::string Describe() const;

  const Shape& shape() const { return shape_; }
  int64_t dim(int axis) const { return shape_.dim(axis); }
  int64_t num_elements() const { return num_elements_; }
  DType type() const { return type_; }
  // Of memory, a backend's padding included.
  int64_t num_bytes() const { return num_bytes_; }
  Device device() const { return device_; }
  Layout layout() const { return layout_; }

  // The address, on whatever device.
  const void* raw() const { return data_; }
  void* mutable_raw() { return data_; }

  // True when the elements are the Tensor's own (not a View) and no other
  // Tensor shares them: nobody can see them change.
  bool IsSoleOwner() const { return allocated_ && owner_.use_count() == 1; }

  // Elements; T must be the tensor's type (CHECKed).
  template <typename T>
  const T* data() const {
    CheckReadable();
    CheckType(DTypeOf<T>::value);
    return static_cast<const T*>(data_);
  }
  template <typename T>
  T* mutable_data() {
    CheckReadable();
    CheckType(DTypeOf<T>::value);
    return static_cast<T*>(data_);
  }
  template <typename T>
  absl::Span<const T> span() const {
    return absl::MakeConstSpan(data<T>(), num_elements_);
  }
  template <typename T>
  absl::Span<T> mutable_span() {
    return absl::MakeSpan(mutable_data<T>(), num_elements_);
  }

  // The same elements under another shape of as many elements (CHECKed).
  Tensor Reshaped(const Shape& shape) const;
  // The elements from `first` on that fill `shape` (CHECKed to be there),
  // shared.
  Tensor Part(int64_t first, const Shape& shape) const;
  Tensor Clone() const;

 private:
  void CheckType(DType type) const;
  void CheckReadable() const;
  void CheckRowMajor() const;

  Shape shape_;
  DType type_;
  Device device_ = Device::kHost;
  Layout layout_ = Layout::kRowMajor;
  int64_t num_elements_ = 0;
  int64_t num_bytes_ = 0;
  std::shared_ptr<const void> owner_;
  bool allocated_ = true;
  void* data_ = nullptr;
};

template <typename T>
Tensor Tensor::FromSpan(const Shape& shape, absl::Span<const T> values) {
  Tensor t(shape, DTypeOf<T>::value);
  T* out = t.mutable_data<T>();
  for (int64_t i = 0; i < t.num_elements(); ++i) out[i] = values[i];
  return t;
}

}  // namespace fcis

#endif  // FCIS_CORE_TENSOR_TENSOR_H_
