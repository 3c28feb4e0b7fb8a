#include "fcis/core/testing/skip_program.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

void SkipInto(const std::string& path) {
  setenv("XML_OUTPUT_FILE", path.c_str(), 1);
  SkipProgram("no \"GPU\" <here>\n& there");
}

TEST(SkipProgramDeathTest, ReportsOneSkippedCase) {
  const std::string path = testing::TempDir() + "/skipped.xml";
  EXPECT_EXIT(SkipInto(path), testing::ExitedWithCode(0), "");
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(text, testing::HasSubstr("<testcase name=\"all\"><skipped "
                                       "message=\"no &quot;GPU&quot; "
                                       "&lt;here> &amp; there\"/></testcase>"));
}

TEST(SkipProgramDeathTest, AReportThatCannotBeWrittenIsAnError) {
  EXPECT_EXIT(SkipInto(testing::TempDir() + "/none/skipped.xml"),
              testing::ExitedWithCode(1), "cannot write");
}

}  // namespace
}  // namespace fcis
