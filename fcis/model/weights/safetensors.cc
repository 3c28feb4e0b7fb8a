#include "fcis/model/weights/safetensors.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/utf8.h"
#include "rapidjson/document.h"
#include "rapidjson/error/en.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis::model {
namespace {

constexpr char kMetadata[] = "__metadata__";
constexpr size_t kLengthBytes = 8;

std::string TypeName(DType type) {
  return absl::AsciiStrToUpper(DTypeName(type));
}

absl::StatusOr<DType> ParseType(absl::string_view name) {
  for (int i = 0; i < kNumDTypes; ++i) {
    const DType type = static_cast<DType>(i);
    if (TypeName(type) == name) return type;
  }
  return absl::InvalidArgumentError(absl::StrCat("the unknown type ", name));
}

absl::Status Bad(const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": not a sound safetensors file: ", what));
}

// A tensor's place in the file, behind the header.
struct Extent {
  uint64_t begin;
  uint64_t end;
  std::string name;
};

class Reader {
 public:
  Reader(absl::string_view bytes, std::shared_ptr<const void> owner,
         const std::string& path)
      : path_(path), owner_(std::move(owner)), bytes_(bytes) {}

  absl::StatusOr<Safetensors> Read() {
    rapidjson::Document header;
    RETURN_IF_ERROR(ParseHeader(&header));
    for (const auto& member : header.GetObject()) {
      const std::string name(member.name.GetString(),
                             member.name.GetStringLength());
      RETURN_IF_ERROR(name == kMetadata ? ReadMetadata(member.value)
                                        : ReadTensor(name, member.value));
    }
    RETURN_IF_ERROR(CheckExtents());
    return std::move(result_);
  }

 private:
  absl::Status ParseHeader(rapidjson::Document* header) {
    const absl::string_view bytes = bytes_;
    if (bytes.size() < kLengthBytes) return Bad(path_, "too short");
    uint64_t length;
    std::memcpy(&length, bytes.data(), kLengthBytes);
    if (length > kMaxSafetensorsHeader ||
        length > bytes.size() - kLengthBytes) {
      return Bad(path_, absl::StrCat("a header of ", length, " bytes"));
    }
    // RapidJSON takes it for the end and would not look behind it.
    if (bytes.substr(kLengthBytes, length).find('\0') != bytes.npos) {
      return Bad(path_, "a zero byte in its header");
    }
    // Iterative: a deeply nested header costs no stack.
    header->Parse<rapidjson::kParseIterativeFlag |
                  rapidjson::kParseValidateEncodingFlag>(
        bytes.data() + kLengthBytes, length);
    if (header->HasParseError()) {
      return Bad(
          path_,
          absl::StrCat(rapidjson::GetParseError_En(header->GetParseError()),
                       " at byte ", kLengthBytes + header->GetErrorOffset()));
    }
    if (!header->IsObject()) return Bad(path_, "its header is no object");
    data_ = bytes.substr(kLengthBytes + length);
    return absl::OkStatus();
  }

  absl::Status ReadMetadata(const rapidjson::Value& value) {
    if (!value.IsObject()) return Bad(path_, "__metadata__ is no object");
    for (const auto& entry : value.GetObject()) {
      if (!entry.value.IsString()) {
        return Bad(path_, "__metadata__ holds something other than text");
      }
      result_.metadata[entry.name.GetString()] =
          std::string(entry.value.GetString(), entry.value.GetStringLength());
    }
    return absl::OkStatus();
  }

  absl::Status ReadTensor(const std::string& name,
                          const rapidjson::Value& value) {
    if (result_.tensors.count(name) != 0) {
      return Bad(path_, absl::StrCat("'", name, "' stands twice"));
    }
    if (!value.IsObject() || !value.HasMember("dtype") ||
        !value["dtype"].IsString() || !value.HasMember("shape") ||
        !value["shape"].IsArray() || !value.HasMember("data_offsets") ||
        !value["data_offsets"].IsArray() || value["data_offsets"].Size() != 2 ||
        !value["data_offsets"][0].IsUint64() ||
        !value["data_offsets"][1].IsUint64()) {
      return Bad(path_, absl::StrCat("'", name,
                                     "' lacks dtype, shape or data_offsets"));
    }
    const Extent extent = {value["data_offsets"][0].GetUint64(),
                           value["data_offsets"][1].GetUint64(), name};
    if (extent.begin > extent.end || extent.end > data_.size()) {
      return Bad(path_, absl::StrCat("'", name, "' lies outside of the file"));
    }
    extents_.push_back(extent);
    ASSIGN_OR_RETURN(const Shape shape, ReadShape(name, value["shape"]));
    return Keep(name, value["dtype"].GetString(), shape, extent);
  }

