#include "fcis/core/io/npy.h"

#include <cstring>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/f16.h"
#include "fcis/core/base/status_macros.h"

namespace fcis {
namespace {

constexpr absl::string_view kMagic("\x93NUMPY", 6);

absl::Status Bad(absl::string_view name, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", what));
}

struct NpyType {
  const char* descr;
  DType type;  // as held in memory
  int64_t file_size;
};

// Types that are read; the first entry of a DType is the one written.
constexpr NpyType kTypes[] = {
    {"<f4", DType::kF32, 4}, {"<f8", DType::kF64, 8}, {"|i1", DType::kI8, 1},
    {"|u1", DType::kU8, 1},  {"<i4", DType::kI32, 4}, {"<i8", DType::kI64, 8},
    {"<u8", DType::kU64, 8}, {"|b1", DType::kU8, 1},  {"<f2", DType::kF32, 2},
};

// What stands behind 'key': in the header's Python dict.
absl::StatusOr<absl::string_view> HeaderValue(absl::string_view header,
                                              absl::string_view key,
                                              absl::string_view name) {
  const size_t at = header.find(absl::StrCat("'", key, "':"));
  if (at == absl::string_view::npos) {
    return Bad(name, absl::StrCat("its header has no '", key, "'"));
  }
  return absl::StripLeadingAsciiWhitespace(header.substr(at + key.size() + 3));
}

absl::StatusOr<NpyType> ParseType(absl::string_view header,
                                  absl::string_view name) {
  ASSIGN_OR_RETURN(const absl::string_view value,
                   HeaderValue(header, "descr", name));
  for (const NpyType& type : kTypes) {
    if (absl::StartsWith(value, absl::StrCat("'", type.descr, "'"))) {
      return type;
    }
  }
  return Bad(name, absl::StrCat("its type ", value.substr(0, value.find(',')),
                                " is not one of the little-endian numbers that "
                                "are read (f2 f4 f8 i1 i4 i8 u1 u8 b1)"));
}

absl::StatusOr<Shape> ParseShape(absl::string_view header,
                                 absl::string_view name) {
  ASSIGN_OR_RETURN(absl::string_view value, HeaderValue(header, "shape", name));
  const size_t end = value.find(')');
  if (!absl::ConsumePrefix(&value, "(") || end == absl::string_view::npos) {
    return Bad(name, "its shape is not a tuple");
  }
  std::vector<int64_t> extents;
  for (absl::string_view part :
       absl::StrSplit(value.substr(0, end - 1), ',', absl::SkipWhitespace())) {
    int64_t extent;
    if (!absl::SimpleAtoi(part, &extent)) {
      return Bad(name, absl::StrCat("'", part, "' in its shape is no number"));
    }
    extents.push_back(extent);
  }
  absl::StatusOr<Shape> shape = Shape::FromExtents(extents);
  if (!shape.ok()) return Bad(name, shape.status().message());
  return shape;
}

// The same array with the extents in reverse order: [c][b][a] -> [a][b][c].
Tensor Transposed(const Tensor& reversed, const Shape& shape) {
  Tensor out(shape, reversed.type());
  const int64_t size = DTypeSize(out.type());
  std::vector<int64_t> index(shape.rank(), 0);
  const char* in = static_cast<const char*>(reversed.raw());
  char* to = static_cast<char*>(out.mutable_raw());
  for (int64_t i = 0; i < out.num_elements(); ++i) {
    int64_t from = 0;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      from = from * shape.dim(axis) + index[axis];
    }
    std::memcpy(to + i * size, in + from * size, size);
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      if (++index[axis] < shape.dim(axis)) break;
      index[axis] = 0;
    }
  }
  return out;
}

Tensor ReadElements(absl::string_view data, const NpyType& type,
                    const Shape& shape) {
  Tensor tensor(shape, type.type);
  if (type.file_size == DTypeSize(type.type)) {
    if (!data.empty()) {
      std::memcpy(tensor.mutable_raw(), data.data(), data.size());
    }
    return tensor;
  }
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    Half half;
    std::memcpy(&half, data.data() + 2 * i, sizeof(half));
    tensor.mutable_data<float>()[i] = FromF16(half);
  }
  return tensor;
}

// Splits off the header's text; `bytes` becomes the elements.
absl::StatusOr<absl::string_view> TakeHeader(absl::string_view* bytes,
                                             absl::string_view name) {
  if (!absl::ConsumePrefix(bytes, kMagic) || bytes->size() < 4) {
    return Bad(name, "not a .npy array");
  }
  const int major = static_cast<uint8_t>((*bytes)[0]);
  const size_t length_bytes = major == 1 ? 2 : 4;
  if (major < 1 || major > 3 || bytes->size() < 2 + length_bytes) {
    return Bad(name, absl::StrCat("unknown .npy version ", major));
  }
  uint64_t length = 0;
  for (size_t i = 0; i < length_bytes; ++i) {
    length |= static_cast<uint64_t>(static_cast<uint8_t>((*bytes)[2 + i]))
              << (8 * i);
  }
  bytes->remove_prefix(2 + length_bytes);
  if (length > bytes->size()) return Bad(name, "its header is cut off");
  const absl::string_view header = bytes->substr(0, length);
  bytes->remove_prefix(length);
  return header;
}

}  // namespace

absl::StatusOr<Tensor> ParseNpy(absl::string_view bytes,
                                absl::string_view name) {
  ASSIGN_OR_RETURN(const absl::string_view header, TakeHeader(&bytes, name));
  ASSIGN_OR_RETURN(const NpyType type, ParseType(header, name));
  ASSIGN_OR_RETURN(const Shape shape, ParseShape(header, name));
  ASSIGN_OR_RETURN(const absl::string_view order,
                   HeaderValue(header, "fortran_order", name));
  // The product of the extents is below 2^62, so times 8 cannot be trusted.
  const int64_t elements = shape.num_elements();
  if (elements > static_cast<int64_t>(bytes.size()) ||
      elements * type.file_size != static_cast<int64_t>(bytes.size())) {
    return Bad(name,
               absl::StrCat("shape ", shape.ToString(), " of ", type.descr,
                            " does not fit its ", bytes.size(), " bytes"));
  }
  if (!absl::StartsWith(order, "True")) {
    return ReadElements(bytes, type, shape);
  }
  const std::vector<int64_t> reversed(shape.extents().rbegin(),
                                      shape.extents().rend());
  ASSIGN_OR_RETURN(const Shape reversed_shape, Shape::FromExtents(reversed));
  return Transposed(ReadElements(bytes, type, reversed_shape), shape);
}

absl::StatusOr<std::string> NpyHeader(const Shape& shape, DType type) {
  for (const NpyType& t : kTypes) {
    if (t.type != type) continue;
    std::string text = absl::StrCat("{'descr': '", t.descr,
                                    "', 'fortran_order': False, 'shape': (",
                                    absl::StrJoin(shape.extents(), ", "),
                                    shape.rank() == 1 ? "," : "", "), }");
    constexpr size_t kPrefix = 10;  // magic, version, length
    while ((kPrefix + text.size() + 1) % 64 != 0) text += ' ';
    text += '\n';
    std::string header(kMagic);
    header += std::string("\x01\x00", 2);
    header += static_cast<char>(text.size() & 255);
    header += static_cast<char>(text.size() >> 8);
    return header + text;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("no .npy array of ", DTypeName(type), " is written"));
}

}  // namespace fcis
