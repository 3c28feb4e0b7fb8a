#include "fcis/core/cli/user_text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>

#include "gtest/gtest.h"

namespace fcis {
namespace {

// A terminal that nobody looks at.
class UserTextTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0) GTEST_SKIP() << "no pseudo terminals here: /dev/pts";
    ASSERT_EQ(grantpt(master), 0);
    ASSERT_EQ(unlockpt(master), 0);
    terminal_ = std::fopen(ptsname(master), "w");
    ASSERT_NE(terminal_, nullptr);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    setenv("BUILD_WORKING_DIRECTORY", "/home/me", 1);
  }

  std::FILE* terminal_ = nullptr;
};

TEST_F(UserTextTest, MarksAreColouredOnATerminal) {
  EXPECT_EQ(TextFor(terminal_, "error: no"), "\033[1;31merror:\033[0m no");
  EXPECT_EQ(TextFor(terminal_, "warning: odd"),
            "\033[1;33mwarning:\033[0m odd");
  EXPECT_EQ(TextFor(terminal_, "demo: no", "demo:"),
            "\033[1;31mdemo:\033[0m no");
  EXPECT_EQ(TextFor(terminal_, "an error: no"), "an error: no");
}

TEST_F(UserTextTest, OnlyThere) {
  setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(ShowsColors(terminal_));
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(ShowsColors(terminal_));
  unsetenv("NO_COLOR");
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(ShowsColors(terminal_));
  unsetenv("TERM");
  EXPECT_FALSE(ShowsColors(terminal_));
  setenv("TERM", "xterm", 1);
  std::FILE* file = std::tmpfile();
  EXPECT_EQ(TextFor(file, "error: no"), "error: no");
  std::fclose(file);
}

TEST_F(UserTextTest, PathsAreShort) {
  std::FILE* file = std::tmpfile();
  EXPECT_EQ(TextFor(file, "error: /home/me/a.jpg: no"), "error: a.jpg: no");
  std::fclose(file);
}

TEST(ShellWordTest, IsQuotedWhereAShellWantsIt) {
  EXPECT_EQ(ShellWord("--x=1,2"), "--x=1,2");
  EXPECT_EQ(ShellWord("a b"), "'a b'");
  EXPECT_EQ(ShellWord("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellWord("*"), "'*'");
  EXPECT_EQ(ShellWord(""), "''");
}

}  // namespace
}  // namespace fcis
