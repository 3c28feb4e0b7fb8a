// libfcis.so as a file, and the tree that others compile against.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::api {
namespace {

namespace fs = std::filesystem;
using ::testing::ContainsRegex;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsSubsetOf;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kLibrary[] = "fcis/api/libfcis.so.0";
#ifdef FCIS_STATIC
constexpr bool kStatic = true;
#else
constexpr bool kStatic = false;
#endif

struct Outcome {
  int code = -1;
  std::string out;  // and what went to stderr
};

Outcome Shell(const std::string& command) {
  Outcome outcome;
  FILE* const pipe = popen(("(" + command + ") 2>&1").c_str(), "r");
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> some;
  while (const size_t n = fread(some.data(), 1, some.size(), pipe)) {
    outcome.out.append(some.data(), n);
  }
  outcome.code = pclose(pipe);
  return outcome;
}

std::vector<std::string> Matches(const std::string& text,
                                 const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end;
       ++it) {
    found.push_back((*it)[1]);
  }
  return found;
}

// The one that the library is linked with; empty: none.
fs::path OneDnn() {
  const Outcome loaded = Shell("ldd " + std::string(kLibrary));
  const std::vector<std::string> paths =
      Matches(loaded.out, "libdnnl\\.so\\.[0-9.]+ => ([^ ]+)");
  return paths.empty() ? "" : paths[0];
}

TEST(Library, ExportsNothingElse) {
  const Outcome names = Shell("nm --dynamic --defined-only --extern-only -P " +
                              std::string(kLibrary));
  ASSERT_EQ(names.code, 0) << names.out;
  std::vector<std::string> functions =
      Matches(names.out, "(?:^|\n)([^ ]+) [^A ]");
  EXPECT_GT(functions.size(), 10u);
  EXPECT_THAT(functions, Each(StartsWith("fcis_")));
  EXPECT_THAT(functions, Each(HasSubstr("@@FCIS_0.1")));
  // Every function of the header is there, and no other.
  std::ifstream header("fcis/api/include/fcis/fcis.h");
  const std::string text((std::istreambuf_iterator<char>(header)), {});
  std::set<std::string> declared;
  for (const std::string& name :
       Matches(text, "FCIS_EXPORT [^(]*[\\s*](fcis_\\w+)\\(")) {
    declared.insert(name + "@@FCIS_0.1");
  }
  EXPECT_EQ(declared,
            std::set<std::string>(functions.begin(), functions.end()));
}

TEST(Library, NeedsTheRuntimesAndOneDnnOnly) {
  if (!kStatic) GTEST_SKIP() << "the system's static libraries do not fit";
  const Outcome dynamic = Shell("readelf -dW " + std::string(kLibrary));
  // With CUDA it needs the toolkit's, too.
  EXPECT_THAT(Matches(dynamic.out, "NEEDED.*\\[((?!libcud|libnccl).*)\\]"),
              IsSubsetOf(std::vector<std::string>{
                  OneDnn().filename().string(), "libgomp.so.1", "libm.so.6",
                  "libgcc_s.so.1", "libc.so.6", "ld-linux-x86-64.so.2"}));
  EXPECT_THAT(dynamic.out, HasSubstr("soname: [libfcis.so.0]"));
  EXPECT_THAT(dynamic.out,
              ContainsRegex("runpath: \\[\\$ORIGIN(:[^:]*cuda[^:]*)*\\]"));
  EXPECT_THAT(dynamic.out, HasSubstr("NODELETE"));
  EXPECT_THAT(dynamic.out, Not(HasSubstr("TEXTREL")));
}

// docs/library.md says so.
TEST(Library, NeedsGlibc234) {
  if (!kStatic) GTEST_SKIP() << "the system's static libraries do not fit";
  const Outcome symbols = Shell("objdump -T " + std::string(kLibrary));
  int latest = 0;
  for (const std::string& minor : Matches(symbols.out, "GLIBC_2\\.([0-9]+)")) {
    latest = std::max(latest, std::stoi(minor));
  }
  EXPECT_EQ(latest, 34);
  EXPECT_THAT(symbols.out, Not(HasSubstr("GLIBCXX_")));
}

// What an example is called with, and what it must print.
struct Example {
  std::string compiler, source, program, arguments, output, wrong_arguments;
};

const std::vector<Example>& Examples() {
  static const auto* const examples = [] {
    const std::string folder = ::testing::TempDir();
    std::ofstream(folder + "/truth.json") << R"({
      "images": [{"id": 1, "height": 20, "width": 20}],
      "categories": [{"id": 1}],
      "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "area": 100, "iscrowd": 0,
         "segmentation": [[0, 0, 10, 0, 10, 10, 0, 10]]},
        {"id": 2, "image_id": 1, "category_id": 1, "area": 25, "iscrowd": 0,
         "segmentation": [[12, 12, 17, 12, 17, 17, 12, 17]]}]})";
    std::ofstream(folder + "/results.json") << R"([
      {"image_id": 1, "category_id": 1, "score": 0.5,
       "bbox": [0, 0, 10, 10]}])";
    const std::string cat = "fcis/tools/images/cat.jpg";
    const std::string truth = folder + "/truth.json ";
    return new std::vector<Example>{
        {"g++ -std=c++17", "detect.cc", "detect", cat, "cat 0.", "/none.jpg"},
        {"gcc -std=c11", "detect.c", "detect_c", cat, "cat 0.", "/none.jpg"},
        {"g++ -std=c++17", "evaluate.cc", "evaluate",
         truth + folder + "/results.json", "0.50495\n", truth + "/none.json"}};
  }();
  return *examples;
}

