#include "fcis/data/loader/similar_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;

// The letters U+00C0 to U+017F without their accents; '.': it stays.
constexpr char kBase[] =
    "aaaaaa.ceeeeiiii.nooooo.ouuuuy..aaaaaa.ceeeeiiii.nooooo.ouuuuy.y"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii..jjkk.llllll."
    ".llnnnnnn...oooooo..rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzz.";
constexpr uint32_t kFirst = 0xc0, kLast = 0x17f;
static_assert(sizeof kBase == kLast - kFirst + 2, "one for each letter");

// The directory of `path`, or the nearest above that exists.
fs::path NearestDirectory(const fs::path& path) {
  std::error_code error;
  for (fs::path at = path.parent_path(); !at.empty(); at = at.parent_path()) {
    if (fs::is_directory(at, error)) return at;
    if (at == at.parent_path()) break;
  }
  return ".";
}

}  // namespace

std::string DecodePercents(absl::string_view name) {
  std::string decoded;
  for (size_t i = 0; i < name.size(); ++i) {
    uint32_t byte = 0;
    if (name[i] == '%' && i + 2 < name.size() &&
        absl::ascii_isxdigit(static_cast<unsigned char>(name[i + 1])) &&
        absl::ascii_isxdigit(static_cast<unsigned char>(name[i + 2])) &&
        absl::SimpleHexAtoi(name.substr(i + 1, 2), &byte)) {
      decoded.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      decoded.push_back(name[i]);
    }
  }
  return decoded;
}

std::string FoldFileName(absl::string_view name) {
  std::string folded;
  const std::string decoded = DecodePercents(name);
  for (size_t i = 0; i < decoded.size(); ++i) {
    const auto lead = static_cast<unsigned char>(decoded[i]);
    // What matters here has two bytes in UTF-8.
    if (lead < 0xc3 || lead > 0xcd || i + 1 == decoded.size()) {
      folded.push_back(absl::ascii_tolower(lead));
      continue;
    }
    const auto next = static_cast<unsigned char>(decoded[i + 1]);
    const uint32_t code = (lead & 0x1fu) << 6 | (next & 0x3fu);
    ++i;
    if (code >= 0x300 && code < 0x370) continue;  // an accent by itself
    if (code >= kFirst && code <= kLast && kBase[code - kFirst] != '.') {
      folded.push_back(kBase[code - kFirst]);
    } else {
      folded.append(decoded, i - 1, 2);
    }
  }
  return folded;
}

std::string SimilarFile(const std::string& path) {
  std::error_code error;
  std::string slashed = path;
  for (char& c : slashed) c = c == '\\' ? '/' : c;
  if (slashed != path && fs::is_regular_file(slashed, error)) return slashed;
  const std::string wanted =
      FoldFileName(slashed.substr(slashed.rfind('/') + 1));
  std::set<std::string> found;
  for (fs::directory_iterator it(NearestDirectory(path), error), end;
       !error && it != end; it.increment(error)) {
    if (FoldFileName(it->path().filename().string()) == wanted) {
      found.insert(it->path().string());
    }
  }
  return found.empty() ? "" : *found.begin();
}

std::string WhyUnreadable(const std::string& path) {
  if (absl::EndsWith(path, "/")) return "it has no \"file_name\"";
  struct stat info;
  if (stat(path.c_str(), &info) != 0 || access(path.c_str(), R_OK) != 0) {
    return std::strerror(errno);
  }
  return S_ISDIR(info.st_mode) ? "it is a directory" : "";
}

std::string DescribeUnreadable(const RecordId& image, const std::string& path) {
  const std::string similar = SimilarFile(path);
  return absl::StrCat("image id ", image.ToString(), ": ", path, ": ",
                      WhyUnreadable(path), similar.empty() ? "" : "; there is ",
                      similar);
}

}  // namespace fcis::data
