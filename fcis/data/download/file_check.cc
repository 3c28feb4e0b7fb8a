#include "fcis/data/download/file_check.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/digest.h"
#include "fcis/core/io/file.h"
#include "fcis/data/download/unpack.h"

namespace fcis::data {

absl::StatusOr<FileDigest> DigestFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus("cannot open", path, errno);
  const absl::Cleanup closer = [fd] { close(fd); };
  Digest md5 = Digest::Md5(), sha256 = Digest::Sha256();
  FileDigest digest;
  std::vector<char> buffer(size_t{1} << 20);
  while (true) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus("cannot read", path, errno);
    if (got == 0) break;
    const absl::string_view piece(buffer.data(), got);
    md5.Update(piece);
    sha256.Update(piece);
    digest.size += got;
  }
  digest.md5 = md5.Hex();
  digest.sha256 = sha256.Hex();
  return digest;
}

namespace {

constexpr size_t kSha256Digits = 64;

absl::Status Mismatch(absl::string_view what, absl::string_view found,
                      absl::string_view expected, absl::string_view source) {
  return absl::DataLossError(absl::StrCat(
      "its ", what, " is ", found, ", expected ", expected, " (", source, ")"));
}

// "" when there is none.
std::string ReadPin(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  return text.ok() ? text->substr(0, kSha256Digits) : "";
}

absl::Status CheckNpz(const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, CheckArchive(path));
  const bool arrays = absl::c_all_of(names, [](const std::string& name) {
    return absl::EndsWith(name, ".npy");
  });
  if (arrays && !names.empty()) return absl::OkStatus();
  return absl::DataLossError("not a .npz file: expected arrays (*.npy) only");
}

absl::Status CheckMxnet(const std::string& path) {
  // The list format's first eight bytes, little-endian 0x112.
  constexpr absl::string_view kMagic("\x12\x01\0\0\0\0\0\0", 8);
  ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  if (absl::StartsWith(file->bytes(), kMagic)) return absl::OkStatus();
  return absl::DataLossError("not a .params file of MXNet");
}

absl::Status CheckStructure(DownloadItem::Format format,
                            const std::string& path) {
  switch (format) {
    case DownloadItem::NPZ:
      return CheckNpz(path);
    case DownloadItem::ZIP:
    case DownloadItem::TGZ:
      return CheckArchive(path).status();
    case DownloadItem::MXNET_PARAMS:
      return CheckMxnet(path);
    default:
      return absl::OkStatus();
  }
}

}  // namespace

std::string PinPath(const std::string& path) { return path + ".sha256"; }

absl::Status CheckFile(const DownloadItem& item, const std::string& path,
                       const std::string& final_path) {
  ASSIGN_OR_RETURN(const FileDigest digest, DigestFile(path));
  if (item.size() > 0 && digest.size != item.size()) {
    return Mismatch("size", absl::StrCat(digest.size),
                    absl::StrCat(item.size()), "published");
  }
  if (!item.md5().empty() && digest.md5 != item.md5()) {
    return Mismatch("MD5", digest.md5, item.md5(), "published");
  }
  if (!item.sha256().empty()) {
    if (digest.sha256 == item.sha256()) return absl::OkStatus();
    return Mismatch("SHA-256", digest.sha256, item.sha256(), "published");
  }
  const std::string pin_path = PinPath(final_path);
  const std::string pin = ReadPin(pin_path);
  if (!pin.empty()) {
    if (digest.sha256 == pin) return absl::OkStatus();
    return Mismatch("SHA-256", digest.sha256, pin,
                    absl::StrCat("recorded in ", pin_path,
                                 "; remove that if the file was renewed"));
  }
  if (item.md5().empty()) RETURN_IF_ERROR(CheckStructure(item.format(), path));
  const std::string name =
      std::filesystem::path(final_path).filename().string();
  return WriteFileAtomic(pin_path,
                         absl::StrCat(digest.sha256, "  ", name, "\n"));
}

}  // namespace fcis::data