void ExpectRuns(const std::string& program, const Example& example) {
  const Outcome ran = Shell(program + " " + example.arguments);
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr(example.output)) << program;
  EXPECT_NE(Shell(program + " " + example.wrong_arguments).code, 0) << program;
}

TEST(Examples, RunInBazel) {
  for (const Example& example : Examples()) {
    ExpectRuns("fcis/api/" + example.program, example);
  }
}

TEST(Examples, AreShort) {
  for (const Example& example : Examples()) {
    std::ifstream file("fcis/api/examples/" + example.source);
    EXPECT_LE(std::count(std::istreambuf_iterator<char>(file), {}, '\n'), 20)
        << example.source;
  }
}

class InstallTest : public ::testing::Test {
 protected:
  // The tree that a package has: include, lib, lib/pkgconfig.
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) / "install";
    fs::remove_all(root_);
    fs::create_directories(root_ / "lib/pkgconfig");
    fs::create_directories(root_ / "include/fcis");
    for (const auto& header : fs::directory_iterator("fcis/api/include/fcis")) {
      fs::copy_file(header.path(),
                    root_ / "include/fcis" / header.path().filename());
    }
    fs::copy_file(kLibrary, root_ / "lib/libfcis.so.0");
    fs::create_symlink("libfcis.so.0", root_ / "lib/libfcis.so");
    fs::copy_file(OneDnn(), root_ / "lib" / OneDnn().filename());
    fs::copy_file("fcis/api/fcis.pc", root_ / "lib/pkgconfig/fcis.pc");
  }

  // `compiler` on a source outside of Bazel, as docs/library.md has it.
  Outcome Compile(const std::string& compiler, const std::string& source) {
    return Shell(compiler +
                 " -Wall -Wextra -pedantic -Wconversion -Wsign-conversion "
                 "-Wshadow -Werror " +
                 source +
                 " $(PKG_CONFIG_PATH=" + (root_ / "lib/pkgconfig").string() +
                 " pkg-config --cflags --libs fcis) -o " + Program());
  }
  std::string Program() const { return (root_ / "program").string(); }

  fs::path root_;
};

TEST_F(InstallTest, ExamplesCompileAndRun) {
  for (const Example& example : Examples()) {
    const Outcome compiled =
        Compile(example.compiler, "fcis/api/examples/" + example.source);
    ASSERT_EQ(compiled.code, 0) << compiled.out;
    ExpectRuns(Program(), example);
    const Outcome loaded = Shell("ldd " + Program());
    EXPECT_THAT(loaded.out, HasSubstr(OneDnn().filename().string() + " => " +
                                      (root_ / "lib").string()));
  }
}

TEST_F(InstallTest, EachHeaderCompilesAlone) {
  for (const auto& header : fs::directory_iterator(root_ / "include/fcis")) {
    const std::string name = header.path().filename().string();
    std::ofstream(root_ / "a.cc")
        << "#include <fcis/" << name << ">\nint main() {}\n";
    const Outcome compiled =
        Compile("g++ -std=c++17", (root_ / "a.cc").string());
    EXPECT_EQ(compiled.code, 0) << name << "\n" << compiled.out;
    std::ifstream file(header.path());
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    EXPECT_THAT(text, Not(HasSubstr("absl"))) << name;
    EXPECT_THAT(text, Not(HasSubstr("protobuf"))) << name;
    EXPECT_THAT(text, Not(HasSubstr("dnnl"))) << name;
    EXPECT_THAT(text, Not(HasSubstr("fcis/core"))) << name;
  }
  std::ofstream(root_ / "a.c") << "#include <fcis/fcis.h>\n"
                                  "int main(void) { return 0; }\n";
  const Outcome compiled = Compile("gcc -std=c99", (root_ / "a.c").string());
  EXPECT_EQ(compiled.code, 0) << compiled.out;
}

TEST_F(InstallTest, VersionIsThatOfTheProgram) {
  const Outcome version =
      Shell("PKG_CONFIG_PATH=" + (root_ / "lib/pkgconfig").string() +
            " pkg-config --modversion fcis");
  std::ofstream(root_ / "a.cc")
      << "#include <fcis/version.h>\n#include <cstdio>\n"
         "int main() { std::puts(fcis::version()); }\n";
  ASSERT_EQ(Compile("g++ -std=c++17", (root_ / "a.cc").string()).code, 0);
  EXPECT_EQ(Shell(Program()).out, version.out);
}

}  // namespace
}  // namespace fcis::api
