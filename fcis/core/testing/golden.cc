#include "fcis/core/testing/golden.h"

#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fcis/core/io/file.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

// Array names asked for so far, by file.
std::map<std::string, std::set<std::string>>& Touched() {
  static auto& touched = *new std::map<std::string, std::set<std::string>>;
  return touched;
}

[[noreturn]] void Die(absl::string_view message) {
  std::cerr << "FATAL golden fixture: " << message << std::endl;
  std::exit(1);
}

template <typename T>
T Unwrap(absl::StatusOr<T> value) {
  if (!value.ok()) Die(value.status().message());
  return *std::move(value);
}

// At the end: every array that the table claims for this target was touched.
class CoverageCheck : public ::testing::Environment {
 public:
  void TearDown() override {
    const char* target = std::getenv("TEST_TARGET");
    if (target == nullptr || ::testing::GTEST_FLAG(filter) != "*") return;
    // The same test of another backend (gpu_test.bzl), skipped without a GPU.
    if (absl::EndsWith(target, "_gpu")) return;
    int rows = 0;
    for (const CoverageRow& row : ReadCoverageTable()) {
      if (row.target != target) continue;
      ++rows;
      if (row.optional && !HasGoldenFile(row.file)) continue;
      int matches = 0;
      const std::set<std::string>& touched = Touched()[row.file];
      const GoldenFile golden(row.file);
      for (const std::string& name : golden.names()) {
        if (!MatchesPattern(name, row.pattern)) continue;
        ++matches;
        if (touched.count(name) == 0) {
          ADD_FAILURE() << row.file << ": " << name
                        << " is claimed but was never compared";
        }
      }
      EXPECT_GT(matches, 0) << row.file << " has no array " << row.pattern;
    }
    EXPECT_GT(rows, 0) << target << " stands nowhere in parity_coverage.txt";
  }
};

const auto* const coverage_check =
    ::testing::AddGlobalTestEnvironment(new CoverageCheck);

}  // namespace

std::string GoldenPath(absl::string_view file) {
  const bool chainercv = absl::ConsumePrefix(&file, "chainercv/");
  const char* directory =
      std::getenv(chainercv ? "FCIS_PARITY_CHAINERCV_DIR" : "FCIS_PARITY_DIR");
  if (directory == nullptr || *directory == '\0') {
    directory =
        chainercv ? "fcis/testdata/parity_chainercv" : "fcis/testdata/parity";
  }
  return absl::StrCat(directory, "/", file);
}

bool HasGoldenFile(absl::string_view file) {
  return FileExists(GoldenPath(file));
}

GoldenFile::GoldenFile(const std::string& file)
    : file_(file), npz_(Unwrap(NpzFile::Open(GoldenPath(file)))) {}

Tensor GoldenFile::Get(absl::string_view name) const {
  Touched()[file_].insert(std::string(name));
  return Unwrap(npz_->Read(name));
}

bool GoldenFile::Has(absl::string_view name) const { return npz_->Has(name); }

const std::vector<std::string>& GoldenFile::names() const {
  return npz_->names();
}

int GoldenFile::Int(absl::string_view name) const {
  return Get(name).data<int32_t>()[0];
}

float GoldenFile::Float(absl::string_view name) const {
  return Get(name).data<float>()[0];
}

double GoldenFile::Double(absl::string_view name) const {
  return Get(name).data<double>()[0];
}

std::vector<int> GoldenFile::Ints(absl::string_view name) const {
  const Tensor t = Get(name);
  return {t.span<int32_t>().begin(), t.span<int32_t>().end()};
}

std::vector<float> GoldenFile::Floats(absl::string_view name) const {
  const Tensor t = Get(name);
  return {t.span<float>().begin(), t.span<float>().end()};
}

std::vector<std::string> GoldenFile::Lines(absl::string_view name) const {
  const Tensor t = Get(name);
  return absl::StrSplit(
      absl::string_view(static_cast<const char*>(t.raw()), t.num_bytes()),
      '\n');
}

Image ImageFromChw(const Tensor& t) {
  Image image(t.dim(1), t.dim(2));
  const uint8_t* in = t.data<uint8_t>();
  const int64_t pixels = t.dim(1) * t.dim(2);
  for (int64_t c = 0; c < 3; ++c) {
    for (int64_t i = 0; i < pixels; ++i) image.pixels[3 * i + c] = *in++;
  }
  return image;
}

std::vector<CoverageRow> ReadCoverageTable() {
  const std::string text =
      Unwrap(ReadFile("fcis/testdata/parity_coverage.txt"));
  std::vector<CoverageRow> rows;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '%') continue;
    const std::vector<std::string> words =
        absl::StrSplit(line, ' ', absl::SkipEmpty());
    const bool optional = words.size() == 4 && words[3] == "optional";
    if (words.size() != 3 && !optional) {
      Die(absl::StrCat("coverage table: ", line));
    }
    rows.push_back({words[0], words[1], words[2], optional});
  }
  return rows;
}

bool MatchesPattern(absl::string_view name, absl::string_view pattern) {
  size_t i = 0;
  for (size_t p = 0; p < pattern.size(); ++p) {
    if (pattern[p] == '*' && p + 1 == pattern.size()) return true;
    if (pattern[p] == '#') {
      if (i >= name.size() || !absl::ascii_isdigit(name[i])) return false;
      while (i < name.size() && absl::ascii_isdigit(name[i])) ++i;
      continue;
    }
    if (i >= name.size() || name[i] != pattern[p]) return false;
    ++i;
  }
  return i == name.size();
}

}  // namespace fcis
