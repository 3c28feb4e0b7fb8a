#include "fcis/data/convert/picture_finder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/io/file.h"
#include "fcis/data/loader/similar_file.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEndings[] = {".jpg", ".jpeg", ".png"};

// Of pictures that cannot be read here.
constexpr const char* kOtherEndings[] = {".webp", ".bmp",  ".tif", ".tiff",
                                         ".gif",  ".heic", ".avif"};

std::string WithoutEnding(const std::string& path) {
  const size_t slash = path.rfind('/') + 1;  // 0: none
  const size_t dot = path.rfind('.');
  return dot == path.npos || dot <= slash ? path : path.substr(0, dot);
}

std::string LastName(absl::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

// How many of the last names of two paths are the same.
int SameTail(absl::string_view a, absl::string_view b) {
  int same = 0;
  while (!a.empty() && !b.empty()) {
    const size_t at = a.rfind('/'), bt = b.rfind('/');
    if (a.substr(at + 1) != b.substr(bt + 1)) break;
    ++same;
    a = a.substr(0, at == a.npos ? 0 : at);
    b = b.substr(0, bt == b.npos ? 0 : bt);
  }
  return same;
}

// The one of `paths` that has the most in common with `wanted`.
absl::StatusOr<std::string> Closest(const std::vector<std::string>& paths,
                                    const std::string& wanted, bool stems) {
  int best = -1;
  const std::string *first = nullptr, *second = nullptr;
  for (const std::string& path : paths) {
    const int same = SameTail(stems ? WithoutEnding(path) : path, wanted);
    if (same > best) {
      best = same;
      first = &path;
      second = nullptr;
    } else if (same == best) {
      second = &path;
    }
  }
  if (second == nullptr) return *first;
  return absl::InvalidArgumentError(
      absl::StrCat(wanted, " may be ", *first, " or ", *second));
}

// The last name of a path without the eight digits that an upload to Label
// Studio puts before it, "0a1b2c3d-a.jpg"; "": it has none.
std::string WithoutUploadDigits(absl::string_view path) {
  constexpr size_t kDigits = 8;
  const std::string last = LastName(path);
  const bool has_digits =
      last.size() > kDigits + 1 && last[kDigits] == '-' &&
      absl::c_all_of(last.substr(0, kDigits), absl::ascii_isxdigit);
  return has_digits ? last.substr(kDigits + 1) : "";
}

bool IsFile(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ListFiles(const std::string& root,
                                                   size_t most) {
  if (IsFile(root)) return std::vector<std::string>{root};
  std::vector<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator it(root, error), end;
  for (; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (absl::StartsWith(name, ".") || name == "__MACOSX") {
      it.disable_recursion_pending();
    } else if (it->is_regular_file(ignored)) {
      files.push_back(it->path().string());
    }
    if (files.size() > most) {
      return absl::InvalidArgumentError(
          absl::StrCat(root, ": more than ", most, " files"));
    }
  }
  if (error) return ErrnoStatus("cannot list", root, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

bool HasPictureName(absl::string_view path) {
  const std::string name = absl::AsciiStrToLower(path);
  return absl::c_any_of(kEndings, [&](const char* ending) {
    return absl::EndsWith(name, ending);
  });
}

PictureFinder::PictureFinder(std::vector<std::string> roots,
                             const std::vector<std::string>& files)
    : roots_(std::move(roots)) {
  for (const std::string& file : files) {
    if (!HasPictureName(file)) continue;
    by_name_[LastName(file)].push_back(file);
    by_stem_[LastName(WithoutEnding(file))].push_back(file);
    similar_.emplace(FoldFileName(LastName(file)), file);
  }
}

absl::StatusOr<std::string> PictureFinder::FindAsNamed(
    const std::string& path, const std::string& near) const {
  if (path[0] == '/' && IsFile(path)) return path;
  std::vector<std::string> tops = roots_;
  if (!near.empty()) tops.insert(tops.begin(), near);
  for (const std::string& top : tops) {
    const fs::path below = (fs::path(top) / path).lexically_normal();
    if (path[0] != '/' && IsFile(below.string())) return below.string();
  }
  const auto found = by_name_.find(LastName(path));
  if (found != by_name_.end()) return Closest(found->second, path, false);
  return absl::NotFoundError("");
}

absl::StatusOr<std::string> PictureFinder::Find(absl::string_view name,
                                                const std::string& near) const {
  const std::string path = absl::StrReplaceAll(name, {{"\\", "/"}});
  if (path.empty()) return absl::NotFoundError("no picture is named");
  std::vector<std::string> names = {path};
  const std::string decoded = DecodePercents(path);
  if (decoded != path) names.push_back(decoded);
  for (size_t i = 0, as_they_are = names.size(); i < as_they_are; ++i) {
    names.push_back(WithoutUploadDigits(names[i]));
  }
  for (const std::string& other : names) {
    if (other.empty()) continue;
    auto picture = FindAsNamed(other, near);
    if (!absl::IsNotFound(picture.status())) return picture;
  }
  const auto similar = similar_.find(FoldFileName(LastName(path)));
  return absl::NotFoundError(
      absl::StrCat("there is no picture ", name,
                   similar == similar_.end()
                       ? ""
                       : absl::StrCat("; there is ", similar->second)));
}

absl::StatusOr<std::string> PictureFinder::FindStem(
    absl::string_view stem) const {
  const std::string path(stem);
  const auto found = by_stem_.find(LastName(path));
  if (found != by_stem_.end()) return Closest(found->second, path, true);
  const auto original = by_stem_.find(WithoutUploadDigits(path));
  if (original != by_stem_.end()) return Closest(original->second, path, true);
  for (const char* ending : kEndings) {
    if (IsFile(path + ending)) return path + ending;
  }
  for (const char* ending : kOtherEndings) {
    if (!IsFile(path + ending)) continue;
    return absl::NotFoundError(absl::StrCat(
        "there is no picture ", stem,
        ".jpg, .jpeg or .png; expected a JPEG or PNG of what is in ", path,
        ending));
  }
  return absl::NotFoundError(
      absl::StrCat("there is no picture ", stem, ".jpg, .jpeg or .png"));
}

}  // namespace fcis::data
