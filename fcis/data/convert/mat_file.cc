#include "fcis/data/convert/mat_file.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/io/zip_archive.h"

namespace fcis::data {
namespace {

constexpr size_t kHeaderBytes = 128, kAlignment = 8;
// Version 1.0 of the format and the order of bytes, at the header's end.
constexpr absl::string_view kVersion5("\x00\x01IM", 4);

// Types of elements, and classes of arrays.
enum : uint32_t {
  kInt8 = 1,
  kInt32 = 5,
  kUInt32 = 6,
  kMatrix = 14,
  kCompressed = 15,
};
enum : uint32_t { kStruct = 2, kFirstNumeric = 6, kLastNumeric = 15 };
constexpr uint32_t kClassMask = 0xff, kComplexFlag = 0x800;

absl::Status Damaged(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("damaged: ", what));
}

template <typename T>
T Load(const char* at) {  // of a little-endian file, on such a CPU
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

struct Element {
  uint32_t type;
  absl::string_view data;
};

// Takes the first element from `bytes`, with what it is padded with. Small ones
// have type and size in four bytes and their data in the next four.
absl::StatusOr<Element> TakeElement(absl::string_view* bytes) {
  if (bytes->size() < kAlignment) return Damaged("it is cut off");
  const auto word = Load<uint32_t>(bytes->data());
  if (word >> 16 != 0) {
    const Element small = {word & 0xffff, bytes->substr(4, word >> 16)};
    if (word >> 16 > 4) return Damaged("a small element is too large");
    bytes->remove_prefix(kAlignment);
    return small;
  }
  const auto size = Load<uint32_t>(bytes->data() + 4);
  bytes->remove_prefix(kAlignment);
  if (size > bytes->size()) return Damaged("it is cut off");
  const Element element = {word, bytes->substr(0, size)};
  const size_t padding =
      word == kCompressed ? 0 : (kAlignment - size % kAlignment) % kAlignment;
  bytes->remove_prefix(std::min(size + padding, bytes->size()));
  return element;
}

absl::StatusOr<absl::string_view> Take(uint32_t type,
                                       absl::string_view* bytes) {
  ASSIGN_OR_RETURN(const Element element, TakeElement(bytes));
  if (element.type == type) return element.data;
  return Damaged(absl::StrCat("an element of type ", element.type,
                              " where one of type ", type, " belongs"));
}

struct Array {
  uint32_t kind;  // its class
  bool complex;
  std::vector<int32_t> sizes;
  absl::string_view name;
  absl::string_view content;
};

absl::StatusOr<Array> ParseArray(absl::string_view data) {
  Array array;
  ASSIGN_OR_RETURN(const absl::string_view flags, Take(kUInt32, &data));
  if (flags.size() != 8) return Damaged("an array's flags");
  array.kind = Load<uint32_t>(flags.data()) & kClassMask;
  array.complex = (Load<uint32_t>(flags.data()) & kComplexFlag) != 0;
  ASSIGN_OR_RETURN(const absl::string_view sizes, Take(kInt32, &data));
  for (size_t at = 0; at + 4 <= sizes.size(); at += 4) {
    array.sizes.push_back(Load<int32_t>(sizes.data() + at));
    if (array.sizes.back() < 0) return Damaged("an array of negative size");
  }
  ASSIGN_OR_RETURN(array.name, Take(kInt8, &data));
  array.content = data;
  return array;
}

template <typename T>
bool AppendAll(absl::string_view data, std::vector<uint32_t>* values) {
  if (data.size() % sizeof(T) != 0) return false;
  for (size_t at = 0; at < data.size(); at += sizeof(T)) {
    const T value = Load<T>(data.data() + at);
    // Written so that NaN fails.
    if (!(value >= 0 && static_cast<double>(value) <= UINT32_MAX)) return false;
    const auto whole = static_cast<uint32_t>(value);
    if (static_cast<T>(whole) != value) return false;
    values->push_back(whole);
  }
  return true;
}

// By the type of their element; null: of no numbers.
constexpr bool (*kAppendAll[])(absl::string_view data,
                               std::vector<uint32_t>* values) = {
    nullptr,
    AppendAll<int8_t>,
    AppendAll<uint8_t>,
    AppendAll<int16_t>,
    AppendAll<uint16_t>,
    AppendAll<int32_t>,
    AppendAll<uint32_t>,
    AppendAll<float>,
    nullptr,
    AppendAll<double>,
    nullptr,
    nullptr,
    AppendAll<int64_t>,
    AppendAll<uint64_t>};

// Numbers may be stored in a narrower type than the array's.
bool AppendNumbers(const Element& from, std::vector<uint32_t>* values) {
  return from.type < std::size(kAppendAll) &&
         kAppendAll[from.type] != nullptr &&
         kAppendAll[from.type](from.data, values);
}

absl::StatusOr<MatArray> NumbersOf(absl::string_view data) {
  ASSIGN_OR_RETURN(const Array array, ParseArray(data));
  const bool numeric =
      array.kind >= kFirstNumeric && array.kind <= kLastNumeric;
  if (!numeric || array.complex || array.sizes.size() != 2) {
    return absl::InvalidArgumentError("expected a matrix of real numbers");
  }
  MatArray numbers;
  numbers.rows = array.sizes[0];
  numbers.columns = array.sizes[1];
  absl::string_view content = array.content;
  ASSIGN_OR_RETURN(const Element real, TakeElement(&content));
  const auto count = static_cast<uint64_t>(numbers.rows * numbers.columns);
  if (count > real.data.size()) return Damaged("numbers are missing");
  numbers.values.reserve(count);
  if (!AppendNumbers(real, &numbers.values) || numbers.values.size() != count) {
    return absl::InvalidArgumentError(absl::StrCat("expected ", numbers.rows,
                                                   " x ", numbers.columns,
                                                   " whole numbers from 0 on"));
  }
  return numbers;
}

absl::StatusOr<std::map<std::string, absl::string_view>> FieldsOf(
    const Array& array) {
  if (array.kind != kStruct || array.sizes != std::vector<int32_t>{1, 1}) {
    return absl::InvalidArgumentError(
        absl::StrCat(array.name, ": expected one struct"));
  }
  absl::string_view content = array.content;
  ASSIGN_OR_RETURN(const absl::string_view length, Take(kInt32, &content));
  ASSIGN_OR_RETURN(const absl::string_view names, Take(kInt8, &content));
  const size_t each =
      length.size() == 4 ? size_t{Load<uint32_t>(length.data())} : 0;
  if (each == 0) return Damaged("the names of a struct's fields");
  std::map<std::string, absl::string_view> fields;
  for (size_t at = 0; at + each <= names.size(); at += each) {
    const absl::string_view name = names.substr(at, each);
    ASSIGN_OR_RETURN(fields[std::string(name.substr(0, name.find('\0')))],
                     Take(kMatrix, &content));
  }
  return fields;
}

absl::StatusOr<std::vector<MatArray>> NumbersOfFields(
    const Array& array, const std::vector<std::string>& fields) {
  ASSIGN_OR_RETURN(const auto all, FieldsOf(array));
  std::vector<MatArray> found;
  for (const std::string& field : fields) {
    const std::string where = absl::StrCat(array.name, ".", field);
    const auto it = all.find(field);
    if (it == all.end()) {
      return absl::NotFoundError(absl::StrCat("there is no ", where));
    }
    ASSIGN_OR_RETURN(found.emplace_back(),
                     Within(where, NumbersOf(it->second)));
  }
  return found;
}

absl::StatusOr<std::string> Inflated(absl::string_view packed, uint64_t limit) {
  std::string bytes;
  const absl::Status status =
      Inflate(DeflateFormat::kZlib, limit, &packed, &bytes);
  if (absl::IsDataLoss(status)) return Damaged("what is packed in it");
  if (absl::IsOutOfRange(status)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a variable ", status.message()));
  }
  RETURN_IF_ERROR(status);
  return bytes;
}

absl::Status CheckHeader(absl::string_view file) {
  if (absl::StartsWith(file, "MATLAB 7.3")) {
    return absl::InvalidArgumentError(
        "a file of MATLAB 7.3 (HDF5), expected one of version 5; save it with "
        "'-v7'");
  }
  if (file.size() < kHeaderBytes || file.substr(124, 4) != kVersion5) {
    return absl::InvalidArgumentError(
        "expected a little-endian file of MATLAB, version 5");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<MatArray>> ReadMatFields(
    absl::string_view file, absl::string_view variable,
    const std::vector<std::string>& fields, uint64_t limit) {
  RETURN_IF_ERROR(CheckHeader(file));
  absl::string_view rest = file.substr(kHeaderBytes);
  while (!rest.empty()) {
    ASSIGN_OR_RETURN(Element element, TakeElement(&rest));
    std::string unpacked;
    if (element.type == kCompressed) {
      ASSIGN_OR_RETURN(unpacked, Inflated(element.data, limit));
      absl::string_view bytes = unpacked;
      ASSIGN_OR_RETURN(element, TakeElement(&bytes));
    }
    if (element.type != kMatrix) continue;
    ASSIGN_OR_RETURN(const Array array, ParseArray(element.data));
    if (array.name == variable) return NumbersOfFields(array, fields);
  }
  return absl::NotFoundError(absl::StrCat("it has no ", variable));
}

}  // namespace fcis::data