  absl::StatusOr<Shape> ReadShape(const std::string& name,
                                  const rapidjson::Value& value) {
    std::vector<int64_t> extents;
    for (const auto& extent : value.GetArray()) {
      if (!extent.IsInt64()) {
        return Bad(path_, absl::StrCat("'", name, "' has a broken shape"));
      }
      extents.push_back(extent.GetInt64());
    }
    absl::StatusOr<Shape> shape = Shape::FromExtents(extents);
    if (shape.ok()) return shape;
    return Bad(path_, absl::StrCat("'", name, "': ", shape.status().message()));
  }

  absl::Status Keep(const std::string& name, absl::string_view type_name,
                    const Shape& shape, const Extent& extent) {
    const absl::StatusOr<DType> type = ParseType(type_name);
    if (!type.ok()) {
      return Bad(path_,
                 absl::StrCat("'", name, "' has ", type.status().message()));
    }
    const uint64_t size = DTypeSize(*type);
    const uint64_t bytes = extent.end - extent.begin;
    const uint64_t elements = shape.num_elements();
    if (elements > bytes || elements * size != bytes) {
      return Bad(path_, absl::StrCat("'", name, "' of shape ", shape.ToString(),
                                     " does not fit its ", bytes, " bytes"));
    }
    const char* data = data_.data() + extent.begin;
    if (reinterpret_cast<uintptr_t>(data) % size == 0) {
      result_.tensors[name] = Tensor::View(shape, *type, data, owner_);
    } else {
      Tensor copy(shape, *type);
      std::memcpy(copy.mutable_raw(), data, bytes);
      result_.tensors[name] = copy;
    }
    return absl::OkStatus();
  }

  // The format asks for a file that is covered exactly once.
  absl::Status CheckExtents() {
    std::sort(extents_.begin(), extents_.end(),
              [](const Extent& a, const Extent& b) {
                return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
              });
    uint64_t at = 0;
    for (const Extent& extent : extents_) {
      if (extent.begin != at) {
        return Bad(path_, absl::StrCat("'", extent.name, "' begins at ",
                                       extent.begin, ", expected ", at));
      }
      at = extent.end;
    }
    if (at == data_.size()) return absl::OkStatus();
    return Bad(path_, absl::StrCat(data_.size() - at,
                                   " bytes at its end belong to no tensor"));
  }

  const std::string path_;
  const std::shared_ptr<const void> owner_;
  const absl::string_view bytes_;
  absl::string_view data_;
  std::vector<Extent> extents_;
  Safetensors result_;
};

// What is not UTF-8 could be written, but not read again.
absl::StatusOr<std::string> MakeHeader(const std::string& path,
                                       const Safetensors& file) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  bool is_text = true;
  const auto text = [&](absl::string_view s) {
    is_text &= IsUtf8(s);
    json.String(s.data(), static_cast<rapidjson::SizeType>(s.size()));
  };
  json.StartObject();
  if (!file.metadata.empty()) {
    json.Key(kMetadata);
    json.StartObject();
    for (const auto& [key, value] : file.metadata) {
      text(key);
      text(value);
    }
    json.EndObject();
  }
  uint64_t at = 0;
  for (const auto& [name, tensor] : file.tensors) {
    text(name);
    json.StartObject();
    json.Key("dtype");
    text(TypeName(tensor.type()));
    json.Key("shape");
    json.StartArray();
    for (const int64_t extent : tensor.shape().extents()) json.Int64(extent);
    json.EndArray();
    json.Key("data_offsets");
    json.StartArray();
    json.Uint64(at);
    at += tensor.num_bytes();
    json.Uint64(at);
    json.EndArray();
    json.EndObject();
  }
  json.EndObject();
  if (!is_text) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot write ", path, ": a name or text of its header is not UTF-8"));
  }
  std::string header(buffer.GetString(), buffer.GetSize());
  // Spaces keep the tensors aligned.
  constexpr size_t kAlignment = 64;
  while ((kLengthBytes + header.size()) % kAlignment != 0) header += ' ';
  return header;
}

}  // namespace

absl::StatusOr<Safetensors> ParseSafetensors(absl::string_view bytes,
                                             std::shared_ptr<const void> owner,
                                             const std::string& name) {
  return Reader(bytes, std::move(owner), name).Read();
}

absl::StatusOr<Safetensors> ReadSafetensors(const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  return ParseSafetensors(file->bytes(), file, path);
}

absl::Status WriteSafetensors(const std::string& path,
                              const Safetensors& file) {
  ASSIGN_OR_RETURN(const std::string header, MakeHeader(path, file));
  ASSIGN_OR_RETURN(std::unique_ptr<AtomicFile> out, AtomicFile::Create(path));
  const uint64_t length = header.size();
  RETURN_IF_ERROR(out->Append(absl::string_view(
      reinterpret_cast<const char*>(&length), sizeof(length))));
  RETURN_IF_ERROR(out->Append(header));
  for (const auto& [name, tensor] : file.tensors) {
    RETURN_IF_ERROR(out->Append(absl::string_view(
        static_cast<const char*>(tensor.raw()), tensor.num_bytes())));
  }
  return out->Commit();
}

}  // namespace fcis::model
